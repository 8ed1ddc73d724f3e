//! `procMount_restricted`: at restricted `/proc` stays masked in user namespaces too.

use std::borrow::Cow;

use seawall_finding::Rule;
use seawall_model::Level;
use seawall_model::pod::{Container, PodSpec};

use super::proc_mount::{self, ProcMount};
use crate::check::{Account, Check, Sink, Variant};
use crate::offender::Offender;

pub(crate) struct ProcMountRestricted;

impl Check for ProcMountRestricted {
    const ID: &'static str = "procMount_restricted";
    const LEVEL: Level = Level::Restricted;
    const RULES: &'static [&'static Rule] = ProcMount::RULES;
    const VARIANTS: &'static [Variant] = &[Variant::since(35)];
    const OVERRIDES: Option<&'static str> = Some(ProcMount::ID);

    #[inline]
    fn container<'p>(_: &'p PodSpec<'_>, container: &'p Container<'_>, out: &mut impl Sink<'p>) {
        proc_mount::look(Self::ALL, container, out);
    }

    fn reason(offenders: &[Offender<'_>]) -> &'static str {
        ProcMount::reason(offenders)
    }

    fn detail(offenders: &[Offender<'_>]) -> String {
        ProcMount::detail(offenders)
    }

    fn label(offender: &Offender<'_>) -> Cow<'static, str> {
        ProcMount::label(offender)
    }

    fn account(at: &str, offenders: &[&Offender<'_>]) -> Account {
        ProcMount::account(at, offenders)
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{detail, passes};

    const ID: &str = "procMount_restricted";
    const POD: &str =
        r#"{"spec":{"hostUsers":false,"containers":[{"name":"a","securityContext":{"procMount":"Unmasked"}}]}}"#;

    #[test]
    fn does_not_relax_for_user_namespaces() {
        assert_eq!(detail(ID, 35, POD), r#"container "a" must not set securityContext.procMount to "Unmasked""#);
    }

    #[test]
    fn is_not_there_before_1_35() {
        passes(ID, 34, POD);
    }
}
