//! The exceptions of operators: which hold in a run, and for whom.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use seawall_finding::exception::{
    API_GROUP, API_VERSION, Asking, EXCEPTION_KIND, Exception, ExceptionPolicy, Grant, POLICY_KIND, ReadError,
};
use seawall_finding::{Date, Rule};
use seawall_manifest::objects::Object;
use seawall_manifest::owner;
use seawall_manifest::workload::Template;
use seawall_yaml::NodeRef;

use crate::ignore::{Flag, NOTICE_DAYS};
use crate::reach::{Home, Reach};
use crate::record::{Notice, NoticeKind, Region};
use crate::rules;
use crate::survey::Survey;

/// An exception or a policy, with its place.
#[derive(Clone, Debug)]
pub struct Declared<T> {
    /// What it says.
    pub what: T,
    /// The scope of its file; 0 for none, and for the configuration, whose exceptions hold in all.
    pub scope: u16,
    /// Its file.
    pub file: Arc<str>,
    /// Where it begins.
    pub region: Region,
}

/// What an object of seawall's own group declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Declaration {
    /// A `PodSecurityException`.
    Exception(Exception),
    /// A `PodSecurityExceptionPolicy`.
    Policy(ExceptionPolicy),
}

/// What an object of an API server declares, as JSON, or why it declares nothing.
pub fn declared(json: &[u8]) -> Result<Declaration, String> {
    let entries = seawall_yaml::read(json.to_vec());
    let document = entries.iter().find_map(|entry| entry.document.as_ref());
    let objects = document.map(seawall_manifest::objects::objects);
    let object = objects.as_ref().and_then(|objects| objects.objects.first());
    match object.and_then(declaration) {
        Some(declared) => declared.map_err(|error| match error.hint {
            Some(hint) => format!("{} ({hint})", error.message),
            None => error.message,
        }),
        None => Err(format!("it is no {EXCEPTION_KIND} or {POLICY_KIND} of {API_VERSION}")),
    }
}

/// What an object declares, if it is one of seawall's own.
pub(crate) fn declaration(object: &Object<'_>) -> Option<Result<Declaration, ReadError>> {
    if object.api_version != API_VERSION {
        return None;
    }
    let id = object.id();
    let spec = object.node.get("spec").unwrap_or(object.node);
    match object.kind {
        EXCEPTION_KIND => {
            Some(seawall_finding::exception::exception(object.node, &id).and_then(|exception| {
                let grants =
                    canonical(exception.grants, spec, |g| &g.rule, |g, rule| Grant { rule, ..g.clone() })?;
                Ok(Declaration::Exception(Exception { grants, ..exception }))
            }))
        }
        POLICY_KIND => Some(seawall_finding::exception::policy(object.node, &id).and_then(|policy| {
            let rules = canonical(
                policy.rules,
                spec,
                |a| &a.rule,
                |a, rule| seawall_finding::exception::Allowance { rule, ..a.clone() },
            )?;
            Ok(Declaration::Policy(ExceptionPolicy { rules, ..policy }))
        })),
        _ => None,
    }
}

/// What is wrong with an object of seawall's own group that is of no known kind and version, and what to write.
pub(crate) fn unknown(object: &Object<'_>) -> Option<(String, String)> {
    const KINDS: [&str; 2] = [EXCEPTION_KIND, POLICY_KIND];
    let is_known = KINDS.contains(&object.kind);
    let is_own = object.group() == API_GROUP || object.api_version == API_GROUP;
    // Break-glass is for the webhook alone: it changes nothing of what is judged.
    let is_break_glass = object.kind == "PodSecurityBreakGlass";
    if !is_own || ((is_known || is_break_glass) && object.api_version == API_VERSION) {
        return None;
    }
    let (what, hint) = if is_known {
        ("version", format!("write apiVersion: {API_VERSION}"))
    } else {
        let near = |known: &&&str| {
            rules::distance(&known.to_ascii_lowercase(), &object.kind.to_ascii_lowercase()) <= 2
        };
        let nearest = KINDS.iter().find(near).map(|kind| format!("did you mean `{kind}`? "));
        ("kind", format!("{}known are {}", nearest.unwrap_or_default(), KINDS.join(" and ")))
    };
    let message = format!(
        "{} ({}) is of a {what} that seawall does not know and does not count",
        object.id(),
        object.api_version
    );
    Some((message, hint))
}

