//! Templates of a namespace, the pods that were made of each, and what these tell of what will be made.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::owners::{Live, Part};
use super::revision::Revision;

/// Pods by what made them, and by their revision as [`Revision::of_pod`] gives it.
pub(super) type MadeBy = BTreeMap<(u64, [u64; 2]), Made>;

/// Pods that were made of one template.
#[derive(Debug, Default)]
pub(super) struct Made {
    pub(super) standing: Judged,
    /// Those that are at their end.
    pub(super) ended: Judged,
    pub(super) changed_by: BTreeSet<Box<str>>,
}

/// Pods, and what became of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Judged {
    pub(super) pods: u64,
    pub(super) refused: u64,
    /// What one of those that would be refused violates.
    pub(super) reason: Option<Arc<str>>,
}

impl Judged {
    pub(super) fn add(&mut self, reason: Option<&Arc<str>>) {
        self.pods += 1;
        self.refused += u64::from(reason.is_some());
        if self.reason.is_none() {
            self.reason = reason.cloned();
        }
    }
}

/// A template.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) live: Live,
    pub(super) called: String,
    /// What of the level it violates by itself.
    pub(super) reason: Option<Arc<str>>,
    pub(super) replicas: Option<i64>,
    /// The template, but for what controllers add to it.
    pub(super) template: u64,
    pub(super) revision: Revision,
    /// Whether it will make no pods any more.
    pub(super) ended: bool,
}

/// A pod that would be refused if it were created now.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) name: String,
    /// The UID of what made it, hashed.
    pub(super) controller: Option<u64>,
    pub(super) revision: [u64; 2],
    pub(super) reason: Arc<str>,
}

/// What becomes of a pod that would be refused.
pub(super) enum Fate<'f> {
    /// What comes in its place would be refused too, or nothing is known of it.
    Refused,
    /// What comes in its place is of this template as it is now, and passes.
    Replaced(&'f Found),
    /// What comes in its place is of this template as it is now, and may pass or not.
    Unclear(&'f Found),
}

/// Templates by what made them, and the pods of each.
pub(super) struct Families<'f> {
    all: &'f [Found],
    by_uid: BTreeMap<u64, &'f Found>,
    by_controller: BTreeMap<u64, Vec<&'f Found>>,
    made: &'f MadeBy,
}

impl<'f> Families<'f> {
    pub(super) fn of(all: &'f [Found], made: &'f MadeBy) -> Self {
        let mut by_controller: BTreeMap<u64, Vec<&Found>> = BTreeMap::new();
        for found in all {
            if let Some(controller) = &found.live.controller {
                by_controller.entry(controller.uid).or_default().push(found);
            }
        }
        let by_uid = all.iter().map(|found| (found.live.uid, found)).collect();
        Self { all, by_uid, by_controller, made }
    }

    /// Templates that make pods and that no other template makes.
    pub(super) fn roots(&self) -> impl Iterator<Item = &'f Found> {
        self.all.iter().filter(|found| !found.ended).filter(|found| {
            let controller = found.live.controller.as_ref();
            let owner = controller.and_then(|controller| self.by_uid.get(&controller.uid));
            owner.is_none_or(|owner| !owner.live.part.makes(found.live.part))
        })
    }

    /// What controllers made of a template on the way to pods.
    fn below(&self, found: &Found) -> impl Iterator<Item = &'f Found> {
        let part = found.live.part;
        let below = self.by_controller.get(&found.live.uid).into_iter().flatten().copied();
        below.filter(move |below| part.makes(below.live.part))
    }

    /// All pods that were made of it directly, whatever it was then.
    fn pods(&self, found: &Found) -> impl Iterator<Item = (&'f [u64; 2], &'f Made)> {
        let uid = found.live.uid;
        let makes = found.live.part.makes(Part::Pod);
        let range = self.made.range((uid, [0; 2])..=(uid, [u64::MAX; 2])).filter(move |_| makes);
        range.map(|((_, revision), made)| (revision, made))
    }

    /// The pods that were made of it as it is now.
    pub(super) fn current(&self, found: &Found) -> Vec<&'f Made> {
        match found.live.part {
            Part::Deployment | Part::CronJob => {
                let same = self.below(found).filter(|below| below.template == found.template);
                same.flat_map(|below| self.pods(below)).map(|(_, made)| made).collect()
            }
            _ => self.pods(found).filter(|(of, _)| found.revision.made(of)).map(|(_, made)| made).collect(),
        }
    }

    /// What becomes of the pods of a template as it is now: those that stand tell, and where there are none, those that have ended.
    pub(super) fn shown(current: &[&Made]) -> Judged {
        let sum = |of: fn(&Made) -> &Judged| {
            let mut all = Judged::default();
            for judged in current.iter().map(|made| of(made)) {
                all.pods += judged.pods;
                all.refused += judged.refused;
                all.reason = all.reason.or_else(|| judged.reason.clone());
            }
            all
        };
        let standing = sum(|made| &made.standing);
        if standing.pods > 0 { standing } else { sum(|made| &made.ended) }
    }

    /// Whether a pod that would be refused may be taken for one of a template of which it is not told which pods are of it now.
    pub(super) fn may_show_refusal(&self, found: &Found) -> bool {
        found.revision == Revision::NotTold && self.pods(found).any(|(_, made)| made.standing.refused > 0)
    }

    /// What becomes of a pod that would be refused: where it is of an older template, another decides.
    pub(super) fn fate(&self, pod: &Refused) -> Fate<'f> {
        let direct = pod.controller.and_then(|uid| self.by_uid.get(&uid).copied());
        let Some(direct) = direct.filter(|direct| direct.live.part.makes(Part::Pod)) else {
            return Fate::Refused;
        };
        let controller = direct.live.controller.as_ref();
        let above = controller.and_then(|controller| self.by_uid.get(&controller.uid).copied());
        // A Job makes pods of its own template to its end, whatever has become of its CronJob.
        let root = above.filter(|above| above.live.part == Part::Deployment).unwrap_or(direct);
        let is_current = match root.live.part {
            Part::Deployment => root.template == direct.template,
            _ => root.revision.made(&pod.revision),
        };
        // Who makes ReplicaSets makes another one for another template.
        let never_changes = root.revision == Revision::NotTold && root.live.part == Part::ReplicaSet;
        if is_current || never_changes {
            return Fate::Refused;
        }
        let shown = Self::shown(&self.current(root));
        match (shown.pods, shown.refused) {
            (1.., 0) => Fate::Replaced(root),
            (1.., _) => Fate::Refused,
            // Nothing mends what is made of templates that violate it.
            (0, _) if root.reason.is_some() => Fate::Refused,
            // All that is against it is of the older template itself.
            (0, _) if root.live.part == Part::Deployment && direct.reason.as_ref() == Some(&pod.reason) => {
                Fate::Replaced(root)
            }
            _ => Fate::Unclear(root),
        }
    }

    pub(super) fn why_unseen(&self, found: &Found) -> &'static str {
        let below = self.below(found).flat_map(|below| self.pods(below));
        let mut pods = self.pods(found).chain(below);
        match (found.live.part, found.replicas) {
            (Part::CronJob, _) => "its next run makes pods",
            _ if pods.next().is_some() => match found.revision {
                Revision::NotTold => "its pods may be of another template",
                _ => "its pods are of another template",
            },
            (_, Some(0)) => "it is scaled to zero",
            _ => "it has no pods",
        }
    }
}
