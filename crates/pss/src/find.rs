//! What people are told: findings with places and words.

use std::borrow::Cow;

use seawall_finding::{Finding, Locus, Rule, Severity};
use seawall_model::pod::{ContainerClass, Pod};
use seawall_model::{FieldPath, ObjectId};

use crate::evaluate::CheckResult;
use crate::offender::{Offender, Site, Value, containers};
use crate::text;

/// One finding for each rule and container, or pod: `prefix` leads from the object's root to the pod or its template
/// (`spec.template`). Volumes and annotations belong to the pod.
pub fn findings(
    pod: &Pod<'_>,
    results: &[CheckResult<'_>],
    prefix: &FieldPath,
    object: &ObjectId,
) -> Vec<Finding> {
    results.iter().flat_map(|result| of_result(pod, result, prefix, object)).collect()
}

/// What one finding speaks of: a rule, the container if it is one, and what offends there.
type Group<'o, 'p> = (&'static Rule, Option<(ContainerClass, usize)>, Vec<&'o Offender<'p>>);

fn of_result(pod: &Pod<'_>, result: &CheckResult<'_>, prefix: &FieldPath, object: &ObjectId) -> Vec<Finding> {
    let check = result.check;
    let mut groups: Vec<Group<'_, '_>> = Vec::new();
    for offender in counted(&result.offenders) {
        let (rule, container) = ((check.rule)(offender), offender.container());
        match groups.iter_mut().find(|(r, c, _)| r.id == rule.id && *c == container) {
            Some((.., offenders)) => offenders.push(offender),
            None => groups.push((rule, container, vec![offender])),
        }
    }
    let locus = |offender: &Offender<'_>| Locus {
        path: offender.path(pod, prefix),
        label: label(pod, offender, (check.label)(offender)).into_owned(),
    };
    let finding = |(rule, container, offenders): Group<'_, '_>| {
        let (first, others) = offenders.split_first()?;
        let account = (check.account)(&text::place(first), &offenders);
        let severity = offenders.iter().map(|o| (check.severity)(o)).max();
        Some(Finding {
            rule,
            severity: severity.unwrap_or(Severity::Info),
            object: object.clone(),
            container: container.map(|_| first.name.to_owned()),
            primary: locus(first),
            related: others.iter().map(|o| locus(o)).collect(),
            message: account.message,
            advice: account.advice,
        })
    };
    groups.into_iter().filter_map(finding).collect()
}

/// The offenders that are causes: where the pod itself sets something bad, containers that set nothing only inherit it.
fn counted<'o, 'p>(offenders: &'o [Offender<'p>]) -> impl Iterator<Item = &'o Offender<'p>> {
    let explicit = |o: &Offender<'_>| o.site == Site::Pod && o.value != Value::Missing;
    let inherited = offenders.iter().any(explicit);
    offenders.iter().filter(move |o| !(inherited && o.value == Value::Missing))
}

/// The label, or that the whole security context is missing.
fn label(pod: &Pod<'_>, offender: &Offender<'_>, label: Cow<'static, str>) -> Cow<'static, str> {
    let container = offender.container().and_then(|(class, index)| containers(&pod.spec, class).get(index));
    match container {
        Some(c) if offender.value == Value::Missing && c.security_context.is_none() => {
            "no securityContext".into()
        }
        _ => label,
    }
}
