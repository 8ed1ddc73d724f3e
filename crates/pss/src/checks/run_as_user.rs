//! `runAsUser`: nothing asks to run as user 0.

use std::borrow::Cow;

use seawall_finding::{Rule, Severity, rule};
use seawall_model::Level;
use seawall_model::pod::{Container, Pod, PodSpec};

use crate::check::{Account, Check, Exempt, Sink, Variant};
use crate::offender::{Field, Offender, Value};
use crate::repair::{Action, Repair};
use crate::text;

rule! {
    /// ## What it does
    /// Reports `runAsUser: 0`, in the pod's or a container's `securityContext`, even where another setting overrides it.
    ///
    /// ## Why it matters
    /// User 0 is root, in the container and, but for user namespaces, on the node.
    ///
    /// ## How to fix
    /// Remove the field, or name a user that the image can run as. Files that belong to root in the image need another owner;
    /// `fsGroup` helps with volumes. Or set `hostUsers: false`, which restricted accepts from v1.35 on.
    ///
    /// ## Example
    /// Bad:
    ///
    /// ```yaml
    /// spec:
    ///   containers:
    ///   - name: app
    ///     securityContext:
    ///       runAsUser: 0
    /// ```
    ///
    /// Good:
    ///
    /// ```yaml
    /// spec:
    ///   containers:
    ///   - name: app
    ///     securityContext:
    ///       runAsUser: 10001
    /// ```
    ///
    /// ## Applies to
    /// Restricted, from v1.23 on; from v1.35 on not for pods with `hostUsers: false`. Reference check: `runAsUser`. A Windows
    /// container's administrator is for `run-as-administrator` to report.
    ///
    /// ## References
    /// - https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
    /// - CIS Kubernetes Benchmark 5.2.7
    /// - Pod Security Standards: https://kubernetes.io/docs/concepts/security/pod-security-standards/
    pub(crate) static RULE = {
        id: "run-as-root-user",
        aliases: &["runAsUser"],
        title: "asks to run as user 0",
        severity: Severity::High,
        level: Some(Level::Restricted),
        tags: &["security", "cis"],
    };
}

pub(crate) struct RunAsUser;

impl Check for RunAsUser {
    const ID: &'static str = "runAsUser";
    const LEVEL: Level = Level::Restricted;
    const RULES: &'static [&'static Rule] = &[&RULE];
    const VARIANTS: &'static [Variant] =
        &[Variant::since(23), Variant::since(35).except(Exempt::UserNamespace)];

    #[inline]
    fn pod<'p>(spec: &'p PodSpec<'_>, out: &mut impl Sink<'p>) {
        look(spec.security_context.as_ref().and_then(|c| c.run_as_user), out);
    }

    #[inline]
    fn container<'p>(_: &'p PodSpec<'_>, container: &'p Container<'_>, out: &mut impl Sink<'p>) {
        look(container.security_context.as_ref().and_then(|c| c.run_as_user), out);
    }

    fn reason(_: &[Offender<'_>]) -> &'static str {
        "runAsUser=0"
    }

    fn detail(offenders: &[Offender<'_>]) -> String {
        format!("{} must not set runAsUser=0", text::setters(offenders))
    }

    fn label(_: &Offender<'_>) -> Cow<'static, str> {
        "must not be 0".into()
    }

    fn account(at: &str, _: &[&Offender<'_>]) -> Account {
        Account {
            message: format!("{at} asks to run as root (user 0)"),
            advice: "remove `runAsUser: 0`, or name a user from 1 on that the image can run as".to_owned(),
        }
    }

    fn repair(_: &Pod<'_>, _: &Offender<'_>) -> Option<Repair> {
        Some(Repair::decision(Action::SetUser, "as which user, by number, can it run?"))
    }
}

#[inline]
fn look<'p>(user: Option<i64>, out: &mut impl Sink<'p>) {
    if user == Some(0) {
        out.offend(RunAsUser::ALL, Field::of("securityContext.runAsUser"), Value::Int(0));
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{containers, detail, passes};

    const ID: &str = "runAsUser";

    #[test]
    fn passes_others_and_user_namespaces_from_1_35_on() {
        passes(ID, 37, &containers(&["", r#""runAsUser":1"#]));
        let pod = r#"{"spec":{"hostUsers":false,"containers":[{"name":"a","securityContext":{"runAsUser":0}}]}}"#;
        passes(ID, 35, pod);
        assert_eq!(detail(ID, 34, pod), r#"container "a" must not set runAsUser=0"#);
        passes(ID, 22, pod);
    }

    #[test]
    fn names_pod_and_containers() {
        let pod = r#"{"spec":{"securityContext":{"runAsUser":0},"initContainers":[
            {"name":"i","securityContext":{"runAsUser":0}}],"containers":[{"name":"a","securityContext":{"runAsUser":0}}]}}"#;
        assert_eq!(detail(ID, 37, pod), r#"pod and containers "i", "a" must not set runAsUser=0"#);
    }
}
