//! Pods without a priority class, or with one that is not allowed.

use seawall_finding::{Severity, rule};
use seawall_model::FieldPath;

use crate::check::{Check, Cx, Hit, Out, PodAt, Run, Sight};

rule! {
    /// ## What it does
    /// Reports pods without a `priorityClassName`, and, where a list of allowed classes is set, those with another.
    ///
    /// ## Why it matters
    /// When a node or the cluster is full, pods of lower priority make room for those of higher. Where nobody says which matter
    /// more, a report may push out the shop; where anybody may take the highest class, classes mean nothing.
    ///
    /// ## How to fix
    /// Name one of the cluster's PriorityClasses. Leave those that begin with `system-` to the cluster's own components.
    ///
    /// ## Example
    /// ```yaml
    /// spec:
    ///   priorityClassName: business-hours
    ///   containers:
    ///   - name: app
    /// ```
    ///
    /// ## Applies to
    /// All pods. Off by default: a cluster may have a PriorityClass that is the default of all pods, which a manifest does not show.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/>
    static RULE = {
        id: "priority-class",
        aliases: &[],
        title: "has no priority class that is allowed",
        severity: Severity::Info,
        off: true,
        tags: &["reliability"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Pod(run) };

fn run(at: &PodAt<'_, '_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    let allowed = &cx.params.priority_classes;
    let name = at.pod.spec.priority_class_name.filter(|name| !name.is_empty());
    if name.is_some_and(|name| allowed.is_empty() || allowed.iter().any(|class| class == name)) {
        return;
    }
    out.report(|| {
        let (label, message) = match name {
            Some(name) => ("not allowed", format!("the pod has the priority class \"{name}\", which is not among those allowed")),
            None => ("no priorityClassName", "the pod has no priority class".to_owned()),
        };
        let advice = if allowed.is_empty() {
            "name a PriorityClass in priorityClassName".to_owned()
        } else {
            format!("name one of these in priorityClassName: {}", allowed.join(", "))
        };
        Hit::new(FieldPath::root().keys("spec.priorityClassName"), label, message, advice)
    });
}

#[cfg(test)]
mod tests {
    use crate::testing::{Case, found, in_every_kind};

    const ID: &str = "priority-class";

    fn pod(name: &str) -> String {
        format!("kind: Pod\nspec: {{priorityClassName: {name}}}\n")
    }

    #[test]
    fn any_will_do_where_none_is_asked_for() {
        assert_eq!(found(ID, &pod("low")), [""; 0]);
        for name in ["''", "null", "1"] {
            assert_eq!(found(ID, &pod(name)), ["- spec.priorityClassName: no priorityClassName"], "{name}");
        }
    }

    #[test]
    fn others_than_those_asked_for_are_reported() {
        let mut case = Case::of(ID);
        case.params.priority_classes = vec!["low".to_owned(), "high".to_owned()];
        assert_eq!(case.found(&pod("high")), [""; 0]);
        assert_eq!(case.found(&pod("highest")), ["- spec.priorityClassName: not allowed"]);
        assert_eq!(case.findings(&pod("''"))[0].finding.advice, "name one of these in priorityClassName: low, high");
    }

    #[test]
    fn looks_into_every_kind_of_workload() {
        let kinds = in_every_kind(ID, "containers: [{name: a}]\n");
        assert!(kinds.len() == 9 && kinds.iter().all(|found| found.len() == 1), "{kinds:?}");
    }
}
