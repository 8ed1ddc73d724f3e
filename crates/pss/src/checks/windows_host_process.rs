//! `windowsHostProcess`: no Windows container runs as a process of the node.

use std::borrow::Cow;

use seawall_finding::{Rule, Severity, rule};
use seawall_model::Level;
use seawall_model::pod::{Container, PodSpec, WindowsOptions};

use crate::check::{Account, Check, Sink, Variant};
use crate::offender::{Field, Offender, Value};
use crate::text;

rule! {
    /// ## What it does
    /// Reports `windowsOptions.hostProcess: true`, in the pod's or a container's `securityContext`.
    ///
    /// ## Why it matters
    /// Such a container is a process of the Windows node with the rights of its user, often SYSTEM: what privileged is on Linux,
    /// with no walls at all.
    ///
    /// ## How to fix
    /// Remove the field. Agents that administer Windows nodes belong in a namespace of their own at level privileged.
    ///
    /// ## Example
    /// Bad:
    ///
    /// ```yaml
    /// spec:
    ///   os: {name: windows}
    ///   hostNetwork: true
    ///   securityContext:
    ///     windowsOptions: {hostProcess: true}
    ///   containers:
    ///   - name: app
    /// ```
    ///
    /// Good:
    ///
    /// ```yaml
    /// spec:
    ///   os: {name: windows}
    ///   securityContext:
    ///     windowsOptions: {runAsUserName: ContainerUser}
    ///   containers:
    ///   - name: app
    /// ```
    ///
    /// ## Applies to
    /// Baseline and restricted, all versions. Reference check: `windowsHostProcess`.
    ///
    /// ## References
    /// - https://kubernetes.io/docs/tasks/configure-pod-container/create-hostprocess-pod/
    /// - CIS Kubernetes Benchmark 5.2.11
    /// - Pod Security Standards: https://kubernetes.io/docs/concepts/security/pod-security-standards/
    pub(crate) static RULE = {
        id: "host-process",
        aliases: &["windowsHostProcess"],
        title: "runs as a process of the Windows node",
        severity: Severity::Critical,
        level: Some(Level::Baseline),
        host_level: true,
        tags: &["security", "cis"],
    };
}

pub(crate) struct WindowsHostProcess;

impl Check for WindowsHostProcess {
    const ID: &'static str = "windowsHostProcess";
    const LEVEL: Level = Level::Baseline;
    const RULES: &'static [&'static Rule] = &[&RULE];
    const VARIANTS: &'static [Variant] = &[Variant::since(0)];

    #[inline]
    fn pod<'p>(spec: &'p PodSpec<'_>, out: &mut impl Sink<'p>) {
        look(spec.security_context.as_ref().and_then(|c| c.windows_options.as_ref()), out);
    }

    #[inline]
    fn container<'p>(_: &'p PodSpec<'_>, container: &'p Container<'_>, out: &mut impl Sink<'p>) {
        look(container.security_context.as_ref().and_then(|c| c.windows_options.as_ref()), out);
    }

    fn reason(_: &[Offender<'_>]) -> &'static str {
        "hostProcess"
    }

    fn detail(offenders: &[Offender<'_>]) -> String {
        format!("{} must not set securityContext.windowsOptions.hostProcess=true", text::setters(offenders))
    }

    fn label(_: &Offender<'_>) -> Cow<'static, str> {
        "must be false".into()
    }

    fn account(at: &str, _: &[&Offender<'_>]) -> Account {
        Account {
            message: format!("{at} runs as a process of the Windows node, outside any container"),
            advice: "remove `hostProcess: true`".to_owned(),
        }
    }
}

#[inline]
fn look<'p>(options: Option<&'p WindowsOptions>, out: &mut impl Sink<'p>) {
    if options.is_some_and(|o| o.host_process == Some(true)) {
        let field = Field::of("securityContext.windowsOptions.hostProcess");
        out.offend(WindowsHostProcess::ALL, field, Value::Bool(true));
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{containers, detail, passes};

    const ID: &str = "windowsHostProcess";

    #[test]
    fn passes_false() {
        passes(ID, 37, &containers(&[r#""windowsOptions":{"hostProcess":false}"#, r#""windowsOptions":{}"#]));
    }

    #[test]
    fn names_pod_and_containers() {
        let pod = r#"{"spec":{"securityContext":{"windowsOptions":{"hostProcess":true}},"containers":[
            {"name":"a","securityContext":{"windowsOptions":{"hostProcess":true}}}]}}"#;
        assert_eq!(
            detail(ID, 37, pod),
            r#"pod and container "a" must not set securityContext.windowsOptions.hostProcess=true"#
        );
    }
}
