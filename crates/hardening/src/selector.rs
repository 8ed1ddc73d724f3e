//! Label selectors within one object (k8s.io/apimachinery `pkg/apis/meta/v1/helpers.go`, `pkg/labels/selector.go`).

use std::borrow::Cow;
use std::collections::HashMap;

use seawall_yaml::NodeRef;

/// A requirement that labels do not meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unmet<'d> {
    /// `matchLabels` asks for this value of this key.
    Label {
        /// The key.
        key: String,
        /// The value.
        value: &'d str,
    },
    /// The expression at this position of `matchExpressions`.
    Expression {
        /// The position.
        index: usize,
        /// Its key.
        key: &'d str,
    },
}

/// A mapping whose values are asked for by key, without going through all of it each time.
struct Lookup<'d> {
    node: Option<NodeRef<'d>>,
    /// What keys end up with, where there are many.
    known: Option<HashMap<Cow<'d, str>, NodeRef<'d>>>,
}

impl<'d> Lookup<'d> {
    fn new(node: Option<NodeRef<'d>>) -> Self {
        const FEW: usize = 32;
        let known = node.filter(|node| node.count() > FEW).map(|node| {
            // A later assignment replaces an earlier one.
            node.entries().filter_map(|(key, value)| Some((key.key()?, value))).collect()
        });
        Self { node, known }
    }

    fn get(&self, key: &str) -> Option<NodeRef<'d>> {
        match &self.known {
            Some(known) => known.get(key).copied(),
            None => self.node?.get(key),
        }
    }
}

/// The value of a label, `None` without it; null is the empty text. `Err` for a value that the API server refuses.
fn value<'d>(labels: &Lookup<'d>, key: &str) -> Result<Option<&'d str>, ()> {
    let Some(value) = labels.get(key) else { return Ok(None) };
    text(value).map(Some)
}

/// A text, where null is empty. `Err` for everything else.
fn text(node: NodeRef<'_>) -> Result<&str, ()> {
    if node.is_null() { Ok("") } else { node.as_str().ok_or(()) }
}

/// What labels, a mapping, lack of the pairs of another mapping. What has a wrong type is passed over.
pub(crate) fn unmet_labels<'d>(
    pairs: NodeRef<'d>,
    labels: Option<NodeRef<'d>>,
) -> impl Iterator<Item = Unmet<'d>> {
    let (labels, wanted) = (Lookup::new(labels), Lookup::new(Some(pairs)));
    pairs.entries().filter_map(move |(key, _)| {
        let key = key.key()?;
        let wanted = text(wanted.get(&key)?).ok()?;
        (value(&labels, &key).ok()? != Some(wanted))
            .then(|| Unmet::Label { key: key.into_owned(), value: wanted })
    })
}

/// What labels, a mapping, lack of a selector with `matchLabels` and `matchExpressions`. What has a wrong type, or an unknown
/// operator, is passed over: the API server refuses it for that.
pub(crate) fn unmet<'d>(
    selector: NodeRef<'d>,
    labels: Option<NodeRef<'d>>,
) -> impl Iterator<Item = Unmet<'d>> {
    let pairs = selector.get("matchLabels").into_iter().flat_map(move |pairs| unmet_labels(pairs, labels));
    let expressions = selector.get("matchExpressions").into_iter().flat_map(NodeRef::items).enumerate();
    let labels = Lookup::new(labels);
    pairs.chain(expressions.filter_map(move |(index, expression)| {
        let key = expression.get("key")?.as_str()?;
        let found = value(&labels, key).ok()?;
        let mut values = expression.get("values").into_iter().flat_map(NodeRef::items);
        let listed = found.is_some_and(|found| values.any(|value| value.as_str() == Some(found)));
        let met = match expression.get("operator")?.as_str()? {
            "In" => listed,
            "NotIn" => !listed,
            "Exists" => found.is_some(),
            "DoesNotExist" => found.is_none(),
            _ => return None,
        };
        (!met).then_some(Unmet::Expression { index, key })
    }))
}

/// Whether a selector says nothing, and so selects everything.
pub(crate) fn is_empty(selector: NodeRef<'_>) -> bool {
    let has = |key| selector.get(key).is_some_and(|value| value.count() > 0);
    !has("matchLabels") && !has("matchExpressions")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_and_expressions() {
        let text = "labels: {a: x, m: null, w: 1}\nselectors:\n\
            - {matchLabels: {a: x}}\n- {matchLabels: {a: z}}\n- {matchLabels: {b: x}}\n- {matchLabels: {m: ''}}\n- {matchLabels: {w: z}}\n\
            - {matchExpressions: [{key: a, operator: In, values: [z, x]}]}\n- {matchExpressions: [{key: b, operator: In, values: [x]}]}\n\
            - {matchExpressions: [{key: b, operator: NotIn, values: [x]}]}\n- {matchExpressions: [{key: a, operator: NotIn, values: [x]}]}\n\
            - {matchExpressions: [{key: a, operator: Exists}]}\n- {matchExpressions: [{key: b, operator: Exists}]}\n\
            - {matchExpressions: [{key: b, operator: DoesNotExist}]}\n- {matchExpressions: [{key: a, operator: DoesNotExist}]}\n\
            - {matchExpressions: [{key: a, operator: Like}]}\n- {}\n- null\n";
        let document = seawall_yaml::read(text.as_bytes().to_vec()).remove(0).document.unwrap();
        let root = document.root();
        let met: Vec<bool> = root
            .get("selectors")
            .unwrap()
            .items()
            .map(|selector| unmet(selector, root.get("labels")).next().is_none())
            .collect();
        assert_eq!(
            met,
            [
                true, false, false, true, true, true, false, true, false, true, false, true, false, true,
                true, true
            ]
        );
        let selectors: Vec<_> = root.get("selectors").unwrap().items().collect();
        assert!(
            is_empty(selectors[14])
                && is_empty(selectors[15])
                && !is_empty(selectors[0])
                && !is_empty(selectors[5])
        );
        assert_eq!(unmet(selectors[2], None).next(), Some(Unmet::Label { key: "b".to_owned(), value: "x" }));
    }

    #[test]
    fn many_labels_are_looked_up_as_few_are() {
        let pairs = |n: usize, last: &str| {
            let all: Vec<_> = (0..n).map(|i| format!("k{i}: v{i}")).collect();
            format!("{{{}, {last}}}", all.join(", "))
        };
        for n in [3, 300] {
            let text = format!(
                "l: {}\ns: {{matchLabels: {}}}\n",
                pairs(n, "k1: new, 1: one"),
                pairs(n, "k2: x, k2: v2, '1': one")
            );
            let document = seawall_yaml::read(text.into_bytes()).remove(0).document.unwrap();
            let root = document.root();
            let found: Vec<_> = unmet(root.get("s").unwrap(), root.get("l")).collect();
            assert_eq!(found, [Unmet::Label { key: "k1".to_owned(), value: "v1" }], "{n}");
        }
    }
}
