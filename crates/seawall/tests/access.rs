//! `explain exception` on snapshots; `e2e` holds its answers against those of the API server.
#![cfg(unix)]

mod common;

use common::{Dir, Run};

const RBAC: &str = r#""apiVersion":"rbac.authorization.k8s.io/v1""#;

fn exception(name: &str, more: &str) -> String {
    format!(
        r#"{{"apiVersion":"seawall.dev/v1alpha1","kind":"PodSecurityException","metadata":{{"name":"{name}","namespace":"shop"}},"spec":{{"workloads":[{{"kind":"Deployment","name":"web-*","labels":{{"app":"web"}}}}],"rules":[{{"rule":"added-capability","containers":["istio-init"],"values":["NET_ADMIN","NET_RAW"]}}],"reason":"the mesh redirects traffic"{more}}}}}"#
    )
}

fn policy() -> String {
    r#"{"apiVersion":"seawall.dev/v1alpha1","kind":"PodSecurityExceptionPolicy","metadata":{"name":"mesh"},"spec":{"namespaces":["shop"],"rules":[{"rule":"added-capability","values":["NET_*"]}]}}"#.to_owned()
}

/// A Role and its binding in a namespace.
fn bound(namespace: &str, name: &str, rule: &str, subject: &str) -> Vec<String> {
    let metadata = format!(r#""metadata":{{"name":"{name}","namespace":"{namespace}"}}"#);
    vec![
        format!(r#"{{{RBAC},"kind":"Role",{metadata},"rules":[{rule}]}}"#),
        format!(
            r#"{{{RBAC},"kind":"RoleBinding",{metadata},"subjects":[{subject}],"roleRef":{{"kind":"Role","name":"{name}"}}}}"#
        ),
    ]
}

const DEPLOY: &str =
    r#"{"apiGroups":["apps"],"resources":["deployments","replicasets"],"verbs":["create","update","patch"]}"#;

fn explain_with(header: &str, lines: &[String], args: &[&str]) -> Run {
    let header = format!(
        r#"{{"apiVersion":"seawall.dev/v1alpha1","kind":"ClusterSnapshot","serverVersion":"v1.37.2"{header}}}"#
    );
    let dir = Dir::with(&[("cluster.jsonl", &format!("{header}\n{}\n", lines.join("\n")))]);
    dir.run_bare(&[&["explain", "exception", "--snapshot", "cluster.jsonl"], args].concat())
}

fn explain(lines: &[String], args: &[&str]) -> Run {
    explain_with("", lines, args)
}

#[test]
fn the_answer_comes_first_and_names_whoever_could() {
    let mut lines = vec![exception("mesh", r#","expires":"2999-02-28","owner":"team-mesh""#), policy()];
    lines.extend(bound(
        "shop",
        "deployer",
        DEPLOY,
        r#"{"kind":"User","name":"jane"},{"kind":"ServiceAccount","name":"ci","namespace":"build"}"#,
    ));
    lines.extend(bound(
        "shop",
        "keeper",
        r#"{"apiGroups":["seawall.dev"],"resources":["*"],"verbs":["*"]}"#,
        r#"{"kind":"Group","name":"keepers"}"#,
    ));
    lines.extend(bound(
        "kube-system",
        "ops",
        r#"{"apiGroups":[""],"resources":["serviceaccounts"],"verbs":["impersonate"],"resourceNames":["replicaset-controller","x"]}"#,
        r#"{"kind":"User","name":"ops"}"#,
    ));
    let run = explain(&lines, &["shop/mesh"]);
    let wanted = "\
shop/mesh holds until 2999-02-28; 2 subjects could use it
  lets pass added-capability of NET_ADMIN, NET_RAW in istio-init (policy mesh)
  for Deployment web-*, pods with app=web
  because the mesh redirects traffic
  owner team-mesh
Who could use it in shop:
  User jane: create, update, patch deployments, by RoleBinding shop/deployer (Role shop/deployer)
  ServiceAccount build/ci: create, update, patch deployments, by RoleBinding shop/deployer (Role
      shop/deployer)
Who could change it:
  Group keepers: create, update, patch podsecurityexceptions, by RoleBinding shop/keeper (Role
      shop/keeper)

Who could act as a controller, or as one of these:
  User ops: impersonate serviceaccounts named replicaset-controller in kube-system, by RoleBinding
      kube-system/ops (Role kube-system/ops)
Who could change what exceptions may grant: nobody

Not told by roles: system:masters may do all of this, and other authorizers than RBAC may allow
      more.
";
    assert_eq!((run.status, run.stdout.as_str(), run.stderr.as_str()), (0, wanted, ""));
}

#[test]
fn every_state_is_told() {
    let lines = [
        exception("asked", r#","rulez":[]"#),
        exception("ended", r#","expires":"2020-01-31""#),
        exception("free", ""),
        exception("warns", r#","expires":"2020-01-31","onExpiry":"warn""#),
        policy(),
    ];
    let run = explain(&lines, &[]);
    for part in [
        "shop/ended ended with 2020-01-31 and lets nothing pass; 0 subjects could use it if it were renewed\n",
        "shop/free holds without an end; 0 subjects could use it\n",
        "shop/warns ended with 2020-01-31 and goes on to hold; 0 subjects could use it\n",
        "shop/asked cannot be read, and counts as none: ",
        "Who could use it in shop: nobody\n",
    ] {
        assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
    }
    assert_eq!(run.status, 2, "one cannot be read");
    let alone = explain(&lines[2..3], &["shop/free"]);
    let said = "shop/free lets nothing pass, as no policy allows it; 0 subjects could use it if one did\n  not allowed \
                added-capability of NET_ADMIN, NET_RAW in istio-init: no PodSecurityExceptionPolicy allows exceptions";
    assert!(alone.status == 0 && alone.stdout.replace("\n      ", " ").starts_with(said), "{}", alone.stdout);
    let none = explain(&[policy()], &[]);
    assert_eq!((none.status, none.stdout.as_str()), (0, "there are no PodSecurityException objects\n"));
    let other = explain(&[exception("flow", "").replace("Deployment", "Workflow"), policy()], &[]);
    assert!(
        other.status == 2 && other.stdout.contains("  not known: who makes Workflow objects."),
        "{}",
        other.stdout
    );
}

#[test]
fn what_decides_and_is_not_there_is_told() {
    let lines = [exception("free", ""), policy()];
    let of = |not_seen: &str| explain_with(&format!(r#","notSeen":[{not_seen}]"#), &lines, &["shop/free"]);
    let roles = of(r#"{"apiVersion":"v1","resource":"roles","message":"roles is forbidden"}"#);
    assert_eq!(roles.status, 2, "{}", roles.stdout);
    for part in ["not seen: roles were not seen", "not all that decides (exit status 2)\n"] {
        assert!(roles.stdout.contains(part), "{part}: {}", roles.stdout);
    }
    for other in [
        r#"{"apiVersion":"v1","resource":"pods","message":"m"}"#,
        r#"{"apiVersion":"v1","resource":"roles","namespace":"bank","message":"m"}"#,
    ] {
        let run = of(other);
        assert!(run.status == 0 && !run.stdout.contains("not seen"), "{}", run.stdout);
    }
    let part = explain_with(r#","namespaces":["shop"]"#, &lines, &[]);
    assert!(
        part.status == 2 && part.stdout.contains("not seen: the snapshot is of namespaces alone (shop)"),
        "{}",
        part.stdout
    );
    let hostile = explain(&[exception("free", "").replace("the mesh", "\\u001b[2J the mesh"), policy()], &[]);
    assert!(hostile.status == 0 && !hostile.stdout.contains('\u{1b}'), "{}", hostile.stdout);
}

#[test]
fn usage_is_of_one_or_the_other() {
    let lines = [exception("mesh", ""), exception("logs", "")];
    for (name, near) in [("shop/mehs", "`shop/mesh`"), ("mesh", "`shop/mesh`"), ("shop/log", "`shop/logs`")] {
        let run = explain(&lines, &[name]);
        assert_eq!((run.status, run.stdout.as_str()), (2, ""));
        let said = format!("there is no PodSecurityException `{name}`");
        assert!(
            run.stderr.contains(&said) && run.stderr.contains(&format!("did you mean {near}")),
            "{}",
            run.stderr
        );
    }
    let far = explain(&lines, &["bank/vault"]);
    assert!(far.stderr.contains("all of them: seawall explain exception"), "{}", far.stderr);
    let dir = Dir::new();
    for (args, given) in [
        (&["host-pid", "shop/mesh"][..], "`shop/mesh`"),
        (&["host-pid", "--snapshot", "x"], "`--snapshot`"),
        (&["host-pid", "--context", "x"], "`--context`"),
    ] {
        let run = dir.run_bare(&[&["explain"], args].concat());
        let said = format!("{given} goes with `seawall explain exception` alone");
        assert!(run.status == 2 && run.stderr.contains(&said), "{}", run.stderr);
    }
    assert!(
        dir.run_bare(&["explain", "exception", "--snapshot", "x", "--as", "y"])
            .stderr
            .contains("cannot be used with")
    );
    assert_eq!(dir.run_bare(&["explain", "host-pid"]).status, 0);
}
