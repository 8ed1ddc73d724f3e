//! Roles that approve certificates.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;

use crate::check::{Check, Cx, Out, Run, Sight};
use crate::rbac::{Grant, Right, grave_grants, is_cluster_role, right, texts};

rule! {
    /// ## What it does
    /// Reports cluster roles that allow both to `update` or `patch` `certificatesigningrequests/approval` and to
    /// `approve` for a signer that makes client certificates or is not known here: neither is enough alone.
    ///
    /// ## Why it matters
    /// The signer `kubernetes.io/kube-apiserver-client` makes a certificate for any user and any group that the request
    /// names. It cannot be revoked.
    ///
    /// ## How to fix
    /// Take one of the two out, or name in `resourceNames` the one signer that is meant.
    ///
    /// ## Example
    /// ```yaml
    /// rules:
    /// - apiGroups: [certificates.k8s.io]
    ///   resources: [certificatesigningrequests/approval]
    ///   verbs: [update]
    /// - apiGroups: [certificates.k8s.io]
    ///   resources: [signers]
    ///   resourceNames: [kubernetes.io/kubelet-serving]
    ///   verbs: [approve]
    /// ```
    ///
    /// ## Applies to
    /// `ClusterRole`: a `Role` cannot give rights on what belongs to no namespace. Not those that the API server makes
    /// itself (with the label `kubernetes.io/bootstrapping: rbac-defaults` and a name of theirs), and not the rules of
    /// an aggregated role in a file, which its controller replaces. Where the rule on signers names
    /// `kubernetes.io/kube-apiserver-client-kubelet` (identities of nodes) or others than those of Kubernetes, it is
    /// high, and where it names `kubernetes.io/kubelet-serving` alone it is not reported. Rights that are spread over
    /// two roles are not seen here. A rule that allows every verb on every resource of every group is reported by
    /// `rbac-wildcard` alone.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/security/rbac-good-practices/>
    /// - CIS Kubernetes Benchmark 5.1.11: minimize access to the approval sub-resource of certificatesigningrequests
    ///   objects
    /// - <https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/>
    static RULE = {
        id: "rbac-csr-approval",
        aliases: &[],
        title: "may approve certificates",
        severity: Severity::Critical,
        level: None,
        tags: &["security", "rbac", "cis"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Object(run) };

const GROUP: &str = "certificates.k8s.io";
const APPROVAL: &[Right] = &[right(GROUP, "certificatesigningrequests/approval", &["update", "patch"])];
const SIGNERS: &[Right] = &[right(GROUP, "signers", &["approve"])];

const WHY: &str = "with the right to approve for the signer that makes certificates for any user";
const ADVICE: &str = "take approve on signers out, or name the one signer that is meant in resourceNames";

/// How grave it is to approve for the signers of a rule: names, or `domain/*`
/// (k8s.io/kubernetes `plugin/pkg/admission/certificates/util.go`).
fn severity(signers: &Grant<'_>) -> Option<Severity> {
    if !signers.is_narrowed() {
        return Some(Severity::Critical);
    }
    let of_name = |name: &str| match name {
        "kubernetes.io/kube-apiserver-client" | "kubernetes.io/*" => Some(Severity::Critical),
        "kubernetes.io/kubelet-serving" => None,
        _ => Some(Severity::High),
    };
    texts(signers.rule.rule.resource_names).filter_map(|(_, name)| of_name(name)).max()
}

fn run(object: &Object<'_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    if is_cluster_role(object) != Some(true) {
        return;
    }
    let Some(approval) = grave_grants(object, cx, APPROVAL).next() else { return };
    let graded = grave_grants(object, cx, SIGNERS).filter_map(|signers| Some((severity(&signers)?, signers)));
    let Some((severity, signers)) = graded.max_by_key(|(severity, _)| *severity) else { return };
    out.report(|| {
        let hit = approval.hit(object, severity, WHY, ADVICE).severity(severity);
        if signers.path() == approval.path() { hit } else { hit.related(signers.path(), "and approve on these signers") }
    });
}

#[cfg(test)]
mod tests {
    use seawall_finding::Severity;

    use crate::testing::{Case, found};

    const ID: &str = "rbac-csr-approval";

    fn role(signers: &str) -> String {
        format!(
            "kind: ClusterRole\nmetadata: {{name: r}}\nrules:\n- {{apiGroups: [certificates.k8s.io], resources: [certificatesigningrequests/approval], verbs: [update]}}\n{signers}"
        )
    }

    const ALL: &str = "- {apiGroups: [certificates.k8s.io], resources: [signers], verbs: [approve]}\n";

    fn named(names: &str) -> Option<Severity> {
        let signers = ALL.replace("[approve]", &format!("[approve], resourceNames: [{names}]"));
        Case::of(ID).findings(&role(&signers)).first().map(|found| found.finding.severity)
    }

    #[test]
    fn both_rights_are_needed() {
        assert_eq!(found(ID, &role(ALL)), ["- rules[0].resources[0]: update"]);
        assert_eq!(found(ID, &role("")), [""; 0]);
        assert_eq!(found(ID, &role(&ALL.replace("approve", "sign"))), [""; 0]);
        assert_eq!(found(ID, &role(ALL).replace("[update]", "[get]")), [""; 0]);
        assert_eq!(found(ID, &role(ALL).replace("kind: ClusterRole", "kind: Role")), [""; 0]);
        let finding = &Case::of(ID).findings(&role(ALL))[0].finding;
        assert!(finding.related.iter().any(|place| place.path.to_string() == "rules[1].resources[0]"));
    }

    #[test]
    fn everything_of_the_group_is_enough() {
        let all = |group: &str| {
            format!("kind: ClusterRole\nmetadata: {{name: r}}\nrules: [{{apiGroups: ['{group}'], resources: ['*'], verbs: ['*']}}]\n")
        };
        let hits = Case::of(ID).findings(&all("certificates.k8s.io"));
        assert_eq!(hits.len(), 1);
        assert_eq!(hits[0].finding.severity, Severity::Critical);
        assert_eq!(found(ID, &all("*")), [""; 0], "that is critical as a wildcard");
        assert_eq!(found(ID, &all("apps")), [""; 0]);
    }

    #[test]
    fn it_depends_on_the_signer() {
        assert_eq!(named("kubernetes.io/kube-apiserver-client"), Some(Severity::Critical));
        assert_eq!(named("kubernetes.io/*"), Some(Severity::Critical));
        assert_eq!(named("kubernetes.io/kube-apiserver-client-kubelet"), Some(Severity::High));
        assert_eq!(named("example.com/mine, kubernetes.io/kubelet-serving"), Some(Severity::High));
        assert_eq!(named("kubernetes.io/kubelet-serving"), None);
    }
}
