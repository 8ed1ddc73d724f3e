//! The findings of one object: the first of them are held, all of them are counted.

use seawall_finding::Rule;
use seawall_pss::namespace::Modes;

use crate::options::Options;
use crate::record::{Findings, Located};
use crate::totals::{Counting, Extent};

/// Of each rule at least so many places are held, whatever else there is.
const OF_EACH_RULE: usize = 50;

/// Findings that come one by one, in the form that they have in the end but for the twins among those that come together.
pub(super) struct Kept<'o> {
    options: &'o Options,
    findings: Findings,
    /// What is held that counts, and that does not.
    held: [Extent; 2],
    /// Places held of each rule, once not all of them are.
    of_rules: Vec<(&'static Rule, [usize; 2])>,
    /// Once not all of them are held.
    counting: Option<Box<Counting>>,
    /// Whether there was any, of whatever rule.
    pub(super) any: bool,
    /// Whether one counts.
    pub(super) counts: bool,
    /// The modes that forbid something, and something that counts.
    pub(super) modes: [Modes; 2],
    pub(super) refuses: Refuses,
}

/// For what the API server refuses the object.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Refuses {
    /// For a finding, of whatever rule.
    pub(super) any: bool,
    /// For one of a rule that is selected.
    pub(super) selected: bool,
    /// For one that counts.
    pub(super) counts: bool,
}

impl<'o> Kept<'o> {
    pub(super) fn new(options: &'o Options) -> Self {
        Self {
            options,
            findings: Vec::new(),
            held: [Extent::default(); 2],
            of_rules: Vec::new(),
            counting: None,
            any: false,
            counts: false,
            modes: [Modes::NONE; 2],
            refuses: Refuses::default(),
        }
    }

    /// Whether nothing was found of rules that are selected.
    pub(super) fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }

    /// Whether a finding counts.
    pub(super) fn stands(&self, located: &Located) -> bool {
        located.suppressed.is_none() && self.options.rules.selects(located.finding.rule)
    }

    pub(super) fn extend(&mut self, findings: Findings) {
        if self.findings.is_empty() && self.counting.is_none() {
            self.findings.reserve_exact(findings.len());
        }
        for located in findings {
            self.add(located);
        }
    }

    /// Applies what the configuration says of the rule, and holds the finding as far as there is room.
    pub(super) fn add(&mut self, mut located: Box<Located>) {
        let rule = located.finding.rule;
        let selected = self.options.rules.selects(rule);
        let counts = selected && located.suppressed.is_none();
        self.any = true;
        self.counts |= counts;
        self.modes[0] = self.modes[0].join(located.modes);
        self.refuses.any |= located.refuses;
        if !selected {
            return;
        }
        self.refuses.selected |= located.refuses;
        if counts {
            self.modes[1] = self.modes[1].join(located.modes);
            self.refuses.counts |= located.refuses;
        }
        if let Some(severity) = self.options.rules.severity_of(rule) {
            located.finding.severity = severity;
        }
        let of = usize::from(!counts);
        let places = located.places() as usize;
        let left = self.options.held.saturating_sub(self.held[of].places as usize);
        if self.counting.is_none() && places <= left {
            self.held[of].add(places as u64);
            self.findings.push(located);
            return;
        }
        let counting = self.counting.get_or_insert_with(|| {
            let mut counting = Box::<Counting>::default();
            for located in &self.findings {
                counting.add(located);
                let held = held_of(&mut self.of_rules, located.finding.rule);
                held[usize::from(located.suppressed.is_some())] += located.places() as usize;
            }
            counting
        });
        counting.add(&located);
        let held = &mut held_of(&mut self.of_rules, rule)[of];
        let room = left.max(OF_EACH_RULE.saturating_sub(*held));
        if counts && room < places {
            counting.cut(rule);
        }
        if room > 0 {
            located.cut(room);
            let places = 1 + located.finding.related.len();
            *held += places;
            self.held[of].add(places as u64);
            self.findings.push(located);
        }
    }

    /// What is held, what is held of it that counts and that does not, and what all findings amount to where that is more.
    pub(super) fn finish(self) -> (Findings, [Extent; 2], Option<Box<Counting>>) {
        (self.findings, self.held, self.counting)
    }
}

