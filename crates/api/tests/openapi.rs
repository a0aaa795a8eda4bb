//! The OpenAPI document that is checked in is the one that the code makes.
//!
//! A difference means that somebody's client will notice: look at it before writing the new one.

#[test]
fn the_document_checked_in_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    let checked_in = std::fs::read_to_string(path).unwrap_or_default();
    let current = hybridge_api::openapi();
    assert!(
        checked_in == current,
        "docs/openapi.json is out of date: cargo run -p hybridge-api --example openapi > docs/openapi.json"
    );
}