/// The entries of `rules` in a specification with their rules by id: an alias that names several rules gives one entry for
/// each. An error for what no exception can be made from.
pub(crate) fn canonical<T>(
    entries: Vec<T>,
    spec: NodeRef<'_>,
    name: impl Fn(&T) -> &str,
    with: impl Fn(&T, String) -> T,
) -> Result<Vec<T>, ReadError> {
    let mut out = Vec::new();
    let nodes = spec.get("rules").into_iter().flat_map(NodeRef::items);
    for (entry, node) in entries.into_iter().zip(nodes) {
        let error = |message, hint| ReadError {
            span: node.get("rule").unwrap_or(node).span(),
            message,
            hint: Some(hint),
        };
        let named = rules::resolve(name(&entry)).map_err(|(message, hint)| error(message, hint.into()))?;
        if let Some(rule) = named.iter().find(|rule| rule.level.is_none()) {
            return Err(error(
                format!("no exception can be made from `{}`: no level forbids it", rule.id),
                Cow::Borrowed("have its findings passed over by an ignore"),
            ));
        }
        out.extend(named.into_iter().map(|rule| with(&entry, rule.id.to_owned())));
    }
    Ok(out)
}

/// An exception of a run, with what became of it.
#[derive(Debug)]
pub(crate) struct InForce {
    pub(crate) exception: Arc<Exception>,
    /// The scope it holds in; `None` for those of the configuration, which hold in all.
    scope: Option<u16>,
    file: Arc<str>,
    region: Region,
    /// Whether it let something pass, or would if it had not ended.
    pub(crate) used: Flag,
}

/// The exceptions of a run.
#[derive(Debug, Default)]
pub struct Exceptions {
    all: Vec<InForce>,
    /// The scopes and namespaces of workloads that are judged.
    judged: BTreeSet<(u16, Box<str>)>,
}

impl Exceptions {
    /// The exceptions that hold, within what the policies allow, and what a person should know of them.
    pub fn new(
        declared: Vec<Declared<Exception>>,
        policies: &[Declared<ExceptionPolicy>],
        config: Vec<Declared<Exception>>,
        today: Date,
    ) -> (Self, Vec<Notice>) {
        let mut notices = Vec::new();
        let in_force = |exception, scope, file, region| {
            let (exception, used) = (Arc::new(exception), Flag::default());
            InForce { exception, scope, file, region, used }
        };
        let config = config.into_iter();
        let mut all: Vec<_> = config.map(|c| in_force(c.what, None, c.file, c.region)).collect();
        for Declared { what, scope, file, region } in declared {
            let own: Vec<ExceptionPolicy> =
                policies.iter().filter(|p| p.scope == scope).map(|p| p.what.clone()).collect();
            let (exception, refused) = what.within(&own, today);
            for (grant, why) in refused {
                notices.push(Notice {
                    kind: NoticeKind::ExceptionNotAllowed,
                    file: Some(file.clone()),
                    region: Some(region),
                    message: format!(
                        "exception `{}` from `{}` does not count: {why}",
                        exception.name, grant.rule
                    ),
                    hint: None,
                });
            }
            if !exception.grants.is_empty() {
                all.push(in_force(exception, Some(scope), file, region));
            }
        }
        (Self { all, judged: BTreeSet::new() }, notices)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The exceptions for a template of an object, those that have ended too.
    pub(crate) fn of(&self, scope: u16, object: &Object<'_>, template: &Template<'_>) -> Vec<&InForce> {
        if self.is_empty() {
            return Vec::new();
        }
        let (known_as, labels) = (owner::known_as(object), template.labels());
        let asking = Asking { namespace: object.namespace, known_as: &known_as, labels: &labels };
        let mine = self.all.iter().filter(|e| e.scope.is_none_or(|of| of == scope));
        mine.filter(|e| e.exception.is_for(&asking)).collect()
    }

    /// Takes note of the workloads of a file: exceptions that are for their namespaces may be found unused.
    pub fn meet(&mut self, scope: u16, survey: &Survey) {
        for seen in survey.workloads.iter().filter(|seen| !seen.refused) {
            let home = (scope, seen.namespace.clone());
            if !self.judged.contains(&home) {
                self.judged.insert(home);
            }
        }
    }

    /// What is to be said of exceptions at the end of a run of this reach: of those in use that end soon, and of those that
    /// let nothing pass although workloads were judged where they hold.
    pub fn notices(&self, reach: Reach<'_>) -> Vec<Notice> {
        let notice = |e: &InForce| {
            if e.used.is_raised() { e.expiring(reach.options.today) } else { self.unused(e, reach) }
        };
        self.all.iter().filter_map(notice).collect()
    }

    fn unused(&self, in_force: &InForce, reach: Reach<'_>) -> Option<Notice> {
        let exception = &in_force.exception;
        let granted: Vec<_> = exception.grants.iter().flat_map(|grant| rules::find(&grant.rule)).collect();
        let judged = |(scope, namespace): &(u16, Box<str>)| {
            let home = Home { scope: *scope, namespace: namespace.clone(), pods: true };
            in_force.scope.is_none_or(|of| of == *scope)
                && exception.is_in(namespace)
                && granted.iter().all(|rule| reach.includes(rule, &home))
        };
        self.judged.iter().any(judged).then(|| Notice {
            kind: NoticeKind::ExceptionUnused,
            file: Some(in_force.file.clone()),
            region: Some(in_force.region),
            message: format!("exception `{}` lets nothing pass", exception.name),
            hint: Some("remove it, or correct the workloads and rules that it names".to_owned()),
        })
    }
}

/// Those of some exceptions that cover an offence and hold.
pub(crate) fn holding<'e>(
    exceptions: &[&'e InForce],
    rule: &Rule,
    container: Option<&str>,
    value: &str,
    today: Date,
) -> impl Iterator<Item = &'e InForce> {
    let covers =
        move |e: &&InForce| e.exception.holds(today) && e.exception.covers(rule, container, value).is_some();
    exceptions.iter().copied().filter(covers)
}

