//! What authors and operators let pass around an object, and what of it has ended.

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;

use seawall_finding::{Date, Finding, Locus, Rule};
use seawall_model::{FieldPath, ObjectId};
use seawall_pss::namespace::Modes;

use crate::exceptions::{InForce, holding};
use crate::ignore::{DocumentIgnores, Ignore, IgnoredObject, ObjectIgnores, Offence};
use crate::locate::Locator;
use crate::options::Options;
use crate::record::{Located, Mark};
use crate::rules::EXPIRED_EXCEPTION;

/// What may let an offence pass at one template of an object.
pub(super) struct Around<'a> {
    pub(super) object: IgnoredObject<'a>,
    /// The identity that findings share.
    pub(super) id: &'a Arc<ObjectId>,
    pub(super) locator: &'a Locator<'a>,
    pub(super) comments: &'a DocumentIgnores,
    pub(super) on_object: &'a ObjectIgnores,
    pub(super) on_template: ObjectIgnores,
    pub(super) exceptions: Vec<&'a InForce>,
    /// What would have let something pass, had it not ended: its title, its last day, and the place of what it was for.
    pub(super) ended: RefCell<Vec<Ended>>,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) struct Ended {
    title: String,
    last: Date,
    /// Whether it goes on to hold.
    holds: bool,
    at: Mark,
    path: FieldPath,
}

impl Around<'_> {
    /// Whether anything could be passed over.
    pub(super) fn ignores(&self, options: &Options) -> bool {
        !(self.comments.is_empty()
            && self.on_object.is_empty()
            && self.on_template.is_empty()
            && options.ignores.is_empty())
    }

    /// The ignore that passes over an offence which is seen at these marks.
    pub(super) fn ignore(
        &self,
        rule: &'static Rule,
        container: Option<&str>,
        path: &FieldPath,
        marks: &[&Mark],
        options: &Options,
    ) -> Option<Arc<Ignore>> {
        let lines: Vec<u32> = marks.iter().map(|mark| mark.region.line).collect();
        let offence = Offence { rule, container, path, lines: &lines };
        let mut passed = self.comments.pass(&offence, options.today);
        passed.join(self.on_template.pass(&offence, options.today));
        passed.join(self.on_object.pass(&offence, options.today));
        passed.join(options.ignores.of(&self.object, &offence, options.today));
        for ignore in &passed.over {
            if let (Some(last), Some(at)) = (ignore.until, marks.first()) {
                self.end(ignore.title(), last, false, at, path);
            }
        }
        passed.by
    }

    /// The first exception that lets an offence pass; all that do are in use.
    pub(super) fn exception(
        &self,
        rule: &'static Rule,
        container: Option<&str>,
        value: &str,
        today: Date,
    ) -> Option<&InForce> {
        let holding = holding(&self.exceptions, rule, container, value, today);
        holding.inspect(|in_force| in_force.used.raise()).reduce(|first, _| first)
    }

    /// Takes note of exceptions that have ended and would let an offence pass, or still do.
    pub(super) fn note_ended(
        &self,
        rule: &Rule,
        container: Option<&str>,
        value: &str,
        at: &Mark,
        path: &FieldPath,
        today: Date,
    ) {
        for in_force in &self.exceptions {
            let exception = &in_force.exception;
            if exception.is_over(today)
                && exception.covers(rule, container, value).is_some()
                && let Some(last) = exception.expires
            {
                in_force.used.raise();
                let title = format!("exception `{}`", exception.name);
                self.end(title, last, exception.holds(today), at, path);
            }
        }
    }

    fn end(&self, title: String, last: Date, holds: bool, at: &Mark, path: &FieldPath) {
        let mut ended = self.ended.borrow_mut();
        if !ended.iter().any(|e| e.title == title) {
            ended.push(Ended { title, last, holds, at: at.clone(), path: path.clone() });
        }
    }
}

/// The finding on an ignore or exception that has ended.
pub(super) fn expired(ended: Ended, object: &Arc<ObjectId>) -> Located {
    let Ended { title, last, holds, at, path } = ended;
    let (rest, advice) = if holds {
        ("and goes on to hold with a warning", "set a new date, or fix what it is for")
    } else {
        ("and no longer counts", "fix what it was for, or set a new date")
    };
    let label: Cow<'static, str> = format!("ended on {last}").into();
    Located {
        primary: Mark { label: label.clone(), ..at },
        finding: Finding {
            rule: &EXPIRED_EXCEPTION,
            severity: EXPIRED_EXCEPTION.severity,
            object: object.clone(),
            container: None,
            primary: Locus { path, label },
            related: Vec::new(),
            message: format!("{title} ended on {last} {rest}"),
            advice: advice.into(),
        },
        related: Vec::new(),
        left_out: 0,
        missing: false,
        refuses: false,
        modes: Modes::NONE,
        suppressed: None,
        fix: None,
    }
}
