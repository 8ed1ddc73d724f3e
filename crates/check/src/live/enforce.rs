//! Whether a namespace can enforce a level: what the API server's own dry run would warn of, and what it misses.

use std::collections::BTreeMap;
use std::sync::Arc;

use seawall_manifest::objects::{Object, objects};
use seawall_model::{Level, WorkloadKind};
use seawall_pss::namespace::{LevelVersion, Policy};
use seawall_pss::{Relabelling, forbidden_reason, results};
use seawall_yaml::{NodeRef, Reader};

use super::owners::{Live, live};
use crate::namespace;
use crate::options::Options;
use crate::survey::examine;

/// Pods that the API server looks at when labels change, at most (`defaultNamespaceMaxPodsToCheck` of
/// k8s.io/pod-security-admission `admission/admission.go`); for a second at most.
const LOOKED_AT: u64 = 3000;

/// A namespace that is to enforce a level, in the making.
#[derive(Debug)]
pub struct Enforcement<'a> {
    namespace: &'a str,
    asked: LevelVersion,
    options: &'a Options,
    declared: Option<Policy>,
    /// Whether it is known if the API server looks at pods.
    begun: bool,
    /// What it says of them, if it does.
    relabelling: Option<Relabelling>,
    pods: u64,
    refused: Vec<String>,
    templates: Vec<Found>,
    made: BTreeMap<u64, u64>,
}

/// A template that would be refused pods.
#[derive(Debug)]
struct Found {
    live: Live,
    called: String,
    reason: Option<String>,
    is_cron: bool,
    replicas: Option<i64>,
}

/// A template whose pods would be refused, of which no pod shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unseen {
    /// `Deployment web`
    pub called: String,
    /// Why no pod shows it.
    pub because: &'static str,
    /// What of the level its pods violate.
    pub reason: String,
}

/// Whether a namespace can enforce a level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enforcing {
    /// What it asks for now; `None` where the namespace was not seen.
    pub now: Option<Policy>,
    /// What the API server would warn of, word for word.
    pub warnings: Vec<String>,
    /// Whether the API server would look at pods at all.
    pub looks: bool,
    /// The pods that are there.
    pub pods: u64,
    /// Those that would be refused if they were created now.
    pub refused: Vec<String>,
    /// Templates whose pods would be refused, of which there are no pods.
    pub unseen: Vec<Unseen>,
}

impl Enforcing {
    /// Whether nothing that is known stands against it.
    pub fn can(&self) -> bool {
        self.refused.is_empty() && self.unseen.is_empty()
    }

    /// Whether there are more pods than the API server looks at.
    pub fn beyond(&self) -> Option<u64> {
        self.pods.checked_sub(LOOKED_AT).filter(|more| *more > 0)
    }
}

impl<'a> Enforcement<'a> {
    /// For a namespace and what it is to enforce.
    pub fn new(namespace: &'a str, asked: LevelVersion, options: &'a Options) -> Self {
        Self {
            namespace,
            asked,
            options,
            declared: None,
            begun: false,
            relabelling: None,
            pods: 0,
            refused: Vec::new(),
            templates: Vec::new(),
            made: BTreeMap::new(),
        }
    }

    /// Looks at the objects of a snapshot, or of a part of one; the Namespace comes in front of what is in it.
    pub fn add(&mut self, bytes: &Arc<[u8]>) {
        let mut reader = Reader::new(bytes.clone(), seawall_yaml::Limits::default());
        while let Some(entry) = reader.next() {
            let Some(document) = entry.document else { continue };
            for object in objects(&document).objects {
                if namespace::is_namespace(&object) && object.name == self.namespace {
                    let labels = namespace::labels(&object);
                    let labels = labels.iter().map(|(k, v)| (k.as_str(), v.as_str()));
                    self.declared = Some(seawall_pss::namespace::resolve(labels, Policy::default()).0);
                } else if object.namespace == self.namespace {
                    self.object(object);
                }
            }
            reader.recycle(document);
        }
    }

    fn relabelling(&mut self) -> Option<&mut Relabelling> {
        if !std::mem::replace(&mut self.begun, true) {
            let old = self.declared.unwrap_or_default();
            let new = Policy { enforce: self.asked, ..old };
            self.relabelling = Relabelling::of(&old, &new, self.options.kubernetes);
        }
        self.relabelling.as_mut()
    }

    fn object(&mut self, object: Object<'_>) {
        let (level, minor) = (self.asked.level, self.asked.version.clamp(self.options.kubernetes));
        if (object.api_version, object.kind) == ("v1", "Pod") {
            self.pods += 1;
            let name = object.name.to_owned();
            let templates = seawall_manifest::workload::templates(&object, &[]);
            let Some(Ok(pod)) = templates.first().map(seawall_manifest::workload::Template::pod) else {
                return;
            };
            if let Some((controller, _)) = live(&object, None).controller {
                *self.made.entry(controller).or_default() += 1;
            }
            if let Some(relabelling) = self.relabelling() {
                relabelling.add(&name, &pod);
            }
            if level != Level::Privileged && !results(&pod, level, minor).is_empty() {
                self.refused.push(name);
            }
            return;
        }
        let replicas = object.node.get("spec").and_then(|spec| spec.get("replicas"));
        let replicas = replicas.and_then(NodeRef::text).and_then(|text| text.parse().ok());
        let examined = examine(object, None, self.options);
        let object = &examined.object;
        for judged in examined.judged.iter().filter(|j| j.template.kind == WorkloadKind::Template) {
            let Ok(pod) = &judged.pod else { continue };
            let results = results(pod, level, minor);
            self.templates.push(Found {
                live: live(object, None),
                called: format!("{} {}", object.kind, object.name),
                reason: (!results.is_empty()).then(|| forbidden_reason(&results)),
                is_cron: object.kind == "CronJob",
                replicas,
            });
        }
    }

    /// What came of it.
    pub fn finish(mut self) -> Enforcing {
        let namespace = self.namespace;
        let warnings = self.relabelling().map(|relabelling| relabelling.warnings(namespace));
        let looks = warnings.is_some();
        let warnings = warnings.unwrap_or_default();
        let by_uid: BTreeMap<u64, Option<u64>> = self
            .templates
            .iter()
            .map(|found| (found.live.uid, found.live.controller.as_ref().map(|(uid, _)| *uid)))
            .collect();
        // What controllers made counts for what made these.
        let mut pods = self.made.clone();
        for (made_by, count) in &self.made {
            let mut at = *made_by;
            for _ in 0..8 {
                let Some(Some(above)) = by_uid.get(&at) else { break };
                *pods.entry(*above).or_default() += count;
                at = *above;
            }
        }
        let is_root =
            |found: &&Found| found.live.controller.as_ref().is_none_or(|(uid, _)| !by_uid.contains_key(uid));
        let unseen =
            self.templates.iter().filter(is_root).filter(|found| !pods.contains_key(&found.live.uid));
        let unseen = unseen.filter_map(|found| {
            Some(Unseen {
                called: found.called.clone(),
                because: match (found.is_cron, found.replicas) {
                    (true, _) => "its next run makes pods",
                    (_, Some(0)) => "it is scaled to zero",
                    _ => "it has no pods",
                },
                reason: found.reason.clone()?,
            })
        });
        Enforcing {
            now: self.declared,
            warnings,
            looks,
            pods: self.pods,
            unseen: unseen.collect(),
            refused: std::mem::take(&mut self.refused),
        }
    }
}
