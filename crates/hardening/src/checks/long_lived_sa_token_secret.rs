//! Secrets with tokens that do not end.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;
use seawall_model::FieldPath;
use seawall_yaml::NodeRef;

use crate::check::{Check, Cx, Hit, Out, Run, Sight};

rule! {
    /// ## What it does
    /// Reports Secrets of type `kubernetes.io/service-account-token`.
    ///
    /// ## Why it matters
    /// The control plane puts a token of the service account into such a Secret that is valid until the Secret is deleted. It is
    /// bound to no pod, and everybody who may read Secrets of the namespace, or a backup of them, can act as the account.
    ///
    /// ## How to fix
    /// Pods are given tokens that end, by themselves or through a projected volume. For clients outside there is
    /// `kubectl create token`, or the cluster's own way to log in. Then delete the Secret.
    ///
    /// ## Example
    /// ```yaml
    /// volumes:
    /// - name: token
    ///   projected:
    ///     sources:
    ///     - serviceAccountToken: {path: token, audience: vault, expirationSeconds: 3600}
    /// ```
    ///
    /// ## Applies to
    /// Secrets.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/configuration/secret/#serviceaccount-token-secrets>
    /// - CIS Kubernetes Benchmark 5.1.13
    static RULE = {
        id: "long-lived-sa-token-secret",
        aliases: &[],
        title: "holds a token that does not end",
        severity: Severity::Medium,
        level: None,
        tags: &["security", "secrets", "rbac", "cis"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Object(run) };

fn run(object: &Object<'_>, _: &Cx<'_>, out: &mut Out<'_>) {
    if object.kind != "Secret" || object.api_version != "v1" {
        return;
    }
    if object.node.get("type").and_then(NodeRef::as_str) != Some("kubernetes.io/service-account-token") {
        return;
    }
    out.report(|| {
        let annotations = object.metadata.and_then(|metadata| metadata.get("annotations"));
        let account = annotations.and_then(|a| a.get("kubernetes.io/service-account.name")).and_then(NodeRef::as_str);
        let of = account.map_or_else(|| "a service account".to_owned(), |name| format!("service account \"{name}\""));
        Hit::new(
            FieldPath::root().key("type"),
            "does not end",
            format!("the Secret holds a token of {of} that is valid until the Secret is deleted"),
            "use tokens that end: a projected volume for pods, `kubectl create token` for others",
        )
    });
}

#[cfg(test)]
mod tests {
    use crate::testing::{Case, found};

    const ID: &str = "long-lived-sa-token-secret";

    #[test]
    fn reports_secrets_of_the_type() {
        let secret = "kind: Secret\nmetadata: {name: s, annotations: {kubernetes.io/service-account.name: ci}}\ntype: kubernetes.io/service-account-token\ndata: {token: c2VjcmV0LWNhbmFyeQ==}\n";
        assert_eq!(found(ID, secret), ["- type: does not end"]);
        let finding = Case::of(ID).findings(secret).remove(0).finding;
        assert_eq!(finding.message, "the Secret holds a token of service account \"ci\" that is valid until the Secret is deleted");
        let without = "kind: Secret\ntype: kubernetes.io/service-account-token\n";
        assert!(Case::of(ID).findings(without)[0].finding.message.contains(" a service account "));
        assert_eq!(found(ID, &format!("kind: List\nitems:\n- apiVersion: v1\n  {}", secret.replace('\n', "\n  "))).len(), 1);
    }

    #[test]
    fn passes_others() {
        for other in ["kind: Secret\n", "kind: Secret\ntype: Opaque\n", "kind: Secret\ntype: null\n", "kind: Secret\ntype: 7\n", "kind: ConfigMap\ntype: kubernetes.io/service-account-token\n", "apiVersion: example.com/v1\nkind: Secret\ntype: kubernetes.io/service-account-token\n"] {
            assert_eq!(found(ID, other), [""; 0], "{other}");
        }
    }
}
