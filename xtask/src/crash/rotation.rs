//! Under way.
use super::stage::{Plan, Stage};
pub(super) fn play(_plan: &Plan, _stage: &Stage) -> anyhow::Result<String> {
    anyhow::bail!("not yet")
}
