//! What the checks' tests share.

use std::sync::Arc;

use seawall_finding::Finding;
use seawall_manifest::objects::objects;
use seawall_manifest::workload;
use seawall_yaml::{Limits, Reader};

use crate::check::{Cx, Sight};
use crate::checks::CHECKS;
use crate::engine::{Enabled, Found, Mask, Search, speaking};
use crate::index::{Fact, Index, Twins, facts};
use crate::params::Params;
use crate::view::Pod;

/// A run of one check.
pub(crate) struct Case<'a> {
    pub(crate) params: Params,
    pub(crate) complete: bool,
    pub(crate) kubernetes: u64,
    pub(crate) from_file: bool,
    pub(crate) id: &'a str,
}

impl<'a> Case<'a> {
    pub(crate) fn of(id: &'a str) -> Self {
        Self { params: Params::default(), complete: false, kubernetes: 37, from_file: true, id }
    }

    /// All findings on the objects of a YAML stream, and that phase one announces them. `apiVersion` is put in front of
    /// documents that begin with their kind.
    pub(crate) fn findings(&self, yaml: &str) -> Vec<Found> {
        let check = CHECKS.iter().find(|check| check.rule.id == self.id).expect("a check of this id");
        let enabled = Enabled::new(|rule| rule.id == self.id);
        let documents: Vec<String> = yaml
            .split("---\n")
            .map(|text| {
                if text.starts_with("kind: ") {
                    format!("apiVersion: {}\n{text}", api_version(text))
                } else {
                    text.to_owned()
                }
            })
            .collect();
        let text: Arc<[u8]> = documents.join("---\n").into_bytes().into();
        let read = || {
            Reader::new(text.clone(), Limits::default()).map(|entry| {
                assert!(entry.problems.is_empty(), "{:?}", entry.problems);
                entry.document.expect("a document")
            })
        };
        let cx = Cx {
            params: &self.params,
            kubernetes: self.kubernetes,
            scope: 0,
            from_file: self.from_file,
            index: None,
            twins: None,
        };
        let mut known: Vec<Fact> = Vec::new();
        let mut announced = Vec::new();
        for document in read() {
            for object in objects(&document).objects {
                let templates = workload::templates(&object, &[]);
                let templates: Vec<_> = templates.iter().collect();
                let pods: Vec<_> = templates.iter().map(|template| Pod::of(template)).collect();
                known.extend(facts(&object, &templates, &pods, 0));
                announced.push(
                    !matches!(check.sight, Sight::Alone)
                        || !speaking(&object, &templates, &pods, &enabled, &cx).is_empty(),
                );
            }
        }
        let twins = Twins::of(&mut known);
        let index = Index::new(known, self.complete);
        let cx = Cx { index: Some(&index), twins: Some(&twins), ..cx };
        let mut all = Vec::new();
        let mut announced = announced.into_iter();
        for document in read() {
            for object in objects(&document).objects {
                let templates = workload::templates(&object, &[]);
                let id = Arc::new(object.id());
                let search = Search::new(&object, &id, !templates.is_empty(), &enabled, Mask::ALL, cx);
                let before = all.len();
                search.of_object(|found| all.push(found));
                for template in &templates {
                    search.of_pod(template, |found| all.push(found));
                }
                let announced = announced.next().expect("as many objects");
                assert!(announced || all.len() == before, "phase one passes over what phase two finds");
                // What another object says for it is known only then.
                let decided = matches!(check.sight, Sight::Alone);
                assert!(!decided || announced == (all.len() > before), "announced and not found");
            }
        }
        for Found { finding, .. } in &all {
            let Finding { message, advice, .. } = finding;
            assert!(
                !message.ends_with('.') && !advice.is_empty() && !advice.ends_with('.'),
                "{message} {advice}"
            );
        }
        all
    }

