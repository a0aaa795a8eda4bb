//! Writes the OpenAPI document to standard output, for `docs/openapi.json`.

use std::io::Write;

fn main() -> std::io::Result<()> {
    std::io::stdout().write_all(hybridge_api::openapi().as_bytes())
}
