//! One key exchange, run to its end: shares, exchange hash, signature, NEWKEYS (RFC 4253 §7, §8).
//!
//! No key is derived: the server's signature over the exchange hash shows that both sides have one secret.

use hybridge_crypto::kex::ClientShare;
use hybridge_crypto::{digest, random};
use hybridge_hello::ssh::{KexHybridInit, KexHybridReply, KexInit, NameList, message, put_mpint, put_string};
use tokio::io::{AsyncRead, AsyncWrite};

use super::host_key::HostKeyFinding;
use super::plan::{Hash, Method, Plan};
use super::session::Session;
use crate::probe::Failure;

/// `SSH_DISCONNECT_BY_APPLICATION` (RFC 4253 §11.1).
const BY_APPLICATION: u32 = 11;

/// Runs the exchange. The answer is the host key that signed it, and whether its signature verifies; an
/// error is an exchange that did not get that far.
pub(super) async fn run<S: AsyncRead + AsyncWrite + Unpin>(
    mut session: Session<S>,
    plan: &Plan,
) -> Result<HostKeyFinding, Failure> {
    let server_lists = session.server.kexinit.clone();
    let own_lists = kexinit(&server_lists, plan)?;
    let share = ClientShare::generate(plan.method.exchange).map_err(provider)?;
    let init = KexHybridInit {
        client_init: share.public(),
    }
    .to_payload();
    session.send(&own_lists).await?;
    session.send(&init).await?;
    skip_wrong_guess(&mut session, &server_lists, plan).await?;
    let reply = session.next().await?;
    let reply = KexHybridReply::parse(&reply)?;

    let mut transcript = Vec::new();
    put_string(&mut transcript, &Session::<S>::own_identification()?);
    put_string(&mut transcript, session.server.identification.as_bytes());
    put_string(&mut transcript, &own_lists);
    put_string(&mut transcript, &server_lists);
    put_string(&mut transcript, reply.host_key);
    put_string(&mut transcript, share.public());
    put_string(&mut transcript, reply.server_reply);
    let secret = share
        .complete(reply.server_reply)
        .map_err(|error| Failure::nonsense(error.to_string()))?;
    put_secret(&mut transcript, plan.method, secret.as_bytes());
    let exchange_hash = plan.method.hash.of(&transcript);
    transcript.fill(0);

    let finding = HostKeyFinding::read(&plan.host_key, reply.host_key, reply.signature, &exchange_hash);
    let last = session.next().await?;
    if last != [message::NEWKEYS] {
        return Err(Failure::nonsense("no NEWKEYS after the key exchange"));
    }
    leave(&mut session).await;
    Ok(finding)
}

/// One method and one host key algorithm; for the rest, what the server lists.
fn kexinit(server_lists: &[u8], plan: &Plan) -> Result<Vec<u8>, Failure> {
    let lists = KexInit {
        cookie: random::bytes().map_err(provider)?,
        kex_algorithms: NameList::parse(plan.method.name.as_bytes())?,
        server_host_key_algorithms: NameList::parse(plan.host_key.as_bytes())?,
        first_kex_packet_follows: false,
        ..KexInit::parse(server_lists)?
    };
    Ok(lists.to_payload())
}

/// A server may send a packet for the exchange it expects; if that is not ours, it is void (RFC 4253 §7).
async fn skip_wrong_guess<S: AsyncRead + AsyncWrite + Unpin>(
    session: &mut Session<S>,
    server_lists: &[u8],
    plan: &Plan,
) -> Result<(), Failure> {
    let lists = KexInit::parse(server_lists)?;
    let right = lists.kex_algorithms.iter().next() == Some(plan.method.name)
        && lists.server_host_key_algorithms.iter().next() == Some(&plan.host_key);
    if lists.first_kex_packet_follows && !right {
        session.next().await?;
    }
    Ok(())
}

fn put_secret(transcript: &mut Vec<u8>, method: &Method, secret: &[u8]) {
    if method.secret_is_mpint {
        put_mpint(transcript, secret);
    } else {
        put_string(transcript, secret);
    }
}

impl Hash {
    fn of(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => digest::sha256(bytes).to_vec(),
            Self::Sha384 => digest::sha384(bytes).to_vec(),
            Self::Sha512 => digest::sha512(bytes).to_vec(),
        }
    }
}

/// Says goodbye while we still may in plaintext: our own NEWKEYS has not been sent.
async fn leave<S: AsyncRead + AsyncWrite + Unpin>(session: &mut Session<S>) {
    let mut payload = vec![message::DISCONNECT];
    payload.extend_from_slice(&BY_APPLICATION.to_be_bytes());
    put_string(&mut payload, b"probe complete");
    put_string(&mut payload, b"");
    let _gone: Result<(), Failure> = session.send(&payload).await;
}

fn provider(error: impl std::fmt::Display) -> Failure {
    Failure::Provider(error.to_string())
}