impl InForce {
    /// Said of one in use that ends soon.
    fn expiring(&self, today: Date) -> Option<Notice> {
        let exception = &self.exception;
        let last = exception.expires.filter(|last| (0..=NOTICE_DAYS).contains(&today.days_until(*last)))?;
        Some(Notice {
            kind: NoticeKind::Expiring,
            file: Some(self.file.clone()),
            region: Some(self.region),
            message: format!("exception `{}` ends with {last}", exception.name),
            hint: exception.owner.as_ref().map(|owner| format!("ask {owner}")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_of_an_api_server_declare_exceptions() {
        let object = |kind: &str, spec: &str| {
            format!(
                r#"{{"apiVersion":"seawall.dev/v1alpha1","kind":"{kind}","metadata":{{"name":"mesh","namespace":"shop","creationTimestamp":"2026-11-01T00:00:00Z","managedFields":[{{"manager":"a"}}]}},"spec":{spec}}}"#
            )
        };
        let spec = r#"{"workloads":[{"kind":"Deployment","name":"web"}],"rules":[{"rule":"RULE"}],"reason":"r","expires":"2026-12-01"}"#;
        let read = |rule: &str| declared(object(EXCEPTION_KIND, &spec.replace("RULE", rule)).as_bytes());
        let Ok(Declaration::Exception(exception)) = read("capabilities_baseline") else {
            panic!("no exception");
        };
        assert_eq!((&*exception.name, &*exception.namespaces), ("shop/mesh", &["shop".to_owned()][..]));
        assert_eq!(exception.grants[0].rule, "added-capability", "by its own id");
        assert_eq!(exception.created, "2026-11-01".parse().ok());
        assert!(read("added-capabilty").unwrap_err().contains("did you mean `added-capability`?"));
        let policy = declared(
            object(POLICY_KIND, r#"{"namespaces":["shop"],"rules":[{"rule":"host-port"}]}"#).as_bytes(),
        );
        assert!(matches!(policy, Ok(Declaration::Policy(policy)) if policy.namespaces == ["shop"]));
        for other in ["", "{", r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}"#] {
            assert!(declared(other.as_bytes()).is_err(), "{other}");
        }
    }
}
