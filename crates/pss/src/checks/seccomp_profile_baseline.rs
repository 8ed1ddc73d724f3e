//! `seccompProfile_baseline`: seccomp, where it is set, is not turned off.

use std::borrow::Cow;

use seawall_finding::{Rule, Severity, rule};
use seawall_model::Level;
use seawall_model::gotext::{plural, quote};
use seawall_model::pod::{Container, Pod, PodSpec, Profile};

use crate::check::{Account, Check, Sink, Variant};
use crate::faults::Faults;
use crate::offender::{Field, Offender, Site, Value};
use crate::repair::{Action, Literal, Repair};
use crate::text;

rule! {
    /// ## What it does
    /// Reports `seccompProfile.type` other than `RuntimeDefault` and `Localhost`; at restricted also containers that have no
    /// profile, neither of their own nor from the pod.
    ///
    /// ## Why it matters
    /// Seccomp filters system calls. Without it all of the kernel's are open to the container, old and rarely tested ones among
    /// them, and most ways out of a container start there. Kubernetes does not filter by default.
    ///
    /// ## How to fix
    /// Write `seccompProfile: {type: RuntimeDefault}` in the pod's `securityContext`: all containers inherit it. Few programs
    /// notice; those that do get a profile of their own with `Localhost`.
    ///
    /// ## Example
    /// Bad:
    ///
    /// ```yaml
    /// spec:
    ///   securityContext:
    ///     seccompProfile: {type: Unconfined}
    ///   containers:
    ///   - name: app
    /// ```
    ///
    /// Good:
    ///
    /// ```yaml
    /// spec:
    ///   securityContext:
    ///     seccompProfile: {type: RuntimeDefault}
    ///   containers:
    ///   - name: app
    /// ```
    ///
    /// ## Applies to
    /// Baseline in all versions, reference check `seccompProfile_baseline`: up to v1.18 by the annotations
    /// `seccomp.security.alpha.kubernetes.io/pod` and `container.seccomp.security.alpha.kubernetes.io/<container>`, from v1.19 on by
    /// the fields alone. Restricted from v1.19 on, reference check `seccompProfile_restricted`; from v1.25 on not for Windows pods.
    ///
    /// ## References
    /// - https://kubernetes.io/docs/tutorials/security/seccomp/
    /// - CIS Kubernetes Benchmark 5.7.2
    /// - Pod Security Standards: https://kubernetes.io/docs/concepts/security/pod-security-standards/
    pub(crate) static RULE = {
        id: "seccomp-profile",
        aliases: &["seccompProfile_baseline", "seccompProfile_restricted"],
        title: "runs without a seccomp profile",
        severity: Severity::Medium,
        level: Some(Level::Baseline),
        tags: &["security", "cis", "nsa"],
    };
}

/// The first version that looks at fields instead of annotations.
const FIELDS: u8 = 19;
const POD_ANNOTATION: &str = "seccomp.security.alpha.kubernetes.io/pod";
const CONTAINER_ANNOTATION: &str = "container.seccomp.security.alpha.kubernetes.io/";
/// The field that names the profile, below a pod's spec or a container.
pub(super) const TYPE: &str = "securityContext.seccompProfile.type";

pub(crate) struct SeccompProfileBaseline;

