//! Reading answers of the service: members as text for tables, and what must be there.
//! A member that is missing is a dash in a table and an error where something depends on it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::command_error::{CommandError, Kind};
use crate::service::period;

/// What stands for nothing.
const NOTHING: &str = "-";

/// A member as text, by JSON pointer (RFC 6901) without its first slash.
pub(crate) fn text(value: &Value, pointer: &str) -> String {
    match value.pointer(&format!("/{pointer}")) {
        None | Some(Value::Null) => NOTHING.to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Bool(true)) => "yes".to_owned(),
        Some(Value::Bool(false)) => "no".to_owned(),
        Some(Value::Array(items)) if items.is_empty() => NOTHING.to_owned(),
        Some(Value::Array(items)) => {
            let each: Vec<_> = items.iter().map(plain).collect();
            each.join(", ")
        }
        Some(other) => other.to_string(),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Is there something?
pub(crate) fn is_there(value: &Value, member: &str) -> bool {
    value.get(member).is_some_and(|member| !member.is_null())
}

/// A point in time, to the second.
pub(crate) fn time(value: &Value, pointer: &str) -> String {
    let said = text(value, pointer);
    let parsed = said.parse::<Timestamp>();
    parsed.map_or(said, |time| time.strftime("%Y-%m-%d %H:%M:%SZ").to_string())
}

/// A span in seconds.
pub(crate) fn span(value: &Value, pointer: &str) -> String {
    let seconds = value.pointer(&format!("/{pointer}")).and_then(Value::as_u64);
    seconds.map_or_else(|| NOTHING.to_owned(), period::show)
}

/// The items of a list; none where it is no list.
pub(crate) fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Bytes in base64url.
///
/// # Errors
/// `Peer`: the member is missing or something else.
pub(crate) fn bytes(value: &Value, member: &str) -> Result<Zeroizing<Vec<u8>>, CommandError> {
    let text = value.get(member).and_then(Value::as_str);
    let bytes = text.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
    bytes.map(Zeroizing::new).ok_or_else(|| {
        let message = format!("the answer has no {member:?} in base64url; is this the service?");
        CommandError::message(Kind::Peer, message)
    })
}

/// Bytes as the service takes them.
pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Rows in columns, the first of them a header; every column as wide as it needs, two spaces between.
pub(crate) fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = header.iter().map(|title| title.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let header: Vec<String> = header.iter().map(|&title| title.to_owned()).collect();
    let lines = std::iter::once(&header).chain(rows);
    lines.map(|row| line(row, &widths)).collect()
}

/// One line of a table whose widths are known.
pub(crate) fn line(cells: &[String], widths: &[usize]) -> String {
    let padded = cells
        .iter()
        .zip(widths)
        .map(|(cell, &width)| format!("{cell:<width$}"));
    let joined = padded.collect::<Vec<_>>().join("  ");
    format!("{}\n", joined.trim_end())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_become_text() {
        let value = json!({"a": {"b": "x"}, "n": 7, "yes": true, "none": null, "list": ["p", "q"]});
        let cases = [
            ("a/b", "x"),
            ("n", "7"),
            ("yes", "yes"),
            ("none", "-"),
            ("away", "-"),
            ("list", "p, q"),
        ];
        for (pointer, expect) in cases {
            assert_eq!(text(&value, pointer), expect, "{pointer}");
        }
    }

    #[test]
    fn times_and_spans_are_for_people() {
        let value = json!({"at": "2026-01-02T03:04:05.678Z", "s": 3600});
        assert_eq!(time(&value, "at"), "2026-01-02 03:04:05Z");
        assert_eq!(
            (time(&value, "s"), span(&value, "s")),
            ("3600".to_owned(), "1 h".to_owned())
        );
    }

    #[test]
    fn columns_are_as_wide_as_they_need() {
        let rows = [
            vec!["long name".to_owned(), "1".to_owned()],
            vec!["b".to_owned(), String::new()],
        ];
        assert_eq!(table(&["A", "B"], &rows), "A          B\nlong name  1\nb\n");
    }

    #[test]
    fn a_member_that_is_no_base64_is_the_services_fault() {
        assert_eq!(bytes(&json!({"x": "-_8"}), "x").unwrap().as_slice(), [0xfb, 0xff]);
        assert_eq!(bytes(&json!({"x": "!"}), "x").unwrap_err().kind, Kind::Peer);
    }
}
