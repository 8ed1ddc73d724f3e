//! One cause, one finding: which findings people see as one.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use seawall_check::{Located, Mode, Totals};
use seawall_finding::{Finding, Rule, Severity};

/// The rules that hold for nearly every workload nobody has hardened yet, in the order in which they are named.
pub(crate) const BASICS: [(&str, &str); 4] = [
    ("run-as-non-root", "runAsNonRoot"),
    ("allow-privilege-escalation", "allowPrivilegeEscalation"),
    ("drop-all-capabilities", "capabilities"),
    ("seccomp-profile", "seccompProfile"),
];

/// How loud a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Word {
    Note,
    Warning,
    Error,
}

impl Word {
    /// Of a finding.
    pub(crate) fn of(located: &Located) -> Self {
        if located.refuses || located.modes.contains(Mode::Enforce) {
            Self::Error
        } else if !located.modes.is_empty() || located.finding.severity > Severity::Info {
            Self::Warning
        } else {
            Self::Note
        }
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Findings with one cause.
pub(crate) struct Group<'a> {
    pub(crate) word: Word,
    /// In input order, never empty.
    pub(crate) members: Vec<&'a Located>,
    /// Whether these are several of the four basics of restricted.
    pub(crate) basics: bool,
    /// Whether there are others with this cause that are not held.
    pub(crate) cut: Option<Others>,
}

/// What is known of findings of which not all are held.
#[derive(Clone, Debug, Default)]
pub(crate) struct Others {
    /// All their places, and a bit for each of their containers; `None` where these may have other causes, too.
    all: Option<(u64, Vec<u64>)>,
}

impl Others {
    /// How many containers there are in all, as far as that is known.
    fn containers(&self) -> Option<usize> {
        let bits = &self.all.as_ref()?.1;
        Some(bits.iter().map(|bits| bits.count_ones() as usize).sum())
    }

    /// How many places there are in all, as far as that is known.
    pub(crate) fn places(&self) -> Option<u64> {
        self.all.as_ref().map(|(places, _)| *places)
    }
}

/// What findings of one group share: how loud they are, whether a level asks for them, the rule and the advice.
type Cause<'a> = ((Word, bool), (*const Rule, &'a str));

/// Causes with the positions of their groups: a list where there are few.
#[derive(Default)]
struct Causes<'a> {
    few: Vec<(Cause<'a>, usize)>,
    many: HashMap<Cause<'a>, usize>,
}

impl<'a> Causes<'a> {
    /// The position that was given first with this cause.
    fn first(&mut self, cause: Cause<'a>, next: usize) -> usize {
        const FEW: usize = 32;
        if let Some((_, at)) = self.few.iter().find(|(known, _)| *known == cause) {
            return *at;
        }
        if self.few.len() < FEW {
            self.few.push((cause, next));
            return next;
        }
        *self.many.entry(cause).or_insert(next)
    }
}

/// What is not put together: how loud a finding is, and whether it is beyond what the levels ask for.
fn kind(located: &Located) -> (Word, bool) {
    (Word::of(located), located.is_beyond())
}

/// The kinds that basics of restricted come in.
const KINDS: [(Word, bool); 3] = [(Word::Error, false), (Word::Warning, false), (Word::Warning, true)];

/// The groups of what counts, in the order of their first findings; `totals` are there where not all findings are held.
pub(crate) fn groups<'a>(findings: &'a [Box<Located>], totals: Option<&Totals>) -> Vec<Group<'a>> {
    let findings: Vec<&Located> = findings.iter().map(|f| &**f).filter(|f| f.suppressed.is_none()).collect();
    let mut groups: Vec<Group<'_>> = Vec::with_capacity(findings.len().min(8));
    let several = KINDS.map(|kind| several_basics(&findings, kind));
    let mut by_cause = Causes::default();
    for located in findings {
        let kind = kind(located);
        let basics = basic(located).is_some() && KINDS.iter().zip(several).any(|(of, s)| s && *of == kind);
        let next = groups.len();
        let finding = &located.finding;
        let cause = match finding.container {
            _ if basics => Some((std::ptr::null(), "")),
            Some(_) => Some((std::ptr::from_ref(finding.rule), &*finding.advice)),
            // What is wrong with a pod stands alone.
            None => None,
        };
        let at = cause.map_or(next, |cause| by_cause.first((kind, cause), next));
        match groups.get_mut(at) {
            Some(group) => group.members.push(located),
            None => groups.push(Group { word: kind.0, members: vec![located], basics, cut: None }),
        }
    }
    if let Some(totals) = totals {
        count_others(&mut groups, totals);
    }
    groups
}

