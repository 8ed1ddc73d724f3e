//! `hostPorts`: no container takes a port of the node.

use std::borrow::Cow;
use std::collections::BTreeSet;

use seawall_finding::{Rule, Severity, rule};
use seawall_model::Level;
use seawall_model::gotext::{plural, quoted_list};
use seawall_model::pod::{Container, PodSpec};

use crate::check::{Account, Check, Sink, Variant};
use crate::offender::{Field, Offender, Value};
use crate::text;

rule! {
    /// DOC
    pub(crate) static RULE = {
        id: "host-port",
        aliases: &["hostPorts"],
        title: "takes a port of the node",
        severity: Severity::Medium,
        level: Some(Level::Baseline),
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
        let ports = ports(offenders);
        format!(
            "{} {} {} {} {}",
            plural("container", "containers", containers.len()),
            quoted_list(&containers),
            plural("uses", "use", containers.len()),
            plural("hostPort", "hostPorts", ports.len()),
            joined(ports)
        )
    }

    fn label(_: &Offender<'_>) -> Cow<'static, str> {
        "must not be set".into()
    }

    fn account(at: &str, offenders: &[&Offender<'_>]) -> Account {
        let ports = ports(offenders.iter().copied());
        let noun = plural("port", "ports", ports.len());
        Account {
            message: format!("{at} takes {noun} {} of the node", joined(ports)),
            advice: "remove `hostPort` and expose the port with a Service".to_owned(),
        }
    }
}

/// The ports as texts, for the reference sorts them so: 443 before 80.
fn ports<'o>(offenders: impl IntoIterator<Item = &'o Offender<'o>>) -> BTreeSet<String> {
    let number = |o: &Offender<'_>| match o.value {
        Value::Int(port) => port.to_string(),
        Value::Missing | Value::Bool(_) | Value::Text(_) => String::new(),
    };
    offenders.into_iter().map(number).collect()
}

fn joined(ports: BTreeSet<String>) -> String {
    ports.into_iter().collect::<Vec<_>>().join(", ")
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
