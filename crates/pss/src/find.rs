//! What people are told: findings with places and words.

use std::borrow::Cow;
use std::sync::Arc;

use seawall_finding::{Finding, Locus, Rule, Severity};
use seawall_model::pod::Pod;
use seawall_model::{FieldPath, Level, ObjectId};

use crate::check::CheckInfo;
use crate::evaluate::CheckResult;
use crate::offender::{Names, Offender, Site, Value, containers};
use crate::repair::RepairAt;
use crate::text;

/// What one finding speaks of: a rule at one container, or at the pod. Volumes and annotations belong to the pod.
#[derive(Clone, Debug)]
pub struct Group<'o, 'p> {
    check: &'static CheckInfo,
    /// The rule.
    pub rule: &'static Rule,
    /// What offends, never empty.
    pub offenders: Vec<&'o Offender<'p>>,
}

/// The groups of some results, one for each rule and container, or pod.
pub fn groups<'o, 'p>(results: &'o [CheckResult<'p>]) -> impl Iterator<Item = Group<'o, 'p>> {
    results.iter().flat_map(of_result)
}

fn of_result<'o, 'p>(result: &'o CheckResult<'p>) -> Vec<Group<'o, 'p>> {
    let check = result.check;
    let mut groups: Vec<Group<'o, 'p>> = Vec::new();
    // The pod's own: there are few, but containers stand between its fields and its volumes.
    let mut own: Vec<usize> = Vec::new();
    for offender in counted(&result.offenders) {
        let (rule, container) = ((check.rule)(offender), offender.container());
        let is_of = |group: &Group<'_, '_>| group.rule.id == rule.id;
        let known = if container.is_none() {
            own.iter().copied().find(|at| groups.get(*at).is_some_and(is_of))
        } else {
            // What offends in a container comes in one row.
            let is_here =
                |group: &Group<'_, '_>| group.offenders.first().is_some_and(|o| o.container() == container);
            let here = groups.iter().rev().take_while(|group| is_here(group)).position(is_of);
            here.map(|back| groups.len() - 1 - back)
        };
        if let Some(group) = known.and_then(|at| groups.get_mut(at)) {
            group.offenders.push(offender);
            continue;
        }
        if container.is_none() {
            own.push(groups.len());
        }
        groups.push(Group { check, rule, offenders: vec![offender] });
    }
    groups
}

impl<'o, 'p> Group<'o, 'p> {
    /// This group with only some of its offenders.
    #[must_use]
    pub fn with(&self, offenders: Vec<&'o Offender<'p>>) -> Self {
        Self { offenders, ..*self }
    }

    /// The level of the check that found it.
    pub fn level(&self) -> Level {
        self.check.level
    }

    /// The container's name, if it is at one.
    pub fn container(&self) -> Option<&'p str> {
        let first = self.offenders.first()?;
        first.container().map(|_| first.name)
    }

    /// How its offenders may be repaired, each that can be.
    pub fn repairs(&self, names: &Names<'_>) -> Vec<RepairAt<'p>> {
        self.offenders.iter().filter_map(|offender| self.repair_of(offender, names)).collect()
    }

    /// How one of its offenders may be repaired, if it can be.
    pub fn repair_of(&self, offender: &Offender<'p>, names: &Names<'_>) -> Option<RepairAt<'p>> {
        let repair = (self.check.repair)(names.pod(), offender)?;
        Some(RepairAt::of(repair, offender, names))
    }

    /// Whether one of its offenders can be repaired.
    pub fn is_repairable(&self, offender: &Offender<'_>, names: &Names<'_>) -> bool {
        (self.check.repair)(names.pod(), offender).is_some()
    }

    /// The finding: `prefix` leads from the object's root to the pod or its template (`spec.template`). It speaks of all offenders
    /// and shows the first `most` of them.
    pub fn finding(
        &self,
        names: &Names<'_>,
        prefix: &FieldPath,
        object: &Arc<ObjectId>,
        most: usize,
    ) -> Option<Finding> {
        let Self { check, rule, offenders } = self;
        let pod = names.pod();
        let (first, others) = offenders.split_first()?;
        let locus = |offender: &Offender<'_>| Locus {
            path: offender.path(names, prefix),
            label: label(pod, offender, (check.label)(offender)),
        };
        let account = (check.account)(&text::place(first), offenders);
        let severity = offenders.iter().map(|o| (check.severity)(o)).max();
        Some(Finding {
            rule,
            severity: severity.unwrap_or(Severity::Info),
            object: object.clone(),
            container: self.container().map(str::to_owned),
            primary: locus(first),
            related: others.iter().take(most.saturating_sub(1)).map(|o| locus(o)).collect(),
            message: account.message,
            advice: account.advice.into(),
        })
    }
}

