//! `appArmorProfile`: no profile other than the runtime's own or one that the node has loaded.

use std::borrow::Cow;
use std::collections::BTreeSet;

use seawall_finding::{Rule, Severity, rule};
use seawall_model::Level;
use seawall_model::gotext::{plural, quote, quoted_list};
use seawall_model::pod::{Container, Pod, PodSpec, Profile};

use crate::check::{Account, Check, Sink, Variant};
use crate::faults::Faults;
use crate::offender::{Field, Offender, Site, Value};
use crate::repair::{Action, Literal, Repair};
use crate::text;

rule! {
    /// ## What it does
    /// Reports `appArmorProfile.type` other than `RuntimeDefault` and `Localhost`, in the pod's or a container's
    /// `securityContext`, and annotations `container.apparmor.security.beta.kubernetes.io/<container>` other than empty,
    /// `runtime/default` and `localhost/<profile>`, whether the container exists or not.
    ///
    /// ## Why it matters
    /// Container runtimes confine containers with an `AppArmor` profile that keeps them from mounting, tracing and writing to
    /// sensitive kernel files. `Unconfined` takes that away; it is a step on many ways out of a container.
    ///
    /// ## How to fix
    /// Leave the profile out or write `RuntimeDefault`. If the program needs more than that, load a profile of its own on the
    /// nodes and name it with `Localhost`.
    ///
    /// ## Example
    /// Bad:
    ///
    /// ```yaml
    /// spec:
    ///   containers:
    ///   - name: app
    ///     securityContext:
    ///       appArmorProfile: {type: Unconfined}
    /// ```
    ///
    /// Good:
    ///
    /// ```yaml
    /// spec:
    ///   containers:
    ///   - name: app
    ///     securityContext:
    ///       appArmorProfile: {type: RuntimeDefault}
    /// ```
    ///
    /// ## Applies to
    /// Baseline and restricted, all versions. Reference check: `appArmorProfile`.
    ///
    /// ## References
    /// - https://kubernetes.io/docs/tutorials/security/apparmor/
    /// - Pod Security Standards: https://kubernetes.io/docs/concepts/security/pod-security-standards/
    pub(crate) static RULE = {
        id: "apparmor-profile",
        aliases: &["appArmorProfile"],
        title: "sets an AppArmor profile that lifts the runtime's confinement",
        severity: Severity::Low,
        level: Some(Level::Baseline),
        tags: &["security", "nsa"],
    };
}

const ANNOTATION_PREFIX: &str = "container.apparmor.security.beta.kubernetes.io/";

pub(crate) struct AppArmorProfile;

