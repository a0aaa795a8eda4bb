//! The limit on open files: raised as far as we may. The soft limit is often 1024, for the sake of
//! select(2), and half as many connections; a load that runs into it half-way would measure the limit.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::command_error::{CommandError, Kind};

/// What the process needs besides its connections.
const SPARE: u64 = 64;

/// Raises the soft limit to the hard one; says so in the log where the system refuses.
pub(crate) fn raise() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, "the limit on open files stays as it is");
    }
}

/// Makes room for so many connections.
///
/// # Errors
/// `File`: the hard limit is lower, with the remedy.
pub(crate) fn provide(connections: usize) -> Result<(), CommandError> {
    let wanted = u64::try_from(connections)
        .unwrap_or(u64::MAX)
        .saturating_add(SPARE);
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= wanted) {
        return Ok(());
    }
    let enough = limit.maximum.is_none_or(|maximum| maximum >= wanted);
    let raised = enough
        && setrlimit(
            Resource::Nofile,
            Rlimit {
                current: Some(wanted),
                ..limit
            },
        )
        .is_ok();
    if raised {
        Ok(())
    } else {
        Err(too_few(wanted, limit.maximum))
    }
}

fn too_few(wanted: u64, maximum: Option<u64>) -> CommandError {
    let maximum = maximum.unwrap_or_default();
    CommandError::message(
        Kind::File,
        format!("{wanted} open files are needed and {maximum} are allowed"),
    )
    .hint(format!(
        "raise the hard limit (ulimit -Hn {wanted}, /etc/security/limits.conf) or ask for less"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_becomes_the_hard_one() {
        raise();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
    }
}
