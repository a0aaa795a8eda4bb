//! Listening sockets: one for each core on the same address (SO_REUSEPORT), or one inherited from
//! systemd and shared. TCP_NODELAY is set on the listener, from which connections inherit it.

use std::io;
use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Protocol, Socket, Type};

/// Connections that may wait in the kernel, per socket (cut to net.core.somaxconn).
pub(crate) const BACKLOG: i32 = 4096;

/// Why an address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address} for route {route:?}")]
pub struct BindError {
    /// The route.
    pub route: String,
    /// The address.
    pub address: SocketAddr,
    /// What the system said.
    pub source: io::Error,
}

/// Who may listen on an address at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tenant {
    /// Nobody, if it is to be ours.
    Nobody,
    /// A route of ours that is about to leave; both listen until it has.
    Leaving,
}

/// Opens `cores` sockets on an address; port 0 becomes one free port for all of them.
pub(crate) fn bind(
    address: SocketAddr,
    cores: usize,
    inherited: &[TcpListener],
    tenant: Tenant,
) -> io::Result<Vec<TcpListener>> {
    if let Some(found) = inherited
        .iter()
        .find(|listener| matches_address(listener, address))
    {
        found.set_nonblocking(true)?;
        return (0..cores).map(|_| found.try_clone()).collect();
    }
    if tenant == Tenant::Nobody {
        // With SO_REUSEPORT alone a second process would silently take a part of the connections.
        drop(open(address, Sharing::Exclusive)?);
    }
    let first = open(address, Sharing::BetweenCores)?;
    let bound = first.local_addr()?;
    let rest = (1..cores).map(|_| open(bound, Sharing::BetweenCores));
    std::iter::once(Ok(first)).chain(rest).collect()
}

fn matches_address(listener: &TcpListener, address: SocketAddr) -> bool {
    listener.local_addr().is_ok_and(|bound| bound == address)
}

#[derive(PartialEq)]
enum Sharing {
    Exclusive,
    BetweenCores,
}

fn open(address: SocketAddr, sharing: Sharing) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM.nonblocking(),
        Some(Protocol::TCP),
    )?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(sharing == Sharing::BetweenCores)?;
    socket.set_tcp_nodelay(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_cores_listen_on_one_port_and_nobody_else_can() {
        let sockets = bind("127.0.0.1:0".parse().unwrap(), 3, &[], Tenant::Nobody).unwrap();
        let address = sockets[0].local_addr().unwrap();
        assert!(
            sockets
                .iter()
                .all(|socket| socket.local_addr().unwrap() == address)
        );
        let taken = bind(address, 1, &[], Tenant::Nobody).unwrap_err();
        assert_eq!(taken.kind(), io::ErrorKind::AddrInUse);
        assert!(bind(address, 1, &[], Tenant::Leaving).is_ok());
    }

    #[test]
    fn an_inherited_socket_is_used_as_it_is() {
        let inherited = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = inherited.local_addr().unwrap();
        let sockets = bind(address, 2, &[inherited], Tenant::Nobody).unwrap();
        assert_eq!(sockets.len(), 2);
    }
}
