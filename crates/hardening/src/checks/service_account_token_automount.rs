//! Pods that are given a token for the API server without having asked.

use seawall_finding::{Safety, Severity, rule};
use seawall_model::FieldPath;

use crate::check::{Check, Cx, Hit, Out, PodAt, Run, Sight};
use crate::service_account;

rule! {
    /// ## What it does
    /// Reports pods without `automountServiceAccountToken: false`, unless a ServiceAccount of the input says so for them, or a binding
    /// of the input grants something to their account. A pod that declares a projected volume with a `serviceAccountToken` has
    /// asked for a token and is passed over.
    ///
    /// ## Why it matters
    /// Every container of the pod finds a token for the API server in its file system, most without any use for it. Whoever
    /// reads that file acts as the pod's service account, with all that is granted to it now or later.
    ///
    /// ## How to fix
    /// Set `automountServiceAccountToken: false`. A pod that talks to the API server or proves to others who it is can declare a projected
    /// token with an audience and a lifetime of its own.
    ///
    /// ## Example
    /// ```yaml
    /// spec:
    ///   automountServiceAccountToken: false
    ///   containers:
    ///   - name: app
    /// ```
    ///
    /// ## Applies to
    /// All pods but static ones, which get no token. Volumes named `kube-api-access-...` are those that the API server adds to pods and do not count as
    /// declared.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#opt-out-of-api-credential-automounting>
    /// - CIS Kubernetes Benchmark 5.1.6
    /// - NSA/CISA Kubernetes Hardening Guidance: protecting pod service account tokens
    static RULE = {
        id: "service-account-token-automount",
        aliases: &[],
        title: "is given a token for the API server without having asked",
        severity: Severity::Medium,
        level: None,
        tags: &["security", "cis", "nsa"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Also(&[]), run: Run::Pod(run) };

fn run(at: &PodAt<'_, '_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    let account = cx.near(at.object).map(|near| near.service_account(service_account::name(&at.pod.spec)));
    let account = account.unwrap_or_default();
    // What is granted something has a use for its token.
    if account.granted
        || !service_account::mounts_token(at.pod, account.automount)
        || service_account::declares_token(at.pod)
    {
        return;
    }
    out.report(|| {
        let spec = &at.pod.spec;
        let name = service_account::name(spec);
        let label = if spec.automount_service_account_token.is_some() {
            "must be false"
        } else {
            "no automountServiceAccountToken"
        };
        let hit = Hit::new(
            FieldPath::root().keys("spec.automountServiceAccountToken"),
            label,
            format!("every container of the pod is given a token of service account \"{name}\""),
            "set automountServiceAccountToken: false, unless the pod talks to the API server",
        );
        // An account of its own, or an explicit true, may well be there for the API server.
        if name == "default" && spec.automount_service_account_token.is_none() {
            hit.sets(Safety::Likely, "breaks what talks to the API server: it finds no token, or is refused", false)
        } else {
            hit
        }
    });
}

#[cfg(test)]
mod tests {
    use crate::testing::{Case, fixed, found, in_every_kind};

    const ID: &str = "service-account-token-automount";

    fn pod(spec: &str) -> String {
        format!("kind: Pod\nspec: {{{spec}}}\n")
    }

    #[test]
    fn only_false_will_do() {
        let at = "- spec.automountServiceAccountToken";
        assert_eq!(found(ID, &pod("automountServiceAccountToken: false")), [""; 0]);
        assert_eq!(found(ID, &pod("automountServiceAccountToken: true")), [format!("{at}: must be false")]);
        for spec in ["", "automountServiceAccountToken: null", "automountServiceAccountToken: 'false'"] {
            assert_eq!(found(ID, &pod(spec)), [format!("{at}: no automountServiceAccountToken")], "{spec}");
        }
    }

    #[test]
    fn a_declared_token_is_asked_for() {
        let volume = |name, source| pod(&format!("volumes: [{{name: {name}, projected: {{sources: [{{configMap: {{name: x}}}}, {source}]}}}}]"));
        assert_eq!(found(ID, &volume("token", "{serviceAccountToken: {path: token}}")), [""; 0]);
        assert_eq!(found(ID, &volume("token", "{serviceAccountToken: null}")).len(), 1);
        assert_eq!(found(ID, &volume("token", "null")).len(), 1);
        assert_eq!(found(ID, &volume("kube-api-access-x7b2k", "{serviceAccountToken: {path: token}}")).len(), 1);
    }

    #[test]
    fn the_account_is_asked_where_the_input_shows_it() {
        let pod = "kind: Pod\nmetadata: {name: p, namespace: a}\nspec: {serviceAccountName: s}\n";
        let account = |more: &str| format!("{pod}---\nkind: ServiceAccount\nmetadata: {{name: s, namespace: a}}\n{more}");
        assert_eq!(found(ID, &account("")).len(), 1);
        assert_eq!(found(ID, &account("automountServiceAccountToken: false\n")), [""; 0]);
        let binding = "---\nkind: RoleBinding\nmetadata: {name: b, namespace: a}\nroleRef: {kind: Role, name: r}\nsubjects: [{kind: ServiceAccount, name: s}]\n";
        assert_eq!(found(ID, &account(binding)), [""; 0]);
    }

    #[test]
    fn static_pods_get_none() {
        for name in ["mirror", "source", "hash", "seen"] {
            let of_kubelet = format!("kind: Pod\nmetadata:\n  annotations: {{kubernetes.io/config.{name}: x}}\nspec: {{}}\n");
            assert_eq!(found(ID, &of_kubelet), [""; 0], "{name}");
        }
    }

    #[test]
    fn only_a_pod_that_names_no_account_has_a_likely_fix() {
        let fix = |spec| Case::of(ID).findings(&pod(spec))[0].fix.is_some();
        assert!(fix("") && fix("serviceAccountName: default"));
        assert!(!fix("serviceAccountName: a") && !fix("serviceAccount: a") && !fix("automountServiceAccountToken: true"));
    }

    #[test]
    fn looks_into_every_kind_of_workload() {
        let kinds = in_every_kind(ID, "containers: [{name: a}]\n");
        assert!(kinds.len() == 9 && kinds.iter().all(|found| found.len() == 1), "{kinds:?}");
    }

    #[test]
    fn the_fix_is_false() {
        let cron_job = "kind: CronJob\nspec:\n  jobTemplate:\n    spec:\n      template:\n        spec:\n          containers: []\n";
        assert!(fixed(ID, cron_job).contains("\n          automountServiceAccountToken: false\n"));
    }
}
