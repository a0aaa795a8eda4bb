//! The command line as a person or a script meets it: what it prints, and how it ends.
//!
//! Every test runs the real binary in an environment of its own, on ports that the system chooses.

mod audit;
mod bench;
mod config;
mod doctor;
mod exchange;
mod help;
mod hybridge;
mod key;
mod probe;
mod recipient;
mod restore;
mod runbook;
mod running;
mod seal;
mod self_test_state;
mod selftest;
mod service;
mod token;
mod up;
