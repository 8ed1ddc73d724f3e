//! PodSecurityPolicies.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;
use seawall_model::FieldPath;

use crate::check::{Check, Cx, Hit, Out, Run, Sight};

rule! {
    /// ## What it does
    /// Reports PodSecurityPolicies.
    ///
    /// ## Why it matters
    /// Kubernetes has not known them since 1.25: the API server refuses the object, and what it forbade is allowed.
    ///
    /// ## How to fix
    /// Label the namespaces with the level of the Pod Security Standards that comes closest, and use an admission
    /// policy for what the levels do not say.
    ///
    /// ## Example
    /// ```yaml
    /// kind: Namespace
    /// metadata:
    ///   labels:
    ///     pod-security.kubernetes.io/enforce: restricted
    /// ```
    ///
    /// ## Applies to
    /// PodSecurityPolicies of the groups `policy` and `extensions`. For clusters older than 1.25, where they still
    /// work, it is medium. `api-deprecated` leaves them to this check.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/security/pod-security-policy/>
    /// - <https://kubernetes.io/docs/tasks/configure-pod-container/migrate-from-psp/>
    static RULE = {
        id: "psp-present",
        aliases: &[],
        title: "is a PodSecurityPolicy",
        severity: Severity::High,
        level: None,
        tags: &["security", "correctness"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Object(run) };

/// The minor version that no longer has them.
const REMOVED: u64 = 25;

fn run(object: &Object<'_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    if object.kind != "PodSecurityPolicy" || !matches!(object.group(), "policy" | "extensions") {
        return;
    }
    out.report(|| {
        let gone = cx.kubernetes >= REMOVED;
        let (label, state, severity) = if gone {
            ("removed in 1.25", "has no effect: Kubernetes has not known its kind since 1.25", Severity::High)
        } else {
            ("removed in 1.25", "has no effect from Kubernetes 1.25 on", Severity::Medium)
        };
        let message = format!("PodSecurityPolicy \"{}\" {state}", object.name);
        let advice = "label namespaces with a level of the Pod Security Standards instead";
        Hit::new(FieldPath::root().key("kind"), label, message, advice).severity(severity)
    });
}

#[cfg(test)]
mod tests {
    use seawall_finding::Severity;

    use crate::testing::{Case, found};

    const ID: &str = "psp-present";
    const POLICY: &str = "apiVersion: policy/v1beta1\nkind: PodSecurityPolicy\nmetadata: {name: p}\n";

    #[test]
    fn policies_of_pods_are_gone() {
        assert_eq!(found(ID, POLICY), ["- kind: removed in 1.25"]);
        assert_eq!(found(ID, &POLICY.replace("policy/v1beta1", "extensions/v1beta1")).len(), 1);
        assert_eq!(found(ID, &POLICY.replace("policy/v1beta1", "example.com/v1")), [""; 0]);
    }

    #[test]
    fn older_clusters_have_them() {
        let severity = |kubernetes| {
            let mut case = Case::of(ID);
            case.kubernetes = kubernetes;
            case.findings(POLICY)[0].finding.severity
        };
        assert_eq!((severity(24), severity(25)), (Severity::Medium, Severity::High));
    }
}
