//! `hostProbesAndHostLifecycle`: the kubelet is not sent to other hosts by probes or lifecycle handlers.

use std::borrow::Cow;
use std::collections::BTreeSet;

use seawall_finding::{Rule, Severity, rule};
use seawall_model::Level;
use seawall_model::gotext::{plural, quoted_list};
use seawall_model::pod::{Container, Handler, Pod, PodSpec};

use crate::check::{Account, Check, Sink, Variant};
use crate::offender::{Field, Offender, Value};
use crate::repair::{Action, Repair};
use crate::text;

rule! {
    /// ## What it does
    /// Reports a non-empty `host` in `httpGet` or `tcpSocket` of liveness, readiness and startup probes and of the lifecycle
    /// handlers `postStart` and `preStop`. 127.0.0.1 is no exception; `grpc`, `exec` and the header `Host` are fine.
    ///
    /// ## Why it matters
    /// It is the kubelet that connects, from the node's network: whoever writes the pod can have it call services that the pod
    /// itself cannot reach, such as the node's localhost or a cloud's metadata service.
    ///
    /// ## How to fix
    /// Remove `host`: without it the pod's own address is meant. For a virtual host send the header `Host`. To probe something
    /// else use an `exec` probe, which runs inside the container.
    ///
    /// ## Example
    /// Bad:
    ///
    /// ```yaml
    /// spec:
    ///   containers:
    ///   - name: app
    ///     livenessProbe:
    ///       httpGet: {host: 127.0.0.1, port: 8080, path: /healthz}
    /// ```
    ///
    /// Good:
    ///
    /// ```yaml
    /// spec:
    ///   containers:
    ///   - name: app
    ///     livenessProbe:
    ///       httpGet: {port: 8080, path: /healthz}
    /// ```
    ///
    /// ## Applies to
    /// Baseline and restricted, from v1.34 on. Reference check: `hostProbesAndHostLifecycle`.
    ///
    /// ## References
    /// - https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/
    /// - Pod Security Standards: https://kubernetes.io/docs/concepts/security/pod-security-standards/
    pub(crate) static RULE = {
        id: "probe-host",
        aliases: &["hostProbesAndHostLifecycle"],
        title: "sends the kubelet to another host by a probe or lifecycle handler",
        severity: Severity::Medium,
        level: Some(Level::Baseline),
        tags: &["security"],
    };
}

pub(crate) struct HostProbesAndHostLifecycle;

impl Check for HostProbesAndHostLifecycle {
    const ID: &'static str = "hostProbesAndHostLifecycle";
    const LEVEL: Level = Level::Baseline;
    const RULES: &'static [&'static Rule] = &[&RULE];
    const VARIANTS: &'static [Variant] = &[Variant::since(34)];

    #[inline]
    fn container<'p>(_: &'p PodSpec<'_>, container: &'p Container<'_>, out: &mut impl Sink<'p>) {
        let lifecycle = container.lifecycle.as_ref();
        let handlers = [
            (&container.liveness_probe, "livenessProbe.httpGet.host", "livenessProbe.tcpSocket.host"),
            (&container.readiness_probe, "readinessProbe.httpGet.host", "readinessProbe.tcpSocket.host"),
            (&container.startup_probe, "startupProbe.httpGet.host", "startupProbe.tcpSocket.host"),
        ];
        for (handler, http, tcp) in handlers {
            look(handler.as_deref(), http, tcp, out);
        }
        if let Some(lifecycle) = lifecycle {
            let (start, stop) = (lifecycle.post_start.as_ref(), lifecycle.pre_stop.as_ref());
            look(start, "lifecycle.postStart.httpGet.host", "lifecycle.postStart.tcpSocket.host", out);
            look(stop, "lifecycle.preStop.httpGet.host", "lifecycle.preStop.tcpSocket.host", out);
        }
    }

    fn reason(_: &[Offender<'_>]) -> &'static str {
        "probe or lifecycle host"
    }

    fn detail(offenders: &[Offender<'_>]) -> String {
        // Here alone containers are sorted by name, and two of one name are one.
        let containers: BTreeSet<&str> = offenders.iter().map(|o| o.name).collect();
        let hosts = text::texts(offenders);
        format!(
            "{} {} {} {} {}",
            plural("container", "containers", containers.len()),
            quoted_list(&containers),
            plural("uses", "use", containers.len()),
            plural("probe or lifecycle host", "probe or lifecycle hosts", hosts.len()),
            quoted_list(&hosts)
        )
    }

    fn label(_: &Offender<'_>) -> Cow<'static, str> {
        "must not be set".into()
    }

    fn account(at: &str, offenders: &[&Offender<'_>]) -> Account {
        Account {
            message: format!("{at} has the kubelet connect to {}", text::listed(offenders)),
            advice: "remove `host`: without it the pod's own address is meant; for a virtual host set the header `Host` in `httpHeaders`"
                .to_owned(),
        }
    }

    fn repair(_: &Pod<'_>, _: &Offender<'_>) -> Option<Repair> {
        Some(Repair::decision(Action::Remove, "does the probe mean the pod itself?"))
    }
}

#[inline]
fn look<'p>(handler: Option<&'p Handler<'_>>, http: &'static str, tcp: &'static str, out: &mut impl Sink<'p>) {
    let Some(handler) = handler else { return };
    for (action, field) in [(&handler.http_get, http), (&handler.tcp_socket, tcp)] {
        if let Some(action) = action
            && !action.host.is_empty()
        {
            out.offend(HostProbesAndHostLifecycle::ALL, Field::of(field), Value::Text(&action.host));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{detail, passes, spec};

    const ID: &str = "hostProbesAndHostLifecycle";

    #[test]
    fn passes_without_host_and_before_1_34() {
        passes(ID, 37, &spec(r#""containers":[{"name":"a","livenessProbe":{"httpGet":{"port":80,"host":""}}}]"#));
        passes(ID, 33, &spec(r#""containers":[{"name":"a","livenessProbe":{"httpGet":{"host":"h"}}}]"#));
    }

    #[test]
    fn containers_are_a_sorted_set() {
        let pod = spec(
            r#""containers":[{"name":"b","lifecycle":{"preStop":{"tcpSocket":{"host":"127.0.0.1"}}}},
            {"name":"a","startupProbe":{"httpGet":{"host":"h"},"tcpSocket":{"host":"h"}}},{"name":"b","readinessProbe":{"httpGet":{"host":"h"}}}]"#,
        );
        assert_eq!(detail(ID, 34, &pod), r#"containers "a", "b" use probe or lifecycle hosts "127.0.0.1", "h""#);
    }
}
