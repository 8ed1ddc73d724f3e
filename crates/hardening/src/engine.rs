//! Running the checks on an object.

use std::sync::Arc;

use seawall_finding::{Finding, Fix, Rule};
use seawall_manifest::objects::Object;
use seawall_manifest::workload::Template;
use seawall_model::{FieldPath, ObjectId};

use crate::check::{Check, Cx, Hit, Out, PodAt, Run, Sight};
use crate::checks::CHECKS;
use crate::index::Subject;
use crate::view::{ContainerAt, Pod};

/// Checks, a bit for each by position. Packed: one is held of every document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(Rust, packed(8))]
pub struct Mask(u128);

const _: () = assert!(CHECKS.len() <= 128, "there is a bit for each check");

/// The checks that say something of an object by itself.
const ALONE: Mask = {
    let (mut mask, mut at) = (0, 0);
    while at < CHECKS.len() {
        if matches!(CHECKS[at].sight, Sight::Alone | Sight::Also(_)) {
            mask |= 1 << at;
        }
        at += 1;
    }
    Mask(mask)
};

/// The checks that look at other objects.
const BESIDE: Mask = {
    let (mut mask, mut at) = (0, 0);
    while at < CHECKS.len() {
        if !matches!(CHECKS[at].sight, Sight::Alone) {
            mask |= 1 << at;
        }
        at += 1;
    }
    Mask(mask)
};

/// The checks that look at objects themselves.
const OF_OBJECTS: Mask = {
    let (mut mask, mut at) = (0, 0);
    while at < CHECKS.len() {
        if matches!(CHECKS[at].run, Run::Object(_) | Run::PodAndObject(..) | Run::ContainerAndObject(..)) {
            mask |= 1 << at;
        }
        at += 1;
    }
    Mask(mask)
};

/// The checks whose findings rest on what is written alone, so that a part of a workload is enough to see them: whatever the other
/// parts write, it stays so, or at least nothing is said of what they may write.
const OF_PARTS: Mask = {
    const IDS: [&str; 19] = [
        "api-deprecated",
        "container-socket-mount",
        "dangerous-capability",
        "default-namespace",
        "duplicate-env",
        "git-sync-volume",
        "host-aliases",
        "host-path-sensitive",
        "host-path-subpath",
        "label-invalid",
        "privileged-port",
        "root-group",
        "run-as-administrator",
        "secret-env-ref",
        "secret-in-annotation",
        "secret-in-args",
        "secret-literal-env",
        "ssh-port",
        "sudo-entrypoint",
    ];
    const fn is(one: &str, other: &str) -> bool {
        let (one, other) = (one.as_bytes(), other.as_bytes());
        let mut at = 0;
        while at < one.len() && at < other.len() && one[at] == other[at] {
            at += 1;
        }
        at == one.len() && at == other.len()
    }
    let (mut mask, mut found, mut at) = (0, 0, 0);
    while at < CHECKS.len() {
        if found < IDS.len() && is(CHECKS[at].rule.id, IDS[found]) {
            mask |= 1 << at;
            found += 1;
        }
        at += 1;
    }
    assert!(found == IDS.len(), "the ids are sorted, and all are there");
    Mask(mask)
};

impl Mask {
    /// All checks.
    #[cfg(test)]
    pub(crate) const ALL: Self = Self(u128::MAX);

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The checks of both.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The positions of the checks.
    fn positions(self) -> impl Iterator<Item = usize> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let at = left.trailing_zeros() as usize;
            left &= left.wrapping_sub(1);
            (at < 128).then_some(at)
        })
    }
}

/// Which checks run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Enabled(Mask);

impl Enabled {
    /// The checks whose rules are wanted.
    pub fn new(wanted: impl Fn(&Rule) -> bool) -> Self {
        let bit = |(at, check): (usize, &Check)| if wanted(check.rule) { 1 << at } else { 0 };
        Self(Mask(CHECKS.iter().enumerate().map(bit).fold(0, |mask, bit| mask | bit)))
    }

    /// Those of them that can be run on a part of a workload: nothing is said of what it lacks.
    #[must_use]
    pub fn of_parts(&self) -> Self {
        Self(self.0.and(OF_PARTS))
    }

    /// Whether none runs.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a check that runs looks at other objects.
    pub fn needs_others(&self) -> bool {
        !self.0.and(BESIDE).is_empty()
    }

    /// The positions of the checks that run.
    pub(crate) fn positions(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.positions()
    }

    /// The positions of those that look at other objects.
    pub(crate) fn beside(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.and(BESIDE).positions()
    }
}

/// A finding and how it may be repaired.
#[derive(Clone, Debug)]
pub struct Found {
    /// The finding; its paths begin at the object.
    pub finding: Finding,
    /// The fix; its paths begin at the object.
    pub fix: Option<Fix>,
}

