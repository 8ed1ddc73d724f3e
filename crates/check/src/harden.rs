//! The checks beyond the standard on an examined object.

use std::sync::Arc;

use seawall_hardening::view::Pod;
use seawall_hardening::{Cx, Enabled, Exposure, Fact, Index, Labels, Mask, Search, Twins};
use seawall_manifest::objects::Object;
use seawall_manifest::schema::SchemaProblem;
use seawall_manifest::workload::Template;
use seawall_model::ObjectId;

use crate::options::Options;
use crate::survey::{Examined, Judged, Source, Survey};

/// What the checks may know in phase one, or with the index of the run in phase two. Of the other objects of a chart's
/// template they know nothing: most of them are in templates that cannot be read before they are rendered.
fn cx<'a>(options: &'a Options, source: &Source<'_>, twins: Option<&'a Twins>) -> Cx<'a> {
    let hardening = &options.hardening;
    Cx {
        params: &hardening.params,
        kubernetes: options.kubernetes,
        scope: source.scope,
        from_file: true,
        index: hardening
            .index
            .as_deref()
            .filter(|index| twins.is_some() && (source.chart.is_none() || index.is_complete())),
        twins,
    }
}

/// The templates of what the API server would take, with the checks that can be run on them: what it refuses is not checked, and
/// of a part of a workload nothing is said that it lacks, as that stands elsewhere.
fn checked<'a, 'd>(
    problems: &[SchemaProblem],
    judged: &'a [Judged<'d>],
    enabled: &Enabled,
) -> Option<(Vec<&'a Template<'d>>, Enabled)> {
    let refused = seawall_manifest::schema::refused(problems);
    let templates = || judged.iter().map(|judged| &judged.template).collect();
    let enabled = if is_part(judged) { enabled.of_parts() } else { *enabled };
    (!refused).then(|| (templates(), enabled))
}

/// Whether an object can only be a part of a workload: none of its containers has an image.
pub(crate) fn is_part(judged: &[Judged<'_>]) -> bool {
    !judged.is_empty() && judged.iter().all(|judged| judged.template.is_partial())
}

/// Phase one: adds what other objects' checks have to know of an object; the checks that have something to say of it by itself.
pub(crate) fn survey(
    examined: &Examined<'_>,
    source: &Source<'_>,
    options: &Options,
    facts: &mut impl Extend<Fact>,
) -> Mask {
    let enabled = &options.hardening.enabled;
    if enabled.is_empty() {
        return Mask::default();
    }
    let checked = checked(&examined.problems, &examined.judged, enabled);
    let own = checked.as_ref().map(|(_, enabled)| *enabled);
    // Others may mean it although it has to be corrected first.
    let all = || examined.judged.iter().map(|judged| &judged.template).collect();
    let templates = checked.map_or_else(all, |(templates, _)| templates);
    let pods: Vec<_> = templates.iter().map(|template| Pod::of(template)).collect();
    if enabled.needs_others() {
        let found = seawall_hardening::facts(&examined.object, &templates, &pods, source.scope).into_iter();
        match source.chart {
            Some(_) => facts.extend(found.map(Fact::unrendered)),
            None => facts.extend(found),
        }
    }
    let Some(own) = own else { return Mask::default() };
    seawall_hardening::speaking(&examined.object, &templates, &pods, &own, &cx(options, source, None))
}

/// Between the phases: what the checks have to know of the objects of a run, and which documents they have to see again.
/// `complete` says that the input is all there is in its cluster, `of_cluster` that it was captured there.
pub fn index(surveys: &mut [Option<Survey>], complete: bool, of_cluster: bool, options: &mut Options) {
    let enabled = &options.hardening.enabled;
    if !enabled.needs_others() {
        return;
    }
    let facts = surveys.iter_mut().flatten().map(|survey| survey.facts.as_mut_slice());
    let mut facts: Vec<&mut [Fact]> = facts.filter(|facts| !facts.is_empty()).collect();
    let index = Index::of(&mut facts, complete).of_cluster(of_cluster);
    for survey in surveys.iter_mut().flatten() {
        let facts = std::mem::take(&mut survey.facts);
        let mut subjects = facts.iter().map(Fact::subject);
        for place in &mut survey.places {
            for subject in subjects.by_ref().take(place.facts as usize) {
                place.concerned = place.concerned || index.concerns(enabled, &subject);
            }
        }
    }
    options.hardening.index = Some(Arc::new(index));
}

/// What is checked of an object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Checked {
    /// Whether it makes pods.
    makes_pods: bool,
    enabled: Enabled,
}

impl Checked {
    /// `None` where it is not checked.
    pub(crate) fn of(problems: &[SchemaProblem], judged: &[Judged<'_>], options: &Options) -> Option<Self> {
        let (templates, enabled) = checked(problems, judged, &options.hardening.enabled)?;
        Some(Self { makes_pods: !templates.is_empty(), enabled })
    }
}

/// Phase two: the checks that look at an object; `twins` are those of its file. `None` where none does.
pub(crate) fn search<'a, 'd>(
    object: &'a Object<'d>,
    id: &'a Arc<ObjectId>,
    checked: Checked,
    speaking: Mask,
    source: &Source<'_>,
    twins: &'a Twins,
    options: &'a Options,
) -> Option<Search<'a, 'd>> {
    let Checked { makes_pods, enabled } = checked;
    (!enabled.is_empty()).then(|| {
        let cx = cx(options, source, Some(twins));
        Search::new(object, id, makes_pods, &enabled, speaking, cx)
    })
}

/// Whether the input shows a way to pods from outside the cluster.
pub(crate) fn is_exposed(
    object: &Object<'_>,
    judged: &Judged<'_>,
    source: &Source<'_>,
    options: &Options,
) -> bool {
    options.hardening.index.as_deref().is_some_and(|index| {
        let labels = Labels::of_pods(object, &judged.template);
        index.exposure(source.scope, object.namespace, &labels) == Exposure::External
    })
}
