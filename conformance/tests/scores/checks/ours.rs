//! What seawall's checks find in files.

use seawall_finding::Finding;
use seawall_hardening::view::Pod;
use seawall_hardening::{CHECKS, Cx, Enabled, Index, Params, Search, facts, speaking};
use seawall_manifest::objects::objects;
use seawall_manifest::workload::{self, Template};
use seawall_model::Level;
use seawall_yaml::{Document, Kind, NodeRef};
use serde_json::Value;

/// The Kubernetes version of the cluster.
pub(super) const KUBERNETES: u64 = 37;

/// An object and what was found in it.
pub(super) struct Examined {
    /// As JSON has it.
    pub(super) value: Value,
    /// What was found.
    pub(super) found: Vec<Found>,
    /// How kube-score calls it.
    pub(super) key: String,
}

/// A finding.
pub(super) struct Found {
    pub(super) rule: &'static str,
    container: Option<String>,
    /// Whether the fault is of the pod and its containers have it with that.
    of_all: bool,
    /// Its places.
    paths: Vec<String>,
}

impl Found {
    fn new(finding: &Finding, standard: bool) -> Self {
        let paths =
            std::iter::once(&finding.primary).chain(&finding.related).map(|locus| locus.path.to_string());
        Self {
            rule: finding.rule.id,
            of_all: standard && finding.container.is_none(),
            container: finding.container.clone(),
            paths: paths.collect(),
        }
    }

    /// Whether it is at a container.
    pub(super) fn is_at(&self, container: &str) -> bool {
        self.of_all || self.container.as_deref() == Some(container)
    }

    /// Whether it is at a place that a pair names.
    pub(super) fn is_in(&self, place: &str) -> bool {
        match place.strip_prefix('^') {
            Some(start) => self.paths.iter().any(|path| path.starts_with(start)),
            None => self.paths.iter().any(|path| path.contains(place)),
        }
    }
}

/// The documents of a file; `None` where one cannot be read.
pub(super) fn documents(text: &str) -> Option<Vec<Document>> {
    let entries = seawall_yaml::read(text.as_bytes().to_vec());
    if entries.iter().any(|entry| entry.document.is_none() || !entry.problems.is_empty()) {
        return None;
    }
    Some(entries.into_iter().filter_map(|entry| entry.document).collect())
}

/// The objects of the input, which is all there is, with what all rules find in them.
pub(super) fn examine(documents: &[Document]) -> Vec<Examined> {
    let all: Vec<_> = documents.iter().flat_map(|document| objects(document).objects).collect();
    let templates: Vec<_> = all.iter().map(|object| workload::templates(object, &[])).collect();
    let known = all.iter().zip(&templates).flat_map(|(object, templates)| {
        let templates: Vec<_> = templates.iter().collect();
        facts(object, &templates, &views(&templates), 0)
    });
    let index = Index::new(known.collect::<Vec<_>>(), true);
    let params = Params::default();
    let (index, kubernetes) = (Some(&index), KUBERNETES);
    let cx = Cx { params: &params, kubernetes, scope: 0, from_file: true, index, twins: None };
    let enabled = Enabled::new(|rule| CHECKS.iter().any(|check| check.rule.id == rule.id));
    let mut examined = Vec::new();
    for (object, templates) in all.iter().zip(&templates) {
        let templates_of: Vec<_> = templates.iter().collect();
        let speaking =
            speaking(object, &templates_of, &views(&templates_of), &enabled, &Cx { index: None, ..cx });
        let id = object.id().into();
        let search = Search::new(object, &id, !templates.is_empty(), &enabled, speaking, cx);
        let mut found = Vec::new();
        search.of_object(|f| found.push(Found::new(&f.finding, false)));
        for template in templates {
            search.of_pod(template, |f| found.push(Found::new(&f.finding, false)));
        }
        for template in templates {
            let Ok(mut pod) = template.pod() else { continue };
            seawall_manifest::defaults::apply(&mut pod, template.kind.into(), KUBERNETES);
            let results = seawall_pss::results(&pod, Level::Restricted, KUBERNETES);
            let of_standard = seawall_pss::findings(&pod, &results, &seawall_model::FieldPath::root(), &id);
            found.extend(of_standard.iter().map(|f| Found::new(f, true)));
        }
        let key = format!("{}/{}/{}/{}", object.kind, object.api_version, object.namespace, object.name);
        examined.push(Examined { value: json(object.node), found, key });
    }
    examined
}

/// A node as JSON has it.
fn json(node: NodeRef<'_>) -> Value {
    let node = node.resolved();
    match node.kind() {
        Kind::Bool => node.as_bool().into(),
        Kind::Int | Kind::Float => {
            serde_json::from_str(&node.json_number().unwrap_or_default()).unwrap_or_default()
        }
        Kind::String => node.as_str().into(),
        Kind::Sequence => node.items().map(json).collect(),
        Kind::Mapping => node
            .entries()
            .map(|(key, value)| (key.key().unwrap_or_default().into_owned(), json(value)))
            .collect(),
        Kind::Null | Kind::Alias => Value::Null,
    }
}

fn views<'d>(templates: &[&Template<'d>]) -> Vec<Option<Pod<'d>>> {
    templates.iter().map(|template| Pod::of(template)).collect()
}
