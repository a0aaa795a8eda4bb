//! The built-in page: what `hybridge up` protects when it is given nothing to protect.
//!
//! It tells the visitor, in plain words, whether their own connection is post-quantum. It serves
//! three paths, needs no script, and has nothing to hide.

use hybridge_hello::NamedGroup;
use maud::{DOCTYPE, Markup, html};

/// What the visitor's connection negotiated, by IANA names; empty where it is not known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Connection<'a> {
    /// Such as `X25519MLKEM768`.
    pub group: &'a str,
    /// Such as `TLS 1.3`.
    pub version: &'a str,
    /// Such as `TLS_AES_128_GCM_SHA256`.
    pub cipher: &'a str,
    /// Where the console is, for a link; empty for none.
    pub console: &'a str,
}

/// An answer to a `GET`, to be sent with [`HEADERS`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The value of `Content-Type`.
    pub media_type: &'static str,
    pub body: String,
}

/// The headers of every answer, in lower case.
pub const HEADERS: [(&str, &str); 4] = [
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
];

/// What is served at `path` (a query is ignored).
pub fn answer(path: &str, connection: Connection<'_>) -> Answer {
    const HTML: &str = "text/html; charset=utf-8";
    let css = include_str!("../assets/page.css").to_owned();
    let icon = include_str!("../assets/icon.svg").to_owned();
    let (status, media_type, body) = match path.split('?').next().unwrap_or_default() {
        "/" => (200, HTML, page(connection).into_string()),
        "/hybridge.css" => (200, "text/css; charset=utf-8", css),
        "/hybridge.svg" | "/favicon.ico" => (200, "image/svg+xml", icon),
        _ => (404, HTML, missing().into_string()),
    };
    Answer {
        status,
        media_type,
        body,
    }
}

/// What is to be said of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Finding {
    PostQuantum,
    Classical,
    /// TLS 1.2 and older have no post-quantum key exchange.
    Old,
    Unseen,
}

fn finding(connection: Connection<'_>) -> Finding {
    match connection.group.parse::<NamedGroup>() {
        Ok(group) if group.is_post_quantum() => Finding::PostQuantum,
        _ if matches!(connection.version, "TLS 1.2" | "TLS 1.1" | "TLS 1.0") => Finding::Old,
        Ok(_) => Finding::Classical,
        Err(_) => Finding::Unseen,
    }
}

fn page(connection: Connection<'_>) -> Markup {
    let finding = finding(connection);
    let class = if finding == Finding::PostQuantum {
        "good"
    } else {
        "warn"
    };
    shell(
        headline(finding),
        html! {
            section.answer.(class) {
                h1 { (headline(finding)) }
                (meaning(finding, connection.group))
                (facts(connection))
            }
            (advice(finding))
            (next(connection.console))
        },
    )
}

fn shell(title: &str, content: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                link rel="icon" href="/hybridge.svg" type="image/svg+xml";
                link rel="stylesheet" href="/hybridge.css";
            }
            body {
                main {
                    p.brand { img src="/hybridge.svg" alt="" width="22" height="22"; "Hybridge" }
                    (content)
                }
            }
        }
    }
}

fn headline(finding: Finding) -> &'static str {
    match finding {
        Finding::PostQuantum => "Your connection is post-quantum.",
        Finding::Classical | Finding::Old => "Your connection is not post-quantum.",
        Finding::Unseen => "It is not known how your connection is protected.",
    }
}

fn meaning(finding: Finding, group: &str) -> Markup {
    html! {
        @match finding {
            Finding::PostQuantum => {
                p { "Its key was agreed with " strong { (group) } ", which includes ML-KEM (FIPS 203). Nobody knows a way to "
                    "break that, not even with a quantum computer." }
                p { "So whoever records this traffic today cannot read it later by having a quantum computer then." }
            }
            Finding::Classical => {
                p { "It is encrypted, and safe against the computers of today. But its key was agreed with " strong { (group) }
                    " alone, which a large quantum computer will be able to break." }
                p { "Whoever records this traffic today could read it then." }
            }
            Finding::Old => {
                p { "It uses an old version of TLS, for which there is no post-quantum key exchange. Whoever records this "
                    "traffic today could read it once there is a large quantum computer." }
            }
            Finding::Unseen => {
                p { "This page did not hear what was negotiated. Perhaps you reached it past the proxy that protects it." }
            }
        }
    }
}

