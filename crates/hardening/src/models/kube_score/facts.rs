//! What checks have to know of other objects, found by namespace and label so that a large input costs no more for each object.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use seawall_yaml::NodeRef;

use super::item::{Item, Kind, items};
use super::labels::{Labels, Selector};
use super::view::{AutoscalerSpec, BudgetSpec, PolicySpec, ServicePort, ServiceSpec, Target};

/// The facts of all objects that are scored together.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    pods: HashMap<Box<str>, Sets>,
    services: HashMap<Box<str>, Selectors<()>>,
    policies: HashMap<Box<str>, Selectors<Directions>>,
    budgets: HashMap<Box<str>, Selectors<()>>,
    named_services: HashMap<[Box<str>; 2], Vec<Service>>,
    autoscaled: HashMap<[Box<str>; 2], Vec<[Box<str>; 2]>>,
    objects: HashSet<[Box<str>; 4]>,
}

/// What a NetworkPolicy rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Directions {
    pub(super) ingress: bool,
    pub(super) egress: bool,
}

/// A Service that is looked for by name.
#[derive(Clone, Debug)]
pub(super) struct Service {
    pub(super) headless: bool,
    /// `None` for one that is invalid.
    pub(super) selector: Option<Selector>,
    pub(super) ports: Vec<(Box<str>, i64)>,
}

impl Facts {
    /// Takes what checks have to know of the objects of a document, given by its root.
    pub fn add(&mut self, root: NodeRef<'_>) {
        for item in items(root) {
            self.add_item(&item);
        }
    }

    fn add_item(&mut self, item: &Item<'_>) {
        let (namespace, name) = (item.metadata.namespace, item.metadata.name);
        let in_namespace = || Box::<str>::from(namespace);
        self.objects.insert([item.api_version, item.kind_name, namespace, name].map(Box::from));
        match item.kind {
            Kind::Service => {
                let spec: ServiceSpec<'_> = item.spec();
                let selector = Selector::of_labels(spec.selector).ok();
                if let Some(selector) = selector.clone() {
                    self.services.entry(in_namespace()).or_default().add(selector, ());
                }
                let port = |port: &ServicePort<'_>| (port.name.into(), port.port);
                let ports = spec.ports.iter().map(port).collect();
                let service = Service { headless: spec.cluster_ip == "None", selector, ports };
                self.named_services.entry([namespace, name].map(Box::from)).or_default().push(service);
            }
            Kind::NetworkPolicy => {
                let spec: PolicySpec<'_> = item.spec();
                let has = |direction| spec.policy_types.contains(&direction);
                let directions = if spec.policy_types.is_empty() {
                    Directions { ingress: true, egress: spec.egress.is_some_and(|e| e.count() > 0) }
                } else {
                    Directions { ingress: has("Ingress"), egress: has("Egress") }
                };
                if let Ok(selector) = Selector::of(spec.pod_selector) {
                    self.policies.entry(in_namespace()).or_default().add(selector, directions);
                }
            }
            Kind::Budget => {
                if let Ok(selector) = Selector::of_pointer(item.spec::<BudgetSpec<'_>>().selector) {
                    self.budgets.entry(in_namespace()).or_default().add(selector, ());
                }
            }
            Kind::Autoscaler => {
                let Target { api_version, kind, name, .. } = item.spec::<AutoscalerSpec<'_>>().target;
                let of_name = self.autoscaled.entry([namespace, name].map(Box::from)).or_default();
                of_name.push([api_version, kind].map(Box::from));
            }
            _ => {}
        }
        if let Some(template) = item.template() {
            self.pods.entry(in_namespace()).or_default().add(Labels::of_metadata(&template.metadata));
        }
    }

    /// Whether a Service selects these pods.
    pub(super) fn is_served(&self, namespace: &str, labels: &Labels) -> bool {
        self.services.get(namespace).is_some_and(|all| all.matching(labels).next().is_some())
    }

    /// Whether a PodDisruptionBudget selects these pods.
    pub(super) fn has_budget(&self, namespace: &str, labels: &Labels) -> bool {
        self.budgets.get(namespace).is_some_and(|all| all.matching(labels).next().is_some())
    }

    /// What the NetworkPolicies that select these pods rule together.
    pub(super) fn ruled(&self, namespace: &str, labels: &Labels) -> Directions {
        let all = self.policies.get(namespace).into_iter().flat_map(|all| all.matching(labels));
        all.fold(Directions::default(), |sum, next| Directions {
            ingress: sum.ingress || next.ingress,
            egress: sum.egress || next.egress,
        })
    }

    /// Whether there are pods that a selector selects.
    pub(super) fn has_pods(&self, namespace: &str, selector: &Selector) -> bool {
        self.pods.get(namespace).is_some_and(|sets| sets.any(selector))
    }

    pub(super) fn services(&self, namespace: &str, name: &str) -> &[Service] {
        self.named_services.get(&[namespace, name].map(Box::from)).map_or(&[], Vec::as_slice)
    }

    /// apiVersion and kind of what autoscalers scale under a name.
    pub(super) fn autoscaled(&self, namespace: &str, name: &str) -> &[[Box<str>; 2]] {
        self.autoscaled.get(&[namespace, name].map(Box::from)).map_or(&[], Vec::as_slice)
    }

    pub(super) fn has_object(&self, namespace: &str, target: &Target<'_>) -> bool {
        self.objects.contains(&[target.api_version, target.kind, namespace, target.name].map(Box::from))
    }
}

/// Selectors of a namespace, by a label that all they select have.
#[derive(Clone, Debug)]
struct Selectors<T> {
    by_label: HashMap<[Box<str>; 2], Vec<(Selector, T)>>,
    others: Vec<(Selector, T)>,
}

impl<T> Default for Selectors<T> {
    fn default() -> Self {
        Self { by_label: HashMap::new(), others: Vec::new() }
    }
}

impl<T: PartialEq> Selectors<T> {
    fn add(&mut self, selector: Selector, what: T) {
        let list = match selector.pairs().next() {
            Some((key, value)) => self.by_label.entry([key, value].map(Box::from)).or_default(),
            None => &mut self.others,
        };
        let entry = (selector, what);
        if !list.contains(&entry) {
            list.push(entry);
        }
    }

    fn matching<'a>(&'a self, labels: &'a Labels) -> impl Iterator<Item = &'a T> {
        let by_label =
            labels.0.iter().filter_map(|(key, value)| self.by_label.get(&[key.clone(), value.clone()]));
        let lists = by_label.chain([&self.others]).flatten();
        lists.filter(|(selector, _)| selector.matches(labels)).map(|(_, what)| what)
    }
}

/// The label sets of the pods of a namespace, each once, by their labels.
#[derive(Clone, Debug, Default)]
struct Sets {
    known: HashSet<Arc<Labels>>,
    by_label: HashMap<[Box<str>; 2], Vec<Arc<Labels>>>,
}

impl Sets {
    fn add(&mut self, labels: Labels) {
        let labels = Arc::new(labels);
        if !self.known.insert(labels.clone()) {
            return;
        }
        for (key, value) in &labels.0 {
            self.by_label.entry([key.clone(), value.clone()]).or_default().push(labels.clone());
        }
    }

    fn any(&self, selector: &Selector) -> bool {
        let lists = selector.pairs().map(|pair| self.by_label.get(&[pair.0, pair.1].map(Box::from)));
        match lists.min_by_key(|list| list.map_or(0, Vec::len)) {
            Some(list) => list.into_iter().flatten().any(|labels| selector.matches(labels)),
            None => self.known.iter().any(|labels| selector.matches(labels)),
        }
    }
}
