//! `runAsNonRoot`: the kubelet refuses to start containers as root.

use std::borrow::Cow;

use seawall_finding::{Rule, Severity, rule};
use seawall_model::Level;
use seawall_model::pod::{Container, Pod, PodSpec};

use crate::check::{Account, Check, Exempt, Sink, Variant};
use crate::offender::{Field, Offender, Value, containers};
use crate::repair::{Action, Literal, Repair, stated_user};
use crate::text;

rule! {
    /// ## What it does
    /// Reports containers for which neither they nor the pod set `runAsNonRoot: true`, and every `runAsNonRoot: false`: the pod's
    /// too, even if all its containers say true. A `runAsUser` other than 0 does not make up for it.
    ///
    /// ## Why it matters
    /// Root in a container is root to the kernel: with one flaw in runtime or kernel it is root on the node. With true the
    /// kubelet refuses to start an image that would run as user 0.
    ///
    /// ## How to fix
    /// Write `runAsNonRoot: true` in the pod's `securityContext`. The image has to name its user by number (`USER 10001`), or
    /// the pod has to set `runAsUser`; otherwise the container does not start. Where the program insists on root, `hostUsers: false`
    /// gives it a root that means nothing on the node, and restricted accepts it from v1.35 on.
    ///
    /// ## Example
    /// Bad:
    ///
    /// ```yaml
    /// spec:
    ///   containers:
    ///   - name: app
    ///     securityContext:
    ///       runAsUser: 10001
    /// ```
    ///
    /// Good:
    ///
    /// ```yaml
    /// spec:
    ///   securityContext:
    ///     runAsNonRoot: true
    ///   containers:
    ///   - name: app
    ///     securityContext:
    ///       runAsUser: 10001
    /// ```
    ///
    /// ## Applies to
    /// Restricted, all versions; from v1.35 on not for pods with `hostUsers: false`. Reference check: `runAsNonRoot`.
    ///
    /// ## References
    /// - https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
    /// - CIS Kubernetes Benchmark 5.2.7
    /// - Pod Security Standards: https://kubernetes.io/docs/concepts/security/pod-security-standards/
    pub(crate) static RULE = {
        id: "run-as-non-root",
        aliases: &["runAsNonRoot"],
        title: "may run as root",
        severity: Severity::High,
        level: Some(Level::Restricted),
        tags: &["security", "cis", "nsa"],
    };
}

const FIELD: Field = Field::of("securityContext.runAsNonRoot");

pub(crate) struct RunAsNonRoot;

impl Check for RunAsNonRoot {
    const ID: &'static str = "runAsNonRoot";
    const LEVEL: Level = Level::Restricted;
    const RULES: &'static [&'static Rule] = &[&RULE];
    const VARIANTS: &'static [Variant] =
        &[Variant::since(0), Variant::since(35).except(Exempt::UserNamespace)];

    #[inline]
    fn pod<'p>(spec: &'p PodSpec<'_>, out: &mut impl Sink<'p>) {
        // Offends even if every container says otherwise.
        if of_pod(spec) == Some(false) {
            out.offend(Self::ALL, FIELD, Value::Bool(false));
        }
    }

    #[inline]
    fn container<'p>(spec: &'p PodSpec<'_>, container: &'p Container<'_>, out: &mut impl Sink<'p>) {
        match container.security_context.as_ref().and_then(|c| c.run_as_non_root) {
            Some(true) => {}
            Some(false) => out.offend(Self::ALL, FIELD, Value::Bool(false)),
            None if of_pod(spec) == Some(true) => {}
            None => out.offend(Self::ALL, FIELD, Value::Missing),
        }
    }

    fn reason(_: &[Offender<'_>]) -> &'static str {
        "runAsNonRoot != true"
    }

    fn detail(offenders: &[Offender<'_>]) -> String {
        match text::explicit(offenders) {
            explicit if explicit.is_empty() => {
                let containers = text::containers(offenders).unwrap_or_default();
                format!("pod or {containers} must set securityContext.runAsNonRoot=true")
            }
            explicit => {
                format!("{} must not set securityContext.runAsNonRoot=false", text::setters(&explicit))
            }
        }
    }

    fn label(offender: &Offender<'_>) -> Cow<'static, str> {
        if offender.value == Value::Missing { "no runAsNonRoot: true" } else { "must be true" }.into()
    }

    fn account(at: &str, offenders: &[&Offender<'_>]) -> Account {
        let explicit = offenders.iter().any(|o| o.value != Value::Missing);
        let how = if explicit { "allows itself to run as root" } else { "may run as root: runAsNonRoot is not set" };
        // What a container says itself the pod cannot mend.
        let place = if explicit && offenders.iter().all(|o| o.container().is_some()) {
            "here, or remove it if the pod says so"
        } else {
            "in the pod's `securityContext`"
        };
        Account {
            message: format!("{at} {how}"),
            advice: format!(
                "write `runAsNonRoot: true` {place}, and see that the image names a user other than root by number, or set `runAsUser`"
            ),
        }
    }

    fn repair(pod: &Pod<'_>, offender: &Offender<'_>) -> Option<Repair> {
        let own = offender.container().and_then(|(class, index)| containers(&pod.spec, class).get(index));
        let user = own.and_then(|container| stated_user(pod, container));
        let all = || pod.spec.init_containers.iter().chain(&pod.spec.containers);
        // The kubelet starts no container as root that is not to run as root.
        let is_root = user == Some(0) || own.is_none() && all().any(|c| stated_user(pod, c) == Some(0));
        if is_root {
            return None;
        }
        let question = "does the image run as a user other than root, named by number?";
        let value = Literal::Bool(true);
        if offender.value != Value::Missing {
            return Some(Repair::decision(Action::Set(value), question));
        }
        let action = Action::SetForAll(value);
        let safe = || Repair::safe(action, "it says by `runAsUser` that it runs as a user other than root");
        Some(if user.is_some_and(|user| user > 0) { safe() } else { Repair::decision(action, question) })
    }
}

#[inline]
fn of_pod(spec: &PodSpec<'_>) -> Option<bool> {
    spec.security_context.as_ref().and_then(|c| c.run_as_non_root)
}

#[cfg(test)]
mod tests {
    use crate::testing::{containers, detail, passes};

    const ID: &str = "runAsNonRoot";

    #[test]
    fn passes_when_pod_or_all_containers_say_so() {
        passes(ID, 37, &containers(&[r#""runAsNonRoot":true"#]));
        passes(ID, 37, r#"{"spec":{"securityContext":{"runAsNonRoot":true},"containers":[{"name":"a"}]}}"#);
    }

    #[test]
    fn user_namespaces_pass_from_1_35_on() {
        let pod = r#"{"spec":{"hostUsers":false,"containers":[{"name":"a"}]}}"#;
        passes(ID, 35, pod);
        assert_eq!(detail(ID, 34, pod), r#"pod or container "a" must set securityContext.runAsNonRoot=true"#);
    }

    #[test]
    fn explicit_false_alone_is_named() {
        let pod = r#"{"spec":{"securityContext":{"runAsNonRoot":false},"containers":[
            {"name":"a","securityContext":{"runAsNonRoot":true}},
            {"name":"b","securityContext":{"runAsNonRoot":false}},{"name":"c"}]}}"#;
        assert_eq!(detail(ID, 37, pod), r#"pod and container "b" must not set securityContext.runAsNonRoot=false"#);
    }
}
