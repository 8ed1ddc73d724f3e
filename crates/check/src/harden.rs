//! The checks beyond the standard on an examined object.

use seawall_hardening::{Cx, Fact, Findings};
use seawall_manifest::workload::Template;

use crate::options::Options;
use crate::survey::{Examined, Source};

/// What the checks may know in phase one, or with the index of the run in phase two.
fn cx<'a>(options: &'a Options, source: &Source<'_>, with_index: bool) -> Cx<'a> {
    let hardening = &options.hardening;
    Cx {
        params: &hardening.params,
        kubernetes: options.kubernetes,
        scope: source.scope,
        from_file: true,
        index: hardening.index.as_deref().filter(|_| with_index),
    }
}

/// The templates of what the API server would take; what it refuses is not checked.
fn templates<'a, 'd>(examined: &'a Examined<'d>) -> Option<Vec<&'a Template<'d>>> {
    let refused = seawall_manifest::schema::refused(&examined.problems);
    (!refused).then(|| examined.judged.iter().map(|judged| &judged.template).collect())
}

/// Phase one: adds what other objects' checks have to know of an object; whether phase two has to look at it.
pub(crate) fn survey(
    examined: &Examined<'_>,
    source: &Source<'_>,
    options: &Options,
    facts: &mut Vec<Fact>,
) -> bool {
    let enabled = &options.hardening.enabled;
    if enabled.is_empty() {
        return false;
    }
    let Some(templates) = templates(examined) else { return false };
    let before = facts.len();
    if enabled.needs_others() {
        let owned: Vec<Template<'_>> = templates.iter().map(|t| (*t).clone()).collect();
        facts.extend(seawall_hardening::facts(&examined.object, &owned, source.scope));
    }
    // What takes part in checks of several objects is looked at when all are known.
    facts.len() > before
        || seawall_hardening::speaks(&examined.object, &templates, enabled, &cx(options, source, false))
}

/// Phase two: what the checks find in an object.
pub(crate) fn findings(examined: &Examined<'_>, source: &Source<'_>, options: &Options) -> Findings {
    let enabled = &options.hardening.enabled;
    match templates(examined) {
        Some(templates) if !enabled.is_empty() => {
            let cx = cx(options, source, true);
            let mut found = seawall_hardening::findings(&examined.object, &templates, enabled, &cx);
            // A pod that cannot be read is told of by itself.
            for (of_pod, judged) in found.pods.iter_mut().zip(&examined.judged) {
                if judged.pod.is_err() {
                    of_pod.clear();
                }
            }
            found
        }
        _ => Findings::default(),
    }
}