impl Check for SeccompProfileBaseline {
    const ID: &'static str = "seccompProfile_baseline";
    const LEVEL: Level = Level::Baseline;
    const RULES: &'static [&'static Rule] = &[&RULE];
    const VARIANTS: &'static [Variant] = &[Variant::since(0), Variant::since(FIELDS)];

    #[inline]
    fn pod<'p>(spec: &'p PodSpec<'_>, out: &mut impl Sink<'p>) {
        look(pod_profile(spec), Self::since(FIELDS), out);
    }

    #[inline]
    fn container<'p>(_: &'p PodSpec<'_>, container: &'p Container<'_>, out: &mut impl Sink<'p>) {
        look(container_profile(container), Self::since(FIELDS), out);
    }

    #[inline]
    fn annotation<'p>(pod: &'p Pod<'_>, key: &'p str, value: &'p str, out: &mut impl Sink<'p>) {
        let counts = key == POD_ANNOTATION
            || key
                .strip_prefix(CONTAINER_ANNOTATION)
                .is_some_and(|name| pod.spec.visit().any(|(_, _, c)| c.name == name));
        let allowed = matches!(value, "runtime/default" | "docker/default") || value.starts_with("localhost/");
        if counts && !allowed {
            out.offend(Self::before(FIELDS), Field::of(""), Value::Text(value));
        }
    }

    fn reason(_: &[Offender<'_>]) -> &'static str {
        "seccompProfile"
    }

    fn detail(offenders: &[Offender<'_>]) -> String {
        let annotations = offenders.iter().filter(|o| is_annotation(o));
        let mut written: Vec<String> =
            annotations.map(|o| format!("{}={}", o.name, quote(o.text()))).collect();
        if written.is_empty() {
            return must_not_set(offenders);
        }
        written.sort();
        format!("forbidden {} {}", plural("annotation", "annotations", written.len()), written.join(", "))
    }

    fn label(offender: &Offender<'_>) -> Cow<'static, str> {
        if is_annotation(offender) {
            "must be runtime/default or localhost/<profile>".into()
        } else {
            "must be RuntimeDefault or Localhost".into()
        }
    }

    fn account(at: &str, offenders: &[&Offender<'_>]) -> Account {
        explicit(at, offenders)
    }

    fn repair(_: &Pod<'_>, offender: &Offender<'_>) -> Option<Repair> {
        // Annotations were for policies up to v1.18.
        let is_field = offender.field.head == TYPE;
        let action = Action::Set(Literal::Text("RuntimeDefault"));
        is_field.then(|| Repair::decision(action, "does it run under the runtime's seccomp profile?"))
    }
}

/// The pod's profile, if it has one.
#[inline]
pub(super) fn pod_profile<'p, 'd>(spec: &'p PodSpec<'d>) -> Option<&'p Profile<'d>> {
    spec.security_context.as_ref().and_then(|c| c.seccomp_profile.as_deref())
}

/// The container's own profile, if it has one.
#[inline]
pub(super) fn container_profile<'p, 'd>(container: &'p Container<'d>) -> Option<&'p Profile<'d>> {
    container.security_context.as_ref().and_then(|c| c.seccomp_profile.as_deref())
}

/// Whether the profile confines.
#[inline]
pub(super) fn is_valid(profile: &Profile<'_>) -> bool {
    matches!(&*profile.kind, "RuntimeDefault" | "Localhost")
}

/// An explicit profile that does not confine offends.
#[inline]
pub(super) fn look<'p>(profile: Option<&'p Profile<'_>>, variants: Faults, out: &mut impl Sink<'p>) {
    if let Some(profile) = profile.filter(|p| !is_valid(p)) {
        out.offend(variants, Field::of(TYPE), Value::Text(&profile.kind));
    }
}

/// The reference's sentence on explicit profiles.
pub(super) fn must_not_set(offenders: &[Offender<'_>]) -> String {
    format!("{} must not set {TYPE} to {}", text::setters(offenders), text::quoted_texts(offenders))
}

/// What a person is told of explicit profiles.
pub(super) fn explicit(at: &str, offenders: &[&Offender<'_>]) -> Account {
    Account {
        message: format!("{at} asks for the seccomp profile {}", text::listed(offenders)),
        advice: "write `seccompProfile: {type: RuntimeDefault}`".to_owned(),
    }
}

fn is_annotation(offender: &Offender<'_>) -> bool {
    matches!(offender.site, Site::Annotation(_))
}

#[cfg(test)]
mod tests {
    use crate::testing::{containers, detail, passes, spec};

    const ID: &str = "seccompProfile_baseline";

    #[test]
    fn passes_unset_and_confining() {
        passes(ID, 37, &containers(&["", r#""seccompProfile":{"type":"RuntimeDefault"}"#]));
    }

    #[test]
    fn fields_count_from_1_19_on() {
        let pod = spec(r#""securityContext":{"seccompProfile":{"type":"Unconfined"}}"#);
        passes(ID, 18, &pod);
        assert_eq!(
            detail(ID, 19, &pod),
            r#"pod must not set securityContext.seccompProfile.type to "Unconfined""#
        );
    }

    #[test]
    fn annotations_count_before_for_containers_that_exist() {
        let pod = r#"{"metadata":{"annotations":{
            "seccomp.security.alpha.kubernetes.io/pod":"",
            "container.seccomp.security.alpha.kubernetes.io/other":"unconfined",
            "container.seccomp.security.alpha.kubernetes.io/a":"unconfined"}},
            "spec":{"containers":[{"name":"a"}]}}"#;
        assert_eq!(
            detail(ID, 18, pod),
            r#"forbidden annotations container.seccomp.security.alpha.kubernetes.io/a="unconfined", seccomp.security.alpha.kubernetes.io/pod="""#
        );
        passes(ID, 19, pod);
    }
}
