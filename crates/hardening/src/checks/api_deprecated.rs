//! APIs that are deprecated or gone.

use seawall_finding::{Safety, Severity, rule};
use seawall_manifest::objects::Object;
use seawall_model::FieldPath;

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::lifecycle::Lifecycle;

rule! {
    /// ## What it does
    /// Reports objects of built-in kinds whose apiVersion is deprecated in the Kubernetes version of the target
    /// cluster, or no longer served there.
    ///
    /// ## Why it matters
    /// What is gone the API server refuses: the next upgrade of the cluster turns a file that works into one that
    /// cannot be applied.
    ///
    /// ## How to fix
    /// Write the apiVersion that takes its place, and change the fields that differ. Objects in the cluster need no
    /// change: the API server converts them.
    ///
    /// ## Example
    /// ```yaml
    /// apiVersion: policy/v1
    /// kind: PodDisruptionBudget
    /// ```
    ///
    /// ## Applies to
    /// Every object of a built-in kind, for the version set by `--kubernetes-version`. No longer served is high.
    /// PodSecurityPolicies have a check of their own, `psp-present`. There is a safe fix where both versions have the
    /// same fields with the same meaning.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/reference/using-api/deprecation-guide/>
    /// - <https://kubernetes.io/docs/reference/using-api/deprecation-policy/>
    /// - k8s.io/api `zz_generated.prerelease-lifecycle.go` of each version
    static RULE = {
        id: "api-deprecated",
        aliases: &[],
        title: "uses a deprecated API",
        severity: Severity::Medium,
        level: None,
        tags: &["correctness"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Object(run) };

/// Kinds by the apiVersion from which they can go to the replacement as they are: fields and defaults are the same.
const SAME: &[(&str, &[&str])] = &[
    ("batch/v1beta1", &["CronJob"]),
    ("autoscaling/v2beta2", &["HorizontalPodAutoscaler"]),
    ("apps/v1beta2", &["ControllerRevision", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"]),
    ("rbac.authorization.k8s.io/v1beta1", &["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"]),
    ("scheduling.k8s.io/v1beta1", &["PriorityClass"]),
    ("coordination.k8s.io/v1beta1", &["Lease"]),
    ("node.k8s.io/v1beta1", &["RuntimeClass"]),
    ("networking.k8s.io/v1beta1", &["IPAddress", "ServiceCIDR"]),
    ("storage.k8s.io/v1beta1", &["CSINode", "CSIStorageCapacity", "StorageClass", "VolumeAttachment"]),
];

fn run(object: &Object<'_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    if object.kind == "PodSecurityPolicy" {
        return;
    }
    let Some(life) = Lifecycle::of(object.api_version, object.kind).filter(|l| l.is_deprecated(cx.kubernetes)) else {
        return;
    };
    out.report(|| {
        let (kind, version) = (life.kind, life.api_version);
        let gone = life.is_removed(cx.kubernetes);
        let (label, message) = match (life.deprecated, life.removed) {
            (_, Some(removed)) if gone => {
                (format!("removed in 1.{removed}"), format!("{kind} of {version} has not been served since Kubernetes 1.{removed}"))
            }
            (Some(deprecated), Some(removed)) => (
                format!("deprecated since 1.{deprecated}"),
                format!("{kind} of {version} is deprecated since Kubernetes 1.{deprecated} and goes with 1.{removed}"),
            ),
            (deprecated, _) => {
                let since = deprecated.unwrap_or_default();
                (format!("deprecated since 1.{since}"), format!("{kind} of {version} is deprecated since Kubernetes 1.{since}"))
            }
        };
        let replacement = life.replacement(cx.kubernetes);
        let advice = match (replacement, life.replacements.last()) {
            (Some((to, other)), _) if other == kind => format!("write apiVersion: {to}"),
            (Some((to, other)), _) => format!("use {other} of {to}"),
            (None, Some((to, other, since))) if u64::from(*since) > cx.kubernetes => {
                format!("{other} of {to} takes its place from Kubernetes 1.{since} on: change it with that upgrade")
            }
            (None, _) => "nothing takes its place: remove the object, or use what its documentation names".to_owned(),
        };
        let path = FieldPath::root().key("apiVersion");
        let hit = Hit::new(path, label, message, advice);
        let hit = if gone { hit.severity(Severity::High) } else { hit };
        match replacement {
            // An item of a list may inherit its apiVersion: then there is nothing to change here.
            // What is known of fields is known of the best.
            Some((to, other))
                if other == kind
                    && object.node.get("apiVersion").is_some()
                    && life.replacements.first().is_some_and(|(best, ..)| *best == to) => match safety(object) {
                Some((safety, note)) => hit.sets(safety, note, to),
                None => hit,
            },
            _ => hit,
        }
    });
}

/// How sure it is that an object can go to the replacement as it is; `None` where fields have to be changed.
fn safety(object: &Object<'_>) -> Option<(Safety, &'static str)> {
    let (version, kind) = (object.api_version, object.kind);
    if SAME.iter().any(|(from, kinds)| *from == version && kinds.contains(&kind)) {
        return Some((Safety::Safe, "both versions have the same fields with the same meaning"));
    }
    // An empty selector is for no pods in policy/v1beta1 and for all pods in policy/v1.
    let selector = || object.node.get("spec").and_then(|spec| spec.get("selector"));
    let selects = || selector().is_some_and(|selector| !crate::selector::is_empty(selector));
    if (version, kind) == ("policy/v1beta1", "PodDisruptionBudget") && selects() {
        return Some((Safety::Safe, "both versions have the same fields, and the selector is not empty"));
    }
    None
}

#[cfg(test)]
mod tests {
    use seawall_finding::{Safety, Severity, Step};

    use crate::testing::{Case, found};

    const ID: &str = "api-deprecated";

    fn at(kubernetes: u64, api_version: &str, kind: &str) -> Vec<crate::Found> {
        let mut case = Case::of(ID);
        case.kubernetes = kubernetes;
        case.findings(&format!("apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: a}}\n"))
    }

    #[test]
    fn depends_on_the_version_of_the_cluster() {
        let seen = |kubernetes| {
            let found = at(kubernetes, "batch/v1beta1", "CronJob");
            found.first().map(|found| (found.finding.severity, found.finding.message.clone()))
        };
        assert_eq!(seen(20), None);
        let text = "CronJob of batch/v1beta1 is deprecated since Kubernetes 1.21 and goes with 1.25";
        assert_eq!(seen(21), Some((Severity::Medium, text.to_owned())));
        assert_eq!(seen(24), Some((Severity::Medium, text.to_owned())));
        let text = "CronJob of batch/v1beta1 has not been served since Kubernetes 1.25";
        assert_eq!(seen(25), Some((Severity::High, text.to_owned())));
    }

    #[test]
    fn names_what_takes_its_place() {
        let advice = |kubernetes, version, kind| at(kubernetes, version, kind)[0].finding.advice.clone();
        assert_eq!(advice(37, "extensions/v1beta1", "Ingress"), "write apiVersion: networking.k8s.io/v1");
        assert_eq!(advice(37, "extensions/v1beta1", "Deployment"), "write apiVersion: apps/v1");
        let none = "nothing takes its place: remove the object, or use what its documentation names";
        assert_eq!(advice(37, "settings.k8s.io/v1alpha1", "PodPreset"), none);
        // The replacement has to be there already.
        let policy = |kubernetes| advice(kubernetes, "admissionregistration.k8s.io/v1alpha1", "ValidatingAdmissionPolicy");
        assert_eq!(policy(29), "write apiVersion: admissionregistration.k8s.io/v1beta1");
        assert_eq!(policy(37), "write apiVersion: admissionregistration.k8s.io/v1");
        assert_eq!(
            advice(34, "storagemigration.k8s.io/v1alpha1", "StorageVersionMigration"),
            "StorageVersionMigration of storagemigration.k8s.io/v1beta1 takes its place from Kubernetes 1.35 on: change it with that upgrade"
        );
    }

    #[test]
    fn what_is_current_or_not_built_in_is_fine() {
        for (version, kind) in [("apps/v1", "Deployment"), ("v1", "Pod"), ("example.com/v1beta1", "Ingress"), ("policy/v1beta1", "PodSecurityPolicy")] {
            assert!(at(37, version, kind).is_empty(), "{version} {kind}");
        }
    }

    fn fix(yaml: &str) -> Option<(Safety, Step)> {
        let found = Case::of(ID).findings(yaml);
        let fix = found[0].fix.clone()?;
        Some((fix.safety, fix.steps[0].step.clone()))
    }

    #[test]
    fn the_same_fields_can_be_fixed() {
        assert_eq!(fix("apiVersion: batch/v1beta1\nkind: CronJob\n"), Some((Safety::Safe, Step::Set("batch/v1".into()))));
        for version in ["extensions/v1beta1", "apps/v1beta1"] {
            assert_eq!(fix(&format!("apiVersion: {version}\nkind: Deployment\n")), None);
        }
        assert_eq!(fix("apiVersion: networking.k8s.io/v1beta1\nkind: Ingress\n"), None);
        let budget = |selector: &str| format!("apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nspec: {{selector: {selector}}}\n");
        assert_eq!(fix(&budget("{matchLabels: {a: b}}")), Some((Safety::Safe, Step::Set("policy/v1".into()))));
        assert_eq!(fix(&budget("{}")), None);
    }

    #[test]
    fn items_that_inherit_their_version_have_no_fix() {
        let list = "apiVersion: batch/v1beta1\nkind: CronJobList\nitems: [{metadata: {name: a}}]\n";
        assert_eq!(found(ID, list), ["- apiVersion: removed in 1.25"]);
        assert_eq!(fix(list), None);
    }

    #[test]
    fn what_can_be_fixed_is_in_the_table() {
        for (version, kinds) in super::SAME {
            for kind in *kinds {
                let life = crate::lifecycle::Lifecycle::of(version, kind).expect("a lifecycle");
                assert_eq!(life.replacements.first().map(|(_, kind, _)| kind), Some(kind), "{version}");
            }
        }
    }
}
