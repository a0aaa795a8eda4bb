//! `hybridge backup` and `hybridge restore`: what was backed up comes back with a proof, what was destroyed
//! does not.

use std::path::Path;

use serde_json::Value;
use snapbox::{assert_data_eq, str};

use crate::hybridge::run;
use crate::running::Running;

/// Destructions at once, and no backups but those that a test makes.
const CONFIG: &str = "[keys]\ndestroy_wait_min = \"0s\"\n[backup]\nevery = \"0s\"\n";

fn plain(path: &Path) -> &str {
    path.to_str().expect("temporary directories have plain names")
}

fn backed_up(service: &Running) -> String {
    let made = service.json(&["backup", "create"]);
    made["name"].as_str().expect("a name").to_owned()
}

/// Restores beside the data directory; what the command said as JSON, and on standard error.
fn restored(service: &Running, name: &str, to: &str) -> (Value, String) {
    let identity = service.data_directory().join("backup.identity");
    let from = service.data_directory().join("backups");
    let finished = service.run(&[
        "restore",
        "--from",
        plain(&from),
        "--name",
        name,
        "--identity",
        plain(&identity),
        "--data",
        to,
        "--json",
    ]);
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    let value = serde_json::from_str(&finished.stdout).expect("JSON");
    (value, finished.stderr)
}

#[test]
fn a_backup_is_made_listed_verified_and_restored_with_a_proof() {
    let service = Running::configured(CONFIG);
    service.done(&["key", "create", "app/one", "--purpose", "sign"]);
    service.done(&["key", "create", "app/two", "--purpose", "encrypt"]);
    let public = service.done(&["key", "show", "app/one", "--public-key"]);
    let name = backed_up(&service);
    let listed = service.done(&["backup", "list"]);
    assert!(listed.contains(&name) && listed.contains("signed"), "{listed}");
    let verified = service.done(&["backup", "verify"]);
    assert!(verified.contains("every record, the log"), "{verified}");
    service.done(&["audit", "public-key"]);

    let (folder, data) = service.stopped();
    let (from, identity) = (data.join("backups"), data.join("backup.identity"));
    let list = run(&["backup", "list", "--destination", plain(&from)]);
    assert!(list.stdout.contains(&name), "{}", list.stderr);
    let fresh = folder.path().join("fresh");
    let finished = run(&[
        "restore",
        "--from",
        plain(&from),
        "--identity",
        plain(&identity),
        "--data",
        plain(&fresh),
    ]);
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    let said = finished.stdout.replace(plain(folder.path()), "FOLDER");
    assert_data_eq!(
        said,
        str![[r#"
start it with: hybridge up --data FOLDER/fresh
restored: 4 keys, 4 canaries opened, log head [..], took [..] s

"#]]
    );
    assert!(
        finished.stderr.contains("nothing newer was reached"),
        "{}",
        finished.stderr
    );
    let again = run(&[
        "restore",
        "--from",
        plain(&from),
        "--identity",
        plain(&identity),
        "--data",
        plain(&fresh),
    ]);
    assert_eq!(again.code, Some(4), "only into an empty directory");
    let restored = Running::at(folder, fresh);
    assert_eq!(restored.done(&["key", "show", "app/one", "--public-key"]), public);
}

#[test]
fn what_was_destroyed_after_the_backup_stays_destroyed() {
    let service = Running::configured(CONFIG);
    service.done(&["key", "create", "app/kept", "--purpose", "sign"]);
    service.done(&["key", "create", "app/gone", "--purpose", "sign"]);
    let before = backed_up(&service);
    service.done(&["key", "destroy", "app/gone", "--wait", "0", "--yes"]);
    service.until(&["key", "show", "app/gone", "--json"], "\"destroyed\": \"20");
    let alone = service.folder().join("alone");
    let newer = service.json(&["backup", "create"]);
    assert_eq!(
        newer["manifest"]["tombstones"].as_u64().map(|count| count > 0),
        Some(true)
    );

    let to = service.folder().join("restored");
    let (said, _) = restored(&service, &before, plain(&to));
    assert_eq!(said["newer"]["unknown"], false);
    assert!(
        said["newer"]["applied"]
            .as_u64()
            .is_some_and(|applied| applied > 0),
        "{said}"
    );
    assert_eq!(said["keys"], said["canaries_opened"]);

    // Without the newer backup nothing says what was destroyed, and the command says that.
    let from = service.data_directory().join("backups");
    for file in std::fs::read_dir(&from).expect("the backups").flatten() {
        if !file.file_name().to_string_lossy().starts_with(&before) {
            std::fs::remove_file(file.path()).expect("our own file");
        }
    }
    let (said, warned) = restored(&service, &before, plain(&alone));
    assert_eq!(said["newer"]["unknown"], true);
    assert!(warned.contains("may be usable again"), "{warned}");

    let (folder, _) = service.stopped();
    let service = Running::at(folder, to);
    service.until(&["key", "show", "app/gone", "--json"], "\"destroyed\": \"20");
    let kept = service.done(&["key", "show", "app/kept"]);
    assert!(kept.contains("active"), "{kept}");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "damage need not be written safely")]
fn a_backup_with_a_flipped_bit_is_found_without_restoring_it() {
    let service = Running::configured(CONFIG);
    let name = backed_up(&service);
    let container = service
        .data_directory()
        .join("backups")
        .join(format!("{name}.backup"));
    let mut bytes = std::fs::read(&container).expect("it was made");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&container, bytes).expect("our own file");
    let finished = service.run(&["backup", "verify", &name]);
    assert_eq!(finished.code, Some(1), "{}", finished.stderr);
    assert!(finished.stdout.contains("FAILED"), "{}", finished.stdout);
    let from = service.data_directory().join("backups");
    let finished = run(&["backup", "verify", "--destination", plain(&from)]);
    assert_eq!(finished.code, Some(1), "{}", finished.stderr);
}

