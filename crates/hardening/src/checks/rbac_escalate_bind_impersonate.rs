//! Roles whose holders can give themselves more.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;

use crate::check::{Check, Cx, Out, Run, Sight};
use crate::rbac::{Grant, Right, grants, is_cluster_role, right, texts};

rule! {
    /// ## What it does
    /// Reports rules that allow to `escalate` or `bind` Roles or ClusterRoles, or to `impersonate` users, groups or
    /// service accounts.
    ///
    /// ## Why it matters
    /// Kubernetes refuses to give away rights that one does not hold. These verbs lift that: `escalate` writes any
    /// right into a role, `bind` hands out any role, `impersonate` acts as anybody; a member of `system:masters` needs
    /// no rights at all.
    ///
    /// ## How to fix
    /// Take the verbs out. An operator that has to hand out roles gets `bind` for these roles by `resourceNames`;
    /// somebody who tests rights gets `impersonate` for one user.
    ///
    /// ## Example
    /// ```yaml
    /// rules:
    /// - apiGroups: [rbac.authorization.k8s.io]
    ///   resources: [clusterroles]
    ///   resourceNames: [view]
    ///   verbs: [bind]
    /// ```
    ///
    /// ## Applies to
    /// `Role` and `ClusterRole`; users and groups belong to no namespace, so only cluster roles give rights on them.
    /// Not those that the API server makes itself (with the label `kubernetes.io/bootstrapping: rbac-defaults` and a
    /// name of theirs), and not the rules of an aggregated role in a file, which its controller replaces. A rule that
    /// names its objects (`resourceNames`) is one step less grave, unless it names `cluster-admin`, `admin` or
    /// `system:masters`. A rule that allows every verb on every resource is reported by `rbac-wildcard` alone.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/security/rbac-good-practices/>
    /// - CIS Kubernetes Benchmark 5.1.8: limit use of the bind, impersonate and escalate permissions
    /// - <https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping>
    static RULE = {
        id: "rbac-escalate-bind-impersonate",
        aliases: &[],
        title: "may gain the rights of others",
        severity: Severity::Critical,
        level: None,
        tags: &["security", "rbac", "cis"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Object(run) };

const RBAC: &str = "rbac.authorization.k8s.io";

/// What is reported, and why it is grave.
const RIGHTS: &[(&[Right], &str)] = &[
    (
        &[right(RBAC, "clusterroles", &["escalate"]), right(RBAC, "roles", &["escalate"])],
        "that writes any right into a role",
    ),
    (
        &[right(RBAC, "clusterroles", &["bind"]), right(RBAC, "roles", &["bind"])],
        "that hands out any of these roles, to oneself too",
    ),
    (
        &[
            right("", "users", &["impersonate"]),
            right("", "groups", &["impersonate"]),
            right("", "serviceaccounts", &["impersonate"]),
        ],
        "that is acting with the rights of any of them",
    ),
];

const ADVICE: &str = "take the verb out of the rule, or name the few objects that are meant in resourceNames";

/// Names that give everything away.
const GREAT: [&str; 3] = ["cluster-admin", "admin", "system:masters"];

fn run(object: &Object<'_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    let in_cluster = is_cluster_role(object) == Some(true);
    // Users and groups are of no namespace: in a role the right is on service accounts alone.
    let named_great =
        |grant: &Grant<'_>| texts(grant.rule.rule.resource_names).any(|(_, name)| GREAT.contains(&name));
    for (rights, why) in RIGHTS {
        let last = rights.len() - 1;
        let rights = if rights[last].group.is_empty() && !in_cluster { &rights[last..] } else { rights };
        for grant in grants(object, cx, rights) {
            out.report(|| {
                let hit = grant.hit(object, RULE.severity, why, ADVICE);
                if named_great(&grant) { hit.severity(RULE.severity) } else { hit }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use seawall_finding::Severity;

    use crate::rbac::tests::{cluster_role, role};
    use crate::testing::{Case, found};

    const ID: &str = "rbac-escalate-bind-impersonate";

    fn rule(group: &str, resource: &str, verb: &str, names: &str) -> String {
        format!("{{apiGroups: ['{group}'], resources: ['{resource}'], verbs: ['{verb}']{names}}}")
    }

    const RBAC: &str = "rbac.authorization.k8s.io";

    #[test]
    fn verbs_that_give_more_rights() {
        for (group, resource, verb) in [
            (RBAC, "clusterroles", "escalate"), (RBAC, "roles", "escalate"), (RBAC, "roles", "bind"),
            ("", "users", "impersonate"), ("", "groups", "impersonate"), ("", "serviceaccounts", "impersonate"),
            ("*", "*", "impersonate"),
        ] {
            let hits = found(ID, &cluster_role(&rule(group, resource, verb, "")));
            assert_eq!(hits, [format!("- rules[0].resources[0]: {verb}")], "{resource}");
        }
        assert_eq!(found(ID, &cluster_role(&rule(RBAC, "clusterroles", "*", ""))).len(), 2);
        for (group, resource, verb) in [
            (RBAC, "rolebindings", "bind"), (RBAC, "roles", "create"), (RBAC, "users", "impersonate"), ("", "roles", "bind"),
        ] {
            assert_eq!(found(ID, &cluster_role(&rule(group, resource, verb, ""))), [""; 0], "{resource} {verb}");
        }
    }

    #[test]
    fn a_role_impersonates_service_accounts_only() {
        assert_eq!(found(ID, &role(&rule("", "users", "impersonate", ""))), [""; 0]);
        assert_eq!(found(ID, &role(&rule("", "serviceaccounts", "impersonate", ""))).len(), 1);
    }

    #[test]
    fn names_count_by_what_they_name() {
        let severity = |group, resource, verb, names: &str| {
            let yaml = cluster_role(&rule(group, resource, verb, &format!(", resourceNames: [{names}]")));
            Case::of(ID).findings(&yaml)[0].finding.severity
        };
        assert_eq!(severity(RBAC, "clusterroles", "bind", "view"), Severity::High);
        assert_eq!(severity(RBAC, "clusterroles", "bind", "view, cluster-admin"), Severity::Critical);
        assert_eq!(severity("", "groups", "impersonate", "'system:masters'"), Severity::Critical);
    }
}
