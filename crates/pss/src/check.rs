//! What a check is: its identity, its variants, the structure that it looks for, and the words for it.

use std::borrow::Cow;

use seawall_finding::{Rule, Severity};
use seawall_model::Level;
use seawall_model::pod::{Container, Pod, PodSpec, Volume};

use crate::faults::Faults;
use crate::offender::{Field, Offender, Site, Value};
use crate::repair::Repair;

/// The form of a check that the policy has from some version on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variant {
    /// The first minor version with this form: `25` for v1.25.
    pub since: u8,
    /// The pods that it lets pass whatever they set.
    pub exempt: Option<Exempt>,
}

/// A kind of pods that some variants let pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exempt {
    /// `spec.os.name: windows`
    Windows,
    /// `spec.hostUsers: false`: the pod has a user namespace of its own.
    UserNamespace,
}

impl Variant {
    /// A variant that holds for all pods.
    pub(crate) const fn since(minor: u8) -> Self {
        Self { since: minor, exempt: None }
    }

    /// The variant, passing these pods.
    pub(crate) const fn except(self, exempt: Exempt) -> Self {
        Self { since: self.since, exempt: Some(exempt) }
    }
}

/// Receives what the checks find. Phase one keeps a bit, phase two everything.
pub(crate) trait Sink<'p> {
    /// What follows is found here; `name` is the container's, the volume's or the annotation's.
    fn enter(&mut self, site: Site, name: &'p str);
    /// A field that these variants forbid.
    fn offend(&mut self, variants: Faults, field: Field, value: Value<'p>);
}

/// What a person is told about the offenders of one rule at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    /// What is wrong, in lower case without a trailing period.
    pub(crate) message: String,
    /// What to write.
    pub(crate) advice: String,
}

/// A check as its file writes it. What it looks for is written once and serves both phases.
pub(crate) trait Check {
    /// The reference's id.
    const ID: &'static str;
    /// The level that it belongs to.
    const LEVEL: Level;
    /// The rules that it reports under.
    const RULES: &'static [&'static Rule];
    /// Its forms, the oldest first.
    const VARIANTS: &'static [Variant];
    /// The baseline check that does not run at restricted where this one does.
    const OVERRIDES: Option<&'static str> = None;
    /// Those of its rules that the check which it overrides judges no less strictly.
    const TAKES_OVER: &'static [&'static Rule] = &[];

    /// The bit of its first variant.
    const FIRST: u32 = crate::checks::first_bit(Self::ID);
    /// All its variants.
    const ALL: Faults = Faults::run(Self::FIRST, Self::VARIANTS.len() as u32);

    /// Its variants older than a minor version.
    #[inline]
    fn before(minor: u8) -> Faults {
        let older = Self::VARIANTS.iter().filter(|v| v.since < minor).count();
        Faults::run(Self::FIRST, older as u32)
    }

    /// Its variants from a minor version on.
    #[inline]
    fn since(minor: u8) -> Faults {
        Self::ALL.without(Self::before(minor))
    }

    /// Looks at the pod's own fields.
    #[inline]
    fn pod<'p>(_spec: &'p PodSpec<'_>, _out: &mut impl Sink<'p>) {}
    /// Looks at one container, of whatever class.
    #[inline]
    fn container<'p>(_spec: &'p PodSpec<'_>, _container: &'p Container<'_>, _out: &mut impl Sink<'p>) {}
    /// Looks at one volume.
    #[inline]
    fn volume<'p>(_volume: &'p Volume<'_>, _out: &mut impl Sink<'p>) {}
    /// Looks at one annotation.
    #[inline]
    fn annotation<'p>(_pod: &'p Pod<'_>, _key: &'p str, _value: &'p str, _out: &mut impl Sink<'p>) {}

    /// The reference's reason.
    fn reason(offenders: &[Offender<'_>]) -> &'static str;
    /// The reference's detail.
    fn detail(offenders: &[Offender<'_>]) -> String;

    /// The rule that an offender breaks.
    fn rule(_offender: &Offender<'_>) -> &'static Rule {
        Self::RULES[0]
    }
    /// How grave an offender is.
    fn severity(offender: &Offender<'_>) -> Severity {
        Self::rule(offender).severity
    }
    /// What is to be seen at the offending place, in a few words.
    fn label(offender: &Offender<'_>) -> Cow<'static, str>;
    /// What a person is told of offenders of one rule; `at` is the container, or the pod.
    fn account(at: &str, offenders: &[&Offender<'_>]) -> Account;
    /// How an offender may be repaired; `None` where there is no way that holds for everybody.
    fn repair(_pod: &Pod<'_>, _offender: &Offender<'_>) -> Option<Repair> {
        None
    }
}

/// A check as data.
#[derive(Debug)]
pub struct CheckInfo {
    /// The reference's id, such as `hostPorts`.
    pub id: &'static str,
    /// The level that it belongs to.
    pub level: Level,
    /// The rules that it reports under.
    pub rules: &'static [&'static Rule],
    /// Its forms, the oldest first.
    pub variants: &'static [Variant],
    /// The id of the baseline check that does not run at restricted where this one does.
    pub overrides: Option<&'static str>,
    /// Those of its rules that the check which it overrides judges no less strictly.
    pub takes_over: &'static [&'static Rule],
    pub(crate) reason: fn(&[Offender<'_>]) -> &'static str,
    pub(crate) detail: fn(&[Offender<'_>]) -> String,
    pub(crate) rule: fn(&Offender<'_>) -> &'static Rule,
    pub(crate) severity: fn(&Offender<'_>) -> Severity,
    pub(crate) label: fn(&Offender<'_>) -> Cow<'static, str>,
    pub(crate) account: fn(&str, &[&Offender<'_>]) -> Account,
    pub(crate) repair: fn(&Pod<'_>, &Offender<'_>) -> Option<Repair>,
}

impl CheckInfo {
    /// The data of a check.
    pub(crate) const fn of<C: Check>() -> Self {
        Self {
            id: C::ID,
            level: C::LEVEL,
            rules: C::RULES,
            variants: C::VARIANTS,
            overrides: C::OVERRIDES,
            takes_over: C::TAKES_OVER,
            reason: C::reason,
            detail: C::detail,
            rule: C::rule,
            severity: C::severity,
            label: C::label,
            account: C::account,
            repair: C::repair,
        }
    }
}
