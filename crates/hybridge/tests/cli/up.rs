//! `hybridge up` from outside: what it says, what it makes, how it refuses and how it ends.
//! Every refusal has its exit code and the remedy in a hint.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use snapbox::{assert_data_eq, str};

use crate::hybridge::{Up, directory, run};

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

#[test]
fn four_lines_say_what_listens_where_whom_to_trust_and_how_to_stop() {
    let (_folder, data) = directory();
    let up = Up::start(&data, &[]);
    let said = up.said.replace(data.to_str().expect("plain name"), "DATA");
    assert_data_eq!(
        said,
        str![[r#"
protecting  the built-in page at 127.0.0.1:[..] (rung upgrade)
trust       curl --cacert DATA/authority/ca.pem https://localhost:[..]/
console     http://127.0.0.1:[..]/
stop        Ctrl-C

"#]]
    );
    let (code, _) = up.stop();
    assert_eq!(code, Some(0));
}

#[test]
fn data_and_keys_are_private_and_the_second_start_uses_them_again() {
    let (_folder, data) = directory();
    Up::start(&data, &["--name", "shop.example"]).stop();
    let files = ["ca.pem", "ca.key", "leaf.pem"].map(|name| data.join("authority").join(name));
    let before = files
        .each_ref()
        .map(|path| std::fs::read(path).expect("it is there"));
    assert_eq!(
        [mode(&data), mode(&files[1]), mode(&files[2])],
        [0o700, 0o600, 0o600]
    );
    Up::start(&data, &["--name", "shop.example"]).stop();
    assert_eq!(
        files.map(|path| std::fs::read(path).expect("it is there")),
        before
    );
}

#[test]
fn an_unreachable_service_is_a_warning() {
    let (_folder, data) = directory();
    let closed = TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a free port");
    let (code, stderr) = Up::start(&data, &["--protect", &closed.to_string()]).stop();
    assert_eq!(code, Some(0));
    assert!(
        stderr.contains(&format!("warning: {closed} cannot be reached now")),
        "{stderr}"
    );
}

#[test]
fn a_port_in_use_is_an_address_error_with_the_remedy() {
    let (_folder, data) = directory();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let (address, port) = taken
        .local_addr()
        .map(|address| (address.to_string(), address.port()))
        .expect("bound");
    let path = data.to_str().expect("plain name");
    let finished = run(&["up", "--listen", &address, "--api", "127.0.0.1:0", "--data", path]);
    assert_eq!(finished.code, Some(5), "{}", finished.stderr);
    let expected = format!(
        "error: cannot listen on {address}: Address already in use (os error 98)\n\
         hint: see who listens there: ss -ltnp 'sport = :{port}'\n\
         hint: stop that program, or choose another port with --listen ADDRESS:PORT\n"
    );
    assert_eq!(finished.stderr, expected);
    let finished = run(&["up", "--listen", "127.0.0.1:0", "--api", &address, "--data", path]);
    assert_eq!(finished.code, Some(5), "{}", finished.stderr);
    assert!(
        finished.stderr.contains("--api ADDRESS:PORT"),
        "{}",
        finished.stderr
    );
}

#[test]
fn two_of_them_do_not_share_a_data_directory() {
    let (_folder, data) = directory();
    let _first = Up::start(&data, &[]);
    let finished = run(&[
        "up",
        "--listen",
        "127.0.0.1:0",
        "--data",
        data.to_str().expect("plain name"),
    ]);
    assert_eq!(finished.code, Some(4));
    assert!(
        finished.stderr.contains("is in use by process "),
        "{}",
        finished.stderr
    );
    assert!(
        finished.stderr.contains("hint: stop that one first"),
        "{}",
        finished.stderr
    );
}

#[test]
fn a_data_directory_that_others_can_read_is_refused() {
    let (_folder, data) = directory();
    std::fs::create_dir(&data).expect("a new directory");
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o755)).expect("our own directory");
    let finished = run(&[
        "up",
        "--listen",
        "127.0.0.1:0",
        "--data",
        data.to_str().expect("plain name"),
    ]);
    assert_eq!(finished.code, Some(4));
    assert!(
        finished
            .stderr
            .ends_with(&format!("hint: chmod 700 {}\n", data.display())),
        "{}",
        finished.stderr
    );
}

#[test]
fn an_api_on_a_reachable_address_is_refused() {
    let (_folder, data) = directory();
    let path = data.to_str().expect("plain name");
    let finished = run(&[
        "up",
        "--listen",
        "127.0.0.1:0",
        "--api",
        "0.0.0.0:0",
        "--data",
        path,
    ]);
    assert_eq!(finished.code, Some(3), "{}", finished.stderr);
    assert!(
        finished.stderr.contains("is not a loopback address"),
        "{}",
        finished.stderr
    );
}
