//! The edge as a whole: a real service on port 0, real TLS clients, real upstreams, no sleeps.
//! One file per subject; `harness` starts and asks.

#[cfg(test)]
mod abandoned;
#[cfg(test)]
mod arms;
#[cfg(test)]
mod certificates;
#[cfg(test)]
mod client_auth;
#[cfg(test)]
mod client_limits;
#[cfg(test)]
mod drain;
#[cfg(test)]
mod fragments;
#[cfg(test)]
mod groups;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod hellos;
#[cfg(test)]
mod http;
#[cfg(test)]
mod http_bodies;
#[cfg(test)]
mod http_failures;
#[cfg(test)]
mod lifecycle;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod load;
#[cfg(test)]
mod observe;
#[cfg(test)]
mod originate;
#[cfg(test)]
mod originate_http;
#[cfg(test)]
mod outcomes;
#[cfg(test)]
mod proxy_protocol;
#[cfg(test)]
mod relay;
#[cfg(test)]
mod resumption;
#[cfg(test)]
mod rungs;
#[cfg(test)]
mod upgrade;
