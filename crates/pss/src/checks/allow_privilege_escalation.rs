//! `allowPrivilegeEscalation`: no process gains more privileges than its parent has.

use std::borrow::Cow;

use seawall_finding::{Rule, Severity, rule};
use seawall_model::Level;
use seawall_model::pod::{Container, Pod, PodSpec};

use crate::check::{Account, Check, Exempt, Sink, Variant};
use crate::offender::{Field, Offender, Value, containers};
use crate::repair::{Action, Literal, Repair};
use crate::text;

rule! {
    /// ## What it does
    /// Reports containers that do not set `allowPrivilegeEscalation: false`. Unset counts as true.
    ///
    /// ## Why it matters
    /// With false the kernel's `no_new_privs` holds: no program, set-user-ID ones like `sudo` and `su` among them, gains more than
    /// its parent has. Without it an intruder who is not root has a way to become root.
    ///
    /// ## How to fix
    /// Write `allowPrivilegeEscalation: false` in every container's `securityContext`; there is no such field for the pod. It is
    /// in conflict with `privileged: true` and with CAP_SYS_ADMIN, and breaks images that rely on `sudo`.
    ///
    /// ## Example
    /// Bad:
    ///
    /// ```yaml
    /// spec:
    ///   containers:
    ///   - name: app
    /// ```
    ///
    /// Good:
    ///
    /// ```yaml
    /// spec:
    ///   containers:
    ///   - name: app
    ///     securityContext:
    ///       allowPrivilegeEscalation: false
    /// ```
    ///
    /// ## Applies to
    /// Restricted, from v1.8 on; from v1.25 on not for pods with `os: {name: windows}`. Reference check:
    /// `allowPrivilegeEscalation`.
    ///
    /// ## References
    /// - https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
    /// - CIS Kubernetes Benchmark 5.2.6
    /// - Pod Security Standards: https://kubernetes.io/docs/concepts/security/pod-security-standards/
    pub(crate) static RULE = {
        id: "allow-privilege-escalation",
        aliases: &["allowPrivilegeEscalation"],
        title: "lets processes gain more privileges than their parent has",
        severity: Severity::High,
        level: Some(Level::Restricted),
        tags: &["security", "cis", "nsa"],
    };
}

pub(crate) struct AllowPrivilegeEscalation;

impl Check for AllowPrivilegeEscalation {
    const ID: &'static str = "allowPrivilegeEscalation";
    const LEVEL: Level = Level::Restricted;
    const RULES: &'static [&'static Rule] = &[&RULE];
    const VARIANTS: &'static [Variant] = &[Variant::since(8), Variant::since(25).except(Exempt::Windows)];

    #[inline]
    fn container<'p>(_: &'p PodSpec<'_>, container: &'p Container<'_>, out: &mut impl Sink<'p>) {
        let allow = container.security_context.as_ref().and_then(|c| c.allow_privilege_escalation);
        if allow != Some(false) {
            let found = if allow.is_some() { Value::Bool(true) } else { Value::Missing };
            out.offend(Self::ALL, Field::of("securityContext.allowPrivilegeEscalation"), found);
        }
    }

    fn reason(_: &[Offender<'_>]) -> &'static str {
        "allowPrivilegeEscalation != false"
    }

    fn detail(offenders: &[Offender<'_>]) -> String {
        let containers = text::containers(offenders).unwrap_or_default();
        format!("{containers} must set securityContext.allowPrivilegeEscalation=false")
    }

    fn label(offender: &Offender<'_>) -> Cow<'static, str> {
        if offender.value == Value::Missing { "no allowPrivilegeEscalation: false" } else { "must be false" }.into()
    }

    fn account(at: &str, _: &[&Offender<'_>]) -> Account {
        Account {
            message: format!("{at} lets its processes gain privileges, as through set-user-ID programs"),
            advice: "write `allowPrivilegeEscalation: false` in the container's `securityContext`".to_owned(),
        }
    }

    fn repair(pod: &Pod<'_>, offender: &Offender<'_>) -> Option<Repair> {
        let (class, index) = offender.container()?;
        let context = containers(&pod.spec, class).get(index)?.security_context.as_ref();
        // The API server refuses `false` beside these (`pkg/apis/core/validation/validation.go`).
        let contradicts = context.is_some_and(|c| {
            c.privileged == Some(true)
                || c.capabilities.iter().flat_map(|c| &c.add).any(|name| name == "CAP_SYS_ADMIN")
        });
        let note = "set-user-ID programs such as sudo, su and ping gain no rights any more: look for `operation not permitted` in its log";
        (!contradicts).then(|| Repair::likely(Action::Set(Literal::Bool(false)), note))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{containers, detail, passes};

    const ID: &str = "allowPrivilegeEscalation";

    #[test]
    fn passes_false_windows_from_1_25_on_and_anything_before_1_8() {
        passes(ID, 37, &containers(&[r#""allowPrivilegeEscalation":false"#]));
        let windows = r#"{"spec":{"os":{"name":"windows"},"containers":[{"name":"a"}]}}"#;
        passes(ID, 25, windows);
        assert!(!detail(ID, 24, windows).is_empty());
        passes(ID, 7, windows);
    }

    #[test]
    fn unset_counts_as_true() {
        let pod = containers(&["", r#""allowPrivilegeEscalation":true"#]);
        assert_eq!(
            detail(ID, 37, &pod),
            r#"containers "a", "b" must set securityContext.allowPrivilegeEscalation=false"#
        );
    }
}