impl Check for AppArmorProfile {
    const ID: &'static str = "appArmorProfile";
    const LEVEL: Level = Level::Baseline;
    const RULES: &'static [&'static Rule] = &[&RULE];
    const VARIANTS: &'static [Variant] = &[Variant::since(0)];

    #[inline]
    fn pod<'p>(spec: &'p PodSpec<'_>, out: &mut impl Sink<'p>) {
        if let Some(context) = &spec.security_context {
            profile(context.app_armor_profile.as_deref(), Self::ALL, out);
        }
    }

    #[inline]
    fn container<'p>(_: &'p PodSpec<'_>, container: &'p Container<'_>, out: &mut impl Sink<'p>) {
        if let Some(context) = &container.security_context {
            profile(context.app_armor_profile.as_deref(), Self::ALL, out);
        }
    }

    #[inline]
    fn annotation<'p>(_: &'p Pod<'_>, key: &'p str, value: &'p str, out: &mut impl Sink<'p>) {
        // The container that the key names need not exist.
        if key.starts_with(ANNOTATION_PREFIX)
            && !(value.is_empty() || value == "runtime/default" || value.starts_with("localhost/"))
        {
            out.offend(Self::ALL, Field::of(""), Value::Text(value));
        }
    }

    fn reason(offenders: &[Offender<'_>]) -> &'static str {
        plural("forbidden AppArmor profile", "forbidden AppArmor profiles", values(offenders).len())
    }

    fn detail(offenders: &[Offender<'_>]) -> String {
        let annotations = offenders.iter().filter(|o| is_annotation(o)).count();
        let mut setters = text::setters(offenders);
        if annotations > 0 {
            if !setters.is_empty() {
                setters.push_str(" and ");
            }
            setters.push_str(plural("annotation", "annotations", annotations));
        }
        format!("{setters} must not set AppArmor profile type to {}", quoted_list(values(offenders)))
    }

    fn severity(offender: &Offender<'_>) -> Severity {
        if matches!(offender.text(), "Unconfined" | "unconfined") { Severity::High } else { RULE.severity }
    }

    fn label(offender: &Offender<'_>) -> Cow<'static, str> {
        if is_annotation(offender) {
            "must be runtime/default or localhost/<profile>".into()
        } else {
            "must be RuntimeDefault or Localhost".into()
        }
    }

    fn account(at: &str, offenders: &[&Offender<'_>]) -> Account {
        Account {
            message: format!("{at} asks for the AppArmor profile {}", text::listed(offenders)),
            advice: "remove it, or write `appArmorProfile: {type: RuntimeDefault}`".to_owned(),
        }
    }

    fn repair(_: &Pod<'_>, offender: &Offender<'_>) -> Option<Repair> {
        let action = if is_annotation(offender) {
            Action::Remove
        } else {
            Action::Set(Literal::Text("RuntimeDefault"))
        };
        Some(Repair::decision(action, "does it run under the runtime's AppArmor profile?"))
    }
}

#[inline]
fn profile<'p>(profile: Option<&'p Profile<'_>>, variants: Faults, out: &mut impl Sink<'p>) {
    if let Some(profile) = profile
        && !matches!(&*profile.kind, "RuntimeDefault" | "Localhost")
    {
        out.offend(variants, Field::of("securityContext.appArmorProfile.type"), Value::Text(&profile.kind));
    }
}

fn is_annotation(offender: &Offender<'_>) -> bool {
    matches!(offender.site, Site::Annotation(_))
}

/// The bad types, then the bad annotations, each in byte order.
fn values(offenders: &[Offender<'_>]) -> Vec<String> {
    let (annotations, fields): (Vec<&Offender<'_>>, Vec<_>) = offenders.iter().partition(|o| is_annotation(o));
    let types: BTreeSet<&str> = fields.iter().map(|o| o.text()).collect();
    let mut written: Vec<String> =
        annotations.iter().map(|o| format!("{}={}", o.name, quote(o.text()))).collect();
    written.sort();
    types.into_iter().map(str::to_owned).chain(written).collect()
}

#[cfg(test)]
mod tests {
    use crate::testing::{detail, meta, passes, spec};

    const ID: &str = "appArmorProfile";

    #[test]
    fn passes_the_runtime_s_and_loaded_profiles() {
        for kind in ["RuntimeDefault", "Localhost"] {
            passes(ID, 37, &spec(&format!(r#""securityContext":{{"appArmorProfile":{{"type":"{kind}"}}}}"#)));
        }
        for value in ["", "runtime/default", "localhost/x"] {
            let key = "container.apparmor.security.beta.kubernetes.io/a";
            passes(ID, 37, &meta(&format!(r#""annotations":{{"{key}":"{value}"}}"#)));
        }
    }

    #[test]
    fn names_every_kind_of_setter() {
        let pod = r#"{"metadata":{"annotations":{"container.apparmor.security.beta.kubernetes.io/x":"unconfined"}},
            "spec":{"securityContext":{"appArmorProfile":{"type":"Unconfined"}},
            "containers":[{"name":"a","securityContext":{"appArmorProfile":{"type":""}}}]}}"#;
        assert_eq!(
            detail(ID, 37, pod),
            r#"pod and container "a" and annotation must not set AppArmor profile type to "", "Unconfined", "container.apparmor.security.beta.kubernetes.io/x="unconfined"""#
        );
    }
}
