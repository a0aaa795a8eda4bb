//! How a command finds the service and the token, and what it says when it does not.
//! Every refusal has its exit code and what helps.

use std::os::unix::fs::PermissionsExt;

use snapbox::{assert_data_eq, str};

use crate::hybridge::{directory, run};
use crate::running::Running;

#[test]
fn without_a_service_it_says_how_to_start_one() {
    let (folder, data) = directory();
    let up = crate::hybridge::Up::start(&data, &[]);
    let token = folder.path().join("token");
    std::fs::copy(data.join("admin.token"), &token).expect("the first start made it");
    let token = token.to_str().expect("plain name");
    let api = format!("http://{}", up.api);
    let arguments = ["key", "list", "--api", &api, "--token-file", token];
    assert_eq!(run(&arguments).code, Some(0));
    assert_eq!(up.stop().0, Some(0));
    let finished = run(&arguments);
    assert_eq!(finished.code, Some(6));
    assert_data_eq!(
        finished.stderr,
        str![[r#"
error: no service answers at http://127.0.0.1:[..]: Connection refused (os error 111)
hint: start it with: hybridge up
hint: if it runs elsewhere, say where with --api URL, or name its data directory with --data DIR

"#]]
    );
}

#[test]
fn the_address_is_announced_while_the_service_runs() {
    let (_folder, data) = directory();
    let up = crate::hybridge::Up::start(&data, &[]);
    let path = data.join("api.address");
    let announced = std::fs::read_to_string(&path).expect("it is there while the service runs");
    assert_eq!(announced, format!("http://{}\n", up.api));
    let mode = std::fs::metadata(&path)
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(up.stop().0, Some(0));
    assert!(!path.exists());
}

/// A killed service leaves its address behind, and anybody may listen there afterwards.
#[test]
fn an_address_that_was_left_behind_is_given_no_token() {
    let (_folder, data) = directory();
    let up = crate::hybridge::Up::start(&data, &[]);
    assert_eq!(up.stop().0, Some(0));
    let stranger = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let left = format!("http://{}\n", stranger.local_addr().expect("bound"));
    let path = data.join("api.address");
    std::fs::File::create(&path)
        .and_then(|mut file| std::io::Write::write_all(&mut file, left.as_bytes()))
        .expect("the directory is ours");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("ours");
    let finished = run(&["key", "list", "--data", data.to_str().expect("plain name")]);
    assert_eq!(finished.code, Some(6), "{}", finished.stderr);
    assert!(
        finished.stderr.contains("no service runs on the data directory"),
        "{}",
        finished.stderr
    );
    stranger.set_nonblocking(true).expect("a socket");
    let nobody = stranger.accept().expect_err("nobody came");
    assert_eq!(nobody.kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn without_a_token_it_says_where_it_looked() {
    let (_folder, data) = directory();
    let path = data.to_str().expect("plain name");
    let finished = run(&["key", "list", "--data", path, "--api", "http://127.0.0.1:9"]);
    assert_eq!(finished.code, Some(4));
    let said = finished.stderr.replace(path, "DATA");
    assert_data_eq!(
        said,
        str![[r#"
error: there is no token: neither HYBRIDGE_TOKEN nor --token-file is given, and DATA/admin.token does not exist
hint: give one with --token-file FILE or HYBRIDGE_TOKEN
hint: name the data directory of the service with --data DIR or HYBRIDGE_DATA

"#]]
    );
}

#[test]
fn a_wrong_token_is_refused_and_a_good_one_may_come_from_the_environment() {
    let service = Running::start();
    let wrong = format!("hyb_{}", "A".repeat(48));
    let (finished, _) = service.run_with(&["key", "list"], &[("HYBRIDGE_TOKEN", &wrong)], b"");
    assert_eq!(finished.code, Some(7));
    assert!(
        finished.stderr.contains("(401 credential_refused)"),
        "{}",
        finished.stderr
    );
    assert!(!finished.stderr.contains(&wrong), "{}", finished.stderr);
    let good = std::fs::read_to_string(service.data_directory().join("admin.token"))
        .expect("the first start made it");
    let (finished, _) = service.run_with(&["key", "list"], &[("HYBRIDGE_TOKEN", good.trim())], b"");
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), "no keys\n"));
}

#[test]
fn a_token_that_others_can_read_is_not_used() {
    let service = Running::start();
    service.put("token", b"hyb_x\n");
    let path = service.folder().join("token");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("our own file");
    let said = service.refused(4, &["key", "list", "--token-file", "token"]);
    assert!(said.contains("others may read token (mode 0644)"), "{said}");
    assert!(said.ends_with("hint: chmod 600 token\n"), "{said}");
}

#[test]
fn the_local_token_is_not_sent_to_another_machine() {
    let service = Running::start();
    let said = service.refused(4, &["key", "list", "--api", "https://keys.example.com"]);
    assert!(
        said.starts_with("error: there is no token for https://keys.example.com:443\n"),
        "{said}"
    );
    let said = service.refused(
        2,
        &[
            "key",
            "list",
            "--api",
            "http://keys.example.com",
            "--token-file",
            "data/admin.token",
        ],
    );
    assert!(said.contains("plain HTTP would show it the token"), "{said}");
}

#[test]
fn flags_and_files_that_are_wrong_are_refused_before_anything_is_sent() {
    let service = Running::start();
    let said = service.refused(2, &["key", "list", "--pefix", "app/"]);
    assert!(said.contains("unexpected argument '--pefix'"), "{said}");
    let said = service.refused(2, &["key", "list", "--api", "nowhere"]);
    assert!(
        said.contains("\"nowhere\" is not the address of a service"),
        "{said}"
    );
    let said = service.refused(4, &["key", "list", "--ca", "missing.pem"]);
    assert!(said.contains("cannot read missing.pem"), "{said}");
    let said = service.refused(4, &["key", "sign", "app/signing", "--input", "missing"]);
    assert!(said.contains("cannot read missing: No such file"), "{said}");
    let said = service.refused(2, &["key", "create", "Not A Name", "--purpose", "sign"]);
    assert!(said.contains("invalid value 'Not A Name' for '<NAME>'"), "{said}");
    let said = service.refused(2, &["key", "create", "app/a", "--purpose", "party"]);
    assert!(said.contains("it is kem, sign, encrypt, mac or wrap"), "{said}");
}
