//! Where tests find published vectors: `HYBRIDGE_VECTORS`, else `../shared/vectors` beside the workspace.
//!
//! Without the folder a test has nothing to check; under CI (the variable `CI` is set) that is a failure.

use std::path::{Path, PathBuf};

/// Reads one JSON vector file, or `None` on a machine without the folder that is not CI.
///
/// # Panics
/// When the folder is missing under CI or was named, and when the file is missing from it or is no JSON.
pub(crate) fn load(file: &str) -> Option<serde_json::Value> {
    let folder = folder()?;
    let text = std::fs::read_to_string(folder.join(file)).expect(file);
    Some(serde_json::from_str(&text).expect(file))
}

fn folder() -> Option<PathBuf> {
    let named = std::env::var_os("HYBRIDGE_VECTORS").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors");
    let required = named.is_some() || std::env::var_os("CI").is_some();
    let folder = named.unwrap_or(beside);
    assert!(
        folder.is_dir() || !required,
        "no test vectors at {}",
        folder.display()
    );
    folder.is_dir().then_some(folder)
}

/// Decodes hexadecimal, blanks ignored.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16).expect("hex");
    digits.chunks(2).map(pair).collect()
}

/// Decodes a hexadecimal member of a JSON object.
pub(crate) fn hex_field(object: &serde_json::Value, name: &str) -> Vec<u8> {
    hex(object[name].as_str().expect(name))
}
