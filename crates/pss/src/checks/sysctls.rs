//! `sysctls`: only kernel parameters that stay within the pod.

use std::borrow::Cow;

use seawall_finding::{Rule, Severity, rule};
use seawall_model::Level;
use seawall_model::gotext::plural;
use seawall_model::pod::{Pod, PodSpec};

use crate::check::{Account, Check, Sink, Variant};
use crate::faults::Faults;
use crate::offender::{Field, Offender, SYSCTLS, Value};
use crate::repair::{Action, Repair};
use crate::text;

rule! {
    /// ## What it does
    /// Reports `sysctls` of the pod whose name is not in the list of safe ones. The list grew: `ip_local_reserved_ports` came with
    /// v1.27, `tcp_keepalive_*` and `tcp_fin_timeout` with v1.29, `tcp_rmem` and `tcp_wmem` with v1.32, `tcp_slow_start_after_idle` and
    /// `tcp_notsent_lowat` with v1.37. Names are compared as written, with dots: the form with slashes is not in the list.
    ///
    /// ## Why it matters
    /// A kernel parameter that does not belong to the pod alone changes the node for all pods: limits, routing, security
    /// switches.
    ///
    /// ## How to fix
    /// Remove it. A setting that the workload cannot do without belongs in the node's configuration, on nodes set aside for it.
    ///
    /// ## Example
    /// Bad:
    ///
    /// ```yaml
    /// spec:
    ///   securityContext:
    ///     sysctls:
    ///     - {name: kernel.msgmax, value: "65536"}
    ///   containers:
    ///   - name: app
    /// ```
    ///
    /// Good:
    ///
    /// ```yaml
    /// spec:
    ///   securityContext:
    ///     sysctls:
    ///     - {name: net.ipv4.ip_unprivileged_port_start, value: "0"}
    ///   containers:
    ///   - name: app
    /// ```
    ///
    /// ## Applies to
    /// Baseline and restricted, all versions. Reference check: `sysctls`.
    ///
    /// ## References
    /// - https://kubernetes.io/docs/tasks/administer-cluster/sysctl-cluster/
    /// - Pod Security Standards: https://kubernetes.io/docs/concepts/security/pod-security-standards/
    pub(crate) static RULE = {
        id: "unsafe-sysctl",
        aliases: &["sysctls"],
        title: "sets kernel parameters that are not known to be safe",
        severity: Severity::Medium,
        level: Some(Level::Baseline),
        tags: &["security"],
    };
}

/// The safe parameters, and since which version they are allowed.
const SAFE: [(&str, u8); 14] = [
    ("kernel.shm_rmid_forced", 0),
    ("net.ipv4.ip_local_port_range", 0),
    ("net.ipv4.tcp_syncookies", 0),
    ("net.ipv4.ping_group_range", 0),
    ("net.ipv4.ip_unprivileged_port_start", 0),
    ("net.ipv4.ip_local_reserved_ports", 27),
    ("net.ipv4.tcp_keepalive_time", 29),
    ("net.ipv4.tcp_fin_timeout", 29),
    ("net.ipv4.tcp_keepalive_intvl", 29),
    ("net.ipv4.tcp_keepalive_probes", 29),
    ("net.ipv4.tcp_rmem", 32),
    ("net.ipv4.tcp_wmem", 32),
    ("net.ipv4.tcp_slow_start_after_idle", 37),
    ("net.ipv4.tcp_notsent_lowat", 37),
];

pub(crate) struct Sysctls;

impl Check for Sysctls {
    const ID: &'static str = "sysctls";
    const LEVEL: Level = Level::Baseline;
    const RULES: &'static [&'static Rule] = &[&RULE];
    const VARIANTS: &'static [Variant] = &[
        Variant::since(0),
        Variant::since(27),
        Variant::since(29),
        Variant::since(32),
        Variant::since(37),
    ];

    #[inline]
    fn pod<'p>(spec: &'p PodSpec<'_>, out: &mut impl Sink<'p>) {
        let sysctls = spec.security_context.as_ref().map_or(&[][..], |c| &c.sysctls);
        for (i, sysctl) in sysctls.iter().enumerate() {
            let variants = forbidding(&sysctl.name);
            if !variants.is_empty() {
                let field = Field::item(SYSCTLS, i, "name");
                out.offend(variants, field, Value::Text(&sysctl.name));
            }
        }
    }

    fn reason(_: &[Offender<'_>]) -> &'static str {
        "forbidden sysctls"
    }

    fn detail(offenders: &[Offender<'_>]) -> String {
        let names: Vec<&str> = offenders.iter().map(Offender::text).collect();
        names.join(", ")
    }

    fn label(offender: &Offender<'_>) -> Cow<'static, str> {
        match safe_since(offender.text()) {
            Some(minor) => format!("is allowed from v1.{minor} on").into(),
            None => "is not a safe sysctl".into(),
        }
    }

    fn account(at: &str, offenders: &[&Offender<'_>]) -> Account {
        Account {
            message: format!(
                "{at} sets the kernel {} {}",
                plural("parameter", "parameters", offenders.len()),
                text::listed(offenders)
            ),
            advice: "remove it; a setting that the workload cannot do without belongs on the node".to_owned(),
        }
    }

    fn repair(_: &Pod<'_>, _: &Offender<'_>) -> Option<Repair> {
        Some(Repair::decision(Action::RemoveItem, "does it run without this kernel parameter?"))
    }
}

/// The version from which on a parameter is allowed. Names are compared exactly: `net/ipv4/...` is another.
fn safe_since(name: &str) -> Option<u8> {
    SAFE.iter().find(|(safe, _)| *safe == name).map(|(_, since)| *since)
}

/// The variants that forbid a parameter.
fn forbidding(name: &str) -> Faults {
    safe_since(name).map_or(Sysctls::ALL, Sysctls::before)
}

#[cfg(test)]
mod tests {
    use crate::testing::{detail, passes, spec};

    const ID: &str = "sysctls";

    fn sysctl(name: &str) -> String {
        spec(&format!(r#""securityContext":{{"sysctls":[{{"name":"{name}","value":"1"}}]}}"#))
    }

    #[test]
    fn the_list_grows() {
        for (name, since) in super::SAFE {
            passes(ID, since.into(), &sysctl(name));
            if since > 0 {
                assert_eq!(detail(ID, u64::from(since) - 1, &sysctl(name)), name);
            }
        }
    }

    #[test]
    fn names_all_in_order_as_often_as_they_come() {
        let pod = spec(r#""securityContext":{"sysctls":[{"name":"b"},{"name":"net/ipv4/tcp_rmem"},{"name":"b"}]}"#);
        assert_eq!(detail(ID, 37, &pod), "b, net/ipv4/tcp_rmem, b");
    }
}
