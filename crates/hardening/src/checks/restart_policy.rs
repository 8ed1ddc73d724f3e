//! Restart policies that the kind does not allow.

use seawall_finding::{Safety, Severity, rule};
use seawall_model::FieldPath;

use crate::check::{Check, Cx, Hit, Out, PodAt, Run, Sight};
use crate::view::ContainerAt;

rule! {
    /// ## What it does
    /// Reports pods of Jobs and CronJobs whose `restartPolicy` is neither `OnFailure` nor `Never`, pods of Deployments, ReplicaSets,
    /// StatefulSets, DaemonSets and ReplicationControllers whose `restartPolicy` is not `Always`, and words that are no policy, of pods
    /// or of containers.
    ///
    /// ## Why it matters
    /// The API server refuses such an object. What is not written is `Always`, so that a Job without the field is refused as well.
    ///
    /// ## How to fix
    /// Write `Never` in a Job to start a new pod after a failure, whose logs are kept, or `OnFailure` to start the container again in
    /// the same pod. In what runs for ever, leave the field out.
    ///
    /// ## Example
    /// ```yaml
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata: {name: migrate}
    /// spec:
    ///   template:
    ///     spec:
    ///       restartPolicy: Never
    ///       containers:
    ///       - name: migrate
    ///         image: registry.example.com/migrate:1.4
    /// ```
    ///
    /// ## Applies to
    /// All pods and pod templates; in custom resources, Pods and PodTemplates only words that are no policy are reported. Of containers
    /// only such words, too: `restartPolicy: Always` makes an init container a sidecar, in Jobs as well.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy>
    /// - <https://kubernetes.io/docs/concepts/workloads/controllers/job/>
    /// - k8s.io/kubernetes `pkg/apis/batch/validation/validation.go`, `pkg/apis/apps/validation/validation.go`
    static RULE = {
        id: "restart-policy",
        aliases: &[],
        title: "has a restart policy that is refused",
        severity: Severity::High,
        level: None,
        tags: &["correctness"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::PodAndContainer(pod, container) };

const POLICIES: [&str; 3] = ["Always", "OnFailure", "Never"];

fn pod(at: &PodAt<'_, '_>, _: &Cx<'_>, out: &mut Out<'_>) {
    let written = at.pod.spec.restart_policy.filter(|policy| !policy.is_empty());
    let policy = written.unwrap_or("Always");
    let kind = at.object.kind;
    let allowed: &[&str] = match kind {
        _ if at.template.custom => &POLICIES,
        "Job" | "CronJob" => &["OnFailure", "Never"],
        "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" | "ReplicationController" => &["Always"],
        _ => &POLICIES,
    };
    if allowed.contains(&policy) {
        return;
    }
    out.report(|| {
        let path = FieldPath::root().keys("spec.restartPolicy");
        let label = match (written, allowed) {
            (None, _) => "Always by default".to_owned(),
            (_, [only]) => format!("must be {only}"),
            _ => format!("must be {}", allowed.join(" or ")),
        };
        let message = match written {
            _ if allowed.len() == POLICIES.len() => format!("restartPolicy must be one of {}", allowed.join(", ")),
            None => format!("pods of a {kind} must not restart always, which is the default"),
            Some(_) => format!("restartPolicy of a {kind} must be {}", allowed.join(" or ")),
        };
        let hit = Hit::new(path, label, message, format!("set restartPolicy: {}", allowed.join(" or ")));
        match allowed {
            [only] => hit.sets(Safety::Likely, "no other policy is accepted; what should end by itself is a Job", *only),
            _ => hit,
        }
    });
}

fn container(at: &ContainerAt<'_, '_>, _: &Cx<'_>, out: &mut Out<'_>) {
    if at.container.restart_policy.is_none_or(|policy| POLICIES.contains(&policy)) {
        return;
    }
    out.report(|| {
        Hit::new(
            at.path().key("restartPolicy"),
            "no such policy",
            format!("restartPolicy of {} must be one of {}", at.said(), POLICIES.join(", ")),
            "set restartPolicy: Always if it is a sidecar, or leave it out",
        )
    });
}

#[cfg(test)]
mod tests {
    use seawall_finding::Safety;

    use crate::testing::{Case, found, in_every_class, in_every_kind};

    const ID: &str = "restart-policy";

    /// How many are reported in every kind of workload: Pod, PodTemplate, those that run for ever, Job, CronJob.
    fn counts(spec: &str) -> Vec<usize> {
        in_every_kind(ID, &format!("{spec}\ncontainers: [{{name: a}}]\n")).iter().map(Vec::len).collect()
    }

    #[test]
    fn every_kind_has_its_policies() {
        for (spec, expected) in [
            ("restartPolicy: Always", [0, 0, 0, 0, 0, 0, 0, 1, 1]),
            ("restartPolicy: OnFailure", [0, 0, 1, 1, 1, 1, 1, 0, 0]),
            ("restartPolicy: Never", [0, 0, 1, 1, 1, 1, 1, 0, 0]),
            ("restartPolicy: always", [1; 9]),
            ("restartPolicy: ''", [0, 0, 0, 0, 0, 0, 0, 1, 1]),
            ("restartPolicy: null", [0, 0, 0, 0, 0, 0, 0, 1, 1]),
            ("restartPolicy: {}", [0, 0, 0, 0, 0, 0, 0, 1, 1]),
            ("hostPID: false", [0, 0, 0, 0, 0, 0, 0, 1, 1]),
        ] {
            assert_eq!(counts(spec), expected, "{spec}");
        }
    }

    #[test]
    fn custom_resources_have_rules_of_their_own() {
        let own = |policy: &str| {
            format!("apiVersion: apps.kruise.io/v1alpha1\nkind: DaemonSet\nspec:\n  template:\n    spec:\n      restartPolicy: {policy}\n      containers: [{{name: a}}]\n")
        };
        assert_eq!(found(ID, &own("Never")), [""; 0]);
        assert_eq!(found(ID, &own("Sometimes")), [
            "- spec.template.spec.restartPolicy: must be Always or OnFailure or Never"
        ]);
    }

    #[test]
    fn sidecars_may_restart_always() {
        for (policy, reported) in [("Always", false), ("Never", false), ("null", false), ("always", true), ("''", true)] {
            assert_eq!(in_every_class(ID, &format!("restartPolicy: {policy}")), [reported; 3], "{policy}");
        }
        let job = "kind: Job\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n      initContainers: [{name: s, restartPolicy: Always}]\n      containers: [{name: a}]\n";
        assert_eq!(found(ID, job), [""; 0]);
    }

    #[test]
    fn says_where_and_repairs_what_has_one_answer() {
        let job = "kind: CronJob\nspec:\n  jobTemplate:\n    spec:\n      template:\n        spec:\n          containers: [{name: a}]\n";
        assert_eq!(found(ID, job), ["- spec.jobTemplate.spec.template.spec.restartPolicy: Always by default"]);
        assert_eq!(Case::of(ID).findings(job)[0].fix, None);
        let deployment = "kind: Deployment\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n      containers: [{name: a}]\n";
        let finding = Case::of(ID).findings(deployment).remove(0);
        assert_eq!(finding.finding.primary.label, "must be Always");
        let fix = finding.fix.unwrap();
        assert_eq!(fix.safety, Safety::Likely);
        assert_eq!(fix.steps[0].path.to_string(), "spec.template.spec.restartPolicy");
    }
}
