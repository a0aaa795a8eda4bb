//! `hybridge config`: what is wrong is named with its place; what is right is said and shown.
//! The file's own path is temporary and stands as FILE in what is expected.

use snapbox::{assert_data_eq, str};

use crate::hybridge::{Finished, file, run};

const OBSERVE: &str = "\
[api]
listen = \"127.0.0.1:9000\"
[[route]]
name = \"watch\"
mode = \"observe\"
listen = \"127.0.0.1:8443\"
upstream = { address = \"origin.example:443\" }
";

/// Runs `config check` on a file; its path is shown as FILE.
fn check(content: &str) -> Finished {
    let file = file(content);
    let path = file.path().to_str().expect("plain name");
    let finished = run(&["config", "check", path]);
    Finished {
        stdout: finished.stdout.replace(path, "FILE"),
        stderr: finished.stderr.replace(path, "FILE"),
        ..finished
    }
}

#[test]
fn a_valid_file_says_what_would_listen_where() {
    let finished = check(OBSERVE);
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    assert_data_eq!(
        finished.stdout,
        str![[r#"
FILE is valid

route watch
  listens on   127.0.0.1:8443
  forwards to  origin.example:443 (observe, tcp)

console and API
  listens on   http://127.0.0.1:9000

"#]]
    );
}

#[test]
fn a_misspelled_field_is_a_configuration_error_with_its_place() {
    let finished = check(&OBSERVE.replace("mode", "mod"));
    assert_eq!(finished.code, Some(3));
    assert_data_eq!(
        finished.stderr,
        str![[r#"
error: FILE:5:1: unknown field `mod`
hint: did you mean `mode`?
hint: known here: name, listen, mode, protocol, upstream, certificate, rung, canary, groups, client_auth, accept_proxy, limits

"#]]
    );
}

#[test]
fn routes_that_do_not_fit_together_are_a_configuration_error() {
    let finished = check(&OBSERVE.replace("\"observe\"", "\"terminate\""));
    assert_eq!(finished.code, Some(3));
    assert_data_eq!(
        finished.stderr,
        str![[r#"
error: FILE:3:1: route "watch": certificate: mode terminate needs at least one certificate

"#]]
    );
}

#[test]
fn a_missing_certificate_is_a_file_error_with_the_place_that_names_it() {
    let finished = check(&format!(
        "{}certificate = [{{ chain = \"/nonexistent/a.pem\", key = \"/nonexistent/a.key\" }}]\n",
        OBSERVE.replace("observe", "terminate")
    ));
    assert_eq!(finished.code, Some(4));
    assert_data_eq!(
        finished.stderr,
        str![[r#"
error: FILE:8:26: cannot read /nonexistent/a.pem: No such file or directory (os error 2)
hint: paths are relative to the configuration file; the user who runs this must be able to read it

"#]]
    );
}

#[test]
fn an_api_that_others_can_reach_is_refused() {
    let finished = check(&OBSERVE.replace("127.0.0.1:9000", "0.0.0.0:9000"));
    assert_eq!(finished.code, Some(3));
    assert!(
        finished
            .stderr
            .contains("FILE:2:10: api.listen = 0.0.0.0:9000 is not a loopback"),
        "{}",
        finished.stderr
    );
}

#[test]
fn a_missing_file_is_a_file_error_and_no_file_a_usage_error() {
    let finished = run(&["config", "check", "/nonexistent/hybridge.toml"]);
    assert_eq!(finished.code, Some(4));
    assert_data_eq!(
        finished.stderr,
        str![[r#"
error: cannot read /nonexistent/hybridge.toml: No such file or directory (os error 2)

"#]]
    );
    assert_eq!(run(&["config", "show"]).code, Some(2));
}

#[test]
fn what_is_shown_is_a_configuration_again_and_json_says_the_same() {
    let written = file(OBSERVE);
    let path = written.path().to_str().expect("plain name");
    let shown = run(&["config", "show", path, "--data", "/somewhere"]);
    assert_eq!(shown.code, Some(0), "{}", shown.stderr);
    assert!(
        shown.stdout.starts_with("data = \"/somewhere\"\n"),
        "{}",
        shown.stdout
    );
    let again = file(&shown.stdout);
    let shown_again = run(&["config", "show", again.path().to_str().expect("plain name")]);
    assert_eq!(shown_again.stdout, shown.stdout);
    let json = run(&["config", "show", path, "--json"]).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["route"][0]["limits"]["idle_timeout"], "5m");
}
