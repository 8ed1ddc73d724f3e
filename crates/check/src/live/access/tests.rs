use super::*;

const TODAY: &str = "2026-12-01";

/// The objects of a cluster, a YAML document each.
fn access(documents: &[&str]) -> Access {
    let mut access = Access::default();
    for document in documents {
        access.add(&Arc::from(document.as_bytes()));
    }
    assert_eq!(access.unread, [""; 0]);
    access
}

fn exception(kind: &str, name: &str) -> String {
    format!(
        "apiVersion: seawall.dev/v1alpha1\nkind: PodSecurityException\nmetadata: {{name: mesh, namespace: shop}}\nspec:\n  workloads: [{{kind: {kind}, name: '{name}'}}]\n  rules: [{{rule: added-capability, values: [NET_ADMIN]}}, {{rule: host-port}}]\n  reason: r\n"
    )
}

const POLICY: &str = "apiVersion: seawall.dev/v1alpha1\nkind: PodSecurityExceptionPolicy\nmetadata: {name: all}\nspec: {namespaces: ['*'], rules: [{rule: added-capability}]}\n";

/// A role with one rule and a binding to it, both called so.
fn bound(namespace: &str, name: &str, rule: &str, subject: &str) -> String {
    let rbac = "apiVersion: rbac.authorization.k8s.io/v1";
    let (prefix, at) = if namespace.is_empty() {
        ("Cluster", String::new())
    } else {
        ("", format!(", namespace: {namespace}"))
    };
    format!(
        "{rbac}\nkind: {prefix}Role\nmetadata: {{name: {name}{at}}}\nrules: [{rule}]\n---\n{rbac}\nkind: {prefix}RoleBinding\nmetadata: {{name: {name}{at}}}\nroleRef: {{kind: {prefix}Role, name: {name}}}\nsubjects: [{subject}]\n"
    )
}

const JANE: &str = "{kind: User, name: jane}";

/// What is held, a line each.
fn lines(all: &[Held]) -> Vec<String> {
    let may = |may: &May| {
        let names = match &may.names {
            Names::All => String::new(),
            Names::Only(names) => format!(" {names:?}"),
        };
        let place = may.namespace.as_ref().map_or(String::new(), |n| format!(" in {n}"));
        format!("{} {}{names}{place}", may.verbs.join(","), may.resources.join(","))
    };
    let line = |held: &Held| {
        let may: Vec<String> = held.may.iter().map(may).collect();
        format!("{}: {} by {}, {}", held.subject, may.join("; "), held.binding, held.role)
    };
    all.iter().map(line).collect()
}

fn answer(documents: &[&str]) -> Answer {
    access(documents).answer(None, TODAY.parse().unwrap())
}

/// Who could use an exception for a kind and name, where there is one binding.
fn users(kind: &str, name: &str, roles: &str) -> Vec<String> {
    lines(&answer(&[&exception(kind, name), POLICY, roles]).exceptions[0].users)
}

#[test]
fn rights_on_what_it_names_count_in_its_namespace() {
    let rule = "{apiGroups: [apps], resources: [deployments, replicasets], verbs: [get, create, patch]}";
    let by = "by RoleBinding shop/r, Role shop/r";
    let in_shop = bound("shop", "r", rule, JANE);
    let said = format!("User jane: create,patch deployments {by}");
    assert_eq!(
        users("Deployment", "web-*", &in_shop),
        [said.as_str()],
        "ReplicaSets are nobody's Deployment"
    );
    let said = format!("User jane: create,patch deployments,replicasets {by}");
    assert_eq!(users("ReplicaSet", "web-*", &in_shop), [said.as_str()]);
    assert_eq!(users("DaemonSet", "", &in_shop), [""; 0]);
    assert_eq!(users("Deployment", "web-*", &bound("bank", "r", rule, JANE)), [""; 0]);
    let cluster = users("Deployment", "web-*", &bound("", "r", rule, JANE));
    assert_eq!(cluster, ["User jane: create,patch deployments by ClusterRoleBinding r, ClusterRole r"]);
    // A ClusterRole that is given in one namespace.
    for (namespace, count) in [("shop", 1), ("bank", 0)] {
        let given = bound("", "r", rule, JANE).replace(
            "kind: ClusterRoleBinding\nmetadata: {name: r}",
            &format!("kind: RoleBinding\nmetadata: {{name: r, namespace: {namespace}}}"),
        );
        assert_eq!(users("Deployment", "web-*", &given).len(), count, "{namespace}");
    }
}

