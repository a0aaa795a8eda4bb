//! Does the session work? Each thing it can do is done once, and compared between the two ends.
//! A difference is an error of the session, and the session is closed all the same.

use serde_json::json;

use super::{Agreement, explain, now, session_path};
use crate::command_error::{CommandError, Kind};
use crate::service::{Service, answer};

const MESSAGE: &[u8] = b"hybridge exchange --check";
const LABEL: &str = "hybridge exchange check";

/// # Errors
/// `Peer`: the two ends do not have the same; whatever the service refuses.
pub(super) fn run(service: &Service, session: &mut Agreement) -> Result<(), CommandError> {
    round_trip(service, session)?;
    same_export(service, session)?;
    let rekeyed = service.run(async |client| client.rekey(session).await);
    rekeyed.map_err(|error| explain(error, service))?;
    // The new epoch has keys of its own.
    round_trip(service, session)
}

fn round_trip(service: &Service, session: &mut Agreement) -> Result<(), CommandError> {
    let sealed = session.seal(b"there", MESSAGE, now()).map_err(refused)?;
    let body = json!({"sealed": answer::encode(&sealed), "aad": answer::encode(b"there")});
    let opened = service.write(&session_path(session.agreed(), "open"), &body)?;
    same(
        "what was sealed here",
        &answer::bytes(&opened, "plaintext")?,
        MESSAGE,
    )?;
    let body = json!({"plaintext": answer::encode(MESSAGE), "aad": answer::encode(b"back")});
    let sealed = service.write(&session_path(session.agreed(), "seal"), &body)?;
    let opened = session.open(b"back", &answer::bytes(&sealed, "sealed")?, now());
    same(
        "what was sealed there",
        &opened.map_err(refused)?.plaintext,
        MESSAGE,
    )
}

fn same_export(service: &Service, session: &Agreement) -> Result<(), CommandError> {
    let ours = session
        .export(LABEL.as_bytes(), b"", 32, now())
        .map_err(refused)?;
    let body = json!({"label": LABEL, "length": 32});
    let exported = service.write(&session_path(session.agreed(), "export"), &body)?;
    same("an exported key", &answer::bytes(&exported, "exported")?, &ours)
}

fn same(what: &str, one: &[u8], other: &[u8]) -> Result<(), CommandError> {
    if hybridge_crypto::constant_time::eq(one, other) {
        return Ok(());
    }
    let message = format!("{what} is not the same at both ends");
    Err(CommandError::message(Kind::Peer, message))
}

fn refused(error: hybridge_exchange::SessionError) -> CommandError {
    CommandError::new(Kind::Peer, error)
}
