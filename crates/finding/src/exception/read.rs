//! Exceptions and their policies from nodes: the custom resources, and the entries of the configuration file.

use std::borrow::Cow;

use seawall_model::ObjectId;
use seawall_yaml::{Kind, NodeRef, Span};

use super::{Allowance, Exception, ExceptionPolicy, ExceptionSource, Grant, OnExpiry, WorkloadSelector};
use crate::date::Date;

/// The API group of the custom resources.
pub const API_GROUP: &str = "seawall.dev";

/// Their apiVersion.
pub const API_VERSION: &str = "seawall.dev/v1alpha1";

/// The namespaced kind.
pub const EXCEPTION_KIND: &str = "PodSecurityException";

/// The cluster-scoped kind.
pub const POLICY_KIND: &str = "PodSecurityExceptionPolicy";

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError {
    /// Where in the document.
    pub span: Span,
    /// In lower case without a trailing period.
    pub message: String,
    /// What to write.
    pub hint: Option<Cow<'static, str>>,
}

type Result<T> = std::result::Result<T, ReadError>;

fn error(node: NodeRef<'_>, message: impl Into<String>, hint: Option<&'static str>) -> ReadError {
    ReadError { span: node.span(), message: message.into(), hint: hint.map(Cow::Borrowed) }
}

/// The exception of a `PodSecurityException`.
pub fn exception(object: NodeRef<'_>, id: &ObjectId) -> Result<Exception> {
    let spec = object
        .get("spec")
        .ok_or_else(|| error(object, format!("a {EXCEPTION_KIND} needs a `spec`"), None))?;
    known(spec, &["workloads", "rules", "reason", "owner", "expires", "onExpiry"])?;
    let created = object.get("metadata").and_then(|m| m.get("creationTimestamp")).and_then(NodeRef::as_str);
    Ok(Exception {
        source: ExceptionSource::Object,
        name: format!("{}/{}", id.namespace, id.name),
        namespaces: vec![id.namespace.clone()],
        created: created.and_then(|time| time.get(..10)?.parse().ok()),
        ..of_spec(spec)?
    })
}

/// The exception of an entry of `exceptions` in the configuration file, which `name` names for people.
pub fn exception_from_config(entry: NodeRef<'_>, name: String) -> Result<Exception> {
    known(entry, &["namespaces", "workloads", "rules", "reason", "owner", "expires", "onExpiry"])?;
    let namespaces = patterns(entry, "namespaces")?;
    if namespaces.is_empty() {
        return Err(error(entry, "an exception needs `namespaces`", Some("namespaces: [shop]")));
    }
    Ok(Exception { source: ExceptionSource::Config, name, namespaces, ..of_spec(entry)? })
}

fn of_spec(spec: NodeRef<'_>) -> Result<Exception> {
    let on_expiry = match string(spec, "onExpiry")?.map(|(text, node)| (text.as_str() == "warn", text, node))
    {
        None => OnExpiry::Refuse,
        Some((true, ..)) => OnExpiry::Warn,
        Some((_, text, _)) if text == "refuse" => OnExpiry::Refuse,
        Some((.., node)) => return Err(error(node, "`onExpiry` must be warn or refuse", None)),
    };
    let expires = string(spec, "expires")?
        .map(|(text, node)| text.parse::<Date>().map_err(|e| error(node, format!("`expires` {e}"), None)))
        .transpose()?;
    let reason = string(spec, "reason")?.map(|(text, _)| text).unwrap_or_default();
    if reason.trim().is_empty() {
        return Err(error(
            spec,
            "an exception needs a `reason`",
            Some("reason: why this workload cannot do without"),
        ));
    }
    let workloads = list(spec, "workloads")?.into_iter().map(workload).collect::<Result<Vec<_>>>()?;
    if workloads.is_empty() {
        let hint = Some("workloads: [{kind: Deployment, name: web}]");
        return Err(error(spec, "an exception must name its `workloads`", hint));
    }
    let grants = list(spec, "rules")?.into_iter().map(grant).collect::<Result<Vec<_>>>()?;
    if grants.is_empty() {
        let hint = Some("rules: [{rule: added-capability, containers: [istio-init], values: [NET_ADMIN]}]");
        return Err(error(spec, "an exception must name its `rules`", hint));
    }
    Ok(Exception {
        source: ExceptionSource::Config,
        name: String::new(),
        namespaces: Vec::new(),
        workloads,
        grants,
        reason,
        owner: string(spec, "owner")?.map(|(text, _)| text),
        created: None,
        expires,
        on_expiry,
    })
}