#[test]
fn names_narrow_rights() {
    let named = |names: &str, verbs: &str| {
        let rule = format!(
            "{{apiGroups: [apps], resources: [deployments], verbs: {verbs}, resourceNames: {names}}}"
        );
        bound("shop", "r", &rule, JANE)
    };
    let by = "by RoleBinding shop/r, Role shop/r";
    assert_eq!(
        users("Deployment", "web-*", &named("[web-eu, api]", "[update]")),
        [format!("User jane: update deployments {{\"web-eu\"}} {by}")]
    );
    assert_eq!(users("Deployment", "web-*", &named("[api]", "['*']")), [""; 0]);
    assert_eq!(
        users("Deployment", "web-*", &named("[web-eu]", "[create]")),
        [""; 0],
        "nothing is made by name"
    );
    // Pods go by their own names, which begin with that of what made them.
    assert_eq!(
        users("Pod", "web-*", &named("[web-eu, api]", "[patch]")),
        [format!("User jane: patch deployments {{\"web-eu\"}} {by}")]
    );
    // Several rules of a role come together.
    let two = named("[web-eu]", "[update]").replace(
        "rules: [",
        "rules: [{apiGroups: ['*'], resources: ['*'], verbs: [update], resourceNames: [web-us]}, ",
    );
    assert_eq!(
        users("Deployment", "web-*", &two),
        [format!("User jane: update deployments {{\"web-eu\", \"web-us\"}} {by}")]
    );
}

#[test]
fn wildcards_give_all_and_subresources_nothing() {
    let rule = |groups: &str, resources: &str, verbs: &str| {
        bound("shop", "r", &format!("{{apiGroups: {groups}, resources: {resources}, verbs: {verbs}}}"), JANE)
    };
    let by = "by RoleBinding shop/r, Role shop/r";
    let all = format!("User jane: create,update,patch deployments {by}");
    assert_eq!(
        users("Deployment", "web", &rule("['*']", "['*']", "[create, update, patch]")),
        [all.as_str()]
    );
    assert_eq!(users("Deployment", "web", &rule("[apps]", "['*']", "['*']")), [all.as_str()]);
    assert_eq!(
        users("Deployment", "web", &rule("['*']", "['*']", "['*']")),
        [format!("User jane: * * {by}")],
        "said once"
    );
    for resources in ["[deployments/scale, deployments/status]", "['*/scale']"] {
        assert_eq!(users("Deployment", "web", &rule("['*']", resources, "['*']")), [""; 0], "{resources}");
    }
    assert_eq!(users("Deployment", "web", &rule("[extensions]", "[deployments]", "['*']")), [""; 0]);
    assert_eq!(
        users("Pod", "web", &rule("['']", "[pods/ephemeralcontainers]", "['*']")),
        [format!("User jane: update,patch pods/ephemeralcontainers {by}")]
    );
}

