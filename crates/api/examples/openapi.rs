//! Writes the OpenAPI document to standard output, for `docs/openapi.json`.
//!
//! The file is checked in and a test compares it: run this after every change of a shape or a handler.

use std::io::Write;

fn main() -> std::io::Result<()> {
    std::io::stdout().write_all(hybridge_api::openapi().as_bytes())
}
