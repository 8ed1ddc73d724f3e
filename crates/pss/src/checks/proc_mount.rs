//! `procMount`: `/proc` stays masked.

use std::borrow::Cow;

use seawall_finding::{Rule, Severity, rule};
use seawall_model::Level;
use seawall_model::pod::{Container, Pod, PodSpec};

use crate::check::{Account, Check, Exempt, Sink, Variant};
use crate::faults::Faults;
use crate::offender::{Field, Offender, Value};
use crate::repair::{Action, Repair};
use crate::text;

rule! {
    /// ## What it does
    /// Reports `procMount` other than `Default`, the empty text too.
    ///
    /// ## Why it matters
    /// Runtimes mask parts of /proc and make others read-only, because they show secrets of the kernel or change the node.
    /// `Unmasked` lays them open.
    ///
    /// ## How to fix
    /// Remove the field. It is meant for containers that run containers; those need `hostUsers: false`, which baseline allows
    /// from v1.35 on.
    ///
    /// ## Example
    /// Bad:
    ///
    /// ```yaml
    /// spec:
    ///   containers:
    ///   - name: app
    ///     securityContext:
    ///       procMount: Unmasked
    /// ```
    ///
    /// Good:
    ///
    /// ```yaml
    /// spec:
    ///   containers:
    ///   - name: app
    ///     securityContext:
    ///       procMount: Default
    /// ```
    ///
    /// ## Applies to
    /// Baseline in all versions, reference check `procMount`; from v1.35 on not for pods with `hostUsers: false`. Restricted in
    /// all versions and whatever `hostUsers` says, from v1.35 on as reference check `procMount_restricted`.
    ///
    /// ## References
    /// - https://kubernetes.io/docs/tasks/configure-pod-container/user-namespaces/
    /// - Pod Security Standards: https://kubernetes.io/docs/concepts/security/pod-security-standards/
    pub(crate) static RULE = {
        id: "proc-mount",
        aliases: &["procMount", "procMount_restricted"],
        title: "lays open parts of /proc that the runtime masks",
        severity: Severity::Medium,
        level: Some(Level::Baseline),
        tags: &["security"],
    };
}

pub(crate) struct ProcMount;

impl Check for ProcMount {
    const ID: &'static str = "procMount";
    const LEVEL: Level = Level::Baseline;
    const RULES: &'static [&'static Rule] = &[&RULE];
    const VARIANTS: &'static [Variant] =
        &[Variant::since(0), Variant::since(35).except(Exempt::UserNamespace)];

    #[inline]
    fn container<'p>(_: &'p PodSpec<'_>, container: &'p Container<'_>, out: &mut impl Sink<'p>) {
        look(Self::ALL, container, out);
    }

    fn reason(_: &[Offender<'_>]) -> &'static str {
        "procMount"
    }

    fn detail(offenders: &[Offender<'_>]) -> String {
        let containers = text::containers(offenders).unwrap_or_default();
        format!("{containers} must not set securityContext.procMount to {}", text::quoted_texts(offenders))
    }

    fn label(_: &Offender<'_>) -> Cow<'static, str> {
        "must be Default".into()
    }

    fn account(at: &str, offenders: &[&Offender<'_>]) -> Account {
        Account {
            message: format!("{at} sets procMount to {}: kernel settings in /proc lie open", text::listed(offenders)),
            advice: "remove `procMount`; baseline allows it from v1.35 on for pods with `hostUsers: false`".to_owned(),
        }
    }

    fn repair(_: &Pod<'_>, _: &Offender<'_>) -> Option<Repair> {
        Some(Repair::decision(Action::Remove, "can it do without an unmasked /proc?"))
    }
}

/// Any value but `Default`, the empty text too.
#[inline]
pub(super) fn look<'p>(variants: Faults, container: &'p Container<'_>, out: &mut impl Sink<'p>) {
    if let Some(kind) = container.security_context.as_ref().and_then(|c| c.proc_mount.as_ref())
        && kind != "Default"
    {
        out.offend(variants, Field::of("securityContext.procMount"), Value::Text(kind));
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{containers, detail, passes};

    const ID: &str = "procMount";

    #[test]
    fn passes_default_and_user_namespaces_from_1_35_on() {
        passes(ID, 37, &containers(&[r#""procMount":"Default""#, ""]));
        let pod = r#"{"spec":{"hostUsers":false,"containers":[{"name":"a","securityContext":{"procMount":"Unmasked"}}]}}"#;
        passes(ID, 35, pod);
        assert!(!detail(ID, 34, pod).is_empty());
    }

    #[test]
    fn names_values() {
        let pod = containers(&[r#""procMount":"Unmasked""#, r#""procMount":"""#]);
        assert_eq!(
            detail(ID, 37, &pod),
            r#"containers "a", "b" must not set securityContext.procMount to "", "Unmasked""#
        );
    }
}
