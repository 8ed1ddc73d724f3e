//! Whether a namespace can enforce a level: what the API server's own dry run would warn of, and what it misses.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use seawall_manifest::objects::Object;
use seawall_model::pod::Pod;
use seawall_model::{Level, PolicyVersion, WorkloadKind};
use seawall_pss::namespace::{AskedLevel, LevelVersion, Mode, Policy};
use seawall_pss::{Relabelling, forbidden_reason, results};
use seawall_yaml::NodeRef;

use super::families::{Families, Fate, Found, MadeBy, Refused};
use super::for_each_object;
use super::owners::{Part, live};
use super::revision::{Revision, template_hash};
use crate::namespace;
use crate::options::Options;
use crate::survey::examine;

/// A namespace that is to enforce a level, in the making.
#[derive(Debug)]
pub struct Enforcement<'a> {
    namespace: &'a str,
    asked: AskedLevel,
    options: &'a Options,
    declared: Option<Policy>,
    /// Whether a label names what is enforced.
    named: bool,
    /// Whether it is known if the API server looks at pods.
    begun: bool,
    /// What it says of them, if it does.
    relabelling: Option<Relabelling>,
    pods: u64,
    refused: Vec<Refused>,
    /// Pods that violate it and have ended.
    ended: u64,
    /// Pods that violate it by ephemeral containers alone, and these.
    ephemeral: Vec<String>,
    templates: Vec<Found>,
    made: MadeBy,
    /// What was found, once each: many pods violate the same.
    reasons: BTreeSet<Arc<str>>,
    unread: Vec<String>,
    /// Whether anything in the namespace was met.
    met: bool,
}

/// A template that violates the level by itself, and of which no pod shows what admission makes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unseen {
    /// `Deployment web`
    pub called: String,
    /// Why no pod shows it.
    pub because: &'static str,
    /// What of the level it violates.
    pub reason: String,
}

/// A template that violates the level by itself while its pods pass: something changes them at admission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mended {
    /// `Deployment web`
    pub called: String,
    /// How many pods of it there are.
    pub pods: u64,
    /// Who is known to change them.
    pub by: Vec<String>,
    /// What of the level the template violates.
    pub reason: String,
}

/// Pods that violate the level and are of an older template than their controller has now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Older {
    /// `Deployment web`
    pub called: String,
    /// How many pods of it there are.
    pub pods: u64,
    /// What of the level the first of them violates.
    pub reason: String,
}

/// Whether a namespace can enforce a level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enforcing {
    /// What was looked into: what was asked for, at the version of the namespace where none was.
    pub asked: LevelVersion,
    /// What it asks for now; `None` where the namespace was not seen.
    pub now: Option<Policy>,
    /// Whether a label names the level that it enforces now: without, that is the cluster's own.
    pub named: bool,
    /// What the API server would warn of, word for word.
    pub warnings: Vec<String>,
    /// Whether the API server would look at pods at all.
    pub looks: bool,
    /// The pods that are there.
    pub pods: u64,
    /// Those in whose place others come that would be refused.
    pub refused: Vec<String>,
    /// Templates of which all pods have ended, and whose next ones would be refused as these.
    pub refusing: Vec<Unseen>,
    /// Pods in whose place others of a newer template come, which pass.
    pub replaced: Vec<Older>,
    /// Pods in whose place others of a newer template come, of which it is not known whether they pass.
    pub unclear: Vec<Older>,
    /// How many pods violate it and have ended.
    pub ended: u64,
    /// Pods that violate it by ephemeral containers alone, and these: no restart brings them back.
    pub ephemeral: Vec<String>,
    /// Templates that violate it, of which it is not known whether their pods would be refused.
    pub unseen: Vec<Unseen>,
    /// Templates that violate it, and whose pods pass.
    pub mended: Vec<Mended>,
    /// What may hold pods that would be refused, and could not be read.
    pub unread: Vec<String>,
    /// Whether anything in the namespace was seen.
    pub met: bool,
}

impl Enforcing {
    /// Whether pods would be refused for certain.
    pub fn refuses(&self) -> bool {
        !(self.refused.is_empty() && self.refusing.is_empty())
    }

    /// Whether it is known of all that was looked at what would become of it.
    pub fn is_known(&self) -> bool {
        self.unseen.is_empty() && self.unclear.is_empty() && self.unread.is_empty()
    }

    /// Whether there are more pods than the API server looks at.
    pub fn beyond(&self) -> Option<u64> {
        self.pods.checked_sub(Relabelling::LOOKED_AT as u64).filter(|more| *more > 0)
    }
}

