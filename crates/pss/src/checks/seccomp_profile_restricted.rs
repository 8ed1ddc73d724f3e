//! `seccompProfile_restricted`: every container has a seccomp profile, its own or the pod's.

use std::borrow::Cow;

use seawall_finding::Rule;
use seawall_model::Level;
use seawall_model::pod::{Container, Pod, PodSpec};

use super::seccomp_profile_baseline::{
    self as baseline, SeccompProfileBaseline, TYPE, container_profile, is_valid, look, pod_profile,
};
use crate::check::{Account, Check, Exempt, Sink, Variant};
use crate::offender::{Field, Offender, Value};
use crate::repair::{Action, Literal, Repair};
use crate::text;

pub(crate) struct SeccompProfileRestricted;

impl Check for SeccompProfileRestricted {
    const ID: &'static str = "seccompProfile_restricted";
    const LEVEL: Level = Level::Restricted;
    const RULES: &'static [&'static Rule] = SeccompProfileBaseline::RULES;
    const VARIANTS: &'static [Variant] = &[Variant::since(19), Variant::since(25).except(Exempt::Windows)];
    const OVERRIDES: Option<&'static str> = Some(SeccompProfileBaseline::ID);

    #[inline]
    fn pod<'p>(spec: &'p PodSpec<'_>, out: &mut impl Sink<'p>) {
        look(pod_profile(spec), Self::ALL, out);
    }

    #[inline]
    fn container<'p>(spec: &'p PodSpec<'_>, container: &'p Container<'_>, out: &mut impl Sink<'p>) {
        match container_profile(container) {
            Some(profile) => look(Some(profile), Self::ALL, out),
            None if pod_profile(spec).is_some_and(is_valid) => {}
            None => out.offend(Self::ALL, Field::of(TYPE), Value::Missing),
        }
    }

    fn reason(_: &[Offender<'_>]) -> &'static str {
        "seccompProfile"
    }

    fn detail(offenders: &[Offender<'_>]) -> String {
        match text::explicit(offenders) {
            explicit if explicit.is_empty() => {
                let containers = text::containers(offenders).unwrap_or_default();
                format!(r#"pod or {containers} must set {TYPE} to "RuntimeDefault" or "Localhost""#)
            }
            explicit => baseline::must_not_set(&explicit),
        }
    }

    fn label(offender: &Offender<'_>) -> Cow<'static, str> {
        if offender.value == Value::Missing {
            "no seccompProfile".into()
        } else {
            SeccompProfileBaseline::label(offender)
        }
    }

    fn account(at: &str, offenders: &[&Offender<'_>]) -> Account {
        if offenders.iter().any(|o| o.value != Value::Missing) {
            return baseline::explicit(at, offenders);
        }
        Account {
            message: format!("{at} has no seccomp profile: all system calls are open to it"),
            advice: "write `seccompProfile: {type: RuntimeDefault}` in the pod's `securityContext`".to_owned(),
        }
    }

    fn repair(pod: &Pod<'_>, offender: &Offender<'_>) -> Option<Repair> {
        if offender.value != Value::Missing {
            return SeccompProfileBaseline::repair(pod, offender);
        }
        let note = "system calls that the runtime's profile leaves out fail, as mount, unshare and some of ptrace do: look for `operation not permitted` in its log";
        Some(Repair::likely(Action::SetForAll(Literal::Text("RuntimeDefault")), note))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{containers, detail, passes};

    const ID: &str = "seccompProfile_restricted";

    #[test]
    fn passes_when_pod_or_all_containers_have_one() {
        passes(ID, 37, &containers(&[r#""seccompProfile":{"type":"Localhost"}"#]));
        passes(
            ID,
            37,
            r#"{"spec":{"securityContext":{"seccompProfile":{"type":"RuntimeDefault"}},"containers":[{"name":"a"}]}}"#,
        );
    }

    #[test]
    fn windows_passes_from_1_25_on() {
        let windows = r#"{"spec":{"os":{"name":"windows"},"containers":[{"name":"a"}]}}"#;
        passes(ID, 25, windows);
        assert_eq!(
            detail(ID, 24, windows),
            r#"pod or container "a" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost""#
        );
    }

    #[test]
    fn explicit_profiles_alone_are_named() {
        let pod = containers(&["", r#""seccompProfile":{"type":"Unconfined"}"#]);
        assert_eq!(
            detail(ID, 37, &pod),
            r#"container "b" must not set securityContext.seccompProfile.type to "Unconfined""#
        );
    }
}
