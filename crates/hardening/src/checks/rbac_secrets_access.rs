//! Roles that read Secrets.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;

use crate::check::{Check, Cx, Out, Run, Sight};
use crate::rbac::{Right, grants, right};

rule! {
    /// ## What it does
    /// Reports rules that allow to `get`, `list` or `watch` Secrets, by name or through `*`.
    ///
    /// ## Why it matters
    /// Whoever may list or watch Secrets reads their content, not only their names. Among them are tokens of service
    /// accounts, so that the rights of others come with them.
    ///
    /// ## How to fix
    /// Take Secrets out of the rule. A program that needs one gets it as a volume; one that has to read it through the
    /// API gets `get` for that Secret by `resourceNames`.
    ///
    /// ## Example
    /// ```yaml
    /// rules:
    /// - apiGroups: [""]
    ///   resources: [secrets]
    ///   resourceNames: [web-certificate]
    ///   verbs: [get]
    /// ```
    ///
    /// ## Applies to
    /// `Role` and `ClusterRole`. Not those that the API server makes itself (with the label
    /// `kubernetes.io/bootstrapping: rbac-defaults` and a name of theirs), and not the rules of an aggregated role in a
    /// file, which its controller replaces. A rule for Secrets that it names is what the fix asks for, and is not
    /// reported. A rule that allows every verb on every resource is reported by `rbac-wildcard` alone.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/security/rbac-good-practices/>
    /// - CIS Kubernetes Benchmark 5.1.2: minimize access to secrets
    /// - <https://github.com/kubernetes/kubernetes/blob/master/plugin/pkg/auth/authorizer/rbac/rbac.go>
    static RULE = {
        id: "rbac-secrets-access",
        aliases: &[],
        title: "may read secrets",
        severity: Severity::High,
        level: None,
        tags: &["security", "rbac", "secrets", "cis"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Object(run) };

/// What is reported.
const RIGHTS: &[Right] = &[right("", "secrets", &["get", "list", "watch"])];

const WHY: &str = "the tokens and passwords in them give the rights of others";
const ADVICE: &str = "take secrets out of the rule, or name the few that are needed in resourceNames with get alone";

fn run(object: &Object<'_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    for grant in grants(object, cx, RIGHTS).filter(|grant| !grant.is_narrowed()) {
        out.report(|| grant.hit(object, RULE.severity, WHY, ADVICE));
    }
}

#[cfg(test)]
mod tests {
    use crate::rbac::tests::{cluster_role, role};
    use crate::testing::{Case, found};

    const ID: &str = "rbac-secrets-access";

    #[test]
    fn every_way_to_read_secrets_is_one() {
        for verb in ["get", "list", "watch", "'*'"] {
            let hits = found(ID, &role(&format!("{{apiGroups: [''], resources: [pods, secrets], verbs: [create, {verb}]}}")));
            assert_eq!(hits.len(), 1, "{verb}");
            assert!(hits[0].starts_with("- rules[0].resources[1]: "), "{hits:?}");
        }
        assert_eq!(
            found(ID, &cluster_role("{apiGroups: ['*'], resources: ['*'], verbs: [get, list]}")),
            ["- rules[0].resources[0]: get and list"]
        );
    }

    #[test]
    fn named_secrets_and_other_rights_are_fine() {
        for rule in [
            "{apiGroups: [''], resources: [secrets], verbs: [get], resourceNames: [a]}",
            "{apiGroups: [''], resources: [secrets], verbs: [list, watch], resourceNames: [a]}",
            "{apiGroups: [''], resources: [secrets], verbs: [create, delete]}",
            "{apiGroups: [apps], resources: [secrets], verbs: [get]}",
            "{apiGroups: [''], resources: [secrets/status, 'secrets/*', Secret], verbs: [get]}",
            "{apiGroups: null, resources: secrets, verbs: 1}",
            "null",
        ] {
            assert_eq!(found(ID, &role(rule)), [""; 0], "{rule}");
        }
    }

    #[test]
    fn an_empty_name_narrows_nothing() {
        let rule = "{apiGroups: [''], resources: [secrets], verbs: [list], resourceNames: [a, '']}";
        assert_eq!(found(ID, &role(rule)).len(), 1);
    }

    #[test]
    fn says_who_may_do_what() {
        let rule = "{apiGroups: [''], resources: ['*'], verbs: [get]}";
        let finding = &Case::of(ID).findings(&role(rule))[0].finding;
        assert_eq!(
            finding.message,
            "Role \"r\" may get secrets through `*`: the tokens and passwords in them give the rights of others"
        );
        assert_eq!(finding.related[0].path.to_string(), "rules[0].verbs[0]");
    }

    #[test]
    fn built_in_and_aggregated_roles_are_left_out() {
        let rules = "rules: [{apiGroups: [''], resources: [secrets], verbs: [get]}]\n";
        let object = |name: &str, label: &str, more: &str| {
            format!("kind: ClusterRole\nmetadata: {{name: '{name}', labels: {{kubernetes.io/bootstrapping: {label}}}}}\n{more}{rules}")
        };
        assert_eq!(found(ID, &object("system:node", "rbac-defaults", "")), [""; 0]);
        assert_eq!(found(ID, &object("edit", "rbac-defaults", "")), [""; 0]);
        assert_eq!(found(ID, &object("my-edit", "rbac-defaults", "")).len(), 1);
        assert_eq!(found(ID, &object("system:mine", "none", "")).len(), 1);
        assert_eq!(found(ID, &object("a", "none", "aggregationRule: {clusterRoleSelectors: []}\n")), [""; 0]);
        assert_eq!(found(ID, &object("a", "none", "aggregationRule: null\n")).len(), 1);
    }
}