fn facts(connection: Connection<'_>) -> Markup {
    let facts = [
        (
            "Key exchange",
            connection.group,
            "how the two sides agreed on a key",
        ),
        ("Version", connection.version, "of the TLS protocol"),
        (
            "Cipher",
            connection.cipher,
            "what encrypts the data with that key; quantum computers hardly matter to it",
        ),
    ];
    html! {
        dl {
            @for (name, value, note) in facts {
                dt { (name) }
                dd { @if value.is_empty() { "not known" } @else { code { (value) } } span { (note) } }
            }
        }
    }
}

fn advice(finding: Finding) -> Markup {
    html! {
        @if matches!(finding, Finding::Classical | Finding::Old) {
            h2 { "Why not, and what helps" }
            p { "Either your client did not offer a post-quantum group, or this route is set not to take it. Clients that do by "
                "default: Chrome and Edge 131 and later, Firefox 132 and later, Safari 26, Go 1.24, and what is built on "
                "OpenSSL 3.5, such as a recent curl. Some antivirus software and company proxies sit in between and offer less." }
        }
    }
}

fn next(console: &str) -> Markup {
    html! {
        h2 { "This page is only a stand-in" }
        p { "Put the same in front of a service of your own:" }
        pre { code { "hybridge up --protect HOST:PORT" } }
        @if !console.is_empty() {
            p { "On the machine itself, the " a href=(console) { "console" } " shows this handshake and every other." }
        }
    }
}

fn missing() -> Markup {
    shell(
        "Not found",
        html! {
            section.answer.warn {
                h1 { "There is nothing here." }
                p { "The built-in page has one address: " a href="/" { "the start" } "." }
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::{Connection, answer};

    fn check(group: &str, version: &str, headline: &str) {
        let connection = Connection {
            group,
            version,
            cipher: "TLS_AES_128_GCM_SHA256",
            console: "",
        };
        let answer = answer("/?again", connection);
        assert_eq!(
            (answer.status, answer.media_type),
            (200, "text/html; charset=utf-8")
        );
        assert!(
            answer.body.contains(&format!("<h1>{headline}</h1>")),
            "{group} {version}: {}",
            answer.body
        );
        assert!(
            !answer.body.contains("style=") && !answer.body.contains("<script"),
            "{}",
            answer.body
        );
    }

    #[test]
    fn the_visitor_learns_whether_their_connection_is_post_quantum() {
        for group in [
            "X25519MLKEM768",
            "SecP256r1MLKEM768",
            "SecP384r1MLKEM1024",
            "MLKEM1024",
        ] {
            check(group, "TLS 1.3", "Your connection is post-quantum.");
        }
        for group in ["X25519", "x25519", "secp256r1", "0x0a0a"] {
            check(group, "TLS 1.3", "Your connection is not post-quantum.");
        }
        check("secp256r1", "TLS 1.2", "Your connection is not post-quantum.");
        check("", "TLS 1.2", "Your connection is not post-quantum.");
        check("", "", "It is not known how your connection is protected.");
    }

    #[test]
    fn an_abandoned_experiment_is_not_called_post_quantum() {
        check(
            "X25519Kyber768Draft00",
            "TLS 1.3",
            "Your connection is not post-quantum.",
        );
    }

    #[test]
    fn what_comes_from_outside_is_escaped() {
        let connection = Connection {
            group: "X25519",
            cipher: "<b>",
            console: "\"><i>",
            ..Connection::default()
        };
        let body = answer("/", connection).body;
        assert!(
            body.contains("&lt;b&gt;") && !body.contains("<b>") && !body.contains("<i>"),
            "{body}"
        );
    }

    #[test]
    fn everything_the_page_refers_to_is_served() {
        let page = answer("/", Connection::default()).body;
        for (path, media_type) in [
            ("/hybridge.css", "text/css; charset=utf-8"),
            ("/hybridge.svg", "image/svg+xml"),
        ] {
            assert!(page.contains(path));
            let answer = answer(path, Connection::default());
            assert_eq!((answer.status, answer.media_type), (200, media_type));
        }
        assert_eq!(answer("/nowhere", Connection::default()).status, 404);
    }
}