/// The findings of some results: see [`Group::finding`].
pub fn findings(
    pod: &Pod<'_>,
    results: &[CheckResult<'_>],
    prefix: &FieldPath,
    object: &Arc<ObjectId>,
) -> Vec<Finding> {
    let names = Names::of(pod);
    groups(results).filter_map(|group| group.finding(&names, prefix, object, usize::MAX)).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results;
    use crate::testing::pod;

    /// `rule@container path: label` of every finding, related places behind.
    fn found(level: Level, json: &str) -> Vec<String> {
        let pod = pod(json);
        let prefix = FieldPath::root().keys("spec.template");
        let findings = findings(&pod, &results(&pod, level, 37), &prefix, &Arc::default());
        let place = |l: &Locus| format!("{}: {}", l.path, l.label);
        findings
            .iter()
            .map(|f| {
                let places: Vec<String> = [&f.primary].into_iter().chain(&f.related).map(place).collect();
                format!("{}@{} {}", f.rule.id, f.container.as_deref().unwrap_or("-"), places.join("; "))
            })
            .collect()
    }

    #[test]
    fn one_finding_for_each_rule_and_container() {
        let json = r#"{"spec":{"hostPID":true,"hostIPC":true,"containers":[
            {"name":"a","securityContext":{"privileged":true,"capabilities":{"add":["X","Y"]}}},
            {"name":"b","securityContext":{"privileged":true}}]}}"#;
        assert_eq!(
            found(Level::Baseline, json),
            [
                "added-capability@a spec.template.spec.containers[name=a].securityContext.capabilities.add[=X]: must not be added; spec.template.spec.containers[name=a].securityContext.capabilities.add[=Y]: must not be added",
                "host-pid@- spec.template.spec.hostPID: must be false",
                "host-ipc@- spec.template.spec.hostIPC: must be false",
                "privileged-container@a spec.template.spec.containers[name=a].securityContext.privileged: must be false",
                "privileged-container@b spec.template.spec.containers[name=b].securityContext.privileged: must be false",
            ]
        );
    }

    #[test]
    fn volumes_and_annotations_belong_to_the_pod() {
        let json = r#"{"metadata":{"annotations":{"container.apparmor.security.beta.kubernetes.io/a":"unconfined"}},
            "spec":{"volumes":[{"name":"v","hostPath":{}},{"name":"w","hostPath":{}}]}}"#;
        assert_eq!(
            found(Level::Baseline, json),
            [
                r#"apparmor-profile@- spec.template.metadata.annotations["container.apparmor.security.beta.kubernetes.io/a"]: must be runtime/default or localhost/<profile>"#,
                "host-path-volume@- spec.template.spec.volumes[name=v].hostPath: opens the node's file system; spec.template.spec.volumes[name=w].hostPath: opens the node's file system",
            ]
        );
    }

    #[test]
    fn what_containers_inherit_from_the_pod_is_told_once() {
        let json = r#"{"spec":{"securityContext":{"runAsNonRoot":false,"seccompProfile":{"type":"RuntimeDefault"}},
            "containers":[{"name":"a","securityContext":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]}}}]}}"#;
        assert_eq!(
            found(Level::Restricted, json),
            ["run-as-non-root@- spec.template.spec.securityContext.runAsNonRoot: must be true"]
        );
    }

    #[test]
    fn a_missing_security_context_is_named() {
        let all = found(Level::Restricted, r#"{"spec":{"containers":[{"name":"a"}]}}"#);
        assert_eq!(all.len(), 4);
        assert!(all.iter().all(|f| f.ends_with(": no securityContext")), "{all:?}");
    }

    #[test]
    fn an_unconfined_profile_is_graver_than_others() {
        let severity = |kind: &str| {
            let json =
                format!(r#"{{"spec":{{"securityContext":{{"appArmorProfile":{{"type":"{kind}"}}}}}}}}"#);
            let pod = pod(&json);
            let results = results(&pod, Level::Baseline, 37);
            findings(&pod, &results, &FieldPath::root(), &Arc::default())[0].severity
        };
        assert_eq!((severity("Unconfined"), severity("x")), (Severity::High, Severity::Low));
    }

    #[test]
    fn words_name_the_container_and_its_class() {
        let json = r#"{"spec":{"initContainers":[{"name":"a\n","securityContext":{"privileged":true}}]}}"#;
        let pod = pod(json);
        let results = results(&pod, Level::Baseline, 37);
        let finding = &findings(&pod, &results, &FieldPath::root(), &Arc::default())[0];
        assert_eq!(
            finding.message,
            r#"init container "a\n" is privileged: it is root on the node in all but name"#
        );
    }
}
