//! Running the checks on an object.

use seawall_finding::{Finding, Fix, Rule};
use seawall_manifest::objects::Object;
use seawall_manifest::workload::Template;
use seawall_model::{FieldPath, ObjectId};

use crate::check::{Check, Cx, Hit, Out, PodAt, Sight};
use crate::checks::CHECKS;
use crate::view::{ContainerAt, Pod};

/// Which checks run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Enabled(Vec<bool>);

impl Enabled {
    /// The checks whose rules are wanted.
    pub fn new(wanted: impl Fn(&Rule) -> bool) -> Self {
        Self(CHECKS.iter().map(|check| wanted(check.rule)).collect())
    }

    /// Whether none runs.
    pub fn is_empty(&self) -> bool {
        !self.0.contains(&true)
    }

    /// The positions of the checks that run on what `cx` can see.
    fn checks<'a>(&'a self, cx: &'a Cx<'_>) -> impl Iterator<Item = usize> + 'a {
        let sees = |i: &usize| match (CHECKS[*i].sight, cx.index) {
            (Sight::Alone, _) => true,
            (Sight::Others(_), None) => false,
            (Sight::Others(kinds), Some(index)) => index.is_complete() || index.holds(kinds),
        };
        (0..CHECKS.len()).filter(|i| self.0.get(*i).copied().unwrap_or_default()).filter(sees)
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

/// What the checks found in an object.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// Of the object itself.
    pub object: Vec<Found>,
    /// Of its pods, in the order of its templates.
    pub pods: Vec<Vec<Found>>,
}

/// Whether phase two has to look at an object: something is found already, or may be once the other objects are known.
pub fn speaks(object: &Object<'_>, templates: &[&Template<'_>], enabled: &Enabled, cx: &Cx<'_>) -> bool {
    let mut out = Out::noticing();
    let pods: Vec<Option<Pod<'_>>> = templates.iter().map(|template| Pod::of(template)).collect();
    for i in enabled.checks(cx) {
        let run = CHECKS[i].run;
        if let Some(run) = run.object() {
            run(object, cx, &mut out);
        }
        if let Some(run) = run.pod() {
            pods_at(object, templates, &pods).for_each(|at| run(&at, cx, &mut out));
        }
        if let Some(run) = run.container() {
            let containers = pods_at(object, templates, &pods).flat_map(PodAt::containers);
            containers.for_each(|container| run(&container, cx, &mut out));
        }
        if out.any() {
            return true;
        }
    }
    false
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

/// What the checks find in an object.
pub fn findings(
    object: &Object<'_>,
    templates: &[&Template<'_>],
    enabled: &Enabled,
    cx: &Cx<'_>,
) -> Findings {
    let id = object.id();
    let mut found = Findings::default();
    for i in enabled.checks(cx) {
        if let Some(run) = CHECKS[i].run.object() {
            let add = |hit| found.object.push(of_hit(CHECKS[i].rule, hit, &id, None, None));
            collect(|out| run(object, cx, out)).into_iter().for_each(add);
        }
    }
    for template in templates {
        let Some(pod) = Pod::of(template) else {
            found.pods.push(Vec::new());
            continue;
        };
        let at = PodAt { object, template, pod: &pod };
        let mut of_pod = Vec::new();
        for i in enabled.checks(cx) {
            let Check { rule, run, .. } = &CHECKS[i];
            if let Some(run) = run.pod() {
                let hits = collect(|out| run(&at, cx, out)).into_iter();
                of_pod.extend(hits.map(|hit| of_hit(rule, hit, &id, Some(template), None)));
            }
            if let Some(run) = run.container() {
                for container in at.containers() {
                    let hits = collect(|out| run(&container, cx, out)).into_iter();
                    of_pod.extend(hits.map(|hit| of_hit(rule, hit, &id, Some(template), Some(&container))));
                }
            }
        }
        found.pods.push(of_pod);
    }
    found
}

fn collect(run: impl FnOnce(&mut Out<'_>)) -> Vec<Hit> {
    let mut hits = Vec::new();
    run(&mut Out::collecting(&mut hits));
    hits
}

fn of_hit(
    rule: &'static Rule,
    hit: Hit,
    object: &ObjectId,
    template: Option<&Template<'_>>,
    container: Option<&ContainerAt<'_, '_>>,
) -> Found {
    let rebased = |path: &FieldPath| template.map_or_else(|| path.clone(), |t| t.path_in_object(path));
    let mut related = hit.related;
    for locus in &mut related {
        locus.path = rebased(&locus.path);
    }
    let fix = hit.fix.map(|mut fix| {
        for step in &mut fix.steps {
            step.path = rebased(&step.path);
            step.at_pod = step.at_pod.as_ref().map(&rebased);
        }
        fix
    });
    let finding = Finding {
        rule,
        severity: hit.severity.unwrap_or(rule.severity),
        object: object.clone(),
        container: container.map(|c| c.container.name.to_owned()),
        primary: seawall_finding::Locus { path: rebased(&hit.path), label: hit.label.into_owned() },
        related,
        message: hit.message,
        advice: hit.advice,
    };
    Found { finding, fix }
}