    /// `container path: label` of every finding; `-` where no container is meant.
    pub(crate) fn found(&self, yaml: &str) -> Vec<String> {
        let said = |Found { finding, .. }: Found| {
            let container = finding.container.unwrap_or_else(|| "-".to_owned());
            format!("{container} {}: {}", finding.primary.path, finding.primary.label)
        };
        self.findings(yaml).into_iter().map(said).collect()
    }
}

/// The apiVersion of the built-in kind that a document begins with.
fn api_version(text: &str) -> &'static str {
    match text.lines().next().and_then(|line| line.strip_prefix("kind: ")).unwrap_or_default().trim() {
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" => "apps/v1",
        "Job" | "CronJob" => "batch/v1",
        "NetworkPolicy" | "Ingress" => "networking.k8s.io/v1",
        "PodDisruptionBudget" => "policy/v1",
        "HorizontalPodAutoscaler" => "autoscaling/v2",
        "Role" | "ClusterRole" | "RoleBinding" | "ClusterRoleBinding" => "rbac.authorization.k8s.io/v1",
        _ => "v1",
    }
}

/// As [`Case::found`], with defaults.
pub(crate) fn found(id: &str, yaml: &str) -> Vec<String> {
    Case::of(id).found(yaml)
}

/// Whether a container with these fields, a line or more of YAML, is reported as init, main and ephemeral container; the
/// others of the pod are as bare as can be and do not count.
pub(crate) fn in_every_class(id: &str, fields: &str) -> [bool; 3] {
    let fields: String = fields.lines().flat_map(|line| ["\n    ", line]).collect();
    ["initContainers", "containers", "ephemeralContainers"].map(|list| {
        let pod = format!("kind: Pod\nmetadata: {{name: p}}\nspec:\n  {list}:\n  - name: tested{fields}\n");
        Case::of(id).findings(&pod).iter().any(|found| found.finding.container.as_deref() == Some("tested"))
    })
}

/// The paths of what is found in a pod specification, written as YAML, in every kind of workload: one list for each kind,
/// in the order Pod, PodTemplate, ReplicationController, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob.
pub(crate) fn in_every_kind(id: &str, spec: &str) -> Vec<Vec<String>> {
    let indented = |by: usize| {
        let margin = " ".repeat(by);
        spec.lines().flat_map(|line| [&margin, line, "\n"]).collect::<String>()
    };
    let mut out = vec![format!("kind: Pod\nspec:\n{}", indented(2))];
    out.push(format!("kind: PodTemplate\ntemplate:\n  spec:\n{}", indented(4)));
    for kind in ["ReplicationController", "ReplicaSet", "Deployment", "StatefulSet", "DaemonSet", "Job"] {
        out.push(format!("kind: {kind}\nspec:\n  template:\n    spec:\n{}", indented(6)));
    }
    out.push(format!(
        "kind: CronJob\nspec:\n  jobTemplate:\n    spec:\n      template:\n        spec:\n{}",
        indented(10)
    ));
    out.iter().map(|yaml| found(id, yaml)).collect()
}

/// A document once every finding on it has been repaired by its fix; the check has to be content with it then.
pub(crate) fn fixed(id: &str, yaml: &str) -> String {
    let api_version = api_version(yaml);
    let text = format!("apiVersion: {api_version}\n{yaml}");
    let document = seawall_yaml::read(text.as_bytes()).remove(0).document.expect("a document");
    let fixes = Case::of(id).findings(yaml).into_iter().map(|found| found.fix.expect("a fix"));
    let changes: Vec<_> = fixes.flat_map(|fix| fix.changes(false, None).expect("changes")).collect();
    let planned = seawall_yaml::edit::plan(&document, &changes);
    assert_eq!(planned.accepted(&changes).len(), changes.len(), "{planned:?}");
    let after = String::from_utf8(seawall_yaml::edit::apply(text.as_bytes(), &planned.edits)).expect("text");
    assert_eq!(found(id, &after), [""; 0], "{after}");
    after.split_once('\n').expect("the apiVersion").1.to_owned()
}
