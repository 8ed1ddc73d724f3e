//! Duplicate keys of a mapping, in linear time for small ones and n log n for large ones whatever the keys are.

use std::borrow::Cow;

use seawall_yaml::NodeRef;

/// Mappings up to this size are compared pair by pair.
const FEW: usize = 8;

/// Working memory, reused between mappings.
#[derive(Debug, Default)]
pub(super) struct Keys {
    hashed: Vec<(u64, u32)>,
}

impl Keys {
    /// The positions (first, later) of keys that `node` has more than once as it is written, among those that `wanted`
    /// accepts. Merge keys do not count.
    pub(super) fn duplicates(&mut self, node: NodeRef<'_>, wanted: impl Fn(&str) -> bool) -> Vec<(u32, u32)> {
        let keys = node.pairs().filter(|(k, _)| !k.merges()).filter_map(|(k, _)| Some((k, k.key()?)));
        let mut found = Vec::new();
        if node.count() <= FEW {
            let mut seen: [(&str, u32); FEW] = [("", 0); FEW];
            let mut owned: [Cow<'_, str>; FEW] = Default::default();
            for (count, ((key, text), slot)) in keys.zip(&mut owned).enumerate() {
                *slot = text;
                let text: &str = slot;
                if let Some((_, first)) = seen[..count].iter().find(|(t, _)| *t == text)
                    && wanted(text)
                {
                    found.push((*first, key.id().index() as u32));
                }
                seen[count] = (text, key.id().index() as u32);
            }
            return found;
        }
        self.hashed.clear();
        self.hashed.extend(keys.map(|(key, text)| (hash(text.as_bytes()), key.id().index() as u32)));
        self.hashed.sort_unstable();
        for group in self.hashed.chunk_by(|a, b| a.0 == b.0).filter(|g| g.len() > 1) {
            let text = |at: u32| node.document().node(at as usize).and_then(NodeRef::key).unwrap_or_default();
            let mut group: Vec<(Cow<'_, str>, u32)> = group.iter().map(|(_, at)| (text(*at), *at)).collect();
            group.sort_unstable();
            for same in group.chunk_by(|a, b| a.0 == b.0) {
                if let [(text, first), later @ ..] = same
                    && wanted(text)
                {
                    found.extend(later.iter().map(|(_, at)| (*first, *at)));
                }
            }
        }
        found.sort_unstable_by_key(|(_, later)| *later);
        found
    }
}

/// Good enough to tell honest keys apart; equal hashes are compared as text.
fn hash(text: &[u8]) -> u64 {
    let mut state = text.len() as u64;
    let mut mix = |word: u64| state = (state.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    let (words, rest) = text.as_chunks::<8>();
    for word in words {
        mix(u64::from_le_bytes(*word));
    }
    mix(rest.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)));
    state ^ (state >> 29)
}
