//! One item or a batch: how operations on keys read their bodies and form their answers.
//!
//! A body whose first member is `batch` holds many; any other is one item itself. A failed item of a batch
//! stands in its place in the answer; a single item that fails is a problem.

use axum::Json;
use axum::extract::{FromRequest, Request};
use serde::Serialize;
use serde::de::DeserializeOwned;

use hybridge_keys::Error;
use hybridge_keys::serve::Batch;

use crate::dto;
use crate::extract::{bytes, decode};
use crate::key_problem;
use crate::problem::{Code, Problem};

/// A body with one item or many.
pub(crate) struct Items<T> {
    items: Vec<T>,
    is_batch: bool,
}

impl<T> Items<T> {
    /// What to hand to the key service.
    pub(crate) fn map<'a, U>(&'a self, item: impl FnMut(&'a T) -> U) -> Vec<U> {
        self.items.iter().map(item).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    /// The answer in the form of the request. `answer` gets each item's result with the item.
    pub(crate) fn answer<R, A: Serialize>(
        &self,
        results: Batch<R>,
        mut answer: impl FnMut(R, &T) -> A,
    ) -> Result<Json<dto::Answers<A>>, Problem> {
        let mut answers = results
            .into_iter()
            .zip(&self.items)
            .map(|(result, item)| result.map(|result| answer(result, item)));
        if self.is_batch {
            let batch = answers.map(in_place).collect();
            return Ok(Json(dto::Answers::Batch { batch }));
        }
        match answers.next() {
            Some(answer) => Ok(Json(dto::Answers::One(answer?))),
            None => Err(Problem::at(Code::FieldInvalid, "batch", "there is no item in it")),
        }
    }
}

fn in_place<A>(answer: Result<A, Error>) -> dto::ItemAnswer<A> {
    match answer {
        Ok(answer) => dto::ItemAnswer::Done(answer),
        Err(error) => dto::ItemAnswer::Failed {
            error: key_problem::code(&error).name(),
            detail: key_problem::chain(&error),
        },
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Items<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        read(&bytes(request, state).await?)
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<Items<T>, Problem> {
    if is_batch(bytes) {
        let items = decode::<dto::Items<T>>(bytes)?.batch;
        return Ok(Items {
            items,
            is_batch: true,
        });
    }
    Ok(Items {
        items: vec![decode(bytes)?],
        is_batch: false,
    })
}

/// No item has a member of this name, so the first name decides.
fn is_batch(bytes: &[u8]) -> bool {
    let inner = bytes.trim_ascii_start().strip_prefix(b"{");
    inner.is_some_and(|inner| inner.trim_ascii_start().starts_with(b"\"batch\""))
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::dto::MacItem;
    use crate::problem::Code;

    fn check(body: &str, expect: Option<(usize, bool)>) {
        let found = read::<MacItem>(body.as_bytes()).map(|items| (items.len(), items.is_batch));
        assert_eq!(found.ok(), expect, "{body}");
    }

    #[test]
    fn reads_one_item_or_a_batch() {
        check(r#"{"message": "YQ"}"#, Some((1, false)));
        check(
            r#" { "batch" : [{"message": "YQ"}, {"message": ""}]}"#,
            Some((2, true)),
        );
        check(r#"{"batch": []}"#, Some((0, true)));
    }

    #[test]
    fn what_is_neither_is_refused_with_its_place() {
        for (body, field) in [
            (r#"{"message": 7}"#, Some("message")),
            (
                r#"{"batch": [{"message": "YQ"}, {"message": "!"}]}"#,
                Some("batch[1].message"),
            ),
            (r#"{"batch": [], "message": ""}"#, Some("message")),
            ("{}", Some("message")),
            ("[]", None),
        ] {
            let problem = read::<MacItem>(body.as_bytes()).err().expect(body);
            assert_eq!(
                (problem.code, problem.field.as_deref()),
                (Code::FieldInvalid, field),
                "{body}"
            );
        }
    }
}
