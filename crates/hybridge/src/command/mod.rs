//! The subcommands, one file each. The doc comment of the arguments is the help text.

pub(crate) mod completions;
pub(crate) mod docs;
