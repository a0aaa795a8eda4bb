//! Whom to load: the arguments that every bench has, and the address and name they come to.
//! A name is resolved once: one bench measures one address.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;
use hybridge_scan::probe::{Protocol, Target};
use rustls::pki_types::ServerName;

use super::connection::Dialer;
use crate::command_error::{CommandError, Kind};
use crate::duration;

/// The server.
#[derive(Args, Debug)]
pub(super) struct Server {
    /// HOST:PORT
    #[arg(value_parser = parse_target)]
    pub(super) target: Target,

    /// Server name to ask for, when it is not the host
    #[arg(long, value_name = "NAME", value_parser = parse_name)]
    pub(super) sni: Option<ServerName<'static>>,

    /// Longest time for one handshake or one request
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration::parse)]
    pub(super) timeout: Duration,

    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}

fn parse_target(text: &str) -> Result<Target, String> {
    let target = Target::parse(text).map_err(|error| error.to_string())?;
    match target.protocol {
        Protocol::Tls => Ok(target),
        Protocol::Ssh => Err("only TLS servers can be loaded".to_owned()),
    }
}

fn parse_name(text: &str) -> Result<ServerName<'static>, String> {
    ServerName::try_from(text.to_owned()).map_err(|error| error.to_string())
}

impl Server {
    /// Resolves the name, once: the load goes to one address.
    ///
    /// # Errors
    /// `Peer`: the name has no address.
    pub(super) async fn resolve(&self) -> Result<Dialer, CommandError> {
        let Target { host, port, .. } = &self.target;
        let found = tokio::net::lookup_host((host.as_str(), *port)).await;
        let address: Option<SocketAddr> = found.ok().and_then(|mut addresses| addresses.next());
        let address = address.ok_or_else(|| {
            CommandError::message(Kind::Peer, format!("cannot resolve {host}"))
                .hint("check the name; an address works too")
        })?;
        let name = match &self.sni {
            Some(name) => name.clone(),
            None => parse_name(host).map_err(|error| CommandError::message(Kind::Usage, error))?,
        };
        Ok(Dialer {
            address,
            name,
            timeout: self.timeout,
        })
    }
}
