//! The exceptions of operators: which hold in a run, and for whom.

use std::sync::Arc;

use seawall_finding::exception::{
    API_GROUP, Asking, EXCEPTION_KIND, Exception, ExceptionPolicy, Grant, POLICY_KIND, ReadError,
};
use seawall_finding::{Date, Rule};
use seawall_manifest::objects::Object;
use seawall_manifest::owner;
use seawall_manifest::workload::Template;
use seawall_yaml::NodeRef;

use crate::ignore::{Flag, NOTICE_DAYS};
use crate::record::{Notice, NoticeKind, Region};
use crate::rules;

/// An exception or a policy in the input.
#[derive(Clone, Debug)]
pub struct Declared<T> {
    /// What it says.
    pub what: T,
    /// The scope of its file; 0 for none.
    pub scope: u16,
    /// Its file.
    pub file: Arc<str>,
    /// Where it begins.
    pub region: Region,
}

/// What an object of seawall's own group declares.
pub(crate) enum Declaration {
    Exception(Exception),
    Policy(ExceptionPolicy),
}

/// What an object declares, if it is one of seawall's own.
pub(crate) fn declaration(object: &Object<'_>) -> Option<Result<Declaration, ReadError>> {
    if object.group() != API_GROUP {
        return None;
    }
    let id = object.id();
    match object.kind {
        EXCEPTION_KIND => {
            Some(seawall_finding::exception::exception(object.node, &id).and_then(|exception| {
                let grants = canonical(
                    exception.grants,
                    object.node,
                    |g| &g.rule,
                    |g, rule| Grant { rule, ..g.clone() },
                )?;
                Ok(Declaration::Exception(Exception { grants, ..exception }))
            }))
        }
        POLICY_KIND => Some(seawall_finding::exception::policy(object.node, &id).and_then(|policy| {
            let rules = canonical(
                policy.rules,
                object.node,
                |a| &a.rule,
                |a, rule| seawall_finding::exception::Allowance { rule, ..a.clone() },
            )?;
            Ok(Declaration::Policy(ExceptionPolicy { rules, ..policy }))
        })),
        _ => None,
    }
}

/// Entries with their rules by id: an alias that names several rules gives one entry for each.
pub(crate) fn canonical<T>(
    entries: Vec<T>,
    node: NodeRef<'_>,
    name: impl Fn(&T) -> &str,
    with: impl Fn(&T, String) -> T,
) -> Result<Vec<T>, ReadError> {
    let mut out = Vec::new();
    for entry in entries {
        let named = rules::resolve(name(&entry)).map_err(|(message, _)| ReadError {
            span: node.span(),
            message,
            hint: Some("all rules: seawall checks"),
        })?;
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
    pub(crate) used: Flag,
}

/// The exceptions of a run.
#[derive(Debug, Default)]
pub struct Exceptions {
    all: Vec<InForce>,
}

impl Exceptions {
    /// The exceptions that hold, within what the policies allow, and what a person should know of them.
    pub fn new(
        declared: Vec<Declared<Exception>>,
        policies: &[Declared<ExceptionPolicy>],
        config: Vec<Exception>,
        today: Date,
    ) -> (Self, Vec<Notice>) {
        let mut notices = Vec::new();
        let in_force =
            |exception, scope| InForce { exception: Arc::new(exception), scope, used: Flag::default() };
        let mut all: Vec<_> = config.into_iter().map(|exception| in_force(exception, None)).collect();
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
                all.push(in_force(exception, Some(scope)));
            }
        }
        (Self { all }, notices)
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

    /// What is to be said of those in use that end soon.
    pub fn notices(&self, today: Date) -> Vec<Notice> {
        self.all.iter().filter(|e| e.used.is_raised()).filter_map(|e| expiring(&e.exception, today)).collect()
    }
}

/// The first of some exceptions that covers an offence and holds.
pub(crate) fn holding<'e>(
    exceptions: &[&'e InForce],
    rule: &Rule,
    container: Option<&str>,
    value: &str,
    today: Date,
) -> Option<&'e InForce> {
    let covers =
        |e: &&&InForce| e.exception.holds(today) && e.exception.covers(rule, container, value).is_some();
    exceptions.iter().find(covers).copied()
}

/// Said of an exception in use that ends soon.
fn expiring(exception: &Exception, today: Date) -> Option<Notice> {
    let last = exception.expires.filter(|last| (0..=NOTICE_DAYS).contains(&today.days_until(*last)))?;
    Some(Notice {
        kind: NoticeKind::Expiring,
        file: None,
        region: None,
        message: format!("exception `{}` ends with {last}", exception.name),
        hint: exception.owner.as_ref().map(|owner| format!("ask {owner}")),
    })
}
