//! `privileged`: no container runs privileged.

use std::borrow::Cow;

use seawall_finding::{Rule, Severity, rule};
use seawall_model::Level;
use seawall_model::pod::{Container, Pod, PodSpec};

use crate::check::{Account, Check, Sink, Variant};
use crate::offender::{Field, Offender, Value};
use crate::repair::{Action, Repair};
use crate::text;

rule! {
    /// ## What it does
    /// Reports containers with `privileged: true`.
    ///
    /// ## Why it matters
    /// A privileged container has all capabilities, all devices of the node and neither seccomp nor `AppArmor`: whoever runs code
    /// in it is root on the node in a few commands.
    ///
    /// ## How to fix
    /// Remove the field. If it is there for one device, use a device plugin; for one capability, see `added-capability`; for
    /// building images, a builder that runs without privileges. What remains (storage and network drivers) belongs in a namespace
    /// of its own at level privileged.
    ///
    /// ## Example
    /// Bad:
    ///
    /// ```yaml
    /// spec:
    ///   containers:
    ///   - name: app
    ///     securityContext:
    ///       privileged: true
    /// ```
    ///
    /// Good:
    ///
    /// ```yaml
    /// spec:
    ///   containers:
    ///   - name: app
    ///     securityContext:
    ///       privileged: false
    /// ```
    ///
    /// ## Applies to
    /// Baseline and restricted, all versions. Reference check: `privileged`.
    ///
    /// ## References
    /// - https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
    /// - CIS Kubernetes Benchmark 5.2.2
    /// - Pod Security Standards: https://kubernetes.io/docs/concepts/security/pod-security-standards/
    pub(crate) static RULE = {
        id: "privileged-container",
        aliases: &["privileged"],
        title: "runs privileged",
        severity: Severity::Critical,
        level: Some(Level::Baseline),
        host_level: true,
        tags: &["security", "cis", "nsa"],
    };
}

pub(crate) struct Privileged;

impl Check for Privileged {
    const ID: &'static str = "privileged";
    const LEVEL: Level = Level::Baseline;
    const RULES: &'static [&'static Rule] = &[&RULE];
    const VARIANTS: &'static [Variant] = &[Variant::since(0)];

    #[inline]
    fn container<'p>(_: &'p PodSpec<'_>, container: &'p Container<'_>, out: &mut impl Sink<'p>) {
        if container.security_context.as_ref().is_some_and(|c| c.privileged == Some(true)) {
            out.offend(Self::ALL, Field::of("securityContext.privileged"), Value::Bool(true));
        }
    }

    fn reason(_: &[Offender<'_>]) -> &'static str {
        "privileged"
    }

    fn detail(offenders: &[Offender<'_>]) -> String {
        let containers = text::containers(offenders).unwrap_or_default();
        format!("{containers} must not set securityContext.privileged=true")
    }

    fn label(_: &Offender<'_>) -> Cow<'static, str> {
        "must be false".into()
    }

    fn account(at: &str, _: &[&Offender<'_>]) -> Account {
        Account {
            message: format!("{at} is privileged: it is root on the node in all but name"),
            advice: "remove `privileged: true`; if one device or capability is what it needs, ask for that alone".to_owned(),
        }
    }

    fn repair(_: &Pod<'_>, _: &Offender<'_>) -> Option<Repair> {
        Some(Repair::decision(Action::Remove, "can it do without all rights on the node?"))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{containers, detail, passes};

    const ID: &str = "privileged";

    #[test]
    fn passes_false() {
        passes(ID, 37, &containers(&[r#""privileged":false"#, r#""privileged":null"#, ""]));
    }

    #[test]
    fn names_containers() {
        let pod = containers(&[r#""privileged":true"#, "", r#""privileged":true"#]);
        assert_eq!(detail(ID, 0, &pod), r#"containers "a", "c" must not set securityContext.privileged=true"#);
    }
}
