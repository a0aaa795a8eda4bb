//! The edge as a whole: a real service on port 0, real TLS clients, real upstreams, no sleeps.
//! One file per subject; `harness` starts and asks.

mod harness;
mod rungs;
