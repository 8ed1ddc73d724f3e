//! Pods that nobody makes again.

use seawall_finding::{Severity, rule};
use seawall_manifest::workload::Form;
use seawall_model::{FieldPath, WorkloadKind};

use crate::check::{Check, Cx, Hit, Out, PodAt, Run, Sight};
use crate::service_account::is_of_kubelet;

rule! {
    /// ## What it does
    /// Reports Pods without `ownerReferences`.
    ///
    /// ## Why it matters
    /// When its node fails or is drained, such a pod is gone: nothing makes it again, and nothing rolls out a new version of it.
    ///
    /// ## How to fix
    /// Put it into a Deployment, StatefulSet or DaemonSet, or into a Job if it ends by itself.
    ///
    /// ## Example
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web}
    /// spec:
    ///   selector: {matchLabels: {app: web}}
    ///   template:
    ///     metadata: {labels: {app: web}}
    ///     spec: {containers: [{name: app, image: registry.example.com/web:1.4}]}
    /// ```
    ///
    /// ## Applies to
    /// Objects of kind Pod, but static pods and their mirrors, which the kubelet starts, and hooks of Helm and Argo CD, which these
    /// run once.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/configuration/overview/#naked-pods-vs-replicasets-deployments-and-jobs>
    static RULE = {
        id: "naked-pod",
        aliases: &[],
        title: "is a Pod that nobody makes again",
        severity: Severity::Low,
        level: None,
        tags: &["reliability"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Pod(run) };

/// Annotations of hooks.
const HOOKS: [&str; 2] = ["helm.sh/hook", "argocd.argoproj.io/hook"];

fn run(at: &PodAt<'_, '_>, _: &Cx<'_>, out: &mut Out<'_>) {
    let template = at.template;
    if template.kind != WorkloadKind::Pod || template.custom || template.form != Form::Template {
        return;
    }
    let owned = at.pod.metadata.owner_references.is_some_and(|owners| owners.items().next().is_some());
    if owned || is_of_kubelet(at.pod) || HOOKS.iter().any(|hook| at.pod.has_annotation(hook)) {
        return;
    }
    out.report(|| {
        Hit::new(
            FieldPath::root().key("kind"),
            "a Pod by itself",
            "the Pod belongs to no workload: when its node fails, nothing makes it again",
            "put it into a Deployment, or into a Job if it ends by itself",
        )
    });
}

#[cfg(test)]
mod tests {
    use crate::testing::{found, in_every_kind};

    const ID: &str = "naked-pod";

    fn pod(metadata: &str) -> String {
        format!("kind: Pod\nmetadata: {{name: p, {metadata}}}\nspec: {{}}\n")
    }

    #[test]
    fn reports_pods_without_an_owner() {
        for metadata in ["", "ownerReferences: []", "ownerReferences: null", "annotations: {a: b}", "annotations: null"] {
            assert_eq!(found(ID, &pod(metadata)), ["- kind: a Pod by itself"], "{metadata}");
        }
        for metadata in [
            "ownerReferences: [{kind: ReplicaSet, name: r}]",
            "annotations: {kubernetes.io/config.source: file}",
            "annotations: {kubernetes.io/config.mirror: x}",
            "annotations: {helm.sh/hook: test}",
            "annotations: {argocd.argoproj.io/hook: PreSync}",
        ] {
            assert_eq!(found(ID, &pod(metadata)), [""; 0], "{metadata}");
        }
        let list = "apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: p}\n  spec: {}\n";
        assert_eq!(found(ID, list).len(), 1);
    }

    #[test]
    fn of_all_workloads_only_pods() {
        let counts: Vec<_> = in_every_kind(ID, "containers: [{name: a}]\n").iter().map(Vec::len).collect();
        assert_eq!(counts, [1, 0, 0, 0, 0, 0, 0, 0, 0]);
    }
}
