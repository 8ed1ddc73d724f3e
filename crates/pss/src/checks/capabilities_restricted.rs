//! `capabilities_restricted`: all capabilities are dropped, and only `NET_BIND_SERVICE` may come back.

use std::borrow::Cow;

use seawall_finding::{Rule, Severity, rule};
use seawall_model::Level;
use seawall_model::pod::{Container, Pod, PodSpec};

use super::capabilities_baseline::{self as baseline, ADD, CapabilitiesBaseline};
use crate::check::{Account, Check, Exempt, Sink, Variant};
use crate::offender::{Field, Offender, Value, containers};
use crate::repair::{Action, Repair, stated_user};
use crate::text;

rule! {
    /// ## What it does
    /// Reports containers whose `capabilities.drop` does not list `ALL`, in just these letters.
    ///
    /// ## Why it matters
    /// A container runtime gives about a dozen capabilities to every container, to change owners of files, pass by permissions or
    /// open raw sockets among others. Few programs need any.
    ///
    /// ## How to fix
    /// Write `capabilities: {drop: ["ALL"]}` in every container's `securityContext`. Only NET_BIND_SERVICE may be added again, and it
    /// does not do what one hopes for: see `seawall explain net-bind-service`.
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
    ///         drop: [NET_RAW]
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
    ///         drop: ["ALL"]
    /// ```
    ///
    /// ## Applies to
    /// Restricted, from v1.22 on; from v1.25 on not for pods with `os: {name: windows}`. Reference check:
    /// `capabilities_restricted`.
    ///
    /// ## References
    /// - https://kubernetes.io/docs/tasks/configure-pod-container/security-context/#set-capabilities-for-a-container
    /// - CIS Kubernetes Benchmark 5.2.10
    /// - Pod Security Standards: https://kubernetes.io/docs/concepts/security/pod-security-standards/
    pub(crate) static RULE = {
        id: "drop-all-capabilities",
        aliases: &["capabilities_restricted"],
        title: "keeps Linux capabilities that it does not name",
        severity: Severity::Medium,
        level: Some(Level::Restricted),
        tags: &["security", "cis", "nsa"],
    };
}

const DROP: &str = "securityContext.capabilities.drop";

pub(crate) struct CapabilitiesRestricted;

impl Check for CapabilitiesRestricted {
    const ID: &'static str = "capabilities_restricted";
    const LEVEL: Level = Level::Restricted;
    const RULES: &'static [&'static Rule] = &[&RULE, &baseline::RULE];
    const VARIANTS: &'static [Variant] = &[Variant::since(22), Variant::since(25).except(Exempt::Windows)];
    const OVERRIDES: Option<&'static str> = Some(CapabilitiesBaseline::ID);

    #[inline]
    fn container<'p>(_: &'p PodSpec<'_>, container: &'p Container<'_>, out: &mut impl Sink<'p>) {
        let capabilities = container.security_context.as_ref().and_then(|c| c.capabilities.as_ref());
        let Some(capabilities) = capabilities else {
            return out.offend(Self::ALL, Field::of(DROP), Value::Missing);
        };
        if !capabilities.drop.iter().any(|name| name == "ALL") {
            out.offend(Self::ALL, Field::of(DROP), Value::Missing);
        }
        for (i, name) in capabilities.add.iter().enumerate() {
            if name != "NET_BIND_SERVICE" {
                out.offend(Self::ALL, Field::item(ADD, i, ""), Value::Text(name));
            }
        }
    }

    fn reason(_: &[Offender<'_>]) -> &'static str {
        "unrestricted capabilities"
    }

    fn detail(offenders: &[Offender<'_>]) -> String {
        // Not copied: they may be many.
        let add = offenders.iter().filter(|o| o.field.head != DROP);
        let keep = text::containers(offenders.iter().filter(|o| o.field.head == DROP));
        let keep = keep.map(|names| format!(r#"{names} must set {DROP}=["ALL"]"#));
        let add = add.clone().next().map(|_| baseline::must_not_include(add));
        let parts: Vec<String> = keep.into_iter().chain(add).collect();
        parts.join("; ")
    }

    fn rule(offender: &Offender<'_>) -> &'static Rule {
        if offender.field.head == DROP { &RULE } else { &baseline::RULE }
    }

    fn label(offender: &Offender<'_>) -> Cow<'static, str> {
        if offender.field.head == DROP { "no drop: [\"ALL\"]" } else { "must not be added" }.into()
    }

    fn account(at: &str, offenders: &[&Offender<'_>]) -> Account {
        if offenders.iter().any(|o| o.field.head == ADD) {
            return baseline::added(at, offenders);
        }
        Account {
            message: format!("{at} does not drop all capabilities"),
            advice: "write `capabilities: {drop: [\"ALL\"]}` in the container's `securityContext`; only NET_BIND_SERVICE may be added again"
                .to_owned(),
        }
    }

    fn repair(pod: &Pod<'_>, offender: &Offender<'_>) -> Option<Repair> {
        if offender.field.head == ADD {
            return CapabilitiesBaseline::repair(pod, offender);
        }
        let container = offender.container().and_then(|(class, index)| containers(&pod.spec, class).get(index));
        let gains_nothing = |c: &Container<'_>| {
            let context = c.security_context.as_ref();
            context.is_some_and(|c| c.allow_privilege_escalation == Some(false) && c.privileged != Some(true))
                && stated_user(pod, c).is_some_and(|user| user > 0)
        };
        // Programs of other users than root get capabilities from files and by becoming root alone; neither is left here.
        if container.is_some_and(gains_nothing) {
            let note = "it runs as a user other than root and cannot gain privileges: it has no capabilities to lose";
            return Some(Repair::safe(Action::Add("ALL"), note));
        }
        let note = "entrypoints that change owners or users (chown, gosu, su-exec) and programs with file capabilities fail: look for `operation not permitted` in its log";
        Some(Repair::likely(Action::Add("ALL"), note))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{containers, detail, passes};

    const ID: &str = "capabilities_restricted";

    #[test]
    fn passes_drop_all_with_net_bind_service() {
        passes(ID, 37, &containers(&[r#""capabilities":{"drop":["X","ALL"],"add":["NET_BIND_SERVICE"]}"#]));
    }

    #[test]
    fn windows_passes_from_1_25_on() {
        let windows = r#"{"spec":{"os":{"name":"windows"},"containers":[{"name":"a"}]}}"#;
        passes(ID, 25, windows);
        assert_eq!(
            detail(ID, 24, windows),
            r#"container "a" must set securityContext.capabilities.drop=["ALL"]"#
        );
    }

    #[test]
    fn names_what_is_kept_and_what_is_added() {
        let pod = containers(&["", r#""capabilities":{"drop":["all"],"add":["CHOWN"]}"#]);
        assert_eq!(
            detail(ID, 37, &pod),
            r#"containers "a", "b" must set securityContext.capabilities.drop=["ALL"]; container "b" must not include "CHOWN" in securityContext.capabilities.add"#
        );
    }
}
