//! Help, version, completions, and the reference page that is made from the help.
//! Nothing here opens a port or a file of the user's.

use std::process::Stdio;

use snapbox::{assert_data_eq, str};

use crate::hybridge::{command, run};

#[test]
fn without_a_command_the_short_help_is_shown() {
    let finished = run(&[]);
    assert_eq!(finished.code, Some(2));
    assert_data_eq!(
        finished.stderr,
        str![[r#"
Puts hybrid post-quantum TLS in front of any service, with one command

Usage: hybridge [OPTIONS] <COMMAND>

Commands:
...
"#]]
    );
}

#[test]
fn the_long_help_lists_the_exit_codes() {
    let finished = run(&["--help"]);
    assert_eq!(finished.code, Some(0));
    for line in [
        "   0  done",
        "   5  an address or port is in use",
        "  70  an error in Hybridge itself",
    ] {
        assert!(finished.stdout.contains(line), "{line}: {}", finished.stdout);
    }
    assert!(
        !finished.stdout.contains("  docs "),
        "hidden commands stay hidden"
    );
}

#[test]
fn the_reference_page_is_what_the_binary_prints() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cli.md"));
    let page = page.expect("docs/cli.md is there: cargo xtask generate");
    let printed = run(&["docs", "cli"]).stdout;
    for (number, (checked_in, now)) in page.lines().zip(printed.lines()).enumerate() {
        assert_eq!(
            checked_in,
            now,
            "docs/cli.md:{}: stale: cargo xtask generate",
            number + 1
        );
    }
    assert_eq!(
        page.lines().count(),
        printed.lines().count(),
        "docs/cli.md: stale: cargo xtask generate"
    );
}

#[test]
fn the_long_version_names_the_libraries() {
    assert_eq!(
        run(&["-V"]).stdout,
        concat!("hybridge ", env!("CARGO_PKG_VERSION"), "\n")
    );
    assert_data_eq!(
        run(&["--version"]).stdout,
        str![[r#"
hybridge [..]
primitives: AWS-LC [..] (aws-lc-rs [..])
TLS: rustls 0.23.[..]

"#]]
    );
}

#[test]
fn a_misspelled_command_is_a_usage_error_with_the_likely_one() {
    let finished = run(&["pobe"]);
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(2), ""));
    assert!(
        finished
            .stderr
            .contains("tip: a similar subcommand exists: 'probe'"),
        "{}",
        finished.stderr
    );
}

#[test]
fn completions_are_printed_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let finished = run(&["completions", shell]);
        assert_eq!(finished.code, Some(0), "{shell}");
        assert!(finished.stdout.contains("starttls"), "{shell}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child = command(&["completions", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(
        (output.status.code(), output.stderr.as_slice()),
        (Some(0), b"".as_slice())
    );
}

#[test]
fn no_escape_codes_go_into_a_pipe() {
    for arguments in [
        &["--help"][..],
        &["probe", "127.0.0.1:0"],
        &["config", "check", "/nonexistent"],
    ] {
        let finished = run(arguments);
        assert!(
            !finished.stdout.contains('\u{1b}') && !finished.stderr.contains('\u{1b}'),
            "{finished:?}"
        );
    }
}

#[test]
fn a_wrong_log_filter_is_a_usage_error() {
    let finished = run(&["--log", "a=b=c", "completions", "bash"]);
    assert_eq!(finished.code, Some(2));
    assert!(
        finished.stderr.starts_with("error: --log \"a=b=c\" is no filter"),
        "{}",
        finished.stderr
    );
}
