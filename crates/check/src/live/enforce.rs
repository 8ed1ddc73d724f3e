//! Whether a namespace can enforce a level: what the API server's own dry run would warn of, and what it misses.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use seawall_manifest::objects::{Object, Objects, objects};
use seawall_model::{Level, PolicyVersion, WorkloadKind};
use seawall_pss::namespace::{AskedLevel, LevelVersion, Policy};
use seawall_pss::{Relabelling, forbidden_reason, results};
use seawall_yaml::{NodeRef, Reader};

use super::owners::{Live, Part, live};
use super::revision::{Revision, template_hash};
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
    asked: AskedLevel,
    options: &'a Options,
    declared: Option<Policy>,
    /// Whether it is known if the API server looks at pods.
    begun: bool,
    /// What it says of them, if it does.
    relabelling: Option<Relabelling>,
    pods: u64,
    refused: Vec<String>,
    templates: Vec<Found>,
    /// By what made them, and by their revision as [`Revision::of_pod`] gives it.
    made: BTreeMap<(u64, [u64; 2]), Made>,
    unread: Vec<String>,
    /// Whether anything in the namespace was met.
    met: bool,
}

/// Pods that were made of one template.
#[derive(Debug, Default)]
struct Made {
    pods: u64,
    refused: u64,
    changed_by: BTreeSet<Box<str>>,
}

/// A template.
#[derive(Debug)]
struct Found {
    live: Live,
    called: String,
    /// What of the level it violates by itself.
    reason: Option<String>,
    replicas: Option<i64>,
    /// The template, but for what controllers add to it.
    template: u64,
    revision: Revision,
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

/// Whether a namespace can enforce a level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enforcing {
    /// What was looked into: what was asked for, at the version of the namespace where none was.
    pub asked: LevelVersion,
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
        !self.refused.is_empty()
    }

    /// Whether it is known of all that was looked at what would become of it.
    pub fn is_known(&self) -> bool {
        self.unseen.is_empty() && self.unread.is_empty()
    }

    /// Whether there are more pods than the API server looks at.
    pub fn beyond(&self) -> Option<u64> {
        self.pods.checked_sub(LOOKED_AT).filter(|more| *more > 0)
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
            begun: false,
            relabelling: None,
            pods: 0,
            refused: Vec::new(),
            templates: Vec::new(),
            made: BTreeMap::new(),
            unread: Vec::new(),
            met: false,
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
        let (level, minor) = (asked.level, asked.version.clamp(self.options.kubernetes));
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
            let live = live(&object, None);
            if let Some(controller) = live.controller {
                let made = self.made.entry((controller.uid, Revision::of_pod(&object))).or_default();
                made.pods += 1;
                made.refused += u64::from(refused);
                made.changed_by.extend(live.changed_by);
            }
            if refused {
                self.refused.push(name);
            }
            return;
        }
        // It will make no pods any more.
        if is_finished(&object) {
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
                replicas,
                template: judged.template.node.map(template_hash).unwrap_or_default(),
                revision: Revision::of_template(object),
            });
        }
    }

    /// What came of it.
    pub fn finish(mut self) -> Enforcing {
        let (namespace, asked) = (self.namespace, self.asked());
        let warnings = self.relabelling().map(|relabelling| relabelling.warnings(namespace));
        let looks = warnings.is_some();
        let families = Families::of(&self.templates, &self.made);
        let (mut unseen, mut mended) = (Vec::new(), Vec::new());
        for found in families.roots() {
            let Some(reason) = found.reason.clone() else { continue };
            let called = found.called.clone();
            let current = families.current(found);
            let pods: u64 = current.iter().map(|made| made.pods).sum();
            if families.shows_refusal(found, &current) {
                // The pods tell of it.
            } else if pods > 0 {
                let by: BTreeSet<&str> = current.iter().flat_map(|m| &m.changed_by).map(|by| &**by).collect();
                let by = by.into_iter().map(str::to_owned).collect();
                mended.push(Mended { called, pods, by, reason });
            } else {
                unseen.push(Unseen { called, because: families.why_unseen(found), reason });
            }
        }
        Enforcing {
            asked,
            now: self.declared,
            warnings: warnings.unwrap_or_default(),
            looks,
            pods: self.pods,
            refused: std::mem::take(&mut self.refused),
            unseen,
            mended,
            unread: std::mem::take(&mut self.unread),
            met: self.met,
        }
    }
}

/// Templates by what made them, and the pods of each.
struct Families<'f> {
    all: &'f [Found],
    by_uid: BTreeMap<u64, &'f Found>,
    by_controller: BTreeMap<u64, Vec<&'f Found>>,
    made: &'f BTreeMap<(u64, [u64; 2]), Made>,
}

impl<'f> Families<'f> {
    fn of(all: &'f [Found], made: &'f BTreeMap<(u64, [u64; 2]), Made>) -> Self {
        let mut by_controller: BTreeMap<u64, Vec<&Found>> = BTreeMap::new();
        for found in all {
            if let Some(controller) = &found.live.controller {
                by_controller.entry(controller.uid).or_default().push(found);
            }
        }
        let by_uid = all.iter().map(|found| (found.live.uid, found)).collect();
        Self { all, by_uid, by_controller, made }
    }

    /// Templates that no other template makes.
    fn roots(&self) -> impl Iterator<Item = &'f Found> {
        self.all.iter().filter(|found| {
            let controller = found.live.controller.as_ref();
            let owner = controller.and_then(|controller| self.by_uid.get(&controller.uid));
            owner.is_none_or(|owner| !owner.live.part.makes(found.live.part))
        })
    }

    /// What controllers made of a template on the way to pods.
    fn below(&self, found: &Found) -> impl Iterator<Item = &'f Found> {
        let part = found.live.part;
        let below = self.by_controller.get(&found.live.uid).into_iter().flatten().copied();
        below.filter(move |below| part.makes(below.live.part))
    }

    /// All pods that were made of it directly, whatever it was then.
    fn pods(&self, found: &Found) -> impl Iterator<Item = (&'f [u64; 2], &'f Made)> {
        let uid = found.live.uid;
        let makes = found.live.part.makes(Part::Pod);
        let range = self.made.range((uid, [0; 2])..=(uid, [u64::MAX; 2])).filter(move |_| makes);
        range.map(|((_, revision), made)| (revision, made))
    }

    /// The pods that were made of it as it is now.
    fn current(&self, found: &Found) -> Vec<&'f Made> {
        match found.live.part {
            Part::Deployment | Part::CronJob => {
                let same = self.below(found).filter(|below| below.template == found.template);
                same.flat_map(|below| self.pods(below)).map(|(_, made)| made).collect()
            }
            _ => self.pods(found).filter(|(of, _)| found.revision.made(of)).map(|(_, made)| made).collect(),
        }
    }

    /// Whether a pod that would be refused may be taken for one of it.
    fn shows_refusal(&self, found: &Found, current: &[&Made]) -> bool {
        let may_be =
            found.revision == Revision::NotTold && self.pods(found).any(|(_, made)| made.refused > 0);
        may_be || current.iter().any(|made| made.refused > 0)
    }

    fn why_unseen(&self, found: &Found) -> &'static str {
        let below = self.below(found).flat_map(|below| self.pods(below));
        let mut pods = self.pods(found).chain(below);
        match (found.live.part, found.replicas) {
            (Part::CronJob, _) => "its next run makes pods",
            _ if pods.next().is_some() => match found.revision {
                Revision::NotTold => "its pods may be of another template",
                _ => "its pods are of another template",
            },
            (_, Some(0)) => "it is scaled to zero",
            _ => "it has no pods",
        }
    }
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
