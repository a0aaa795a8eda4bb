//! What was agreed, as a person reads it.
//! Pure text; what is not said to be hybrid is not called so.

use serde_json::Value;

use crate::layout::row;
use crate::service::answer::{is_there, text, time};

pub(super) fn shown(agreed: &Value) -> String {
    let mut rows = vec![
        ("session", text(agreed, "session")),
        ("suite", text(agreed, "suite")),
        ("hybrid", hybrid(agreed)),
        ("expires", time(agreed, "expires")),
        ("identity", text(agreed, "identity")),
        ("known as", text(agreed, "caller")),
    ];
    if is_there(agreed, "checked") {
        let checked = "a message each way, an exported key, a re-key to epoch";
        rows.push(("checked", format!("{checked} {}", text(agreed, "epoch"))));
    }
    rows.iter().map(|(label, said)| row(label, said)).collect()
}

fn hybrid(agreed: &Value) -> String {
    if agreed["hybrid"] == Value::Bool(true) {
        "yes".to_owned()
    } else {
        format!(
            "NO: classical, under the exception {}; a quantum computer opens what was recorded",
            text(agreed, "exception")
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_classical_session_is_not_called_hybrid() {
        let text = shown(&json!({"hybrid": false, "exception": "old-partner"}));
        assert!(
            text.contains("hybrid              NO: classical, under the exception old-partner;"),
            "{text}"
        );
        assert!(shown(&json!({"hybrid": true})).contains("hybrid              yes\n"));
        assert!(shown(&json!({})).contains("hybrid              NO"));
    }
}