/// Tells groups what there is besides what is held.
fn count_others(groups: &mut [Group<'_>], totals: &Totals) {
    let mut rules: Vec<Vec<&'static Rule>> = Vec::new();
    for group in groups.iter() {
        let mut own: Vec<&'static Rule> = Vec::new();
        for member in &group.members {
            if !own.iter().any(|known| std::ptr::eq(*known, member.finding.rule)) {
                own.push(member.finding.rule);
            }
        }
        rules.push(own);
    }
    for (at, group) in groups.iter_mut().enumerate() {
        let cut_of = |rule: &&'static Rule| totals.cut.iter().find(|cut| std::ptr::eq(cut.rule, *rule));
        let own = rules.get(at).map(Vec::as_slice).unwrap_or_default();
        if own.iter().all(|rule| cut_of(rule).is_none()) {
            continue;
        }
        let alone = |rule: &&'static Rule| {
            rules.iter().filter(|own| own.iter().any(|of| std::ptr::eq(*of, *rule))).count() == 1
        };
        let cuts: Option<Vec<_>> =
            own.iter().map(|rule| cut_of(rule).filter(|cut| cut.alike && alone(rule))).collect();
        let all = cuts.map(|cuts| {
            let mut containers: Vec<u64> = Vec::new();
            for cut in &cuts {
                containers.resize(containers.len().max(cut.containers.len()), 0);
                containers.iter_mut().zip(&cut.containers).for_each(|(all, more)| *all |= more);
            }
            (cuts.iter().map(|cut| cut.places).sum(), containers)
        });
        group.cut = Some(Others { all });
    }
}

/// Which of the basics a finding is about; a seccomp profile that is turned off is a matter of its own.
pub(crate) fn basic(located: &Located) -> Option<usize> {
    let at = BASICS.iter().position(|(rule, _)| *rule == located.finding.rule.id)?;
    (at < 2 || located.missing).then_some(at)
}

fn several_basics(findings: &[&Located], of: (Word, bool)) -> bool {
    let mut seen = None;
    findings.iter().filter(|f| kind(f) == of).filter_map(|f| basic(f)).any(|b| *seen.get_or_insert(b) != b)
}

