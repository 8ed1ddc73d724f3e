//! Labels and selectors, as k8s.io/apimachinery matches them (`pkg/labels/selector.go`, `pkg/apis/meta/v1/helpers.go`).

use seawall_manifest::objects::Object;
use seawall_manifest::workload::Template;
use seawall_yaml::{Kind, NodeRef};

use super::kinds::hash;

/// Set by the StatefulSet controller: the pod's own name.
const POD_NAME: &str = "statefulset.kubernetes.io/pod-name";

/// Set by the Job controller: the Job's name.
const JOB_NAME: [&str; 2] = ["job-name", "batch.kubernetes.io/job-name"];

/// Set by controllers to values that no manifest shows. A selector that asks for a value of these is content with the key.
const GENERATED: [&str; 8] = [
    "pod-template-hash",
    "rollouts-pod-template-hash",
    "controller-revision-hash",
    "pod-template-generation",
    "apps.kubernetes.io/pod-index",
    "controller-uid",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-completion-index",
];

/// A label: the hash of its key, and that of key and value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) key: u64,
    pub(crate) pair: u64,
}

impl Label {
    fn new(key: &str, value: &str) -> Self {
        Self { key: hash(&[key]), pair: hash(&[key, value]) }
    }
}

/// The labels of an object, each key once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels(Box<[Label]>);

impl AsRef<Self> for Labels {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl Labels {
    /// The labels written in a mapping. What is no text is left out: the API server refuses it.
    pub fn of(mapping: Option<NodeRef<'_>>) -> Self {
        Self::collected(written(mapping))
    }

    /// The labels of the pods that an object makes of a template: those written there, and those that its controller adds.
    pub fn of_pods(object: &Object<'_>, template: &Template<'_>) -> Self {
        let mut labels = written(template.metadata().and_then(|metadata| metadata.get("labels")));
        let generated: &[&str] = match object.kind {
            "Deployment" | "ReplicaSet" => &["pod-template-hash"],
            "Rollout" => &["rollouts-pod-template-hash"],
            "StatefulSet" => &["controller-revision-hash", "apps.kubernetes.io/pod-index"],
            "DaemonSet" => &["controller-revision-hash", "pod-template-generation"],
            "Job" | "CronJob" => &[
                "controller-uid",
                "batch.kubernetes.io/controller-uid",
                "batch.kubernetes.io/job-completion-index",
            ],
            _ => &[],
        };
        labels.extend(generated.iter().map(|key| Label::new(key, "")));
        match object.kind {
            "StatefulSet" => labels.push(Label::new(POD_NAME, object.name)),
            "Job" => labels.extend(JOB_NAME.map(|key| Label::new(key, object.name))),
            "DeploymentConfig" => labels.push(Label::new("deploymentconfig", object.name)),
            _ => {}
        }
        Self::collected(labels)
    }

    fn collected(mut labels: Vec<Label>) -> Self {
        // Of a key given twice the last value counts: reversed, a stable sort puts it in front.
        labels.reverse();
        labels.sort_by_key(|label| label.key);
        labels.dedup_by_key(|label| label.key);
        Self(labels.into())
    }

    /// Each of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Label> {
        self.0.iter().copied()
    }

    /// The same with one more.
    pub(crate) fn with(self, key: &str, value: &str) -> Self {
        let mut labels = self.0.into_vec();
        labels.push(Label::new(key, value));
        Self::collected(labels)
    }

    fn pair(&self, key: u64) -> Option<u64> {
        self.0.binary_search_by_key(&key, |label| label.key).ok().map(|at| self.0[at].pair)
    }

    fn has_pair(&self, pair: u64) -> bool {
        self.0.iter().any(|label| label.pair == pair)
    }

    /// What is allocated for it, in bytes.
    #[cfg(test)]
    pub(crate) fn heap(&self) -> usize {
        size_of_val(&*self.0)
    }
}

fn written(mapping: Option<NodeRef<'_>>) -> Vec<Label> {
    let entries = mapping.into_iter().flat_map(NodeRef::entries);
    entries.filter_map(|(key, value)| Some(Label::new(&key.key()?, text(value)?))).collect()
}

/// A text; null is empty, as for Go.
fn text(node: NodeRef<'_>) -> Option<&str> {
    if node.is_null() { Some("") } else { node.as_str() }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    key: u64,
    operator: Operator,
    /// The pairs of the key and each value.
    pairs: Box<[u64]>,
}

/// A selector of labels. Without requirements it selects everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    /// Pairs that must be there.
    pairs: Box<[u64]>,
    rest: Box<[Requirement]>,
}

/// Where a selector's matches are to be looked for: with one of these pairs or keys, or anywhere.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Anchor<'s> {
    One(u64),
    AnyOf(&'s [u64]),
    Nowhere,
}

