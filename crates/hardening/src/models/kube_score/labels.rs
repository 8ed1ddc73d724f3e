//! Labels and selectors (k8s.io/apimachinery `pkg/apis/meta/v1/helpers.go`, `pkg/labels/selector.go`,
//! `pkg/util/validation/validation.go`).

use std::collections::BTreeMap;

use seawall_yaml::NodeRef;

use super::view::Metadata;

/// A set of labels.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Labels(pub(super) BTreeMap<Box<str>, Box<str>>);

impl Labels {
    /// What a mapping of texts holds; null is the empty text.
    pub(super) fn of(node: Option<NodeRef<'_>>) -> Self {
        let mut labels = BTreeMap::new();
        for (key, value) in node.into_iter().flat_map(NodeRef::entries) {
            let value = if value.is_null() { Some("") } else { value.as_str() };
            if let (Some(key), Some(value)) = (key.key(), value) {
                labels.insert(key.into(), value.into());
            }
        }
        Self(labels)
    }

    pub(super) fn of_metadata(metadata: &Metadata<'_>) -> Self {
        Self::of(metadata.labels)
    }
}

/// A selector of labels: all requirements have to be met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Selector(Vec<Requirement>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    key: Box<str>,
    test: Test,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    In(Vec<Box<str>>),
    NotIn(Vec<Box<str>>),
    Exists,
    DoesNotExist,
}

/// A selector that the API machinery refuses, or that selects nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unusable {
    Invalid,
    Nothing,
}

impl Selector {
    /// The selector of a pointer in Go: nothing is selected where it is not given.
    pub(super) fn of_pointer(node: Option<NodeRef<'_>>) -> Result<Self, Unusable> {
        node.ok_or(Unusable::Nothing).and_then(|node| Self::of(Some(node)))
    }

    /// The selector of a value in Go: everything is selected where it is not given.
    pub(super) fn of(node: Option<NodeRef<'_>>) -> Result<Self, Unusable> {
        let field = |key| node.and_then(|node| node.get(key));
        let mut selector = Self::of_labels(field("matchLabels"))?;
        for expression in field("matchExpressions").into_iter().flat_map(NodeRef::items) {
            let text = |key| expression.get(key).and_then(NodeRef::as_str).unwrap_or_default();
            let values: Vec<Box<str>> = expression
                .get("values")
                .into_iter()
                .flat_map(NodeRef::items)
                .map(|value| value.as_str().unwrap_or_default().into())
                .collect();
            let test = match text("operator") {
                "In" if !values.is_empty() => Test::In(values),
                "NotIn" if !values.is_empty() => Test::NotIn(values),
                "Exists" if values.is_empty() => Test::Exists,
                "DoesNotExist" if values.is_empty() => Test::DoesNotExist,
                _ => return Err(Unusable::Invalid),
            };
            selector.0.push(Requirement { key: text("key").into(), test });
        }
        selector.valid()
    }

    /// The selector of labels alone, as Services have it: an empty one selects everything.
    pub(super) fn of_labels(node: Option<NodeRef<'_>>) -> Result<Self, Unusable> {
        let labels = Labels::of(node).0.into_iter();
        Self(labels.map(|(key, value)| Requirement { key, test: Test::In(vec![value]) }).collect()).valid()
    }

    fn valid(self) -> Result<Self, Unusable> {
        let valid = |requirement: &Requirement| {
            is_label_key(&requirement.key)
                && match &requirement.test {
                    Test::In(values) | Test::NotIn(values) => {
                        values.iter().all(|v| v.len() <= 63 && is_label_value(v))
                    }
                    Test::Exists | Test::DoesNotExist => true,
                }
        };
        if self.0.iter().all(valid) { Ok(self) } else { Err(Unusable::Invalid) }
    }

    pub(super) fn matches(&self, labels: &Labels) -> bool {
        self.0.iter().all(|Requirement { key, test }| {
            let value = labels.0.get(key);
            match test {
                Test::In(values) => value.is_some_and(|value| values.contains(value)),
                Test::NotIn(values) => value.is_none_or(|value| !values.contains(value)),
                Test::Exists => value.is_some(),
                Test::DoesNotExist => value.is_none(),
            }
        })
    }

    /// The labels that every set that it selects has.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(|Requirement { key, test }| match test {
            Test::In(values) if values.len() == 1 => Some((&**key, &*values[0])),
            _ => None,
        })
    }
}

/// Whether a text is empty, or begins and ends with a letter or digit with `-`, `_` and `.` between.
pub(super) fn is_label_value(text: &str) -> bool {
    text.is_empty() || is_name(text.as_bytes(), u8::is_ascii_alphanumeric, b"-_.")
}

fn is_name(text: &[u8], end: impl Fn(&u8) -> bool, between: &[u8]) -> bool {
    text.first().is_some_and(&end)
        && text.last().is_some_and(&end)
        && text.iter().all(|b| end(b) || between.contains(b))
}

fn is_label_key(text: &str) -> bool {
    let (prefix, name) = match text.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, text),
    };
    let is_subdomain = |prefix: &str| {
        let lower = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        prefix.len() <= 253 && prefix.split('.').all(|part| is_name(part.as_bytes(), lower, b"-"))
    };
    !name.is_empty() && name.len() <= 63 && is_label_value(name) && prefix.is_none_or(is_subdomain)
}
