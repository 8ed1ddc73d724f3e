//! Which replica of which service this is.

use std::hash::{BuildHasher as _, RandomState};

/// The longest name of an object (RFC 1123 subdomain).
const LONGEST: usize = 253;

/// A replica of the webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    /// The service that the API server asks.
    pub(super) service: String,
    /// The namespace of the service and of the leases.
    pub(super) namespace: String,
    /// What tells this replica from others: the pod's name.
    pub(super) replica: String,
    /// The pod's UID, if it is known.
    pub(super) pod_uid: Option<String>,
}

impl Identity {
    /// From the flags, what the environment says of the pod (`POD_NAME`, `POD_NAMESPACE`, `POD_UID`; containers have the pod's name
    /// in `HOSTNAME` too), and the namespace of the service account or the context.
    pub(super) fn new(
        service: &str,
        namespace: Option<&str>,
        of_context: &str,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Self {
        let known = |name: &str| variable(name).filter(|value| !value.is_empty());
        let random = || format!("{:016x}", RandomState::new().hash_one(0));
        let namespace = namespace.map(str::to_owned).or_else(|| known("POD_NAMESPACE"));
        Self {
            service: service.to_owned(),
            namespace: namespace.unwrap_or_else(|| of_context.to_owned()),
            replica: known("POD_NAME").or_else(|| known("HOSTNAME")).unwrap_or_else(random),
            pod_uid: known("POD_UID"),
        }
    }

    /// The name of the Lease of this replica, which is an object's name whatever the replica is called.
    pub(super) fn lease(&self) -> String {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
        let lower = self.replica.to_ascii_lowercase();
        let name = format!("{}-{}", self.service, lower.replace(|c| !fits(c), "-"));
        let name = &name[..name.len().min(LONGEST)];
        name.trim_end_matches(['-', '.']).to_owned()
    }

    /// The name that the API server asks for, and what certificates are for besides.
    pub(super) fn names(&self, more: &[String]) -> Vec<String> {
        let mut names = vec![format!("{}.{}.svc", self.service, self.namespace)];
        names.extend_from_slice(more);
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(namespace: Option<&str>, environment: &[(&str, &str)]) -> Identity {
        let variable = |name: &str| {
            environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        Identity::new("webhook", namespace, "default", variable)
    }

    #[test]
    fn the_pod_says_who_it_is() {
        let pod = [("POD_NAME", "a-1"), ("POD_NAMESPACE", "b"), ("POD_UID", "u"), ("HOSTNAME", "node")];
        let known = identity(None, &pod);
        assert_eq!((known.replica.as_str(), known.namespace.as_str()), ("a-1", "b"));
        assert_eq!(known.pod_uid.as_deref(), Some("u"));
        assert_eq!(known.names(&["127.0.0.1".to_owned()]), ["webhook.b.svc", "127.0.0.1"]);
        assert_eq!(identity(Some("c"), &pod).namespace, "c");
        let bare = identity(None, &[("POD_NAME", ""), ("HOSTNAME", "host")]);
        assert_eq!((bare.replica.as_str(), bare.namespace.as_str()), ("host", "default"));
        assert_eq!(bare.pod_uid, None);
        assert_ne!(identity(None, &[]).replica, identity(None, &[]).replica);
    }

    #[test]
    fn leases_have_names_that_objects_can_have() {
        for (replica, lease) in [
            ("a-1", "webhook-a-1"),
            ("Node_7.Example.", "webhook-node-7.example"),
            ("caf\u{e9}", "webhook-caf"),
        ] {
            assert_eq!(identity(None, &[("POD_NAME", replica)]).lease(), lease);
        }
        assert_eq!(identity(None, &[("POD_NAME", &"x".repeat(300))]).lease().len(), LONGEST);
    }
}
