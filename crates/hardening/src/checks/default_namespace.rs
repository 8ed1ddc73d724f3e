//! Objects in the namespace `default`.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;
use seawall_model::FieldPath;

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::workloads::said_of;

rule! {
    /// ## What it does
    /// Reports objects whose `metadata.namespace` is `default`.
    ///
    /// ## Why it matters
    /// What nobody has given a namespace ends up there, so that levels, quotas, network policies and rights cannot be
    /// set for one purpose.
    ///
    /// ## How to fix
    /// Make a namespace for what belongs together.
    ///
    /// ## Example
    /// ```yaml
    /// metadata:
    ///   name: web
    ///   namespace: shop
    /// ```
    ///
    /// ## Applies to
    /// Every object that names the namespace; a file that names none is applied to the namespace that the user works
    /// in. Not what Kubernetes itself keeps there: the Service and Endpoints `kubernetes`, the service account
    /// `default` and the ConfigMap `kube-root-ca.crt`.
    ///
    /// ## References
    /// - CIS Kubernetes Benchmark 5.7.4: the default namespace should not be used
    /// - NSA/CISA Kubernetes Hardening Guidance: namespaces
    static RULE = {
        id: "default-namespace",
        aliases: &[],
        title: "is in the namespace default",
        severity: Severity::Info,
        level: None,
        off: true,
        tags: &["correctness", "cis", "nsa"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Object(run) };

fn run(object: &Object<'_>, _: &Cx<'_>, out: &mut Out<'_>) {
    if object.namespace != "default" || is_of_the_system(object) {
        return;
    }
    out.report(|| {
        let message = format!("{} is in the namespace default", said_of(object));
        let advice = "make a namespace for what belongs together, and name it";
        Hit::new(FieldPath::root().keys("metadata.namespace"), "default", message, advice)
    });
}

/// Whether Kubernetes itself keeps it in every, or in this namespace.
fn is_of_the_system(object: &Object<'_>) -> bool {
    matches!(
        (object.kind, object.name),
        ("Service" | "Endpoints" | "EndpointSlice", "kubernetes")
            | ("ServiceAccount", "default")
            | ("ConfigMap", "kube-root-ca.crt")
    )
}

#[cfg(test)]
mod tests {
    use crate::testing::found;

    const ID: &str = "default-namespace";

    #[test]
    fn only_where_it_is_written() {
        let object = |metadata: &str| found(ID, &format!("kind: Secret\nmetadata: {metadata}\n"));
        assert_eq!(object("{name: a, namespace: default}"), ["- metadata.namespace: default"]);
        for fine in ["{name: a}", "{namespace: shop}", "{namespace: null}", "{namespace: [default]}", "null"] {
            assert_eq!(object(fine), [""; 0], "{fine}");
        }
        let deployment = "kind: Deployment\nmetadata: {namespace: default}\nspec: {template: {metadata: {namespace: x}}}\n";
        assert_eq!(found(ID, deployment), ["- metadata.namespace: default"]);
    }

    #[test]
    fn what_kubernetes_keeps_there_is_fine() {
        for (kind, name) in [("Service", "kubernetes"), ("ServiceAccount", "default"), ("ConfigMap", "kube-root-ca.crt")] {
            assert_eq!(found(ID, &format!("kind: {kind}\nmetadata: {{name: {name}, namespace: default}}\n")), [""; 0]);
        }
        assert_eq!(found(ID, "kind: Service\nmetadata: {name: web, namespace: default}\n").len(), 1);
    }
}
