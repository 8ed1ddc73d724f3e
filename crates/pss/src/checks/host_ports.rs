//! `hostPorts`: no container takes a port of the node.

use std::borrow::Cow;
use std::collections::BTreeSet;

use seawall_finding::{Rule, Severity, rule};
use seawall_model::Level;
use seawall_model::gotext::{plural, quoted_list};
use seawall_model::pod::{Container, Pod, PodSpec};

use crate::check::{Account, Check, Sink, Variant};
use crate::offender::{Field, Offender, Value};
use crate::repair::{Action, Repair};
use crate::text;

rule! {
    /// ## What it does
    /// Reports container ports with a `hostPort` other than 0.
    ///
    /// ## Why it matters
    /// The port opens on the node's own address, past Services and on many network plugins past NetworkPolicies; it may shadow
    /// a service of the node. Two such pods cannot run on one node.
    ///
    /// ## How to fix
    /// Remove `hostPort` and expose the port with a Service (of type NodePort or LoadBalancer for clients outside).
    ///
    /// ## Example
    /// Bad:
    ///
    /// ```yaml
    /// spec:
    ///   containers:
    ///   - name: app
    ///     ports:
    ///     - containerPort: 8080
    ///       hostPort: 8080
    /// ```
    ///
    /// Good:
    ///
    /// ```yaml
    /// spec:
    ///   containers:
    ///   - name: app
    ///     ports:
    ///     - containerPort: 8080
    /// ```
    ///
    /// ## Applies to
    /// Baseline and restricted, all versions. Reference check: `hostPorts`. In a Pod with `hostNetwork: true` the API server sets
    /// `hostPort` itself.
    ///
    /// ## References
    /// - https://kubernetes.io/docs/concepts/services-networking/service/
    /// - CIS Kubernetes Benchmark 5.2.13
    /// - Pod Security Standards: https://kubernetes.io/docs/concepts/security/pod-security-standards/
    pub(crate) static RULE = {
        id: "host-port",
        aliases: &["hostPorts"],
        title: "takes a port of the node",
        severity: Severity::Medium,
        level: Some(Level::Baseline),
        tags: &["security", "cis", "nsa"],
    };
}

pub(crate) struct HostPorts;

impl Check for HostPorts {
    const ID: &'static str = "hostPorts";
    const LEVEL: Level = Level::Baseline;
    const RULES: &'static [&'static Rule] = &[&RULE];
    const VARIANTS: &'static [Variant] = &[Variant::since(0)];

    #[inline]
    fn container<'p>(_: &'p PodSpec<'_>, container: &'p Container<'_>, out: &mut impl Sink<'p>) {
        for (i, port) in container.ports.iter().enumerate() {
            if port.host_port != 0 {
                out.offend(Self::ALL, Field::item("ports", i, "hostPort"), Value::Int(port.host_port.into()));
            }
        }
    }

    fn reason(_: &[Offender<'_>]) -> &'static str {
        "hostPort"
    }

    fn detail(offenders: &[Offender<'_>]) -> String {
        let containers = text::container_names(offenders);
        let count = containers.clone().count();
        // Sorted as texts: 443 comes before 80.
        let ports: BTreeSet<String> = offenders.iter().map(|o| number(o).to_string()).collect();
        let ports: Vec<String> = ports.into_iter().collect();
        format!(
            "{} {} {} {} {}",
            plural("container", "containers", count),
            quoted_list(containers),
            plural("uses", "use", count),
            plural("hostPort", "hostPorts", ports.len()),
            ports.join(", ")
        )
    }

    fn label(_: &Offender<'_>) -> Cow<'static, str> {
        "must not be set".into()
    }

    fn account(at: &str, offenders: &[&Offender<'_>]) -> Account {
        let ports: BTreeSet<i64> = offenders.iter().map(|o| number(o)).collect();
        let noun = plural("port", "ports", ports.len());
        let ports: Vec<String> = ports.iter().map(ToString::to_string).collect();
        Account {
            message: format!("{at} takes {noun} {} of the node", ports.join(", ")),
            advice: "remove `hostPort` and expose the port with a Service".to_owned(),
        }
    }

    fn repair(_: &Pod<'_>, _: &Offender<'_>) -> Option<Repair> {
        Some(Repair::decision(Action::Remove, "can it be reached through a Service instead?"))
    }
}

fn number(offender: &Offender<'_>) -> i64 {
    if let Value::Int(port) = offender.value { port } else { 0 }
}

#[cfg(test)]
mod tests {
    use crate::testing::{detail, passes, spec};

    const ID: &str = "hostPorts";

    #[test]
    fn passes_zero() {
        passes(ID, 37, &spec(r#""containers":[{"name":"a","ports":[{"containerPort":80,"hostPort":0}]}]"#));
    }

    #[test]
    fn sorts_ports_as_text() {
        let pod = spec(
            r#""containers":[{"name":"a","ports":[{"hostPort":80},{"hostPort":443}]},{"name":"b","ports":[{"hostPort":80}]}]"#,
        );
        assert_eq!(detail(ID, 37, &pod), r#"containers "a", "b" use hostPorts 443, 80"#);
    }
}