impl Selector {
    /// A LabelSelector; selects everything where nothing is written. `None` where the API server would refuse it: an unknown
    /// operator, no values for `In`, values for `Exists`, something of a wrong type.
    pub fn of(selector: Option<NodeRef<'_>>) -> Option<Self> {
        let Some(selector) = selector.filter(|node| !node.is_null()) else { return Some(Self::default()) };
        if selector.resolved().kind() != Kind::Mapping {
            return None;
        }
        let mut found = Self::of_pairs(selector.get("matchLabels"))?;
        let (mut pairs, mut rest) = (found.pairs.into_vec(), found.rest.into_vec());
        let expressions = selector.get("matchExpressions").filter(|node| !node.is_null());
        if expressions.is_some_and(|node| node.resolved().kind() != Kind::Sequence) {
            return None;
        }
        for expression in expressions.into_iter().flat_map(NodeRef::items) {
            let key = expression.get("key").and_then(NodeRef::as_str).filter(|key| !key.is_empty())?;
            let listed = expression.get("values").into_iter().flat_map(NodeRef::items);
            let values: Vec<&str> = listed.map(text).collect::<Option<_>>()?;
            let operator = match expression.get("operator").and_then(NodeRef::as_str)? {
                "In" => Operator::In,
                "NotIn" => Operator::NotIn,
                "Exists" => Operator::Exists,
                "DoesNotExist" => Operator::DoesNotExist,
                _ => return None,
            };
            let lists = matches!(operator, Operator::In | Operator::NotIn);
            if values.is_empty() == lists {
                return None;
            }
            match (operator, values.as_slice()) {
                (Operator::In, [value]) => add(key, value, &mut pairs, &mut rest),
                (Operator::In, _) if GENERATED.contains(&key) => rest.push(exists(key)),
                _ => {
                    let of = |value: &&str| hash(&[key, base_name(key, value)]);
                    let mut pairs: Vec<u64> = values.iter().map(of).collect();
                    pairs.sort_unstable();
                    pairs.dedup();
                    rest.push(Requirement { key: hash(&[key]), operator, pairs: pairs.into() });
                }
            }
        }
        pairs.sort_unstable();
        pairs.dedup();
        (found.pairs, found.rest) = (pairs.into(), rest.into());
        Some(found)
    }

    /// A mapping of labels that must be there. `None` where the API server would refuse it.
    pub fn of_pairs(mapping: Option<NodeRef<'_>>) -> Option<Self> {
        let Some(mapping) = mapping.filter(|node| !node.is_null()) else { return Some(Self::default()) };
        if mapping.resolved().kind() != Kind::Mapping {
            return None;
        }
        let (mut pairs, mut rest) = (Vec::new(), Vec::new());
        // Of a key given twice the last value counts.
        let mut last: Vec<(std::borrow::Cow<'_, str>, &str)> = Vec::new();
        for (key, value) in mapping.entries() {
            last.push((key.key()?, text(value)?));
        }
        last.sort_by(|(one, _), (other, _)| one.cmp(other));
        for (index, (key, value)) in last.iter().enumerate() {
            if last.get(index + 1).is_none_or(|(next, _)| next != key) {
                add(key, value, &mut pairs, &mut rest);
            }
        }
        Some(Self { pairs: pairs.into(), rest: rest.into() })
    }

    /// Whether it selects everything.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty() && self.rest.is_empty()
    }

    /// Whether it selects what has these labels.
    pub fn matches(&self, labels: &Labels) -> bool {
        #[cfg(test)]
        COMPARISONS.set(COMPARISONS.get() + 1);
        self.pairs.iter().all(|pair| labels.has_pair(*pair))
            && self.rest.iter().all(|requirement| {
                let found = labels.pair(requirement.key);
                let listed = || found.is_some_and(|pair| requirement.pairs.contains(&pair));
                match requirement.operator {
                    Operator::In => listed(),
                    Operator::NotIn => !listed(),
                    Operator::Exists => found.is_some(),
                    Operator::DoesNotExist => found.is_none(),
                }
            })
    }

    /// The requirement that the fewest objects meet; `count` says how many have a pair or key.
    pub(crate) fn anchor(&self, count: impl Fn(u64) -> usize) -> Anchor<'_> {
        let mut best = (usize::MAX, Anchor::Nowhere);
        let mut offer = |n: usize, anchor| {
            if n < best.0 {
                best = (n, anchor);
            }
        };
        for pair in &self.pairs {
            offer(count(*pair), Anchor::One(*pair));
        }
        for requirement in &self.rest {
            match requirement.operator {
                Operator::In => {
                    let n = requirement.pairs.iter().map(|pair| count(*pair)).sum();
                    offer(n, Anchor::AnyOf(&requirement.pairs));
                }
                Operator::Exists => offer(count(requirement.key), Anchor::One(requirement.key)),
                Operator::NotIn | Operator::DoesNotExist => {}
            }
        }
        best.1
    }

    /// What is allocated for it, in bytes.
    #[cfg(test)]
    pub(crate) fn heap(&self) -> usize {
        let rest: usize = self.rest.iter().map(|requirement| size_of_val(&*requirement.pairs)).sum();
        size_of_val(&*self.pairs) + size_of_val(&*self.rest) + rest
    }
}