fn workload(node: NodeRef<'_>) -> Result<WorkloadSelector> {
    known(node, &["kind", "name", "labels"])?;
    let Some((kind, _)) = string(node, "kind")? else {
        return Err(error(node, "a workload needs a `kind`", Some("{kind: Deployment, name: web}")));
    };
    let mut labels = Vec::new();
    let selected = node.get("labels").filter(|n| !n.is_null());
    // Dropped without a word, a selector would mean more workloads than its author wanted.
    if let Some(node) = selected.filter(|n| n.resolved().kind() != Kind::Mapping) {
        return Err(error(node, "`labels` must be a mapping", Some("labels: {app: web}")));
    }
    for (key, value) in selected.into_iter().flat_map(NodeRef::entries) {
        let (Some(key), Some(text)) = (key.key(), value.as_str()) else {
            return Err(error(value, "a label's value must be a string", Some("put it in quotes")));
        };
        labels.push((key.into_owned(), text.to_owned()));
    }
    Ok(WorkloadSelector {
        kind,
        name: string(node, "name")?.map(|(text, _)| text).unwrap_or_default(),
        labels,
    })
}

fn grant(node: NodeRef<'_>) -> Result<Grant> {
    known(node, &["rule", "containers", "values"])?;
    Ok(Grant {
        rule: rule(node)?,
        containers: patterns(node, "containers")?,
        values: patterns(node, "values")?,
    })
}

/// The policy of a `PodSecurityExceptionPolicy`.
pub fn policy(object: NodeRef<'_>, id: &ObjectId) -> Result<ExceptionPolicy> {
    let spec =
        object.get("spec").ok_or_else(|| error(object, format!("a {POLICY_KIND} needs a `spec`"), None))?;
    known(spec, &["namespaces", "rules", "maxDays"])?;
    let allowance = |node| {
        known(node, &["rule", "values"])?;
        Ok(Allowance { rule: rule(node)?, values: patterns(node, "values")? })
    };
    let max_days = match spec.get("maxDays").filter(|n| !n.is_null()) {
        None => None,
        Some(node) => {
            let days = node.resolved().text().filter(|_| node.resolved().kind() == Kind::Int);
            let days = days.and_then(|text| text.parse().ok());
            Some(days.ok_or_else(|| error(node, "`maxDays` must be a whole number of days", None))?)
        }
    };
    Ok(ExceptionPolicy {
        name: id.name.clone(),
        namespaces: patterns(spec, "namespaces")?,
        rules: list(spec, "rules")?.into_iter().map(allowance).collect::<Result<_>>()?,
        max_days,
    })
}

fn rule(node: NodeRef<'_>) -> Result<String> {
    let named = string(node, "rule")?.map(|(text, _)| text).filter(|text| !text.is_empty());
    named.ok_or_else(|| error(node, "`rule` is missing", Some("a rule's id; all rules: seawall checks")))
}

/// Only these keys.
fn known(node: NodeRef<'_>, keys: &[&str]) -> Result<()> {
    if node.resolved().kind() != Kind::Mapping {
        let hint = Some(Cow::Owned(format!("with {}", keys.join(", "))));
        return Err(ReadError { hint, ..error(node, "must be a mapping", None) });
    }
    match node.entries().find(|(key, _)| !key.key().is_some_and(|key| keys.contains(&&*key))) {
        Some((key, _)) => {
            let name = key.key().unwrap_or_default();
            Err(error(key, format!("unknown field `{name}`; known are {}", keys.join(", ")), None))
        }
        None => Ok(()),
    }
}

