//! The console: the same facts as the API, for a person.
//!
//! Rendered on the server and complete without JavaScript: links choose, a form changes. The script
//! only fetches the page again when something happened and swaps the parts marked `data-live`, so
//! there is one way to render everything.

mod chart;
mod clients;
mod figures;
mod form;
mod handshakes;
mod layout;
mod login;
mod route;
mod routes;
mod view;

use axum::Form;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use http::{StatusCode, header};
use jiff::Timestamp;

use crate::context::Context;
use crate::extract::Name;
use crate::problem::{Code, Problem};
use crate::v1::routes::change_route;
pub(crate) use login::{login_close, login_open, login_show};
use view::{Choice, Entered, Notice, View};

/// Shows the page.
pub(crate) async fn console_show(
    State(context): State<Context>,
    choice: Result<Query<Choice>, QueryRejection>,
) -> Html<String> {
    let choice = choice.map(|Query(choice)| choice).unwrap_or_default();
    let notice = if choice.applied.is_some() {
        Notice::Applied
    } else {
        Notice::Nothing
    };
    render(&context, &choice, notice)
}

/// Changes a route from the page's form, then shows the page again (303, so that reloading it changes
/// nothing twice).
pub(crate) async fn route_set(
    State(context): State<Context>,
    Name(name): Name,
    entered: Result<Form<Entered>, FormRejection>,
) -> Result<Response, Problem> {
    let Form(entered) = entered.map_err(|rejection| unreadable(&rejection))?;
    let changed = form::change(&entered)
        .and_then(|change| change_route(&context.control, &name, change).map_err(|error| error.to_string()));
    match changed {
        Ok(route) => {
            Ok(Redirect::to(&format!("/?route={}&applied=1#route", segment(&route.name))).into_response())
        }
        Err(reason) => {
            let choice = Choice {
                route: Some(name),
                ..Choice::default()
            };
            let page = render(&context, &choice, Notice::Refused { reason, entered });
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

fn render(context: &Context, choice: &Choice, notice: Notice) -> Html<String> {
    let view = View::gather(context.control.as_ref(), choice, notice, Timestamp::now());
    Html(layout::page(&view).into_string())
}

fn unreadable(rejection: &FormRejection) -> Problem {
    let code = match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Code::BodyTooLarge,
        _ => Code::FieldInvalid,
    };
    Problem::new(code, rejection.body_text())
}

/// Percent-encodes a name for a path segment or a query value (RFC 3986 §2.1).
fn segment(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

/// Shows the style sheet.
pub(crate) async fn style_show() -> impl IntoResponse + use<> {
    asset(
        "text/css; charset=utf-8",
        include_str!("../../assets/console.css"),
    )
}

/// Shows the script.
pub(crate) async fn script_show() -> impl IntoResponse + use<> {
    asset(
        "text/javascript; charset=utf-8",
        include_str!("../../assets/console.js"),
    )
}

/// Shows the icon.
pub(crate) async fn icon_show() -> impl IntoResponse + use<> {
    asset("image/svg+xml", include_str!("../../assets/icon.svg"))
}

/// `no-cache`: a new version of the binary brings new assets under the same names.
fn asset(media_type: &'static str, body: &'static str) -> Response {
    (
        [
            (header::CONTENT_TYPE, media_type),
            (header::CACHE_CONTROL, "no-cache"),
        ],
        body,
    )
        .into_response()
}

#[cfg(test)]
mod tests;