impl<'a> Enforcement<'a> {
    /// For a namespace and what it is to enforce: where that says no version, the one that the namespace's labels say now, as a
    /// label for the level alone leaves it in force.
    pub fn new(namespace: &'a str, asked: AskedLevel, options: &'a Options) -> Self {
        Self {
            namespace,
            asked,
            options,
            declared: None,
            named: false,
            begun: false,
            relabelling: None,
            pods: 0,
            refused: Vec::new(),
            ended: 0,
            ephemeral: Vec::new(),
            templates: Vec::new(),
            made: BTreeMap::new(),
            reasons: BTreeSet::new(),
            unread: Vec::new(),
            met: false,
        }
    }

    /// Looks at the objects of a snapshot, or of a part of one; the Namespace comes in front of what is in it.
    pub fn add(&mut self, bytes: &Arc<[u8]>) {
        let unread = for_each_object(bytes, |object| {
            if namespace::is_namespace(&object) && object.name == self.namespace {
                let labels = namespace::labels(&object);
                self.named = labels.iter().any(|(key, _)| key == Mode::Enforce.level_label());
                let labels = labels.iter().map(|(k, v)| (k.as_str(), v.as_str()));
                self.declared = Some(seawall_pss::namespace::resolve(labels, Policy::default()).0);
            } else if object.namespace == self.namespace {
                self.object(object);
            }
        });
        self.unread.extend(unread);
    }

    /// What it is to enforce; known once its Namespace has been met.
    fn asked(&self) -> LevelVersion {
        self.asked.at(self.declared.map_or(PolicyVersion::Latest, |declared| declared.enforce.version))
    }

    fn relabelling(&mut self) -> Option<&mut Relabelling> {
        if !std::mem::replace(&mut self.begun, true) {
            let old = self.declared.unwrap_or_default();
            let new = Policy { enforce: self.asked(), ..old };
            self.relabelling = Relabelling::of(&old, &new, self.options.kubernetes);
        }
        self.relabelling.as_mut()
    }

    fn object(&mut self, object: Object<'_>) {
        self.met = true;
        let asked = self.asked();
        let minor = asked.version.clamp(self.options.kubernetes);
        let against = |pod: &Pod<'_>| {
            let violated = asked.level != Level::Privileged;
            let results = if violated { results(pod, asked.level, minor) } else { Vec::new() };
            (!results.is_empty()).then(|| forbidden_reason(&results))
        };
        if (object.api_version, object.kind) == ("v1", "Pod") {
            self.pods += 1;
            let name = object.name.to_owned();
            let templates = seawall_manifest::workload::templates(&object, &[]);
            let Some(Ok(pod)) = templates.first().map(seawall_manifest::workload::Template::pod) else {
                self.unread.push(called(&object));
                return;
            };
            if let Some(relabelling) = self.relabelling() {
                relabelling.add(&name, controller_uid(&object), &pod);
            }
            let mut reason = against(&pod);
            let ended = has_ended(&object);
            if reason.is_some() && !ended && !pod.spec.ephemeral_containers.is_empty() {
                // What comes in its place has none.
                let mut without = pod.clone();
                without.spec.ephemeral_containers.clear();
                reason = against(&without);
                if reason.is_none() {
                    let named = pod.spec.ephemeral_containers.iter().map(|container| &*container.name);
                    self.ephemeral.push(format!("{name} ({})", named.collect::<Vec<_>>().join(", ")));
                }
            }
            let reason = reason.map(|reason| self.reason(reason));
            let live = live(&object, None);
            let controller = live.controller.map(|controller| controller.uid);
            let revision = Revision::of_pod(&object);
            if let Some(uid) = controller {
                let made = self.made.entry((uid, revision)).or_default();
                if ended { &mut made.ended } else { &mut made.standing }.add(reason.as_ref());
                made.changed_by.extend(live.changed_by);
            }
            match reason {
                None => {}
                Some(_) if ended => self.ended += 1,
                Some(reason) => self.refused.push(Refused { name, controller, revision, reason }),
            }
            return;
        }
        let ended = is_finished(&object);
        let replicas = object.node.get("spec").and_then(|spec| spec.get("replicas"));
        let replicas = replicas.and_then(NodeRef::text).and_then(|text| text.parse().ok());
        let examined = examine(object, None, self.options);
        let object = &examined.object;
        for judged in examined.judged.iter().filter(|j| j.template.kind == WorkloadKind::Template) {
            let Ok(pod) = &judged.pod else {
                self.unread.push(called(object));
                continue;
            };
            let reason = against(pod).map(|reason| self.reason(reason));
            self.templates.push(Found {
                live: live(object, None),
                called: called(object),
                reason,
                replicas,
                template: judged.template.node.map(template_hash).unwrap_or_default(),
                revision: Revision::of_template(object),
                ended,
            });
        }
    }

    fn reason(&mut self, reason: String) -> Arc<str> {
        if let Some(known) = self.reasons.get(reason.as_str()) {
            return known.clone();
        }
        let reason: Arc<str> = reason.into();
        self.reasons.insert(reason.clone());
        reason
    }

    /// What came of it.
    pub fn finish(mut self) -> Enforcing {
        let (namespace, asked) = (self.namespace, self.asked());
        let warnings = self.relabelling().map(|relabelling| relabelling.warnings(namespace));
        let looks = warnings.is_some();
        let families = Families::of(&self.templates, &self.made);
        let (mut unseen, mut mended, mut refusing) = (Vec::new(), Vec::new(), Vec::new());
        for found in families.roots() {
            let called = found.called.clone();
            let current = families.current(found);
            let shown = Families::shown(&current);
            let stand = current.iter().any(|made| made.standing.pods > 0);
            match (&found.reason, shown.reason) {
                // The pods tell of it.
                (_, Some(_)) if stand => {}
                (_, Some(reason)) => {
                    let because = "all its pods have ended";
                    refusing.push(Unseen { called, because, reason: reason.as_ref().into() });
                }
                (None, None) => {}
                (Some(_), None) if families.may_show_refusal(found) => {}
                (Some(reason), None) if shown.pods > 0 => {
                    let by: BTreeSet<&str> =
                        current.iter().flat_map(|m| &m.changed_by).map(|by| &**by).collect();
                    let by = by.into_iter().map(str::to_owned).collect();
                    mended.push(Mended { called, pods: shown.pods, by, reason: reason.as_ref().into() });
                }
                (Some(reason), None) => {
                    let because = families.why_unseen(found);
                    unseen.push(Unseen { called, because, reason: reason.as_ref().into() });
                }
            }
        }
        let mut refused = Vec::new();
        let (mut replaced, mut unclear) = (BTreeMap::new(), BTreeMap::new());
        for pod in &self.refused {
            match families.fate(pod) {
                Fate::Refused => refused.push(pod.name.clone()),
                Fate::Replaced(by) => older(&mut replaced, by, pod),
                Fate::Unclear(by) => older(&mut unclear, by, pod),
            }
        }
        Enforcing {
            asked,
            now: self.declared,
            named: self.named,
            warnings: warnings.unwrap_or_default(),
            looks,
            pods: self.pods,
            refused,
            refusing,
            replaced: by_name(replaced),
            unclear: by_name(unclear),
            ended: self.ended,
            ephemeral: std::mem::take(&mut self.ephemeral),
            unseen,
            mended,
            unread: std::mem::take(&mut self.unread),
            met: self.met,
        }
    }
}

