//! Which field was meant.

use crate::types::{Shape, TypeId};

/// The field of `id` that `key` was probably meant to be: the same but for case, one that belongs into a neighbouring
/// field, or one that differs in a letter or two.
pub(super) fn suggestion(id: TypeId, key: &str) -> Option<String> {
    let by_case = id.fields().find(|(name, _)| name.eq_ignore_ascii_case(key));
    if let Some((name, _)) = by_case {
        return Some(name.to_owned());
    }
    if let Some(path) = inside(id, key) {
        return Some(path);
    }
    nearest(id.fields().map(|(name, _)| name), key).map(str::to_owned)
}

/// The one of these names that differs from `meant` in the fewest letters, if these are few.
pub(crate) fn nearest<'n>(names: impl Iterator<Item = &'n str>, meant: &str) -> Option<&'n str> {
    let allowed = match meant.len() {
        0..=3 => 1,
        4..=6 => 2,
        _ => 3,
    };
    names
        .filter(|name| name.len().abs_diff(meant.len()) <= allowed)
        .map(|name| (distance(name.as_bytes(), meant.as_bytes()), name))
        .filter(|(distance, name)| *distance <= allowed && *distance < name.len())
        .min()
        .map(|(_, name)| name)
}

/// The dotted path to a field called exactly `key` in a struct one or two levels below, the shallowest first.
fn inside(id: TypeId, key: &str) -> Option<String> {
    // Metadata and status are no places for what a user sets.
    let below = |id: TypeId| {
        id.fields().filter_map(|(name, shape)| match shape {
            Shape::Struct(inner) if name != "metadata" && name != "status" => Some((name, inner)),
            _ => None,
        })
    };
    below(id)
        .find(|(_, inner)| inner.field(key.as_bytes()).is_some())
        .map(|(name, _)| format!("{name}.{key}"))
        .or_else(|| {
            below(id).find_map(|(outer, inner)| {
                below(inner)
                    .find(|(_, innermost)| innermost.field(key.as_bytes()).is_some())
                    .map(|(name, _)| format!("{outer}.{name}.{key}"))
            })
        })
}

/// How many letters to insert, delete, replace or swap with their neighbour, without regard to case.
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut best =
                (row[j] + usize::from(!x.eq_ignore_ascii_case(y))).min(row[j + 1] + 1).min(next[j] + 1);
            if i > 0 && j > 0 && x.eq_ignore_ascii_case(&b[j - 1]) && y.eq_ignore_ascii_case(&a[i - 1]) {
                best = best.min(before[j - 1] + 1);
            }
            next.push(best);
        }
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::type_of;

    #[test]
    fn suggests_what_was_meant() {
        let pod = type_of("v1", "Pod").unwrap();
        let Shape::Struct(spec) = pod.field(b"spec").unwrap().shape else { panic!() };
        let Shape::List(item, _) = spec.field(b"containers").unwrap().shape else { panic!() };
        let Shape::Struct(container) = item.shape() else { panic!() };
        let of = |id, key| suggestion(id, key).unwrap_or_default();
        assert_eq!(of(container, "securitycontext"), "securityContext");
        assert_eq!(of(container, "imagePulPolicy"), "imagePullPolicy");
        assert_eq!(of(container, "prots"), "ports");
        assert_eq!(of(container, "runAsNonRoot"), "securityContext.runAsNonRoot");
        assert_eq!(of(pod, "containers"), "spec.containers");
        assert_eq!(of(type_of("apps/v1", "Deployment").unwrap(), "replicas"), "spec.replicas");
        assert_eq!(of(container, "nonsense"), "");
        assert_eq!(of(container, "x"), "");
    }
}
