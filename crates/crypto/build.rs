//! Reads the version of the primitive library's binding from the lock file, for `provider::versions`.
//!
//! A crate cannot ask a dependency for its version; the lock file is what the build used.

fn main() {
    // Build scripts run in the folder of their package.
    let lock = std::path::Path::new("../../Cargo.lock");
    let text = std::fs::read_to_string(lock).unwrap_or_default();
    let version = locked_version(&text, "aws-lc-rs").unwrap_or("unknown");
    println!("cargo::rerun-if-changed={}", lock.display());
    println!("cargo::rustc-env=HYBRIDGE_AWS_LC_RS_VERSION={version}");
}

fn locked_version<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let (_, entry) = lock.split_once(&format!("name = \"{package}\"\nversion = \""))?;
    entry.split('"').next()
}
