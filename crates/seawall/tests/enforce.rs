//! `can-enforce` on snapshots; `e2e` holds its words against those of the API server.
#![cfg(unix)]

mod common;

use common::{Dir, Run};

const CLEAN: &str = r#"{"securityContext":{"runAsNonRoot":true,"seccompProfile":{"type":"RuntimeDefault"}},"containers":[{"name":"c","image":"x","securityContext":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]}}}]}"#;

const HOST: &str = r#"{"hostPID":true,"containers":[{"name":"c","image":"x"}]}"#;
const HOST_REASON: &str = "host namespaces, allowPrivilegeEscalation != false, unrestricted capabilities, runAsNonRoot != true, seccompProfile";

fn namespace(labels: &[(&str, &str)]) -> String {
    let labels = labels.iter().map(|(key, value)| format!(r#""pod-security.kubernetes.io/{key}":"{value}""#));
    let labels = labels.collect::<Vec<_>>().join(",");
    format!(r#"{{"apiVersion":"v1","kind":"Namespace","metadata":{{"name":"shop","labels":{{{labels}}}}}}}"#)
}

fn metadata(name: &str, owner: Option<(&str, &str)>) -> String {
    let owner = owner.map(|(kind, name)| {
        format!(
            r#","ownerReferences":[{{"apiVersion":"apps/v1","kind":"{kind}","name":"{name}","uid":"{name}","controller":true}}]"#
        )
    });
    format!(
        r#""metadata":{{"name":"{name}","namespace":"shop","uid":"{name}"{}}}"#,
        owner.unwrap_or_default()
    )
}

fn pod(name: &str, owner: Option<(&str, &str)>, spec: &str, phase: &str) -> String {
    let metadata = metadata(name, owner);
    format!(r#"{{"apiVersion":"v1","kind":"Pod",{metadata},"spec":{spec},"status":{{"phase":"{phase}"}}}}"#)
}

fn templated(kind: &str, name: &str, owner: Option<(&str, &str)>, spec: &str) -> String {
    let metadata = metadata(name, owner);
    format!(
        r#"{{"apiVersion":"apps/v1","kind":"{kind}",{metadata},"spec":{{"replicas":1,"selector":{{"matchLabels":{{"a":"b"}}}},"template":{{"metadata":{{"labels":{{"a":"b"}}}},"spec":{spec}}}}}}}"#
    )
}

fn can_enforce(lines: &[String], level: &str) -> Run {
    let header =
        r#"{"apiVersion":"seawall.dev/v1alpha1","kind":"ClusterSnapshot","serverVersion":"v1.37.2"}"#;
    let dir = Dir::with(&[("cluster.jsonl", &format!("{header}\n{}\n", lines.join("\n")))]);
    dir.run_bare(&["can-enforce", "--snapshot", "cluster.jsonl", "shop", level])
}

#[test]
fn a_level_without_a_version_is_at_that_of_the_namespace() {
    let windows = r#"{"os":{"name":"windows"},"containers":[{"name":"c","image":"x","securityContext":{"runAsNonRoot":true}}]}"#;
    let pinned = [namespace(&[("enforce-version", "v1.24")]), pod("w", None, windows, "Running")];
    let run = can_enforce(&pinned, "restricted");
    assert_eq!(run.status, 1, "{}", run.stdout);
    for part in [
        "violate the new PodSecurity enforce level \"restricted:v1.24\"",
        "namespace shop cannot enforce restricted:v1.24: ",
        "judged at v1.24, as its label enforce-version says; restricted:latest would change that label\n",
        "--level restricted:v1.24\n",
    ] {
        assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
    }
    // That it is at the latest has to be written into the label then.
    let run = can_enforce(&pinned, "restricted:latest");
    assert_eq!(run.status, 0, "{}", run.stdout);
    let label = "kubectl label --overwrite namespace shop pod-security.kubernetes.io/enforce=restricted \
                 pod-security.kubernetes.io/enforce-version=latest\n";
    assert!(run.stdout.ends_with(label) && !run.stdout.contains("judged at"), "{}", run.stdout);

    // The other way round: of an old version that forbids less.
    let sound = CLEAN.replace(r#","capabilities":{"drop":["ALL"]}"#, "");
    let old = [
        namespace(&[("enforce", "baseline"), ("enforce-version", "v1.7")]),
        pod("p", None, &sound, "Running"),
    ];
    let run = can_enforce(&old, "restricted");
    assert!(run.status == 0 && !run.stdout.contains("Warning"), "{}", run.stdout);
    assert!(run.stdout.ends_with("pod-security.kubernetes.io/enforce=restricted\n"), "{}", run.stdout);

    // Where there is no label, it is the latest, and nothing is to be said.
    let run = can_enforce(&[namespace(&[]), pod("p", None, CLEAN, "Running")], "restricted");
    assert!(run.stdout.ends_with("pod-security.kubernetes.io/enforce=restricted\n"), "{}", run.stdout);
    assert!(run.status == 0 && !run.stdout.contains("judged at"), "{}", run.stdout);
}

/// The objects of a Deployment whose template was this, and is that.
fn rolled(old: &str, new: &str) -> Vec<String> {
    let web = Some(("Deployment", "web"));
    vec![
        namespace(&[]),
        templated("Deployment", "web", None, new),
        templated("ReplicaSet", "web-0", web, old),
        templated("ReplicaSet", "web-1", web, new),
    ]
}

#[test]
fn what_no_restart_brings_back_stands_against_nothing() {
    let debugged = CLEAN.replacen('{', r#"{"ephemeralContainers":[{"name":"dbg","image":"busybox"}],"#, 1);
    let web = Some(("ReplicaSet", "web-1"));
    let ephemeral = [rolled(CLEAN, CLEAN), vec![pod("web-1-a", web, &debugged, "Running")]].concat();
    let job = templated("Job", "once", None, HOST).replace("apps/v1", "batch/v1");
    let complete = r#","status":{"conditions":[{"type":"Complete","status":"True"}]}}"#;
    let job = format!("{}{complete}", &job[..job.len() - 1]);
    let ended = vec![
        namespace(&[]),
        job,
        pod("once-1", Some(("Job", "once")), HOST, "Succeeded"),
        pod("bare", None, HOST, "Failed"),
    ];
    let older =
        [rolled(HOST, CLEAN), vec![pod("web-0-a", Some(("ReplicaSet", "web-0")), HOST, "Running")]].concat();
    for (lines, warned, said) in [
        (
            ephemeral,
            "web-1-a: allow",
            "1 pod violates it by ephemeral containers alone, which no restart brings back: web-1-a (dbg)\n"
                .to_owned(),
        ),
        (
            ended,
            "bare (and 1 other pod): host",
            "2 pods violate it and have ended: they are not started again\n".to_owned(),
        ),
        (
            older,
            "web-0-a: host",
            format!(
                "1 pod violates it and is of an older template; what replaces it is of the one that is there now, and passes:\n  Deployment web (1 pod): {HOST_REASON}\n"
            ),
        ),
    ] {
        let run = can_enforce(&lines, "restricted");
        // What the API server says stays.
        assert!(run.stdout.contains(&format!("\nWarning: {warned}")), "{}", run.stdout);
        assert_eq!(run.status, 0, "{}", run.stdout);
        for part in [&said, "can enforce restricted:latest: 0 of "] {
            assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
        }
    }
}

#[test]
fn what_the_current_template_shows_decides_over_older_pods() {
    let of = |set: &str, spec: &str| pod(&format!("{set}-a"), Some(("ReplicaSet", set)), spec, "Running");
    let status = |lines: &[Vec<String>]| can_enforce(&lines.concat(), "restricted").status;
    // Its pods come out refused all the same.
    assert_eq!(status(&[rolled(HOST, CLEAN), vec![of("web-0", HOST), of("web-1", HOST)]]), 1);
    // They pass, and what violates it is going.
    assert_eq!(status(&[rolled(HOST, CLEAN), vec![of("web-0", HOST), of("web-1", CLEAN)]]), 0);
    // What came to the older pods at admission may come to those in their place.
    let unclear = can_enforce(
        &[rolled(CLEAN, &CLEAN.replace("\"x\"", "\"y\"")), vec![of("web-0", HOST)]].concat(),
        "restricted",
    );
    assert_eq!(unclear.status, 2, "{}", unclear.stdout);
    let said = format!(
        "1 pod violates it and is of an older template; whether what replaces it passes is not known:\n  Deployment web (1 pod): {HOST_REASON}\n"
    );
    assert!(unclear.stdout.contains(&said), "{}", unclear.stdout);
    // Nothing mends what is made of a template that violates it too.
    assert_eq!(status(&[rolled(HOST, &HOST.replace("\"x\"", "\"y\"")), vec![of("web-0", HOST)]]), 1);
}

#[test]
fn runs_that_have_ended_tell_of_the_next() {
    let cron = |spec: &str| {
        let metadata = metadata("nightly", None);
        format!(
            r#"{{"apiVersion":"batch/v1","kind":"CronJob",{metadata},"spec":{{"schedule":"1 1 * * *","jobTemplate":{{"spec":{{"template":{{"metadata":{{"labels":{{"a":"b"}}}},"spec":{spec}}}}}}}}}}}"#
        )
    };
    let job = templated("Job", "n-1", Some(("CronJob", "nightly")), HOST)
        .replace("apps/v1\",\"kind\":\"Job", "batch/v1\",\"kind\":\"Job");
    let job = format!(
        r#"{},"status":{{"conditions":[{{"type":"Complete","status":"True"}}]}}}}"#,
        &job[..job.len() - 1]
    );
    let lines = |now: &str, ran: &str| {
        let ran = pod("n-1-a", Some(("Job", "n-1")), ran, "Succeeded");
        [namespace(&[]), cron(now), job.clone(), ran]
    };
    let refused = can_enforce(&lines(HOST, HOST), "restricted");
    assert_eq!(refused.status, 1, "{}", refused.stdout);
    let said = format!(
        "1 template makes pods that would be refused, as those of it that have ended show:\n  CronJob nightly: {HOST_REASON}\n"
    );
    assert!(refused.stdout.contains(&said), "{}", refused.stdout);
    assert_eq!(can_enforce(&lines(CLEAN, HOST), "restricted").status, 0);
    let mended = can_enforce(&lines(HOST, CLEAN), "restricted");
    assert!(
        mended.status == 0 && mended.stdout.contains("  CronJob nightly (1 pod passes): host"),
        "{}",
        mended.stdout
    );
}

#[test]
fn what_is_not_seen_is_told_where_it_decides() {
    let unseen = ["services", "ingresses", "roles", "podsecurityexceptions", "cronjobs", "namespaces"].map(
        |resource| {
            format!(r#"{{"apiVersion":"x","resource":"{resource}","namespace":"shop","message":"no"}}"#)
        },
    );
    let header = format!(
        r#"{{"apiVersion":"seawall.dev/v1alpha1","kind":"ClusterSnapshot","serverVersion":"v1.37.2","notSeen":[{}]}}"#,
        unseen.join(",")
    );
    let dir = Dir::with(&[("cluster.jsonl", &format!("{header}\n{}\n", pod("p", None, CLEAN, "Running")))]);
    let run = dir.run_bare(&["can-enforce", "--snapshot", "cluster.jsonl", "shop", "restricted"]);
    let told: Vec<&str> = run.stdout.lines().filter_map(|line| line.strip_prefix("not seen: ")).collect();
    assert_eq!(run.status, 2, "{}", run.stdout);
    assert!(
        told.len() == 2 && told[0].starts_with("cronjobs") && told[1].starts_with("namespaces"),
        "{told:?}"
    );
}

#[test]
fn a_namespace_without_labels_may_enforce_what_the_cluster_does() {
    let run = |labels: &[(&str, &str)]| {
        can_enforce(&[namespace(labels), pod("p", None, CLEAN, "Running")], "baseline")
    };
    for labels in [&[][..], &[("warn", "baseline")], &[("enforce-version", "v1.24")]] {
        let run = run(labels);
        let said = "now, as far as its labels say, in a cluster of v1.37.2\n";
        assert!(run.status == 0 && run.stdout.contains(said), "{}", run.stdout);
    }
    let run = run(&[("enforce", "privileged")]);
    assert!(
        run.stdout.contains("it enforces privileged:latest now, in a cluster of v1.37.2\n"),
        "{}",
        run.stdout
    );
}

#[test]
fn numbers_and_verbs_agree() {
    let zero =
        |name: &str| templated("Deployment", name, None, HOST).replace("\"replicas\":1", "\"replicas\":0");
    let one = can_enforce(&[namespace(&[]), zero("a")], "baseline");
    assert!(one.stdout.contains("\n1 template violates it by itself, which the API server does not look at; no pod shows whether admission changes what it makes:\n"), "{}", one.stdout);
    let two = can_enforce(&[namespace(&[]), zero("a"), zero("b")], "baseline");
    assert!(two.stdout.contains("\n2 templates violate it by themselves, which the API server does not look at; no pod shows whether admission changes what they make:\n"), "{}", two.stdout);
}
