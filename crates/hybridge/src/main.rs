//! The doorway: hands the arguments to the command line and its answer to the system.
//!
//! One file per subcommand stands under `command`; nothing is decided here.

mod admin_token;
mod api_address;
mod api_route;
mod backups;
mod built_in;
mod chain_source;
mod cli;
mod clock;
mod command;
mod command_error;
mod data_directory;
mod descriptors;
mod duration;
mod edge_error;
mod file;
mod key_service;
mod key_watch;
mod layout;
mod local_authority;
mod logging;
mod private_file;
mod prober;
mod self_test;
mod service;
mod serving;
mod source;
mod terminal;
mod version;
mod wiring;

/// Secrets also pass through buffers of the HTTP and JSON libraries: whatever is given back is erased.
#[global_allocator]
static MEMORY: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

fn main() -> std::process::ExitCode {
    cli::run(std::env::args_os())
}
