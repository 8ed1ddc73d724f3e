//! The webhook configurations that have the API server ask this webhook, and the certificates that they trust.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use seawall_cluster::Place;
use seawall_server::read_certificates;
use serde_json::{Value, json};

use super::identity::Identity;

/// A webhook configuration by kind and name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Registration {
    mutating: bool,
    name: String,
}

impl FromStr for Registration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (mutating, name) = match text.split_once('/') {
            None => (false, text),
            Some(("validating", name)) => (false, name),
            Some(("mutating", name)) => (true, name),
            Some((kind, _)) => return Err(format!("`{kind}` is neither validating nor mutating")),
        };
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
        if name.is_empty() || !name.chars().all(fits) {
            return Err("no webhook configuration can be called so; list them: kubectl get \
                        validatingwebhookconfigurations,mutatingwebhookconfigurations"
                .to_owned());
        }
        Ok(Self { mutating, name: name.to_owned() })
    }
}

impl fmt::Display for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind =
            if self.mutating { "MutatingWebhookConfiguration" } else { "ValidatingWebhookConfiguration" };
        write!(f, "{kind} `{}`", self.name)
    }
}

impl Registration {
    /// The `ValidatingWebhookConfiguration` of a name.
    pub(super) fn validating(name: &str) -> Self {
        Self { mutating: false, name: name.to_owned() }
    }

    pub(super) fn place(&self) -> Place<'_> {
        Place {
            api_version: "admissionregistration.k8s.io/v1",
            resource: if self.mutating {
                "mutatingwebhookconfigurations"
            } else {
                "validatingwebhookconfigurations"
            },
            namespace: None,
            name: &self.name,
        }
    }
}

/// Which webhooks of a configuration are this one.
#[derive(Clone, Debug)]
pub(super) struct Ours {
    service: String,
    namespace: String,
    /// What the certificate is for.
    names: Vec<String>,
}

impl Ours {
    pub(super) fn new(identity: &Identity, names: &[String]) -> Self {
        Self {
            service: identity.service.clone(),
            namespace: identity.namespace.clone(),
            names: names.to_vec(),
        }
    }

    /// Whether a `clientConfig` leads here: to the service, or to an address that the certificate is for.
    fn is(&self, client: &Value) -> bool {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (service, url) = (&client["service"], text(&client["url"]));
        (text(&service["name"]) == self.service && text(&service["namespace"]) == self.namespace)
            || host(&url).is_some_and(|host| self.names.iter().any(|name| name == host))
    }

    fn clients<'c>(&'c self, configuration: &'c Value) -> impl Iterator<Item = &'c Value> {
        let webhooks = configuration["webhooks"].as_array();
        webhooks
            .into_iter()
            .flatten()
            .map(|webhook| &webhook["clientConfig"])
            .filter(|client| self.is(client))
    }

    /// All certificates that are trusted for this webhook.
    pub(super) fn trusted(&self, configuration: &Value) -> Vec<Vec<u8>> {
        self.clients(configuration).flat_map(bundle).collect()
    }

    /// Whether a configuration leads here, and trusts the certificate wherever it does.
    pub(super) fn trusts(&self, configuration: &Value, certificate: &[u8]) -> bool {
        let mut clients = self.clients(configuration).peekable();
        clients.peek().is_some()
            && clients.all(|client| bundle(client).iter().any(|known| known == certificate))
    }

    /// Whether a configuration leads here at all.
    pub(super) fn is_in(&self, configuration: &Value) -> bool {
        self.clients(configuration).next().is_some()
    }

    /// The merge patch that has a configuration trust these certificates and no others for this webhook; `None` if it does.
    pub(super) fn patch(&self, configuration: &Value, certificates: &[Vec<u8>]) -> Option<Value> {
        let wanted =
            Value::from(STANDARD.encode(certificates.iter().map(|der| pem(der)).collect::<String>()));
        let mut webhooks = configuration["webhooks"].as_array()?.clone();
        let mut changed = false;
        for webhook in &mut webhooks {
            let Some(client) = webhook.get_mut("clientConfig") else { continue };
            if self.is(client) && client["caBundle"] != wanted {
                client["caBundle"] = wanted.clone();
                changed = true;
            }
        }
        changed.then(|| json!({"webhooks": webhooks}))
    }
}

/// The certificates in the `caBundle` of a `clientConfig`; none if it cannot be read.
fn bundle(client: &Value) -> Vec<Vec<u8>> {
    let text = client["caBundle"].as_str().unwrap_or_default();
    let pem = STANDARD.decode(text).unwrap_or_default();
    read_certificates(&pem)
}

/// The host of a URL, without its port.
fn host(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("https://")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next(),
        None => authority.split(':').next(),
    }
}

