//! Self-tests on demand: the same that the process runs at its start.
//!
//! A failure switches the cryptography of the whole process off until it is started again. After one, the
//! administrator's token of the data directory is still let in here, and every test says `refused`.

use axum::Json;
use axum::extract::State;
use hybridge_crypto::selftest::{self, Report};
use jiff::Timestamp;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use crate::context::Context;
use crate::dto::SelfTest;
use crate::principal::Asker;
use crate::problem::{Code, Problem};

/// Runs the known-answer test of every algorithm in the running process, and writes down how they went.
#[utoipa::path(post, path = "/v1/selftest", tag = "process", responses((status = 200, body = SelfTest)))]
pub(crate) async fn selftest_run(
    State(context): State<Context>,
    asker: Asker,
) -> Result<Json<SelfTest>, Problem> {
    let report = spawn_blocking(run).await.map_err(|error| {
        tracing::error!(%error, "the self-tests did not end");
        Problem::new(Code::CryptoFailed, "the self-tests did not end")
    })?;
    if let Ok(keys) = context.keys() {
        keys.self_tested(&report, &asker.caller(), Timestamp::now())
            .await?;
    }
    Ok(Json(SelfTest::from(&report)))
}

fn run() -> Report {
    let started = Instant::now();
    selftest::run(selftest::implemented(), &|| started.elapsed())
}
