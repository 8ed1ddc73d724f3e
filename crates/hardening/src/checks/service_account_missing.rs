//! Pods of ServiceAccounts that are not there.

use seawall_finding::{Severity, rule};

use crate::check::{Beside, Check, Cx, Hit, Out, PodAt, Run, Sight};
use crate::index::PODS;
use crate::workloads::path;

rule! {
    /// ## What it does
    /// Reports pods whose `serviceAccountName` names a ServiceAccount that the input does not hold in their
    /// namespace. `default` is always there.
    ///
    /// ## Why it matters
    /// The API server refuses the pods: the workload is there and none of its pods start.
    ///
    /// ## How to fix
    /// Add the ServiceAccount, or correct the name.
    ///
    /// ## Example
    /// ```yaml
    /// kind: ServiceAccount
    /// metadata: {name: web}
    /// automountServiceAccountToken: false
    /// ```
    ///
    /// ## Applies to
    /// All pods and pod templates. Evaluated where the input holds a ServiceAccount in the same namespace, or is
    /// declared complete. Where the input names several namespaces, whatever names none may go to any of them, as
    /// bases of Kustomize do: such pods are not looked at, and such a ServiceAccount counts for every namespace.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/security/service-accounts/>
    static RULE = {
        id: "service-account-missing",
        aliases: &[],
        title: "names a ServiceAccount that is not there",
        severity: Severity::Medium,
        level: None,
        tags: &["correctness"],
    };
}

static BESIDE: Beside = Beside::needs(&[PODS], &["ServiceAccount"]).placed();

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Beside(&BESIDE), run: Run::Pod(run) };

fn run(at: &PodAt<'_, '_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    let Some(near) = cx.near(at.object) else { return };
    let spec = &at.pod.spec;
    let fields = [
        ("spec.serviceAccountName", spec.service_account_name),
        // The older name counts where the other is not written.
        ("spec.serviceAccount", spec.service_account),
    ];
    let written = fields.into_iter().find_map(|(field, name)| Some((field, name.filter(|name| !name.is_empty())?)));
    let Some((field, name)) = written else { return };
    if name == "default" || near.may_have("", "ServiceAccount", name) {
        return;
    }
    out.report(|| {
        Hit::new(
            path(field),
            "not in the input",
            format!("the pods run as ServiceAccount `{name}`, which is not in the input: they cannot start without it"),
            "add the ServiceAccount to the namespace, or correct the name",
        )
    });
}

#[cfg(test)]
mod tests {
    use crate::testing::{Case, found, in_every_kind};

    const ID: &str = "service-account-missing";
    const ACCOUNT: &str = "---\nkind: ServiceAccount\nmetadata: {name: web}\n";

    fn of(spec: &str) -> Vec<String> {
        found(ID, &format!("kind: Pod\nspec: {{{spec}}}\n{ACCOUNT}"))
    }

    #[test]
    fn the_account_has_to_be_there() {
        assert_eq!(of("serviceAccountName: web"), [""; 0]);
        assert_eq!(of("serviceAccountName: db"), ["- spec.serviceAccountName: not in the input"]);
        assert_eq!(of("serviceAccount: db"), ["- spec.serviceAccount: not in the input"]);
        assert_eq!(of("serviceAccount: db, serviceAccountName: web"), [""; 0]);
        for fine in ["", "serviceAccountName: default", "serviceAccountName: ''", "serviceAccountName: null", "serviceAccountName: []"] {
            assert_eq!(of(fine), [""; 0], "{fine}");
        }
    }

    #[test]
    fn is_silent_where_no_account_is_shown() {
        assert!(in_every_kind(ID, "serviceAccountName: db\n").iter().all(Vec::is_empty));
        let elsewhere = ACCOUNT.replace("name: web", "name: web, namespace: a") + "---\nkind: Secret\nmetadata: {namespace: b}\n";
        assert_eq!(found(ID, &format!("kind: Pod\nspec: {{serviceAccountName: db}}\n{elsewhere}")), [""; 0]);
    }

    #[test]
    fn what_names_no_namespace_may_go_to_any_of_several() {
        let of = |pod: &str, account: &str, others: &str| {
            let account = format!("---\nkind: ServiceAccount\nmetadata: {{name: web{account}}}\n");
            let other = |of| format!("---\nkind: ServiceAccount\nmetadata: {{name: x, namespace: {of}}}\n");
            let others: String = others.chars().map(other).collect();
            let yaml = format!("kind: Pod\nmetadata: {{name: a{pod}}}\nspec: {{serviceAccountName: web}}\n{account}{others}");
            let complete = Case { complete: true, ..Case::of(ID) };
            (found(ID, &yaml).len(), complete.found(&yaml).len())
        };
        let (a, b) = (", namespace: a", ", namespace: b");
        assert_eq!(of(a, b, "ab"), (1, 1));
        assert_eq!(of(a, "", "ab"), (0, 0), "it may go there");
        assert_eq!(of("", a, "ab"), (0, 1));
        assert_eq!(of("", "", "ab"), (0, 0));
        assert_eq!(of(a, "", "a"), (0, 0), "there is one");
        assert_eq!(of("", a, "a"), (0, 0), "there is one");
    }

    #[test]
    fn looks_into_every_kind_of_workload() {
        let complete = Case { complete: true, ..Case::of(ID) };
        for kind in ["ReplicationController", "ReplicaSet", "Deployment", "StatefulSet", "DaemonSet", "Job"] {
            let yaml = format!("kind: {kind}\nspec: {{template: {{spec: {{serviceAccountName: db}}}}}}\n");
            assert_eq!(complete.found(&yaml), ["- spec.template.spec.serviceAccountName: not in the input"], "{kind}");
        }
    }
}