/// A certificate as PEM (RFC 7468).
pub(super) fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut out = String::from("-----BEGIN CERTIFICATE-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, behind) = rest.split_at(rest.len().min(64));
        out.push_str(line);
        out.push('\n');
        rest = behind;
    }
    out.push_str("-----END CERTIFICATE-----\n");
    out
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use seawall_server::SelfSigned;

    use super::*;

    fn certificate() -> Vec<u8> {
        let until = UNIX_EPOCH + Duration::from_hours(500_000);
        SelfSigned::new(&["a".to_owned()], UNIX_EPOCH, until).unwrap().der().to_vec()
    }

    fn ours() -> Ours {
        let identity = Identity::new("webhook", Some("seawall"), "", |_| None);
        Ours::new(&identity, &identity.names(&["127.0.0.1".to_owned(), "::1".to_owned()]))
    }

    fn configuration(clients: &[Value]) -> Value {
        let webhooks =
            clients.iter().map(|client| json!({"name": "x", "clientConfig": client, "unknown": [1]}));
        json!({"metadata": {"name": "c"}, "webhooks": webhooks.collect::<Vec<_>>()})
    }

    #[test]
    fn configurations_are_named_by_kind_and_name() {
        let shown = |text: &str| text.parse::<Registration>().map(|found| found.to_string());
        assert_eq!(shown("a.b-1").as_deref(), Ok("ValidatingWebhookConfiguration `a.b-1`"));
        assert_eq!(shown("validating/a").as_deref(), Ok("ValidatingWebhookConfiguration `a`"));
        assert_eq!(shown("mutating/a").as_deref(), Ok("MutatingWebhookConfiguration `a`"));
        for wrong in ["", "mutating/", "other/a", "a/b/c", "A", "a b", "validating/a/b"] {
            assert!(shown(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_webhook_is_ours_by_its_service_or_by_a_name_of_the_certificate() {
        let service = |name: &str, namespace: &str| json!({"service": {"name": name, "namespace": namespace, "path": "/validate"}});
        let url = |url: &str| json!({"url": url});
        for (client, is_ours) in [
            (service("webhook", "seawall"), true),
            (service("webhook", "other"), false),
            (service("other", "seawall"), false),
            (url("https://127.0.0.1:8443/validate"), true),
            (url("https://127.0.0.1"), true),
            (url("https://[::1]:8443/"), true),
            (url("https://webhook.seawall.svc/validate?timeout=1s"), true),
            (url("https://127.0.0.11/"), false),
            (url("https://example.com/127.0.0.1"), false),
            (json!({}), false),
            (Value::Null, false),
        ] {
            assert_eq!(ours().is(&client), is_ours, "{client}");
        }
    }

    #[test]
    fn only_our_bundles_are_changed_and_only_if_they_differ() {
        let (a, b) = (certificate(), certificate());
        let ours = ours();
        let service = json!({"service": {"name": "webhook", "namespace": "seawall"}});
        let other = json!({"url": "https://example.com/", "caBundle": "b3RoZXI="});
        let before = configuration(&[service.clone(), other.clone()]);
        assert!(!ours.trusts(&before, &a));
        let patch = ours.patch(&before, &[a.clone(), b.clone()]).expect("a change");
        assert_eq!(patch.as_object().map(serde_json::Map::len), Some(1));
        assert_eq!(patch["webhooks"][1], before["webhooks"][1]);
        assert_eq!(patch["webhooks"][0]["unknown"], json!([1]));
        assert_eq!(ours.trusted(&patch), [a.clone(), b.clone()]);
        assert!(ours.trusts(&patch, &a) && ours.trusts(&patch, &b));
        assert_eq!(ours.patch(&patch, &[a.clone(), b.clone()]), None);
        assert!(ours.patch(&patch, std::slice::from_ref(&b)).is_some());
        // One of two that lead here does not trust it.
        let half = configuration(&[patch["webhooks"][0]["clientConfig"].clone(), service]);
        assert!(!ours.trusts(&half, &a));
        // Nothing that leads here trusts nothing, and is not touched.
        let none = configuration(&[other]);
        assert!(!ours.trusts(&none, &a) && !ours.is_in(&none));
        assert_eq!(ours.patch(&none, std::slice::from_ref(&a)), None);
        assert_eq!(ours.patch(&json!({}), &[a]), None);
    }

    #[test]
    fn garbage_is_no_certificate_and_is_replaced() {
        let ours = ours();
        for garbage in ["", "!", "Z2FyYmFnZQ=="] {
            let service =
                json!({"service": {"name": "webhook", "namespace": "seawall"}, "caBundle": garbage});
            let configuration = configuration(&[service]);
            assert_eq!(ours.trusted(&configuration), [[0; 0]; 0]);
            assert!(ours.patch(&configuration, &[certificate()]).is_some());
        }
    }

    #[test]
    fn lines_of_pem_have_64_characters() {
        let der = certificate();
        let text = pem(&der);
        assert_eq!(read_certificates(text.as_bytes()), [der]);
        assert!(text.lines().all(|line| line.len() <= 64));
    }
}