fn string<'d>(node: NodeRef<'d>, key: &str) -> Result<Option<(String, NodeRef<'d>)>> {
    match node.get(key).filter(|n| !n.is_null()) {
        None => Ok(None),
        Some(value) => match value.as_str() {
            Some(text) => Ok(Some((text.to_owned(), value))),
            None => Err(error(value, format!("`{key}` must be a string"), Some("put it in quotes"))),
        },
    }
}

fn list<'d>(node: NodeRef<'d>, key: &str) -> Result<Vec<NodeRef<'d>>> {
    match node.get(key).filter(|n| !n.is_null()) {
        None => Ok(Vec::new()),
        Some(value) if value.resolved().kind() == Kind::Sequence => Ok(value.items().collect()),
        Some(value) => Err(error(value, format!("`{key}` must be a list"), None)),
    }
}

fn patterns(node: NodeRef<'_>, key: &str) -> Result<Vec<String>> {
    let text = |item: NodeRef<'_>| match item.as_str() {
        Some(text) => Ok(text.to_owned()),
        None => Err(error(item, format!("`{key}` must hold strings"), Some("put it in quotes"))),
    };
    list(node, key)?.into_iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<T>(text: &str, look: impl FnOnce(NodeRef<'_>) -> T) -> T {
        let document =
            seawall_yaml::read(text.as_bytes()).pop().and_then(|e| e.document).expect("a document");
        look(document.root())
    }

    fn id() -> ObjectId {
        ObjectId { namespace: "shop".into(), name: "x".into(), ..ObjectId::default() }
    }

    #[test]
    fn objects_are_read() {
        let text = "metadata: {creationTimestamp: \"2026-11-01T10:00:00Z\"}
spec:
  workloads: [{kind: Deployment, name: web, labels: {a: b}}]
  rules: [{rule: host-port, containers: [c], values: ['80*']}]
  reason: needs it
  owner: team
  expires: \"2027-01-31\"
  onExpiry: warn
";
        let read = with(text, |node| exception(node, &id())).unwrap();
        assert_eq!(read.name, "shop/x");
        assert_eq!(read.created.unwrap().to_string(), "2026-11-01");
        assert_eq!(read.expires.unwrap().to_string(), "2027-01-31");
        assert_eq!((read.on_expiry, read.owner.as_deref()), (OnExpiry::Warn, Some("team")));
        assert_eq!(read.workloads[0].labels, [("a".to_owned(), "b".to_owned())]);
        assert_eq!(read.grants[0].values, ["80*"]);
        let policy = with("spec: {namespaces: ['*'], rules: [{rule: host-port}], maxDays: 30}\n", |node| {
            policy(node, &id())
        });
        assert_eq!(policy.unwrap().max_days, Some(30));
    }

    #[test]
    fn what_is_wrong_has_a_place() {
        let message = |spec: &str| {
            let text = format!("spec: {{{spec}}}\n");
            with(&text, |node| exception(node, &id())).unwrap_err().message
        };
        let rest = "workloads: [{kind: Pod}], rules: [{rule: x}]";
        assert_eq!(message(rest), "an exception needs a `reason`");
        assert_eq!(
            message(&format!("{rest}, reason: r, expires: soon")),
            "`expires` must be a date such as 2027-03-31"
        );
        assert_eq!(
            message(&format!("{rest}, reason: r, onExpiry: never")),
            "`onExpiry` must be warn or refuse"
        );
        assert_eq!(message(&format!("{rest}, reason: 7")), "`reason` must be a string");
        assert_eq!(message("workloads: [{name: a}], reason: r"), "a workload needs a `kind`");
        let labelled = "reason: r, rules: [{rule: x}], workloads: [{kind: Pod, labels: a}]";
        assert_eq!(message(labelled), "`labels` must be a mapping");
        assert_eq!(message("reason: r, rules: [{rule: x}]"), "an exception must name its `workloads`");
        assert_eq!(message("reason: r, workloads: [{kind: Pod}]"), "an exception must name its `rules`");
        assert_eq!(
            message("image: x"),
            "unknown field `image`; known are workloads, rules, reason, owner, expires, onExpiry"
        );
        let days = with("spec: {maxDays: x}\n", |node| policy(node, &id())).unwrap_err();
        assert_eq!(days.message, "`maxDays` must be a whole number of days");
    }
}