impl Group<'_> {
    /// Whether no level asks for what it is about, and nothing is refused for it.
    pub(crate) fn is_beyond(&self) -> bool {
        self.members.iter().all(|m| m.is_beyond() && !m.refuses)
    }

    /// What a command that makes the likely fixes of its basics is told.
    pub(crate) fn likely(&self) -> &'static str {
        // Without their name fixes lead to the level alone.
        if self.is_beyond() { "--likely --only restricted" } else { "--likely" }
    }

    /// The names of its containers in order, each once.
    pub(crate) fn containers(&self) -> Vec<&str> {
        let names = self.members.iter().filter_map(|m| m.finding.container.as_deref());
        if self.members.len() == 1 {
            return names.collect();
        }
        let mut known = HashSet::new();
        names.filter(|name| known.insert(*name)).collect()
    }

    /// The rule that it is shown under.
    pub(crate) fn rule(&self) -> &'static str {
        if self.basics { "restricted" } else { self.members[0].finding.rule.id }
    }

    /// What is wrong.
    pub(crate) fn message(&self) -> Cow<'_, str> {
        let names = self.containers();
        if self.basics {
            return Cow::Owned(basics_message(&self.members, &names, self.cut.as_ref()));
        }
        let first = &self.members[0].finding;
        if self.members.len() < 2 {
            return Cow::Borrowed(&first.message);
        }
        let list = listed(&names, self.cut.as_ref());
        let is = self.members.iter().map(|m| predicate(m));
        match (same(is.clone()), names.len()) {
            (Some(_), 0 | 1) => Cow::Borrowed(&first.message),
            (Some(is), _) => Cow::Owned(format!("each of the containers {list} {is}")),
            // Titles of rules are predicates too.
            (None, 1) if is.clone().all(|is| is.is_some()) => {
                Cow::Owned(format!("container {list} {}", first.rule.title))
            }
            (None, _) if is.clone().all(|is| is.is_some()) => {
                Cow::Owned(format!("each of the containers {list} {}", first.rule.title))
            }
            (None, several) => self.of_fields(&list, several > 1),
        }
    }

    /// What is wrong where messages speak of fields, not of their containers.
    fn of_fields(&self, list: &str, several: bool) -> Cow<'_, str> {
        let first = &self.members[0].finding.message;
        let messages: HashSet<&str> = self.members.iter().map(|m| m.finding.message.as_str()).collect();
        Cow::Owned(match (messages.len() - 1, several) {
            (0, false) => return Cow::Borrowed(first),
            (0, true) => format!("in each of the containers {list}: {first}"),
            (_, false) if self.cut.is_some() => format!("{first} (and others like it)"),
            (_, true) if self.cut.is_some() => {
                format!("in the containers {list}: {first} (and others like it)")
            }
            (more, false) => format!("{first} (and {more} more like it)"),
            (more, true) => format!("in the containers {list}: {first} (and {more} more like it)"),
        })
    }
}

/// What the message of a finding says of its container, if that is what it begins with.
fn predicate(located: &Located) -> Option<&str> {
    let Finding { message, container, .. } = &located.finding;
    let name = seawall_model::gotext::quote(container.as_deref()?);
    let behind = CLASSES.iter().find_map(|class| message.strip_prefix(class)?.strip_prefix(' '));
    behind?.strip_prefix(&name)?.strip_prefix(' ')
}

/// How messages call containers.
const CLASSES: [&str; 3] = ["container", "init container", "ephemeral container"];

/// The value that all are, if they are.
fn same<'a>(mut all: impl Iterator<Item = Option<&'a str>>) -> Option<&'a str> {
    let first = all.next()??;
    all.all(|other| other == Some(first)).then_some(first)
}

fn basics_message(members: &[&Located], names: &[&str], cut: Option<&Others>) -> String {
    let failing: Vec<&str> = BASICS
        .iter()
        .enumerate()
        .filter(|(i, _)| members.iter().any(|m| basic(m) == Some(*i)))
        .map(|(_, (_, field))| *field)
        .collect();
    let (who, verb) = match names {
        [] => ("the pod".to_owned(), "does"),
        [one] if cut.is_none() => (format!("container {}", listed(&[one], None)), "does"),
        _ => (format!("containers {}", listed(names, cut)), "do"),
    };
    if failing.len() == BASICS.len() {
        format!("{who} {verb} not meet the four basics of restricted")
    } else {
        format!("{who} {verb} not meet basics of restricted: {}", failing.join(", "))
    }
}

/// So many names are told, and so many places shown; of the others only the number is.
pub(crate) const MOST: usize = 100;

/// Names in quotes, as the messages of checks have them; `cut` says that there are others.
pub(crate) fn listed(names: &[&str], cut: Option<&Others>) -> String {
    let quoted: Vec<String> = names.iter().take(MOST).map(|n| seawall_model::gotext::quote(n)).collect();
    let mut text = quoted.join(", ");
    let shown = names.len().min(MOST);
    match cut.map_or(Some(names.len()), Others::containers).map(|all| all.saturating_sub(shown)) {
        Some(0) => {}
        Some(more) => {
            let _ = write!(text, " and {more} more");
        }
        None => text.push_str(" and others"),
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_basics_can_be_named_as_they_are_shown() {
        let mut shown = BASICS.map(|(rule, _)| rule);
        shown.sort_unstable();
        assert_eq!(seawall_check::rules::find("restricted").iter().map(|r| r.id).collect::<Vec<_>>(), shown);
    }
}
