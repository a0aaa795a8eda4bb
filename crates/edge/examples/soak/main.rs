//! The two ends of the soak test: an echo upstream, and many TLS clients that check every byte.
//!
//! `soak echo ADDRESS` answers with what it is sent (`liar`: nearly). `soak load ADDRESS SECOND CONNECTIONS SEED` holds
//! that many connections through the edge and obeys one-word commands on standard input (see `load`).
//! What a connection sends and how it ends follow from the seed, so a run can be repeated.

use std::error::Error;

mod conversation;
mod echo;
mod fate;
mod load;
mod pattern;
mod tally;

use echo::Voice;
use load::Load;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    match arguments[..] {
        ["echo", address] => runtime.block_on(echo::run(address.parse()?, Voice::True)),
        ["liar", address] => runtime.block_on(echo::run(address.parse()?, Voice::Liar)),
        ["load", address, second, connections, seed] => {
            let load = Load::new([address.parse()?, second.parse()?], seed.parse()?)?;
            runtime.block_on(load.run(connections.parse()?))
        }
        _ => Err("usage: soak echo|liar ADDRESS | soak load ADDRESS SECOND CONNECTIONS SEED".into()),
    }
}
