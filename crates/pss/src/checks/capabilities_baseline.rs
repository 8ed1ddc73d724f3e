//! `capabilities_baseline`: no capability beyond those that container runtimes give by default.

use std::borrow::Cow;

use seawall_finding::{Rule, Severity, rule};
use seawall_model::Level;
use seawall_model::gotext::plural;
use seawall_model::pod::{Container, Pod, PodSpec};

use crate::check::{Account, Check, Sink, Variant};
use crate::offender::{Field, Offender, Value};
use crate::repair::{Action, Repair};
use crate::text;

rule! {
    /// ## What it does
    /// Reports capabilities in `capabilities.add` that the level does not allow. Baseline allows those that container runtimes
    /// give by default: AUDIT_WRITE, CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, MKNOD, NET_BIND_SERVICE, SETFCAP, SETGID,
    /// SETPCAP, SETUID, SYS_CHROOT. Restricted allows NET_BIND_SERVICE alone from v1.22 on. Names are compared exactly:
    /// `CAP_CHOWN`, `chown` and `ALL` are not in the list.
    ///
    /// ## Why it matters
    /// Capabilities are pieces of root's power. SYS_ADMIN is most of it, SYS_PTRACE and SYS_MODULE reach other processes and the
    /// kernel, NET_ADMIN and NET_RAW let a container redirect or forge its neighbours' traffic.
    ///
    /// ## How to fix
    /// Remove the capabilities. What truly needs one (a service mesh, a network plugin, a node agent) belongs in a namespace of
    /// its own at a less strict level. For ports below 1024 see `seawall explain net-bind-service`.
    ///
    /// ## Example
    /// Bad:
    ///
    /// ```yaml
    /// spec:
    ///   containers:
    ///   - name: app
    ///     securityContext:
    ///       capabilities:
    ///         add: [NET_ADMIN]
    /// ```
    ///
    /// Good:
    ///
    /// ```yaml
    /// spec:
    ///   containers:
    ///   - name: app
    ///     securityContext:
    ///       capabilities:
    ///         drop: [ALL]
    /// ```
    ///
    /// ## Applies to
    /// Baseline in all versions, reference check `capabilities_baseline`; restricted from v1.22 on, reference check
    /// `capabilities_restricted`. From v1.25 on restricted asks nothing of the capabilities of Windows pods.
    ///
    /// ## References
    /// - https://kubernetes.io/docs/tasks/configure-pod-container/security-context/#set-capabilities-for-a-container
    /// - CIS Kubernetes Benchmark 5.2.9
    /// - Pod Security Standards: https://kubernetes.io/docs/concepts/security/pod-security-standards/
    pub(crate) static RULE = {
        id: "added-capability",
        aliases: &["capabilities_baseline", "capabilities_restricted"],
        title: "adds Linux capabilities that a container does not have by default",
        severity: Severity::Medium,
        level: Some(Level::Baseline),
        tags: &["security", "cis"],
    };
}

/// Where capabilities are added.
pub(super) const ADD: &str = crate::offender::ADDED_CAPABILITIES;

pub(crate) struct CapabilitiesBaseline;

impl Check for CapabilitiesBaseline {
    const ID: &'static str = "capabilities_baseline";
    const LEVEL: Level = Level::Baseline;
    const RULES: &'static [&'static Rule] = &[&RULE];
    const VARIANTS: &'static [Variant] = &[Variant::since(0)];

    #[inline]
    fn container<'p>(_: &'p PodSpec<'_>, container: &'p Container<'_>, out: &mut impl Sink<'p>) {
        let capabilities = container.security_context.as_ref().and_then(|c| c.capabilities.as_ref());
        for (i, name) in capabilities.iter().flat_map(|c| c.add.iter().enumerate()) {
            if !is_default(name) {
                out.offend(Self::ALL, Field::item(ADD, i, ""), Value::Text(name));
            }
        }
    }

    fn reason(_: &[Offender<'_>]) -> &'static str {
        "non-default capabilities"
    }

    fn detail(offenders: &[Offender<'_>]) -> String {
        must_not_include(offenders)
    }

    fn label(_: &Offender<'_>) -> Cow<'static, str> {
        "must not be added".into()
    }

    fn account(at: &str, offenders: &[&Offender<'_>]) -> Account {
        added(at, offenders)
    }

    fn repair(_: &Pod<'_>, _: &Offender<'_>) -> Option<Repair> {
        Some(Repair::decision(Action::Remove, "can it do without this capability?"))
    }
}

/// Exactly these: `CAP_CHOWN`, `chown` and `ALL` are others.
fn is_default(name: &str) -> bool {
    matches!(
        name,
        "AUDIT_WRITE"
            | "CHOWN"
            | "DAC_OVERRIDE"
            | "FOWNER"
            | "FSETID"
            | "KILL"
            | "MKNOD"
            | "NET_BIND_SERVICE"
            | "SETFCAP"
            | "SETGID"
            | "SETPCAP"
            | "SETUID"
            | "SYS_CHROOT"
    )
}

/// The reference's sentence on capabilities that may not be added.
pub(super) fn must_not_include<'o, 'p: 'o>(
    offenders: impl IntoIterator<Item = &'o Offender<'p>, IntoIter: Clone>,
) -> String {
    let offenders = offenders.into_iter();
    let containers = text::containers(offenders.clone()).unwrap_or_default();
    format!("{containers} must not include {} in {ADD}", text::quoted_texts(offenders))
}

/// What a person is told of capabilities that may not be added.
pub(super) fn added(at: &str, offenders: &[&Offender<'_>]) -> Account {
    let advice = if offenders.iter().all(|o| o.text() == "CAP_NET_BIND_SERVICE") {
        "write `NET_BIND_SERVICE`: Kubernetes names capabilities without `CAP_`"
    } else {
        "remove what is not needed from `capabilities.add`; what truly needs it belongs alone in a namespace of a less strict level"
    };
    let noun = plural("capability", "capabilities", offenders.len());
    Account {
        message: format!("{at} adds the {noun} {}", text::listed(offenders)),
        advice: advice.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{containers, detail, passes};

    const ID: &str = "capabilities_baseline";

    #[test]
    fn passes_defaults() {
        passes(ID, 37, &containers(&[r#""capabilities":{"add":["CHOWN","NET_BIND_SERVICE"]}"#, ""]));
    }

    #[test]
    fn names_are_compared_exactly() {
        let pod = containers(&[r#""capabilities":{"add":["chown","CAP_CHOWN"]}"#, r#""capabilities":{"add":[""]}"#]);
        assert_eq!(
            detail(ID, 37, &pod),
            r#"containers "a", "b" must not include "", "CAP_CHOWN", "chown" in securityContext.capabilities.add"#
        );
    }
}
