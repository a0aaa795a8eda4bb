//! The subcommands, one file each. The doc comment of the arguments is the help text.

pub(crate) mod bench;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod docs;
pub(crate) mod edge;
pub(crate) mod probe;
pub(crate) mod up;
