//! Containers about whose security nobody has said anything.

use seawall_finding::{Severity, rule};
use seawall_manifest::workload::Form;
use seawall_yaml::NodeRef;

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::view::ContainerAt;

rule! {
    /// ## What it does
    /// Reports containers without a `securityContext` in a pod without one. One in which nothing is set counts as none: the API
    /// server gives an empty one to every pod.
    ///
    /// ## Why it matters
    /// Then all is as the container runtime has it by default: whatever user the image names, about a dozen capabilities, a root
    /// file system that can be written.
    ///
    /// ## How to fix
    /// Start with the four basics: `seawall explain restricted`.
    ///
    /// ## Example
    /// ```yaml
    /// spec:
    ///   securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
    ///   containers:
    ///   - name: app
    ///     securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
    /// ```
    ///
    /// ## Applies to
    /// All containers. Off by default: the checks of the single fields report the same and more.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/tasks/configure-pod-container/security-context/>
    /// - CIS Kubernetes Benchmark 5.7.3
    static RULE = {
        id: "security-context-missing",
        aliases: &[],
        title: "has no securityContext, nor has its pod",
        severity: Severity::Low,
        off: true,
        tags: &["security", "cis"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Container(run) };

fn run(at: &ContainerAt<'_, '_>, _: &Cx<'_>, out: &mut Out<'_>) {
    // Any field counts, also those that no view reads.
    let sets = |holder: Option<NodeRef<'_>>| {
        let context = holder.and_then(|holder| holder.get("securityContext"));
        context.is_some_and(|context| context.entries().any(|(_, value)| !value.is_null()))
    };
    let template = at.template();
    let spec = template.node.and_then(|node| if template.form == Form::Template { node.get("spec") } else { Some(node) });
    if sets(spec) || sets(at.container.node) {
        return;
    }
    out.report(|| {
        Hit::new(
            at.path().key("securityContext"),
            "no securityContext",
            format!("neither {} nor its pod has a securityContext in which something is set", at.said()),
            "write a securityContext; `seawall explain restricted` shows one to begin with",
        )
    });
}

#[cfg(test)]
mod tests {
    use crate::testing::{found, in_every_class, in_every_kind};

    const ID: &str = "security-context-missing";

    #[test]
    fn something_must_be_set() {
        assert_eq!(in_every_class(ID, "image: a"), [true; 3]);
        assert_eq!(in_every_class(ID, "securityContext: {}"), [true; 3]);
        assert_eq!(in_every_class(ID, "securityContext: {privileged: null}"), [true; 3]);
        assert_eq!(in_every_class(ID, "securityContext: true"), [true; 3]);
        assert_eq!(in_every_class(ID, "securityContext: {seLinuxOptions: {type: x}}"), [false; 3]);
        assert_eq!(in_every_class(ID, "securityContext: {<<: {runAsUser: 1}}"), [false; 3]);
    }

    #[test]
    fn the_pods_will_do() {
        let pod = |context| format!("kind: Pod\nspec:\n  securityContext: {context}\n  containers: [{{name: a}}]\n");
        assert_eq!(found(ID, &pod("{fsGroup: 1}")), [""; 0]);
        assert_eq!(found(ID, &pod("{}")), ["a spec.containers[name=a].securityContext: no securityContext"]);
    }

    #[test]
    fn looks_into_every_kind_of_workload() {
        let kinds = in_every_kind(ID, "containers: [{name: a}, {name: b, securityContext: {privileged: false}}]\n");
        assert!(kinds.len() == 9 && kinds.iter().all(|found| found.len() == 1), "{kinds:?}");
    }

    #[test]
    fn looks_into_bare_specifications() {
        let service = "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: s}\nspec:\n  template:\n    spec:\n      securityContext: {runAsUser: 1}\n      containers: [{name: a}]\n";
        assert_eq!(found(ID, service), [""; 0]);
        assert_eq!(found(ID, &service.replace("runAsUser: 1", "")).len(), 1);
    }
}