fn exists(key: &str) -> Requirement {
    Requirement { key: hash(&[key]), operator: Operator::Exists, pairs: Box::default() }
}

fn add(key: &str, value: &str, pairs: &mut Vec<u64>, rest: &mut Vec<Requirement>) {
    if GENERATED.contains(&key) {
        rest.push(exists(key));
    } else {
        pairs.push(hash(&[key, base_name(key, value)]));
    }
}

/// The name of the StatefulSet in a pod's name (`web` in `web-0`), which its labels have here; other values as they are.
fn base_name<'v>(key: &str, value: &'v str) -> &'v str {
    let ordinal = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match value.rsplit_once('-') {
        Some((base, number)) if key == POD_NAME && ordinal(number) => base,
        _ => value,
    }
}

#[cfg(test)]
thread_local! {
    /// How often a selector was held against labels.
    pub(crate) static COMPARISONS: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

#[cfg(test)]
mod tests {
    use seawall_yaml::{Document, Limits, Reader};

    use super::*;

    fn document(yaml: &str) -> Document {
        let entry = Reader::new(yaml.as_bytes().to_vec().into(), Limits::default()).next();
        entry.expect("an entry").document.expect("a document")
    }

    fn matches(selector: &str, labels: &str) -> Option<bool> {
        let (selector, labels) = (document(selector), document(labels));
        Some(Selector::of(Some(selector.root()))?.matches(&Labels::of(Some(labels.root()))))
    }

    fn expression(rest: &str, labels: &str) -> Option<bool> {
        matches(&format!("matchExpressions: [{{key: a, {rest}}}]"), labels)
    }

    #[test]
    fn all_labels_must_be_there() {
        assert_eq!(matches("matchLabels: {a: x, b: w}", "{a: x, b: w, c: z}"), Some(true));
        assert_eq!(matches("matchLabels: {a: x, b: w}", "{a: x}"), Some(false));
        assert_eq!(matches("{}", "{a: x}"), Some(true));
        assert_eq!(matches("matchLabels: null", "{}"), Some(true));
        assert_eq!(matches("matchLabels: {a: null}", "{a: ''}"), Some(true));
        assert_eq!(matches("matchLabels: {a: x}", "{a: x, a: w}"), Some(false));
    }

    #[test]
    fn operators_match_as_the_api_machinery_does() {
        assert_eq!(expression("operator: In, values: [x, w]", "{a: w}"), Some(true));
        assert_eq!(expression("operator: In, values: [x]", "{b: x}"), Some(false));
        assert_eq!(expression("operator: In, values: [x, w]", "{a: z}"), Some(false));
        assert_eq!(expression("operator: In, values: [x, w]", "{b: x}"), Some(false));
        assert_eq!(expression("operator: NotIn, values: [x]", "{a: x}"), Some(false));
        assert_eq!(expression("operator: NotIn, values: [x]", "{a: w}"), Some(true));
        assert_eq!(expression("operator: NotIn, values: [x]", "{}"), Some(true));
        assert_eq!(expression("operator: Exists", "{a: ''}"), Some(true));
        assert_eq!(expression("operator: Exists", "{b: x}"), Some(false));
        assert_eq!(expression("operator: DoesNotExist", "{b: x}"), Some(true));
        assert_eq!(expression("operator: DoesNotExist", "{a: x}"), Some(false));
    }

    #[test]
    fn what_the_api_server_refuses_selects_nothing_known() {
        for bad in
            ["operator: in, values: [x]", "operator: In", "operator: Exists, values: [x]", "values: [x]"]
        {
            assert_eq!(expression(bad, "{a: x}"), None, "{bad}");
        }
        assert_eq!(matches("[]", "{}"), None);
        assert_eq!(matches("matchLabels: {a: 1}", "{a: '1'}"), None);
        assert_eq!(matches("matchExpressions: {}", "{}"), None);
        assert_eq!(matches("matchExpressions: [x]", "{}"), None);
    }

    #[test]
    fn a_pod_of_a_stateful_set_is_found_by_its_name() {
        let labels = Labels::default().with(POD_NAME, "web");
        let of = |yaml: &str| {
            Selector::of_pairs(Some(document(yaml).root())).expect("a selector").matches(&labels)
        };
        assert!(of("statefulset.kubernetes.io/pod-name: web-12"));
        assert!(!of("statefulset.kubernetes.io/pod-name: db-0"));
        assert!(!of("statefulset.kubernetes.io/pod-name: web-a"));
    }
}