#[test]
fn subjects_are_whom_the_authorizer_takes_them_for() {
    let rule = "{apiGroups: [apps], resources: [deployments], verbs: [create]}";
    let who = |namespace: &str, subject: &str| {
        let found = users("Deployment", "web", &bound(namespace, "r", rule, subject));
        found.iter().map(|line| line.split(": ").next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(who("shop", "{kind: Group, name: devs}"), ["Group devs"]);
    assert_eq!(
        who("shop", "{kind: ServiceAccount, name: ci, namespace: build}"),
        ["ServiceAccount build/ci"]
    );
    assert_eq!(who("shop", "{kind: ServiceAccount, name: ci}"), ["ServiceAccount shop/ci"]);
    assert_eq!(who("", "{kind: ServiceAccount, name: ci}"), [""; 0], "of no namespace");
    assert_eq!(
        who("shop", "{kind: User, name: 'system:serviceaccount:build:ci'}"),
        ["ServiceAccount build/ci"]
    );
    assert_eq!(who("shop", "{kind: Robot, name: r2}"), [""; 0]);
    assert_eq!(who("", "{kind: Group, name: 'system:masters'}"), [""; 0], "said once for all");
}

#[test]
fn roles_count_as_they_are_stored() {
    let rule = "{apiGroups: [apps], resources: [deployments], verbs: [create]}";
    let aggregated = bound("", "r", rule, JANE)
        .replace("rules:", "aggregationRule: {clusterRoleSelectors: [{matchLabels: {a: b}}]}\nrules:");
    assert_eq!(users("Deployment", "web", &aggregated).len(), 1);
    let dangling = bound("shop", "r", rule, JANE)
        .replace("roleRef: {kind: Role, name: r}", "roleRef: {kind: Role, name: gone}");
    assert_eq!(users("Deployment", "web", &dangling), [""; 0]);
    // A Role of the same name elsewhere, or a ClusterRole, is another one.
    let elsewhere = bound("shop", "r", rule, JANE).replace(
        "kind: Role\nmetadata: {name: r, namespace: shop}",
        "kind: Role\nmetadata: {name: r, namespace: bank}",
    );
    assert_eq!(users("Deployment", "web", &elsewhere), [""; 0]);
    let of_cluster =
        bound("", "r", rule, JANE).replace("roleRef: {kind: ClusterRole", "roleRef: {kind: Role");
    assert_eq!(users("Deployment", "web", &of_cluster), [""; 0]);
}

#[test]
fn exceptions_say_what_they_grant_and_who_may_change_them() {
    let rule = "{apiGroups: [seawall.dev], resources: ['*'], verbs: [create, update]}";
    let named = "{apiGroups: [seawall.dev], resources: [podsecurityexceptions], verbs: [patch], resourceNames: [other]}";
    let answer = answer(&[
        &exception("Deployment", "web"),
        POLICY,
        &bound("shop", "in", rule, JANE),
        &bound("", "all", rule, "{kind: User, name: ann}"),
        &bound("shop", "other", named, "{kind: User, name: bob}"),
    ]);
    let usable = &answer.exceptions[0];
    assert_eq!(usable.granted.len(), 1);
    assert_eq!(
        (&*usable.granted[0].0.rule, &*usable.granted[0].1),
        ("added-capability", &["all".to_owned()][..])
    );
    assert_eq!((&*usable.refused[0].0.rule, &usable.refused[0].1), ("host-port", &NotAllowed::Rule));
    assert_eq!(
        lines(&usable.editors),
        [
            "User ann: create,update podsecurityexceptions by ClusterRoleBinding all, ClusterRole all",
            "User jane: create,update podsecurityexceptions by RoleBinding shop/in, Role shop/in",
        ]
    );
    assert_eq!(
        lines(&answer.policy_editors),
        ["User ann: create,update podsecurityexceptionpolicies by ClusterRoleBinding all, ClusterRole all"]
    );
}

#[test]
fn whoever_acts_as_another_is_told() {
    let impersonate = |resources: &str, names: &str| {
        format!("{{apiGroups: [''], resources: {resources}, verbs: [impersonate], resourceNames: {names}}}")
    };
    let create = "{apiGroups: [apps], resources: [deployments], verbs: [create]}";
    let of = |namespace: &str, rule: &str| {
        let ci = bound("shop", "ci", create, "{kind: ServiceAccount, name: ci, namespace: build}");
        let devs = bound("shop", "devs", create, "{kind: Group, name: devs}");
        let role = bound(namespace, "r", rule, JANE);
        lines(&answer(&[&exception("Deployment", "web"), POLICY, &ci, &devs, &role]).impersonators)
    };
    let by = "by ClusterRoleBinding r, ClusterRole r";
    assert_eq!(
        of("", &impersonate("[users, groups, serviceaccounts]", "[]")),
        [format!("User jane: impersonate users,groups,serviceaccounts {by}")]
    );
    assert_eq!(
        of("", &impersonate("['*']", "[ci, devs, replicaset-controller, job-controller, nobody]")),
        [format!(
            "User jane: impersonate groups {{\"devs\"}}; impersonate serviceaccounts {{\"ci\", \"replicaset-controller\"}} {by}"
        )]
    );
    assert_eq!(of("", &impersonate("[users]", "[ci, nobody]")), [""; 0], "a name that is another's");
    assert_eq!(of("shop", &impersonate("['*']", "[]")), [""; 0], "nobody of this namespace could use it");
    for (namespace, name) in [("kube-system", "replicaset-controller"), ("build", "ci")] {
        let by = format!("by RoleBinding {namespace}/r, Role {namespace}/r");
        let names = format!("[{name}, devs]");
        assert_eq!(
            of(namespace, &impersonate("['*']", &names)),
            [format!("User jane: impersonate serviceaccounts {{\"{name}\"}} in {namespace} {by}")]
        );
    }
    let masters = "{apiGroups: [authentication.k8s.io], resources: [groups, serviceaccounts], verbs: ['impersonate:user-info', 'impersonate:serviceaccount'], resourceNames: ['system:masters', ci]}";
    assert_eq!(
        of("", masters),
        [format!("User jane: impersonate:serviceaccount serviceaccounts {{\"ci\"}} {by}")],
        "nobody is let into system:masters by that"
    );
}

#[test]
fn whoever_comes_by_a_controllers_account_is_told() {
    let of = |namespace: &str, kind: &str, rule: &str| {
        let role = bound(namespace, "r", rule, JANE);
        lines(&answer(&[&exception(kind, "web"), POLICY, &role]).stand_ins)
    };
    let by = "in kube-system by RoleBinding kube-system/r, Role kube-system/r";
    let token = "{apiGroups: [''], resources: ['*'], verbs: [create, get], resourceNames: [replicaset-controller, x, job-controller-token-a]}";
    assert_eq!(
        of("kube-system", "Deployment", token),
        [format!("User jane: create serviceaccounts/token {{\"replicaset-controller\"}} {by}")]
    );
    assert_eq!(
        of("kube-system", "Job", token),
        [format!("User jane: get secrets {{\"job-controller-token-a\"}} {by}")]
    );
    let pods = "{apiGroups: ['', batch], resources: [pods, cronjobs], verbs: [create, patch]}";
    assert_eq!(
        of("kube-system", "Deployment", pods),
        [format!("User jane: create pods in kube-system; create,patch cronjobs {by}")]
    );
    assert_eq!(of("shop", "Deployment", pods), [""; 0]);
    assert_eq!(of("kube-system", "Pod", pods), [""; 0], "nobody is believed of pods");
    let all = "{apiGroups: ['*'], resources: ['*'], verbs: ['*']}";
    assert_eq!(of("kube-system", "Deployment", all), [format!("User jane: * * {by}")]);
}

#[test]
fn controllers_of_kubernetes_are_counted() {
    let rule = "{apiGroups: [apps, ''], resources: [deployments, pods, secrets], verbs: ['*']}";
    let name = "'system:controller:deployment-controller'";
    let own = bound(
        "",
        name,
        rule,
        "{kind: ServiceAccount, name: deployment-controller, namespace: kube-system}, {kind: User, name: eve}",
    );
    let answer = answer(&[&exception("Deployment", "web"), POLICY, &own]);
    assert_eq!(answer.left_out, 1);
    let users = lines(&answer.exceptions[0].users);
    assert!(users.len() == 1 && users[0].starts_with("User eve: "), "whoever is added is told: {users:?}");
}

#[test]
fn what_is_not_known_is_told() {
    let answer = answer(&[
        &exception("Workflow", "w"),
        &exception("Deployment", "web").replace("reason: r", "reasn: r").replace("name: mesh", "name: bad"),
    ]);
    assert_eq!(answer.exceptions[0].unknown_kinds, ["Workflow"]);
    assert_eq!(answer.exceptions[0].refused.len(), 2, "there is no policy");
    assert_eq!(answer.unreadable[0].0, "shop/bad");
    assert!(answer.unreadable[0].1.contains("reasn"), "{:?}", answer.unreadable);
    let other = access(&[&exception("Pod", "p")]).answer(Some("shop/other"), TODAY.parse().unwrap());
    assert_eq!(other, Answer::default());
}