#[test]
fn a_witness_beside_the_directory_asks_for_a_word() {
    let service = Running::configured(CONFIG);
    backed_up(&service);
    let (folder, data) = service.stopped();
    let kept = folder.path().join("kept");
    std::fs::rename(&data, &kept).expect("our own directory");
    let (from, identity) = (kept.join("backups"), kept.join("backup.identity"));
    let restore = [
        "restore",
        "--from",
        plain(&from),
        "--identity",
        plain(&identity),
        "--data",
        plain(&data),
    ];
    let finished = run(&restore);
    assert_eq!(finished.code, Some(4));
    assert!(
        finished.stderr.contains("--accept-rollback"),
        "{}",
        finished.stderr
    );
    let finished = run(&[&restore[..], &["--accept-rollback"]].concat());
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
}

#[test]
fn the_schedule_makes_backups_and_lets_old_ones_go() {
    let config = "[backup]\nevery = \"1s\"\nkeep = \"1s\"\nkeep_min = 2\n";
    let service = Running::configured(config);
    service.until(&["audit", "tail", "-n", "1000"], "backup.prune");
    let events = service.done(&["audit", "tail", "-n", "1000"]);
    let made = events.lines().filter(|line| line.contains("backup.create"));
    assert!(made.count() >= 1, "{events}");
    let (_folder, data) = service.stopped();
    assert!(data.join("backup.identity").exists());
}

#[test]
fn the_service_cannot_open_what_is_sealed_to_a_recipient_elsewhere() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let (identity, place) = (folder.path().join("identity"), folder.path().join("backups"));
    let made = run(&["recipient", "create", "--output", plain(&identity)]);
    let config = format!(
        "[backup]\nevery = \"0s\"\ndestination = \"{}\"\nrecipients = [\"{}\"]\n",
        plain(&place),
        made.stdout.trim()
    );
    let service = Running::configured(&config);
    let name = backed_up(&service);
    assert!(!service.data_directory().join("backup.identity").exists());
    let outside = service.done(&["backup", "verify", &name]);
    assert!(outside.contains("what opens it was not given"), "{outside}");
    let pem = service.done(&["audit", "public-key"]);
    service.put("audit.pem", pem.as_bytes());
    let elsewhere = [
        "backup",
        "verify",
        "--destination",
        plain(&place),
        "--signer",
        "audit.pem",
    ];
    let inside = service.run(&[&elsewhere[..], &["--identity", plain(&identity)]].concat());
    assert_eq!(inside.code, Some(0), "{}", inside.stderr);
    assert!(
        inside.stdout.contains("every record, the log"),
        "{}",
        inside.stdout
    );
    assert_eq!(inside.stderr, "", "the signer was known");

    let foreign = Running::start();
    let pem = foreign.done(&["audit", "public-key"]);
    service.put("audit.pem", pem.as_bytes());
    let refused = service.run(&elsewhere);
    assert_eq!(
        refused.code,
        Some(1),
        "signed by somebody else: {}",
        refused.stderr
    );
}
