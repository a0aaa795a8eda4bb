//! Logging in to the console: a token for a cookie.
//!
//! The page works without JavaScript. The token is never shown again and never put into an address.

use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::response::{Html, IntoResponse, Redirect, Response};
use http::{HeaderMap, StatusCode, header};
use hybridge_keys::token::Digest;
use jiff::Timestamp;
use maud::{DOCTYPE, Markup, html};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::access::{Secure, Way};
use crate::context::Context;
use crate::principal::Asker;
use crate::problem::{Code, Problem};

/// The form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entered {
    token: String,
}

/// Shows the form.
pub(crate) async fn login_show() -> Html<String> {
    Html(page(None).into_string())
}

/// Opens a session for a good token, then shows the console.
pub(crate) async fn login_open(
    State(context): State<Context>,
    asker: Asker,
    entered: Result<Form<Entered>, FormRejection>,
) -> Response {
    let opened = entered
        .map_err(|rejection| Problem::new(Code::FieldInvalid, rejection.body_text()))
        .and_then(|Form(entered)| open(&context, &asker, Zeroizing::new(entered.token).trim()));
    match opened {
        Ok(cookie) => ([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response(),
        Err(problem) => again(&problem),
    }
}

fn open(context: &Context, asker: &Asker, token: &str) -> Result<http::HeaderValue, Problem> {
    let malformed = |error: hybridge_keys::token::MalformedToken| {
        let problem = Problem::new(Code::CredentialRefused, error.to_string());
        context.access.failed(problem, asker.way())
    };
    let digest = Digest::parse(token).map_err(malformed)?;
    let _entered = context.access.token(&digest, asker.way())?;
    context
        .access
        .sessions
        .open(digest, secure(asker), Timestamp::now())
}

fn again(problem: &Problem) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::UNAUTHORIZED);
    let mut response = (status, Html(page(Some(&problem.detail)).into_string())).into_response();
    response.extensions_mut().insert(problem.code);
    response
}

/// Ends the session, then shows the form.
pub(crate) async fn login_close(
    State(context): State<Context>,
    asker: Asker,
    headers: HeaderMap,
) -> Response {
    let cookie = context.access.sessions.close(&headers, secure(&asker));
    ([(header::SET_COOKIE, cookie)], Redirect::to("/console/login")).into_response()
}

fn secure(asker: &Asker) -> Secure {
    match asker.way() {
        Way::Edge(_) => Secure::TlsOnly,
        Way::Direct(_) => Secure::Loopback,
    }
}

fn page(refused: Option<&str>) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Log in - Hybridge console" }
                link rel="icon" href="/favicon.svg" type="image/svg+xml";
                link rel="stylesheet" href="/console/console.css";
            }
            body {
                header.top { span.brand { img src="/favicon.svg" alt="" width="20" height="20"; "Hybridge" } }
                main {
                    section {
                        h1 { "Log in" }
                        form method="post" action="/console/login" {
                            @if let Some(reason) = refused {
                                p.message.bad role="alert" { "Not let in: " (reason) "." }
                            }
                            label { "Token"
                                input name="token" type="password" autocomplete="off" required autofocus spellcheck="false";
                            }
                            button type="submit" { "Log in" }
                        }
                        p.note { "The local administrator's token is in the file " code { "admin.token" }
                            " of the data directory; the console needs the role auditor, operator or admin." }
                    }
                }
            }
        }
    }
}
