//! `capabilities_baseline`: no capability beyond those that container runtimes give by default.

use std::borrow::Cow;

use seawall_finding::{Rule, Severity, rule};
use seawall_model::Level;
use seawall_model::pod::{Container, PodSpec};

use crate::check::{Account, Check, Sink, Variant};
use crate::offender::{Field, Offender, Value};
use crate::text;

rule! {
    /// DOC
    pub(crate) static RULE = {
        id: "added-capability",
        aliases: &["capabilities_baseline", "capabilities_restricted"],
        title: "adds Linux capabilities that a container does not have by default",
        severity: Severity::Medium,
        level: Some(Level::Baseline),
    };
}

/// Where capabilities are added.
pub(super) const ADD: &str = "securityContext.capabilities.add";

pub(crate) struct CapabilitiesBaseline;

impl Check for CapabilitiesBaseline {
    const ID: &'static str = "capabilities_baseline";
    const LEVEL: Level = Level::Baseline;
    const RULES: &'static [&'static Rule] = &[&RULE];
    const VARIANTS: &'static [Variant] = &[Variant::since(0)];

    #[inline]
    fn container<'p>(_: &'p PodSpec<'_>, container: &'p Container<'_>, out: &mut impl Sink<'p>) {
        let capabilities = container.security_context.as_ref().and_then(|c| c.capabilities.as_ref());
        for (i, name) in capabilities.iter().flat_map(|c| c.add.iter().enumerate()) {
            if !is_default(name) {
                out.offend(Self::ALL, Field::item(ADD, i, ""), Value::Text(name));
            }
        }
    }

    fn reason(_: &[Offender<'_>]) -> &'static str {
        "non-default capabilities"
    }

    fn detail(offenders: &[Offender<'_>]) -> String {
        must_not_include(offenders)
    }

    fn label(_: &Offender<'_>) -> Cow<'static, str> {
        "must not be added".into()
    }

    fn account(at: &str, offenders: &[&Offender<'_>]) -> Account {
        added(at, offenders)
    }
}

/// Exactly these: `CAP_CHOWN`, `chown` and `ALL` are others.
fn is_default(name: &str) -> bool {
    matches!(
        name,
        "AUDIT_WRITE"
            | "CHOWN"
            | "DAC_OVERRIDE"
            | "FOWNER"
            | "FSETID"
            | "KILL"
            | "MKNOD"
            | "NET_BIND_SERVICE"
            | "SETFCAP"
            | "SETGID"
            | "SETPCAP"
            | "SETUID"
            | "SYS_CHROOT"
    )
}

/// The reference's sentence on capabilities that may not be added.
pub(super) fn must_not_include(offenders: &[Offender<'_>]) -> String {
    let containers = text::containers(offenders).unwrap_or_default();
    format!("{containers} must not include {} in {ADD}", text::quoted_texts(offenders))
}

/// What a person is told of capabilities that may not be added.
pub(super) fn added(at: &str, offenders: &[&Offender<'_>]) -> Account {
    let prefixed = offenders.iter().find_map(|o| o.text().strip_prefix("CAP_"));
    let advice = match prefixed {
        Some("NET_BIND_SERVICE") => {
            "write `NET_BIND_SERVICE`: Kubernetes names capabilities without `CAP_`".to_owned()
        }
        _ => "remove them from `capabilities.add`; what truly needs them belongs alone in a namespace of a less strict level"
            .to_owned(),
    };
    Account { message: format!("{at} adds the capabilities {}", text::listed(offenders)), advice }
}

#[cfg(test)]
mod tests {
    use crate::testing::{containers, detail, passes};

    const ID: &str = "capabilities_baseline";

    #[test]
    fn passes_defaults() {
        passes(ID, 37, &containers(&[r#""capabilities":{"add":["CHOWN","NET_BIND_SERVICE"]}"#, ""]));
    }

    #[test]
    fn names_are_compared_exactly() {
        let pod = containers(&[r#""capabilities":{"add":["chown","CAP_CHOWN"]}"#, r#""capabilities":{"add":[""]}"#]);
        assert_eq!(
            detail(ID, 37, &pod),
            r#"containers "a", "b" must not include "", "CAP_CHOWN", "chown" in securityContext.capabilities.add"#
        );
    }
}
