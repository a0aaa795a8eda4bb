//! Tokens: made within the rights of their maker, listed, revoked.
//!
//! The secret is answered once. A revocation is answered when nothing of the token passes any more.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use hybridge_keys::Rider;
use hybridge_keys::token::{Maker, NewToken, Secret, TokenId, Tokens};
use jiff::Timestamp;
use serde::Deserialize;

use crate::context::Context;
use crate::dto::{Token, TokenMade, TokenNew};
use crate::extract::{Name, Params};
use crate::once::{Once, once};
use crate::principal::Asker;
use crate::problem::{Code, Problem};

const LIMIT_MAX: usize = 1000;

/// Which tokens to list.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct Page {
    /// The last id of the page before.
    pub(crate) after: Option<String>,
    /// At most so many; 100 if not said, 1000 at most.
    limit: Option<usize>,
}

impl Page {
    pub(crate) fn limit(&self) -> usize {
        self.limit.unwrap_or(100).min(LIMIT_MAX)
    }
}

/// Makes a token. Its secret is in this answer and nowhere else.
#[utoipa::path(
    post, path = "/v1/tokens", tag = "access", request_body = TokenNew,
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key makes the token once")),
    responses(
        (status = 201, body = TokenMade),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn token_create(
    State(context): State<Context>,
    asker: Asker,
    new: Once<TokenNew>,
) -> Result<(StatusCode, Json<TokenMade>), Problem> {
    let (body, attempt) = new.into_parts();
    let tokens = tokens(&context)?;
    let secret = Secret::generate().map_err(|error| Problem::new(Code::CryptoFailed, error.to_string()))?;
    let id = secret.digest().id();
    let new = NewToken {
        secret,
        bindings: body.held()?,
        lifetime: body.lifetime(),
        name: body.name,
    };
    let effect = |rider: Rider| async {
        let (secret, shown) = asker.make(tokens, new, rider).await?;
        Ok(TokenMade {
            token: shown.into(),
            secret: Some(secret.reveal().to_owned()),
        })
    };
    let again = |id: &str| {
        let token = tokens.show(&parse(id)?)?.into();
        Ok(TokenMade { token, secret: None })
    };
    let made = once(context.keys()?, attempt, &id.to_string(), effect, again).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Lists tokens, by id.
#[utoipa::path(get, path = "/v1/tokens", tag = "access", params(Page), responses((status = 200, body = [Token])))]
pub(crate) async fn token_list(
    State(context): State<Context>,
    Params(page): Params<Page>,
) -> Result<Json<Vec<Token>>, Problem> {
    let after = page.after.as_deref().map(parse).transpose()?;
    let tokens = tokens(&context)?.list(after.as_ref(), page.limit())?;
    Ok(Json(tokens.into_iter().map(Token::from).collect()))
}

/// Shows one token.
#[utoipa::path(
    get, path = "/v1/tokens/{name}", tag = "access",
    params(("name" = String, Path, description = "Id of the token")),
    responses((status = 200, body = Token), (status = 404, body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn token_show(
    State(context): State<Context>,
    Name(id): Name,
) -> Result<Json<Token>, Problem> {
    Ok(Json(tokens(&context)?.show(&parse(&id)?)?.into()))
}

/// Revokes a token and those made with it. When this is answered, nothing of theirs passes or is under way.
#[utoipa::path(
    post, path = "/v1/tokens/{name}/revoke", tag = "access",
    params(("name" = String, Path, description = "Id of the token")),
    responses(
        (status = 204, description = "Revoked"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn token_revoke(
    State(context): State<Context>,
    asker: Asker,
    Name(id): Name,
) -> Result<StatusCode, Problem> {
    let (caller, id) = (asker.caller(), parse(&id)?);
    tokens(&context)?
        .revoke(asker.maker(&caller), id, Timestamp::now())
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

fn tokens(context: &Context) -> Result<&Tokens, Problem> {
    context.access.tokens().ok_or_else(|| {
        let detail = "this process has no key service, so its one token is in a file";
        Problem::new(Code::NoKeyService, detail)
    })
}

fn parse(id: &str) -> Result<TokenId, Problem> {
    TokenId::parse(id)
        .ok_or_else(|| Problem::new(Code::NotFound, "an id of a token is 24 hexadecimal digits"))
}

impl Asker {
    async fn make(
        &self,
        tokens: &Tokens,
        new: NewToken,
        rider: Rider,
    ) -> Result<(Secret, hybridge_keys::token::Shown), hybridge_keys::Error> {
        let caller = self.caller();
        tokens
            .create(self.maker(&caller), new, rider, Timestamp::now())
            .await
    }

    fn maker<'a>(&'a self, caller: &'a hybridge_keys::Caller) -> Maker<'a> {
        let principal = self.principal();
        Maker {
            caller,
            rights: principal.rights().unwrap_or(&NOTHING),
            lineage: principal.lineage(),
            token: principal.token(),
        }
    }
}

static NOTHING: hybridge_policy::access::Rights = hybridge_policy::access::Rights::from_layers(Vec::new());
