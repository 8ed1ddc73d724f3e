//! Liveness probes that ask what readiness probes ask.

use seawall_finding::{Severity, rule};
use seawall_yaml::{Kind, NodeRef};

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::probes::{is_of_job, present};
use crate::view::{ContainerAt, Probe};

rule! {
    /// ## What it does
    /// Reports containers whose liveness probe asks the same as the readiness probe, as often, as patiently and with the same
    /// thresholds, defaults included. `initialDelaySeconds` does not count: it only matters at the start.
    ///
    /// ## Why it matters
    /// A container that is slow for a moment should get no requests until it has recovered. If the same question decides on life,
    /// it is killed in that moment, its load goes to the others, and they are next.
    ///
    /// ## How to fix
    /// Let the liveness probe ask only what a restart would repair, at a place that needs no database and no other service, and let
    /// it be more patient than the readiness probe. Without such a question, leave it out.
    ///
    /// ## Example
    /// ```yaml
    /// containers:
    /// - name: web
    ///   readinessProbe:
    ///     httpGet: {path: /ready, port: 8080}
    ///   livenessProbe:
    ///     httpGet: {path: /alive, port: 8080}
    ///     failureThreshold: 10
    /// ```
    ///
    /// ## Applies to
    /// Main containers and sidecars, but not those of Jobs and CronJobs. Other init containers and ephemeral containers cannot have
    /// probes.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/>
    /// - k8s.io/kubernetes `pkg/apis/core/v1/defaults.go`, `SetDefaults_Probe` and `SetDefaults_HTTPGetAction`
    static RULE = {
        id: "probes-identical",
        aliases: &[],
        title: "is killed whenever it is not ready",
        severity: Severity::Low,
        level: None,
        tags: &["reliability"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Container(run) };

/// What the API server puts where nothing is written in a handler.
const DEFAULTS: [(&str, &str); 4] = [("path", "/"), ("scheme", "HTTP"), ("host", ""), ("service", "")];

fn run(at: &ContainerAt<'_, '_>, _: &Cx<'_>, out: &mut Out<'_>) {
    let container = at.container;
    let Some((alive, ready)) = container.liveness_probe.as_ref().zip(container.readiness_probe.as_ref()) else {
        return;
    };
    if !at.is_long_running() || is_of_job(at) || thresholds(alive) != thresholds(ready) || !same_handler(alive, ready) {
        return;
    }
    out.report(|| {
        Hit::new(
            at.path().key("livenessProbe"),
            "same as the readinessProbe",
            format!("{} is killed whenever it is not ready: both probes ask the same", at.said()),
            "let the liveness probe ask what a restart repairs, and be more patient, or leave it out",
        )
        .related(at.path().key("readinessProbe"), "asks the same")
    });
}

/// Period, timeout, successes and failures, as the API server sets them.
fn thresholds(probe: &Probe<'_>) -> [i64; 4] {
    let or = |value: Option<i64>, default| value.filter(|value| *value != 0).unwrap_or(default);
    [
        or(probe.period_seconds, 10),
        or(probe.timeout_seconds, 1),
        or(probe.success_threshold, 1),
        or(probe.failure_threshold, 3),
    ]
}

/// Whether two probes have the same handlers, and at least one.
fn same_handler(a: &Probe<'_>, b: &Probe<'_>) -> bool {
    let handlers = [(a.http_get, b.http_get), (a.tcp_socket, b.tcp_socket), (a.grpc, b.grpc), (a.exec, b.exec)];
    handlers.iter().any(|(a, _)| a.is_some())
        && handlers.into_iter().all(|pair| match pair {
            (Some(a), Some(b)) => same(a, b),
            (a, b) => a.is_none() && b.is_none(),
        })
}

/// Whether every field of a mapping is the same in another one.
fn same_fields(a: NodeRef<'_>, b: NodeRef<'_>) -> bool {
    a.entries().filter_map(|(key, _)| key.key()).all(|key| {
        let default = DEFAULTS.iter().find(|(name, _)| *name == key).map(|(_, value)| *value);
        match (present(a, &key), present(b, &key)) {
            (Some(a), Some(b)) => same(a, b) || default.is_some_and(|d| is(a, d) && is(b, d)),
            (Some(only), None) | (None, Some(only)) => default.is_some_and(|d| is(only, d)),
            (None, None) => true,
        }
    })
}

/// Whether a text is a default, or empty, which becomes the default.
fn is(node: NodeRef<'_>, default: &str) -> bool {
    node.as_str().is_some_and(|text| text.is_empty() || text == default)
}

fn same(a: NodeRef<'_>, b: NodeRef<'_>) -> bool {
    let (a, b) = (a.resolved(), b.resolved());
    match (a.kind(), b.kind()) {
        (Kind::Mapping, Kind::Mapping) => same_fields(a, b) && same_fields(b, a),
        (Kind::Sequence, Kind::Sequence) => {
            a.count() == b.count() && a.items().zip(b.items()).all(|(a, b)| same(a, b))
        }
        (Kind::Int | Kind::Float, Kind::Int | Kind::Float) => a.json_number() == b.json_number(),
        (of_a, of_b) => of_a == of_b && a.text() == b.text(),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{found, in_every_class, in_every_kind};

    const ID: &str = "probes-identical";

    fn reported(alive: &str, ready: &str) -> bool {
        let pod = format!(
            "kind: Pod\nspec:\n  containers:\n  - name: a\n    livenessProbe: {{{alive}}}\n    readinessProbe: {{{ready}}}\n"
        );
        !found(ID, &pod).is_empty()
    }

    #[test]
    fn the_same_question_is_reported() {
        for (alive, ready) in [
            ("httpGet: {path: /a, port: 80}", "httpGet: {port: 80, path: /a}"),
            ("httpGet: {path: /, port: 80, scheme: HTTP}", "httpGet: {port: 80, path: '', host: ''}"),
            ("httpGet: {port: 80, host: null}", "httpGet: {port: 80}"),
            ("tcpSocket: {port: http}", "tcpSocket: {port: http}, initialDelaySeconds: 9"),
            ("exec: {command: [a, b]}", "exec: {command: [a, b]}"),
            ("grpc: {port: 1, service: ''}", "grpc: {port: 1}"),
            ("tcpSocket: {port: 1}, periodSeconds: 10, timeoutSeconds: 1", "tcpSocket: {port: 1}, successThreshold: 1"),
            ("tcpSocket: {port: 1}, failureThreshold: 3", "tcpSocket: {port: 1}, failureThreshold: 0"),
            (
                "httpGet: {port: 1, httpHeaders: [{name: a, value: b}]}",
                "httpGet: {port: 1, httpHeaders: [{value: b, name: a}]}",
            ),
        ] {
            assert!(reported(alive, ready), "{alive} {ready}");
        }
    }

    #[test]
    fn other_questions_and_other_patience_will_do() {
        for (alive, ready) in [
            ("httpGet: {path: /a, port: 80}", "httpGet: {path: /b, port: 80}"),
            ("httpGet: {path: /a, port: 80}", "httpGet: {port: 80}"),
            ("httpGet: {port: 80}", "httpGet: {port: 81}"),
            ("httpGet: {port: 80}", "httpGet: {port: '80'}"),
            ("httpGet: {port: 80}", "httpGet: {port: 80, scheme: HTTPS}"),
            ("httpGet: {port: 80}", "tcpSocket: {port: 80}"),
            ("httpGet: {port: 80}", "httpGet: {port: 80, httpHeaders: [{name: a, value: b}]}"),
            ("exec: {command: [a, b]}", "exec: {command: [a]}"),
            ("exec: {command: [a]}", "exec: {command: [b]}"),
            ("tcpSocket: {port: 1}, failureThreshold: 10", "tcpSocket: {port: 1}"),
            ("tcpSocket: {port: 1}", "tcpSocket: {port: 1}, periodSeconds: 5"),
            ("tcpSocket: {port: 1}, timeoutSeconds: 2", "tcpSocket: {port: 1}"),
            ("tcpSocket: {port: 1}", "tcpSocket: {port: 1}, successThreshold: 2"),
            ("", ""),
            ("httpGet: 1", "httpGet: 2"),
        ] {
            assert!(!reported(alive, ready), "{alive} {ready}");
        }
    }

    #[test]
    fn holds_where_probes_run() {
        let probes = "livenessProbe: {tcpSocket: {port: 1}}\nreadinessProbe: {tcpSocket: {port: 1}}";
        assert_eq!(in_every_class(ID, probes), [false, true, false]);
        assert_eq!(in_every_class(ID, &format!("{probes}\nrestartPolicy: Always")), [true, true, false]);
        assert_eq!(in_every_class(ID, "livenessProbe: &p {tcpSocket: {port: 1}}\nreadinessProbe: *p"), [false, true, false]);
        assert_eq!(in_every_class(ID, "livenessProbe: {tcpSocket: {port: 1}}\nreadinessProbe: null"), [false; 3]);
        let kinds = in_every_kind(
            ID,
            "containers: [{name: a, livenessProbe: {exec: {command: [a]}}, readinessProbe: {exec: {command: [a]}}}]\n",
        );
        let counts: Vec<_> = kinds.iter().map(Vec::len).collect();
        assert_eq!(counts, [1, 1, 1, 1, 1, 1, 1, 0, 0]);
        assert_eq!(kinds[0], ["a spec.containers[name=a].livenessProbe: same as the readinessProbe"]);
    }
}