/// Phase one: the checks that may have something to say of an object by itself, none if none has: the first one that has, and
/// those behind it, which phase two will run anyway. `pods` are the views of its templates.
pub fn speaking<'d>(
    object: &Object<'d>,
    templates: &[&Template<'d>],
    pods: &[Option<Pod<'d>>],
    enabled: &Enabled,
    cx: &Cx<'_>,
) -> Mask {
    let mut mask = enabled.0.and(ALONE);
    if templates.is_empty() {
        mask = mask.and(OF_OBJECTS);
    }
    for at in mask.positions() {
        let mut out = Out::noticing();
        let run = CHECKS[at].run;
        if let Some(run) = run.object() {
            run(object, cx, &mut out);
        }
        if let Some(run) = run.pod() {
            pods_at(object, templates, pods).for_each(|at| run(&at, cx, &mut out));
        }
        if let Some(run) = run.container() {
            let mut containers = pods_at(object, templates, pods).flat_map(PodAt::containers);
            while let Some(container) = containers.next().filter(|_| !out.any()) {
                run(&container, cx, &mut out);
            }
        }
        if out.any() {
            return Mask(mask.0 >> at << at);
        }
    }
    Mask::default()
}

fn pods_at<'a, 'd>(
    object: &'a Object<'d>,
    templates: &'a [&'a Template<'d>],
    pods: &'a [Option<Pod<'d>>],
) -> impl Iterator<Item = PodAt<'a, 'd>> {
    templates
        .iter()
        .zip(pods)
        .filter_map(move |(template, pod)| Some(PodAt { object, template, pod: pod.as_ref()? }))
}

/// Phase two: the checks that look at an object. What they find is given away piece by piece, as it may be a lot.
pub struct Search<'a, 'd> {
    object: &'a Object<'d>,
    id: &'a Arc<ObjectId>,
    mask: Mask,
    cx: Cx<'a>,
}

impl<'a, 'd> Search<'a, 'd> {
    /// `id` is the object's, `makes_pods` whether it has templates. `speaking` are the checks of phase one, with those of other
    /// objects of the same document at most; the others that need no other object have nothing to say.
    pub fn new(
        object: &'a Object<'d>,
        id: &'a Arc<ObjectId>,
        makes_pods: bool,
        enabled: &Enabled,
        speaking: Mask,
        cx: Cx<'a>,
    ) -> Self {
        let mut mask = enabled.0.and(speaking).and(ALONE);
        if let Some(index) = cx.index {
            let subject = Subject::of(object, makes_pods, cx.scope);
            let again = cx.twins.is_some_and(|twins| twins.count(object) > 1);
            let shown = enabled.beside().filter(|at| index.shows(*at, &subject, again));
            mask = mask.join(Mask(shown.fold(0, |mask, at| mask | 1 << at)));
        }
        Self { object, id, mask, cx }
    }

    fn checks(&self) -> impl Iterator<Item = &'static Check> {
        self.mask.positions().map(|at| &CHECKS[at])
    }

    /// What is found in the object itself.
    pub fn of_object(&self, mut each: impl FnMut(Found)) {
        for Check { rule, run, .. } in self.checks() {
            if let Some(run) = run.object() {
                let mut hit = |hit| each(of_hit(rule, hit, self.id, None, None));
                run(self.object, &self.cx, &mut Out::giving(&mut hit));
            }
        }
    }

    /// What is found in the pods of one of its templates.
    pub fn of_pod(&self, template: &Template<'d>, mut each: impl FnMut(Found)) {
        if self.mask.is_empty() {
            return;
        }
        let Some(pod) = Pod::of(template) else { return };
        let at = PodAt { object: self.object, template, pod: &pod };
        for Check { rule, run, .. } in self.checks() {
            if let Some(run) = run.pod() {
                let mut hit = |hit| each(of_hit(rule, hit, self.id, Some(template), None));
                run(&at, &self.cx, &mut Out::giving(&mut hit));
            }
            if let Some(run) = run.container() {
                for container in at.containers() {
                    let mut hit = |hit| each(of_hit(rule, hit, self.id, Some(template), Some(&container)));
                    run(&container, &self.cx, &mut Out::giving(&mut hit));
                }
            }
        }
    }
}

fn of_hit(
    rule: &'static Rule,
    hit: Hit,
    object: &Arc<ObjectId>,
    template: Option<&Template<'_>>,
    container: Option<&ContainerAt<'_, '_>>,
) -> Found {
    let rebased = |path: FieldPath| match template {
        Some(template) => template.path_in_object(path),
        None => path,
    };
    let mut related = hit.related;
    for locus in &mut related {
        locus.path = rebased(std::mem::take(&mut locus.path));
    }
    let fix = hit.fix.map(|mut fix| {
        for step in &mut fix.steps {
            step.path = rebased(std::mem::take(&mut step.path));
            step.at_pod = step.at_pod.take().map(&rebased);
        }
        fix
    });
    let finding = Finding {
        rule,
        severity: hit.severity.unwrap_or(rule.severity),
        object: object.clone(),
        container: container.map(|c| c.container.name.to_owned()),
        primary: seawall_finding::Locus { path: rebased(hit.path), label: hit.label },
        related,
        message: hit.message,
        advice: hit.advice,
    };
    Found { finding, fix }
}