fn held_of<'r>(all: &'r mut Vec<(&'static Rule, [usize; 2])>, rule: &'static Rule) -> &'r mut [usize; 2] {
    let at = all.iter().position(|(known, _)| std::ptr::eq(*known, rule)).unwrap_or_else(|| {
        all.push((rule, [0; 2]));
        all.len() - 1
    });
    &mut all[at].1
}

#[cfg(test)]
mod tests {
    use seawall_finding::{Finding, Locus, Severity};
    use seawall_model::FieldPath;

    use super::*;
    use crate::ignore::Ignore;
    use crate::record::{Mark, Region, Suppression};
    use crate::rules::{DUPLICATE_KEY, SCHEMA_INVALID};

    fn located(rule: &'static Rule, places: usize, suppressed: bool) -> Box<Located> {
        let locus = |i: usize| Locus { path: FieldPath::root().key("a").index(i), label: "".into() };
        let mark = || Mark { region: Region::default(), label: "".into() };
        let ignore = || Ignore {
            source: seawall_finding::IgnoreSource::Comment,
            rules: vec![rule],
            reason: String::new(),
            owner: None,
            until: None,
            file: "a.yaml".into(),
            region: None,
        };
        Box::new(Located {
            finding: Finding {
                rule,
                severity: Severity::High,
                object: std::sync::Arc::default(),
                container: None,
                primary: locus(0),
                related: (1..places).map(locus).collect(),
                message: String::new(),
                advice: "".into(),
            },
            primary: mark(),
            related: (1..places).map(|_| mark()).collect(),
            left_out: 0,
            missing: false,
            refuses: false,
            modes: Modes::NONE,
            suppressed: suppressed.then(|| Suppression::Ignored(ignore().into())),
            fix: None,
        })
    }

    /// The places held of each finding.
    fn held(findings: &Findings) -> Vec<usize> {
        findings.iter().map(|f| 1 + f.finding.related.len()).collect()
    }

    #[test]
    fn what_fits_is_held_and_counted_by_nobody() {
        let options = Options { held: 10, ..Options::default() };
        let mut kept = Kept::new(&options);
        kept.extend(vec![located(&SCHEMA_INVALID, 4, false), located(&SCHEMA_INVALID, 6, false)]);
        kept.add(located(&SCHEMA_INVALID, 10, true));
        let (findings, extents, counting) = kept.finish();
        assert_eq!((held(&findings), extents.map(|e| e.places)), (vec![4, 6, 10], [10, 10]));
        assert!(counting.is_none());
    }

    #[test]
    fn each_rule_has_room_and_what_does_not_count_takes_none() {
        let options = Options { held: 60, ..Options::default() };
        let mut kept = Kept::new(&options);
        kept.extend((0..100).map(|_| located(&SCHEMA_INVALID, 1, true)).collect());
        kept.extend((0..100).map(|_| located(&SCHEMA_INVALID, 1, false)).collect());
        kept.add(located(&DUPLICATE_KEY, 70, false));
        kept.add(located(&DUPLICATE_KEY, 1, false));
        let (findings, extents, counting) = kept.finish();
        assert_eq!(extents.map(|e| e.findings), [61, 60]);
        let last = findings.last().unwrap();
        assert_eq!((held(&findings)[120], last.left_out, last.related.len()), (50, 20, 49));
        let totals = counting.unwrap().finish();
        assert_eq!(totals.counting, Extent { findings: 102, places: 171 });
        assert_eq!(totals.suppressed, Extent { findings: 100, places: 100 });
        assert_eq!(totals.worst, Some(Severity::High));
        assert_eq!(
            totals.cut.iter().map(|cut| cut.rule.id).collect::<Vec<_>>(),
            ["schema-invalid", "duplicate-key"]
        );
    }
}
