//! One entry, version 1: what is written, in which order.
//!
//! Written field by field rather than through a tree of values, because every use of a key pays for it.

use jiff::Timestamp;

use crate::{Caller, KeyName};

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It happened.
    Done,
    /// It was not allowed, or the request was wrong.
    Refused,
    /// It was allowed and did not succeed.
    Failed,
}

impl Outcome {
    /// The word in the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// What an entry says, besides who asked and when.
#[derive(Clone, Debug)]
pub struct Event<'a> {
    /// Noun and verb, `key.sign`.
    pub name: &'static str,
    /// How it ended.
    pub outcome: Outcome,
    /// The key it was about.
    pub key: Option<&'a KeyName>,
    /// The version of the key.
    pub version: Option<u32>,
    /// How many items the request had.
    pub count: usize,
    /// How many of them failed.
    pub failed: usize,
    /// Reason code of a refusal or failure, as [`crate::Error::code`].
    pub reason: Option<&'static str>,
    /// Further facts, in this order; never secret.
    pub facts: Vec<(&'static str, String)>,
}

impl<'a> Event<'a> {
    /// One thing that happened to a key.
    #[must_use]
    pub fn done(name: &'static str, key: &'a KeyName) -> Self {
        Self {
            key: Some(key),
            ..Self::service(name)
        }
    }

    /// One thing that happened, to no key in particular.
    #[must_use]
    pub fn service(name: &'static str) -> Self {
        Self {
            name,
            outcome: Outcome::Done,
            key: None,
            version: None,
            count: 1,
            failed: 0,
            reason: None,
            facts: Vec::new(),
        }
    }

    /// The same with the version that it was about.
    #[must_use]
    pub fn version(mut self, version: u32) -> Self {
        self.version = Some(version);
        self
    }

    /// The same with one more fact.
    #[must_use]
    pub fn fact(mut self, name: &'static str, value: impl std::fmt::Display) -> Self {
        self.facts.push((name, value.to_string()));
        self
    }

    /// The same as refused or failed, for that reason.
    #[must_use]
    pub fn not(mut self, outcome: Outcome, reason: &'static str) -> Self {
        self.outcome = outcome;
        self.reason = Some(reason);
        self
    }

    /// The bytes that go into the log: one JSON object without white space.
    pub(crate) fn to_bytes(&self, caller: &Caller, now: Timestamp) -> Vec<u8> {
        let mut out = Object::with_capacity(256);
        out.number("v", 1);
        out.text("time", &now.to_string());
        out.text("event", self.name);
        out.text("outcome", self.outcome.name());
        out.text("principal", &caller.name);
        out.text("request", &caller.request);
        out.optional("peer", caller.peer.as_deref());
        out.optional("key", self.key.map(KeyName::as_str));
        if let Some(version) = self.version {
            out.number("version", u64::from(version));
        }
        out.number("count", self.count as u64);
        if self.failed > 0 {
            out.number("failed", self.failed as u64);
        }
        out.optional("reason", self.reason);
        for (name, value) in &self.facts {
            out.text(name, value);
        }
        out.finish()
    }
}

/// A JSON object under construction (RFC 8259 §4).
struct Object(Vec<u8>);

impl Object {
    fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }

    fn name(&mut self, name: &str) {
        self.0.push(if self.0.is_empty() { b'{' } else { b',' });
        self.string(name);
        self.0.push(b':');
    }

    fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        self.string(value);
    }

    fn optional(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    fn number(&mut self, name: &str, value: u64) {
        self.name(name);
        let mut digits = [0; 20];
        let mut rest = value;
        let mut at = digits.len();
        while {
            at -= 1;
            digits[at] = b'0' + u8::try_from(rest % 10).expect("a digit is below ten");
            rest /= 10;
            rest > 0
        } {}
        self.0.extend_from_slice(&digits[at..]);
    }

    /// A string with the escapes that RFC 8259 §7 asks for.
    fn string(&mut self, value: &str) {
        self.0.push(b'"');
        if value
            .bytes()
            .any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\')
        {
            self.escaped(value);
        } else {
            self.0.extend_from_slice(value.as_bytes());
        }
        self.0.push(b'"');
    }

    fn escaped(&mut self, value: &str) {
        for byte in value.bytes() {
            match byte {
                b'"' | b'\\' => self.0.extend_from_slice(&[b'\\', byte]),
                0..0x20 => self.0.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
                _ => self.0.push(byte),
            }
        }
    }

    fn finish(mut self) -> Vec<u8> {
        self.0.push(b'}');
        self.0
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{Event, Outcome};
    use crate::{Caller, KeyName};

    fn caller(name: &str) -> Caller {
        Caller {
            name: name.to_owned(),
            request: "r1".to_owned(),
            peer: None,
        }
    }

    #[test]
    fn an_entry_is_compact_json_in_a_fixed_order() {
        let key = KeyName::parse("pay/card").expect("a name");
        let event = Event::done("key.sign", &key).version(3).fact("note", "x");
        let bytes = event.to_bytes(&caller("token:ci"), Timestamp::constant(0, 0));
        assert_eq!(
            String::from_utf8(bytes).expect("text"),
            r#"{"v":1,"time":"1970-01-01T00:00:00Z","event":"key.sign","outcome":"done","principal":"token:ci","request":"r1","key":"pay/card","version":3,"count":1,"note":"x"}"#
        );
    }

    #[test]
    fn what_a_caller_sends_cannot_forge_a_field() {
        let hostile = "a\",\"outcome\":\"done\\\n\u{1}\u{7f}ü";
        let event = Event::service("token.refused").not(Outcome::Refused, "not-allowed");
        let bytes = event.to_bytes(&caller(hostile), Timestamp::constant(0, 0));
        let read: serde_json::Value = serde_json::from_slice(&bytes).expect("valid JSON");
        assert_eq!(read["principal"], hostile);
        assert_eq!(read["outcome"], "refused");
        assert_eq!(read["reason"], "not-allowed");
    }

    #[test]
    fn numbers_are_written_in_full() {
        for count in [0, 9, 10, 4_294_967_296] {
            let event = Event {
                count,
                ..Event::service("x")
            };
            let bytes = event.to_bytes(&caller("a"), Timestamp::constant(0, 0));
            let read: serde_json::Value = serde_json::from_slice(&bytes).expect("valid JSON");
            assert_eq!(read["count"], count);
        }
    }
}
