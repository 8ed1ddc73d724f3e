//! What the webhook writes as an `Event`.

use seawall_cluster::Collection;
use serde_json::{Value, json};

/// Bytes of a message (`NoteLengthLimit` of k8s.io/kubernetes `pkg/apis/core/validation/events.go`).
pub(super) const MESSAGE: usize = 1024;

/// The events of a namespace.
pub(super) fn events(namespace: &str) -> Collection<'_> {
    Collection { api_version: "v1", resource: "events", namespace: Some(namespace), selector: "" }
}

/// A warning about an object at a time. Its name makes it one, whoever writes it.
pub(super) fn warning(
    [namespace, name]: [&str; 2],
    involved: &Value,
    reason: &str,
    message: &str,
    time: &str,
) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": name, "namespace": namespace},
        "involvedObject": involved, "type": "Warning", "reason": reason, "message": cut(message),
        "source": {"component": "seawall"}, "reportingComponent": "seawall.dev/webhook",
        "firstTimestamp": time, "lastTimestamp": time, "count": 1,
    })
}

/// As much of a message as an event may have.
pub(super) fn cut(message: &str) -> String {
    if message.len() <= MESSAGE {
        return message.to_owned();
    }
    format!("{}…", &message[..message.floor_char_boundary(MESSAGE - '…'.len_utf8())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_a_bound() {
        let message = |text: &str| warning(["a", "b"], &json!({}), "R", text, "t")["message"].clone();
        let (fits, long) = ("x".repeat(MESSAGE), "ü".repeat(MESSAGE));
        assert_eq!(message(&fits), *fits);
        let cut = message(&long);
        let cut = cut.as_str().unwrap();
        assert!(cut.len() <= MESSAGE && cut.len() > MESSAGE - 4 && cut.ends_with("ü…"), "{}", cut.len());
    }
}
