//! The subcommands, one file each. The doc comment of the arguments is the help text.
//! A command prints by `terminal` alone and ends with an `Ending` or a `CommandError`.

pub(crate) mod approval;
pub(crate) mod audit;
pub(crate) mod backup;
pub(crate) mod bench;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod docs;
pub(crate) mod doctor;
pub(crate) mod edge;
pub(crate) mod exception;
pub(crate) mod exchange;
pub(crate) mod key;
pub(crate) mod probe;
pub(crate) mod quarantine;
pub(crate) mod recipient;
pub(crate) mod rekey;
pub(crate) mod restore;
pub(crate) mod seal;
pub(crate) mod selftest;
pub(crate) mod serve;
pub(crate) mod session;
pub(crate) mod token;
pub(crate) mod unseal;
pub(crate) mod up;
