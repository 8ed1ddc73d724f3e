//! Objects that one file holds more than once.

use foldhash::HashMap;

use seawall_manifest::objects::Object;
use seawall_model::Segment;

use super::fact::{Fact, Subject};

/// Whether an object is applied as it is written: alone or in a list, and not as a part of what may go to another cluster or be
/// filled in first, such as a `ManifestWork` or a `Template`.
pub(super) fn is_direct(object: &Object<'_>) -> bool {
    object.path().0.iter().all(|segment| match segment {
        Segment::Key(key) => key == "items",
        Segment::Item(_) | Segment::Index(_) => true,
    })
}

/// The objects that one file holds more than once: whatever the file is for, they go to the same cluster. Objects without a
/// namespace go where the others without one go.
#[derive(Clone, Debug, Default)]
pub struct Twins(HashMap<(u64, u64), u32>);

impl Twins {
    /// Those of the facts of a file, which are marked.
    pub fn of(facts: &mut [Fact]) -> Self {
        let mut counts: HashMap<(u64, u64), u32> = HashMap::default();
        if facts.len() > 1 {
            counts.reserve(facts.len());
            for fact in facts.iter_mut().filter(|fact| fact.direct) {
                let Some(identity) = fact.identity else { continue };
                let count = counts.entry((fact.namespace, identity)).or_default();
                *count += 1;
                fact.again = *count > 1;
            }
        }
        counts.retain(|_, count| *count > 1);
        Self(counts)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a fact is of one.
    pub fn holds(&self, fact: &Fact) -> bool {
        let of = |identity| self.0.contains_key(&(fact.namespace, identity));
        fact.direct && fact.identity.is_some_and(of)
    }

    /// How often the file holds an object that is one of them; 0 for others.
    pub fn count(&self, object: &Object<'_>) -> u32 {
        if self.is_empty() || !is_direct(object) {
            return 0;
        }
        let Subject { namespace, identity, .. } = Subject::of(object, false, 0);
        identity.and_then(|of| self.0.get(&(namespace, of))).copied().unwrap_or_default()
    }
}
