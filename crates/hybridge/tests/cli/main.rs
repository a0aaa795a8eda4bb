//! The command line as a person or a script meets it: what it prints, and how it ends.
//!
//! Every test runs the real binary in an environment of its own, on ports that the system chooses.

mod bench;
mod config;
mod help;
mod hybridge;
mod probe;
mod selftest;
mod up;
