//! The first phase allocates nothing, whether a pod passes or not: it runs for every pod of every scan and every review.

use seawall_model::Level;
use seawall_model::pod::Pod;
use seawall_pss::{allowed, evaluate, results};

const COMPLIANT: &str = r#"{"spec":{"securityContext":{"runAsNonRoot":true,"seccompProfile":{"type":"RuntimeDefault"}},
    "containers":[{"name":"a","ports":[{"containerPort":80}],
      "securityContext":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]}}}],
    "volumes":[{"name":"v","emptyDir":{}}]}}"#;

const HOSTILE: &str = r#"{"metadata":{"annotations":{"container.apparmor.security.beta.kubernetes.io/a":"unconfined"}},
    "spec":{"hostPID":true,"securityContext":{"sysctls":[{"name":"x"}],"seLinuxOptions":{"user":"u","type":"t"}},
    "initContainers":[{"name":"i","securityContext":{"privileged":true,"capabilities":{"add":["SYS_ADMIN"]}}}],
    "containers":[{"name":"a","ports":[{"hostPort":80}],"livenessProbe":{"httpGet":{"host":"h"}}}],
    "volumes":[{"name":"v","hostPath":{"path":"/"}}]}}"#;

fn pod(json: &str) -> Pod<'_> {
    seawall_model::json::decode(json.as_bytes()).expect("a pod")
}

/// The answer, and how often memory was asked for.
fn counted<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let mut answer = None;
    let info = allocation_counter::measure(|| answer = Some(work()));
    (answer.expect("done"), info.count_total)
}

#[test]
fn verdicts_allocate_nothing() {
    for (json, passes) in [(COMPLIANT, true), (HOSTILE, false)] {
        let pod = pod(json);
        let verdict = || allowed(evaluate(&pod), Level::Restricted, 37);
        assert_eq!(counted(verdict), (passes, 0));
    }
}

#[test]
fn reasons_do() {
    let pod = pod(HOSTILE);
    let (found, allocations) = counted(|| results(&pod, Level::Restricted, 37).len());
    assert!(found > 5 && allocations > 0, "the counter counts");
}
