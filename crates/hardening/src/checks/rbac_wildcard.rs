//! Roles with wildcards.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;
use seawall_model::FieldPath;

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::rbac::{RuleAt, is_cluster_role, listed, rules, texts};
use crate::workloads::said_of;

rule! {
    /// ## What it does
    /// Reports rules with `*` among their verbs, resources, groups or non-resource URLs, and with `*/subresource` among
    /// their resources. Once for each rule.
    ///
    /// ## Why it matters
    /// A wildcard gives what nobody has thought of: Secrets, `escalate`, `impersonate`, and every kind that is
    /// installed later.
    ///
    /// ## How to fix
    /// Write down what the program asks for; audit logs show it.
    ///
    /// ## Example
    /// ```yaml
    /// rules:
    /// - apiGroups: [apps]
    ///   resources: [deployments]
    ///   verbs: [get, list, watch]
    /// ```
    ///
    /// ## Applies to
    /// `Role` and `ClusterRole`. A cluster role that allows every verb on every resource of all groups, of the core
    /// group or of the group of roles is critical: it is, or makes itself, `cluster-admin`. A wildcard for a
    /// subresource alone is medium, and so is any in a rule that names its objects. `pods/*` is no wildcard: it gives
    /// nothing. Not those that the API server makes itself (with the label `kubernetes.io/bootstrapping: rbac-defaults`
    /// and a name of theirs), and not the rules of an aggregated role in a file, which its controller replaces.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/security/rbac-good-practices/>
    /// - CIS Kubernetes Benchmark 5.1.3: minimize wildcard use in Roles and ClusterRoles
    /// - NSA/CISA Kubernetes Hardening Guidance: authentication and authorization
    static RULE = {
        id: "rbac-wildcard",
        aliases: &[],
        title: "has a wildcard in a rule",
        severity: Severity::High,
        level: None,
        tags: &["security", "rbac", "cis", "nsa"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Object(run) };

const ADVICE: &str = "write down the verbs and resources that are needed";

fn run(object: &Object<'_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    let in_cluster = is_cluster_role(object) == Some(true);
    for rule in rules(object, cx) {
        let Some(first) = wildcards(&rule).next() else { continue };
        out.report(|| {
            let fields: Vec<&str> = wildcards(&rule).map(|(field, ..)| field).collect();
            let what = if rule.is_everything() {
                format!("allows every verb on every resource{}", groups(&rule))
            } else {
                format!("has a wildcard for {}", listed(&fields))
            };
            let message = format!("{}: rule {} {what}", said_of(object), rule.index + 1);
            let path = |(field, index, _)| -> FieldPath { rule.path().key(field).index(index) };
            let mut hit = Hit::new(path(first), "a wildcard", message, ADVICE).severity(severity(&rule, in_cluster));
            for other in wildcards(&rule).skip(1) {
                hit = hit.related(path(other), "a wildcard");
            }
            hit
        });
    }
}

/// Of which groups a rule speaks, where these are not all.
fn groups(rule: &RuleAt<'_>) -> String {
    let groups: Vec<&str> = texts(rule.rule.api_groups).map(|(_, group)| group).collect();
    let quoted: Vec<String> = groups.iter().filter(|group| !group.is_empty()).map(|group| format!("\"{group}\"")).collect();
    let mut named: Vec<&str> = quoted.iter().map(String::as_str).collect();
    if groups.contains(&"") {
        named.insert(0, "the core group");
    }
    match &*named {
        _ if groups.contains(&"*") => String::new(),
        [] => " of no group".to_owned(),
        [one] if groups.contains(&"") => format!(" of {one}"),
        [one] => format!(" of group {one}"),
        _ => format!(" of {}", listed(&named)),
    }
}

/// The first wildcard of each list: field, position and text.
fn wildcards<'d>(rule: &RuleAt<'d>) -> impl Iterator<Item = (&'static str, usize, &'d str)> {
    let lists = [
        ("verbs", rule.rule.verbs),
        ("resources", rule.rule.resources),
        ("apiGroups", rule.rule.api_groups),
        ("nonResourceURLs", rule.rule.non_resource_urls),
    ];
    lists.into_iter().filter_map(|(field, list)| {
        let wild = |text: &str| match field {
            "resources" => text == "*" || text.strip_prefix("*/").is_some_and(|sub| sub != "*"),
            "nonResourceURLs" => text == "*" || text == "/*",
            _ => text == "*",
        };
        texts(list).find(|(_, text)| wild(text)).map(|(index, text)| (field, index, text))
    })
}

fn severity(rule: &RuleAt<'_>, in_cluster: bool) -> Severity {
    let owns = |group: &str| ["*", "", "rbac.authorization.k8s.io"].contains(&group);
    if rule.is_everything() && in_cluster && texts(rule.rule.api_groups).any(|(_, group)| owns(group)) {
        Severity::Critical
    } else if rule.is_narrowed() || wildcards(rule).all(|(_, _, text)| text.starts_with("*/")) {
        Severity::Medium
    } else {
        RULE.severity
    }
}

#[cfg(test)]
mod tests {
    use seawall_finding::Severity;

    use crate::rbac::tests::{cluster_role, role};
    use crate::testing::{Case, found};

    const ID: &str = "rbac-wildcard";

    #[test]
    fn every_list_is_looked_at() {
        for (rule, at) in [
            ("{apiGroups: [apps], resources: [a], verbs: [get, '*']}", "verbs[1]"),
            ("{apiGroups: [apps], resources: ['*'], verbs: [get]}", "resources[0]"),
            ("{apiGroups: ['*'], resources: [a], verbs: [get]}", "apiGroups[0]"),
            ("{apiGroups: [apps], resources: ['*/scale'], verbs: [get]}", "resources[0]"),
            ("{nonResourceURLs: ['*'], verbs: [get]}", "nonResourceURLs[0]"),
            ("{nonResourceURLs: [/healthz, '/*'], verbs: [get]}", "nonResourceURLs[1]"),
        ] {
            assert_eq!(found(ID, &cluster_role(rule)), [format!("- rules[0].{at}: a wildcard")], "{rule}");
        }
        for rule in [
            "{apiGroups: [apps], resources: [a, 'pods/*', '*/*'], verbs: [get]}",
            "{nonResourceURLs: ['/metrics/*'], verbs: [get]}",
            "{apiGroups: [apps], resources: [a], verbs: [get], resourceNames: ['*']}",
            "{apiGroups: '*', resources: {'*': 1}, verbs: null}",
        ] {
            assert_eq!(found(ID, &cluster_role(rule)), [""; 0], "{rule}");
        }
    }

    #[test]
    fn a_rule_is_one_finding() {
        let hits = Case::of(ID).findings(&role("{apiGroups: ['*'], resources: ['*'], verbs: ['*']}"));
        assert_eq!(hits.len(), 1);
        assert_eq!(hits[0].finding.message, "Role \"r\": rule 1 allows every verb on every resource");
        assert_eq!(hits[0].finding.related.len(), 2);
    }

    #[test]
    fn says_of_which_groups_it_is_everything() {
        let message = |groups: &str| {
            let rule = format!("{{apiGroups: [{groups}], resources: ['*'], verbs: ['*']}}");
            let message = Case::of(ID).findings(&cluster_role(&rule))[0].finding.message.clone();
            message.strip_prefix("ClusterRole \"r\": rule 1 allows every verb on every resource").expect("everything").to_owned()
        };
        assert_eq!(message("a, '*'"), "");
        assert_eq!(message("certificates.k8s.io"), " of group \"certificates.k8s.io\"");
        assert_eq!(message("''"), " of the core group");
        assert_eq!(message("apps, ''"), " of the core group and \"apps\"");
        assert_eq!(message("apps, batch"), " of \"apps\" and \"batch\"");
        assert_eq!(message(""), " of no group");
    }

    #[test]
    fn how_grave_depends_on_what_it_opens() {
        let severity = |yaml: &str| Case::of(ID).findings(yaml)[0].finding.severity;
        let all = |group: &str| format!("{{apiGroups: ['{group}'], resources: ['*'], verbs: ['*']}}");
        assert_eq!(severity(&cluster_role(&all("*"))), Severity::Critical);
        assert_eq!(severity(&cluster_role(&all(""))), Severity::Critical);
        assert_eq!(severity(&cluster_role(&all("example.com"))), Severity::High);
        assert_eq!(severity(&role(&all("*"))), Severity::High);
        assert_eq!(severity(&role("{apiGroups: [''], resources: ['*/scale'], verbs: [get]}")), Severity::Medium);
        assert_eq!(severity(&role("{apiGroups: [''], resources: [a], verbs: ['*'], resourceNames: [b]}")), Severity::Medium);
    }
}
