//! Pods that act as the service account of everybody.

use seawall_finding::{Severity, rule};
use seawall_model::FieldPath;

use crate::check::{Check, Cx, Hit, Out, PodAt, Run, Sight};
use crate::service_account;

rule! {
    /// ## What it does
    /// Reports pods whose `serviceAccountName` is empty or `default`.
    ///
    /// ## Why it matters
    /// All pods of a namespace that name no account share this one: what is granted to it for one of them is granted to all, and
    /// the audit log cannot tell them apart.
    ///
    /// ## How to fix
    /// Make a ServiceAccount for the workload and name it; or, where the pod does not talk to the API server, set
    /// `automountServiceAccountToken: false`.
    ///
    /// ## Example
    /// ```yaml
    /// spec:
    ///   serviceAccountName: web
    ///   containers:
    ///   - name: app
    /// ```
    ///
    /// ## Applies to
    /// All pods but static ones, which have no account, and those with `automountServiceAccountToken: false` and no projected token, which
    /// cannot act as theirs.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/security/service-accounts/>
    /// - CIS Kubernetes Benchmark 5.1.5
    static RULE = {
        id: "default-service-account",
        aliases: &[],
        title: "acts as the default service account",
        severity: Severity::Low,
        level: None,
        tags: &["security", "rbac", "cis"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Pod(run) };

fn run(at: &PodAt<'_, '_>, _: &Cx<'_>, out: &mut Out<'_>) {
    let spec = &at.pod.spec;
    let has_token = service_account::mounts_token(at.pod, None) || service_account::declares_token(at.pod);
    if service_account::name(spec) != "default" || !has_token {
        return;
    }
    out.report(|| {
        let by_name = spec.service_account_name.is_some_and(|name| !name.is_empty());
        let by_old = !by_name && spec.service_account.is_some_and(|name| !name.is_empty());
        let field = if by_old { "serviceAccount" } else { "serviceAccountName" };
        Hit::new(
            FieldPath::root().key("spec").key(field),
            if by_name || by_old { "the account of everybody" } else { "no serviceAccountName" },
            "the pod acts as the service account \"default\", as do all pods of its namespace that name none",
            "name a ServiceAccount of the workload's own in serviceAccountName",
        )
    });
}

#[cfg(test)]
mod tests {
    use crate::testing::{found, in_every_kind};

    const ID: &str = "default-service-account";

    fn pod(spec: &str) -> String {
        format!("kind: Pod\nspec: {{{spec}}}\n")
    }

    #[test]
    fn an_account_must_be_named() {
        for (spec, at) in [
            ("", "serviceAccountName: no serviceAccountName"),
            ("serviceAccountName: ''", "serviceAccountName: no serviceAccountName"),
            ("serviceAccountName: null", "serviceAccountName: no serviceAccountName"),
            ("serviceAccountName: 7", "serviceAccountName: no serviceAccountName"),
            ("serviceAccountName: default", "serviceAccountName: the account of everybody"),
            ("serviceAccountName: default, serviceAccount: a", "serviceAccountName: the account of everybody"),
            ("serviceAccount: default", "serviceAccount: the account of everybody"),
        ] {
            assert_eq!(found(ID, &pod(spec)), [format!("- spec.{at}")], "{spec}");
        }
        for spec in ["serviceAccountName: a", "serviceAccountName: a, serviceAccount: default", "serviceAccount: a", "serviceAccountName: '', serviceAccount: a"] {
            assert_eq!(found(ID, &pod(spec)), [""; 0], "{spec}");
        }
    }

    #[test]
    fn who_has_no_token_acts_as_nobody() {
        assert_eq!(found(ID, &pod("automountServiceAccountToken: false")), [""; 0]);
        let declared = "automountServiceAccountToken: false, volumes: [{name: t, projected: {sources: [{serviceAccountToken: {path: t}}]}}]";
        assert_eq!(found(ID, &pod(declared)).len(), 1);
        let mirror = "kind: Pod\nmetadata: {annotations: {kubernetes.io/config.mirror: x}}\nspec: {}\n";
        assert_eq!(found(ID, mirror), [""; 0]);
    }

    #[test]
    fn looks_into_every_kind_of_workload() {
        let kinds = in_every_kind(ID, "containers: [{name: a}]\n");
        assert!(kinds.len() == 9 && kinds.iter().all(|found| found.len() == 1), "{kinds:?}");
    }
}