/// Counts a pod with those of the same controller.
fn older(all: &mut BTreeMap<u64, Older>, by: &Found, pod: &Refused) {
    let new = || Older { called: by.called.clone(), pods: 0, reason: pod.reason.as_ref().into() };
    all.entry(by.live.uid).or_insert_with(new).pods += 1;
}

fn by_name(all: BTreeMap<u64, Older>) -> Vec<Older> {
    let mut all: Vec<Older> = all.into_values().collect();
    all.sort_by(|a, b| a.called.cmp(&b.called));
    all
}

/// The UID of the owner that is an object's controller, of whatever kind.
fn controller_uid<'d>(object: &Object<'d>) -> Option<&'d str> {
    let references = object.metadata.and_then(|m| m.get("ownerReferences")).into_iter();
    let mut references = references.flat_map(NodeRef::items);
    let controller = references.find(|r| r.get("controller").and_then(NodeRef::as_bool) == Some(true))?;
    Some(controller.get("uid").and_then(NodeRef::as_str).unwrap_or_default())
}

/// Whether a pod is at its end: whatever becomes of it, it is not started again.
fn has_ended(object: &Object<'_>) -> bool {
    let phase = object.node.get("status").and_then(|status| status.get("phase")).and_then(NodeRef::as_str);
    matches!(phase, Some("Succeeded" | "Failed"))
}

/// Whether a Job is at its end.
fn is_finished(object: &Object<'_>) -> bool {
    let conditions = object.node.get("status").and_then(|status| status.get("conditions"));
    let is = |condition: NodeRef<'_>, key: &str, values: &[&str]| {
        condition.get(key).and_then(NodeRef::as_str).is_some_and(|value| values.contains(&value))
    };
    Part::of(object) == Part::Job
        && conditions
            .into_iter()
            .flat_map(NodeRef::items)
            .any(|c| is(c, "type", &["Complete", "Failed"]) && is(c, "status", &["True"]))
}

fn called(object: &Object<'_>) -> String {
    format!("{} {}", object.kind, object.name)
}
