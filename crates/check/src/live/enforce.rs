//! Whether a namespace can enforce a level: what the API server's own dry run would warn of, and what it misses.

use std::collections::BTreeMap;
use std::sync::Arc;

use seawall_manifest::objects::{Object, Objects, objects};
use seawall_model::{Level, WorkloadKind};
use seawall_pss::namespace::{LevelVersion, Policy};
use seawall_pss::{Relabelling, forbidden_reason, results};
use seawall_yaml::{NodeRef, Reader};

use super::owners::{Live, Part, live};
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
    /// By what made them, pods: whether one of them would be refused.
    made: BTreeMap<u64, bool>,
    unread: Vec<String>,
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
    /// Templates whose pods would be refused, which no pod that is refused shows.
    pub unseen: Vec<Unseen>,
    /// What may hold pods that would be refused, and could not be read.
    pub unread: Vec<String>,
}

impl Enforcing {
    /// Whether nothing that is known stands against it. What could not be read is not known.
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
            unread: Vec::new(),
        }
    }

    /// Looks at the objects of a snapshot, or of a part of one; the Namespace comes in front of what is in it.
    pub fn add(&mut self, bytes: &Arc<[u8]>) {
        let mut reader = Reader::new(bytes.clone(), seawall_yaml::Limits::default());
        while let Some(entry) = reader.next() {
            self.unread.extend(entry.problems.into_iter().map(|problem| problem.message));
            let Some(document) = entry.document else { continue };
            let Objects { objects, rejects, .. } = objects(&document);
            self.unread.extend(rejects.into_iter().map(|reject| reject.message));
            for object in objects {
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
                self.unread.push(called(&object));
                return;
            };
            if let Some(relabelling) = self.relabelling() {
                relabelling.add(&name, &pod);
            }
            let refused = level != Level::Privileged && !results(&pod, level, minor).is_empty();
            if let Some((controller, _)) = live(&object, None).controller {
                *self.made.entry(controller).or_default() |= refused;
            }
            if refused {
                self.refused.push(name);
            }
            return;
        }
        let replicas = object.node.get("spec").and_then(|spec| spec.get("replicas"));
        let replicas = replicas.and_then(NodeRef::text).and_then(|text| text.parse().ok());
        let examined = examine(object, None, self.options);
        let object = &examined.object;
        for judged in examined.judged.iter().filter(|j| j.template.kind == WorkloadKind::Template) {
            let Ok(pod) = &judged.pod else {
                self.unread.push(called(object));
                continue;
            };
            let results = results(pod, level, minor);
            self.templates.push(Found {
                live: live(object, None),
                called: called(object),
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
        let by_uid: BTreeMap<u64, &Live> =
            self.templates.iter().map(|found| (found.live.uid, &found.live)).collect();
        let owner = |controller: u64, made: Part| {
            by_uid.get(&controller).copied().filter(|owner| owner.part.makes(made))
        };
        let above = |live: &Live| live.controller.as_ref().and_then(|(uid, _)| owner(*uid, live.part));
        // What controllers made counts for what made these.
        let mut pods: BTreeMap<u64, bool> = BTreeMap::new();
        for (controller, refused) in &self.made {
            let mut at = owner(*controller, Part::Pod);
            while let Some(live) = at {
                *pods.entry(live.uid).or_default() |= *refused;
                at = above(live);
            }
        }
        // A pod that would be refused shows its template; one that would not is of another.
        let shown = |found: &Found| pods.get(&found.live.uid) == Some(&true);
        let unseen =
            self.templates.iter().filter(|found| above(&found.live).is_none()).filter(|found| !shown(found));
        let unseen = unseen.filter_map(|found| {
            Some(Unseen {
                called: found.called.clone(),
                because: match (found.is_cron, found.replicas) {
                    _ if pods.contains_key(&found.live.uid) => "its pods are of another template",
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
            unread: std::mem::take(&mut self.unread),
        }
    }
}

fn called(object: &Object<'_>) -> String {
    format!("{} {}", object.kind, object.name)
}
