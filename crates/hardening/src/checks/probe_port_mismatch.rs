//! Probes of ports that a container does not declare.

use seawall_finding::{Severity, rule};
use seawall_yaml::{Kind, NodeRef};

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::probes::present;
use crate::view::ContainerAt;

rule! {
    /// ## What it does
    /// Reports startup, liveness and readiness probes, and `httpGet` handlers of the lifecycle, that name a port which the container
    /// does not declare, and probes of a number that is not among the ports which it declares. Where it declares no ports, numbers are
    /// not reported, nor where the probe goes to another `host`.
    ///
    /// ## Why it matters
    /// The kubelet looks the name up in the ports of the container. Without it every probe fails: the container never becomes ready,
    /// or is restarted for ever. A number works without a declaration; but where others are declared, it is often left over from a
    /// port that has changed.
    ///
    /// ## How to fix
    /// Declare the port in `ports` of the same container, or correct the probe. A number in quotes is a name: write it without them.
    ///
    /// ## Example
    /// ```yaml
    /// containers:
    /// - name: web
    ///   ports:
    ///   - {name: http, containerPort: 8080}
    ///   readinessProbe:
    ///     httpGet: {path: /ready, port: http}
    /// ```
    ///
    /// ## Applies to
    /// All containers that have such fields. A name that is not there is of medium severity, a number of low.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#use-a-named-port>
    /// - k8s.io/kubernetes `pkg/probe/util.go`, `ResolveContainerPort`
    static RULE = {
        id: "probe-port-mismatch",
        aliases: &[],
        title: "probes a port that it does not declare",
        severity: Severity::Medium,
        level: None,
        tags: &["reliability", "correctness"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Container(run) };

fn run(at: &ContainerAt<'_, '_>, _: &Cx<'_>, out: &mut Out<'_>) {
    for (field, probe) in at.container.probes() {
        let handlers = [("httpGet", probe.http_get), ("tcpSocket", probe.tcp_socket), ("grpc", probe.grpc)];
        for (handler, node) in handlers.into_iter().filter_map(|(name, node)| Some((name, node?))) {
            judge(at, &[field, handler, "port"], node, out);
        }
    }
    for hook in ["postStart", "preStop"] {
        let http_get = at.container.handler(hook).and_then(|handler| present(handler, "httpGet"));
        if let Some(node) = http_get.filter(|node| present(*node, "port").is_some_and(|p| p.as_str().is_some())) {
            judge(at, &["lifecycle", hook, "httpGet", "port"], node, out);
        }
    }
}

/// Looks at the port of a handler, which stands at these keys of the container.
fn judge(at: &ContainerAt<'_, '_>, keys: &[&str], handler: NodeRef<'_>, out: &mut Out<'_>) {
    let Some(port) = present(handler, "port") else { return };
    let ports = &at.container.ports;
    let path = || keys.iter().fold(at.path(), |path, key| path.key(*key));
    let what = || keys[..keys.len() - 2].join(".");
    if let Some(name) = port.as_str() {
        if ports.iter().any(|port| port.name == Some(name)) {
            return;
        }
        out.report(|| {
            let names: Vec<&str> = ports.iter().filter_map(|port| port.name).collect();
            let (label, advice) = if name.parse::<u16>().is_ok() {
                ("a name, because of its quotes", "write the number without quotes".to_owned())
            } else if names.is_empty() {
                ("no such port", format!("give a port of the container the name {name}, or write its number"))
            } else {
                ("no such port", format!("name a port that the container declares: {}", names.join(", ")))
            };
            let message = format!("{} has no port called \"{name}\" for its {}", at.said(), what());
            Hit::new(path(), label, message, advice)
        });
    } else if port.kind() == Kind::Int {
        let Some(number) = port.json_number() else { return };
        let elsewhere = present(handler, "host").and_then(NodeRef::as_str).is_some_and(|host| !host.is_empty());
        let declared = |port: &crate::view::Port<'_>| port.container_port.is_some_and(|of| of.to_string() == number);
        if elsewhere || ports.is_empty() || ports.iter().any(declared) {
            return;
        }
        out.report(|| {
            let message = format!("{} does not declare port {number} of its {}", at.said(), what());
            Hit::new(path(), "not declared", message, "declare the port in ports, or correct the probe")
                .severity(Severity::Low)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Case, found, in_every_class, in_every_kind};

    const ID: &str = "probe-port-mismatch";

    fn container(fields: &str) -> String {
        format!("kind: Pod\nspec:\n  hostNetwork: true\n  containers:\n  - {{name: a, {fields}}}\n")
    }

    fn of(fields: &str) -> Vec<String> {
        let found = found(ID, &container(fields));
        found.iter().map(|f| f.strip_prefix("a spec.containers[name=a].").unwrap().to_owned()).collect()
    }

    #[test]
    fn names_are_looked_up_in_the_container() {
        let ports = "ports: [{name: http, containerPort: 80}, {containerPort: 81}]";
        for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
            for handler in ["httpGet", "tcpSocket"] {
                assert_eq!(of(&format!("{ports}, {probe}: {{{handler}: {{port: http}}}}")), [""; 0]);
                let label = "no such port";
                assert_eq!(
                    of(&format!("{ports}, {probe}: {{{handler}: {{port: web, host: h}}}}")),
                    [format!("{probe}.{handler}.port: {label}")]
                );
                assert_eq!(of(&format!("{probe}: {{{handler}: {{port: web}}}}")).len(), 1);
            }
        }
        let hook = |hook: &str, port: &str| format!("{ports}, lifecycle: {{{hook}: {{httpGet: {{port: {port}}}}}}}");
        for name in ["preStop", "postStart"] {
            assert_eq!(of(&hook(name, "web")), [format!("lifecycle.{name}.httpGet.port: no such port")]);
            assert_eq!(of(&hook(name, "http")), [""; 0]);
            assert_eq!(of(&hook(name, "9")), [""; 0]);
        }
        assert_eq!(
            of(&format!("{ports}, livenessProbe: {{httpGet: {{port: '80'}}}}")),
            ["livenessProbe.httpGet.port: a name, because of its quotes"]
        );
    }

    #[test]
    fn another_containers_port_does_not_count() {
        let pod = "kind: Pod\nspec:\n  containers:\n  - {name: a, livenessProbe: {httpGet: {port: http}}}\n  - {name: b, ports: [{name: http, containerPort: 80}]}\n";
        assert_eq!(found(ID, pod), ["a spec.containers[name=a].livenessProbe.httpGet.port: no such port"]);
    }

    #[test]
    fn numbers_count_where_ports_are_declared() {
        for (fields, hits) in [
            ("livenessProbe: {httpGet: {port: 8080}}", 0),
            ("ports: [], livenessProbe: {httpGet: {port: 8080}}", 0),
            ("ports: [{containerPort: 8080}], livenessProbe: {httpGet: {port: 8080}}", 0),
            ("ports: [{containerPort: 80}], livenessProbe: {httpGet: {port: 8080, host: other}}", 0),
            ("ports: [{containerPort: 80}], livenessProbe: {httpGet: {port: null}}", 0),
            ("ports: [{containerPort: 80}], livenessProbe: {httpGet: {port: [1]}, exec: {command: [a]}}", 0),
            ("ports: [{containerPort: 80}], livenessProbe: {httpGet: {port: 8080, host: ''}}", 1),
            ("ports: [{containerPort: 80}], livenessProbe: {tcpSocket: {port: 8080}}", 1),
            ("ports: [{containerPort: 80}], readinessProbe: {grpc: {port: 8080}}", 1),
            ("ports: [{containerPort: 80}], readinessProbe: {grpc: {port: 80}}", 0),
        ] {
            assert_eq!(of(fields).len(), hits, "{fields}");
        }
        let severity = |fields: &str| Case::of(ID).findings(&container(fields))[0].finding.severity;
        assert_eq!(severity("ports: [{containerPort: 80}], livenessProbe: {tcpSocket: {port: 8080}}"), Severity::Low);
        assert_eq!(severity("ports: [{containerPort: 80}], livenessProbe: {tcpSocket: {port: x}}"), Severity::Medium);
    }

    #[test]
    fn looks_at_every_container_of_every_kind() {
        let probe = "livenessProbe: {httpGet: {port: web}}";
        assert_eq!(in_every_class(ID, probe), [true; 3]);
        assert_eq!(in_every_class(ID, "livenessProbe: {exec: {command: [a]}}"), [false; 3]);
        let kinds = in_every_kind(ID, &format!("containers: [{{name: a, {probe}}}]\n"));
        assert!(kinds.len() == 9 && kinds.iter().all(|found| found.len() == 1), "{kinds:?}");
    }
}
