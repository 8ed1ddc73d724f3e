//! Who made a workload, and what became of templates on the way to pods.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use seawall_manifest::objects::Object;
use seawall_model::Level;
use seawall_model::pod::Pod;
use seawall_pss::Faults;
use seawall_yaml::NodeRef;

use crate::record::{Notice, NoticeKind};
use crate::survey::{Seen, Survey};

/// What stays of a workload of a cluster, besides what it fails.
#[derive(Clone, Debug, Default)]
pub(crate) struct Live {
    /// Its UID, hashed; 0 without one.
    pub(super) uid: u64,
    /// `Deployment web`
    called: Box<str>,
    /// What made it: its UID, and what it is called.
    pub(super) controller: Option<(u64, Box<str>)>,
    pub(super) part: Part,
    /// The names of its containers.
    containers: Box<[Box<str>]>,
    /// Who is known to have changed it on its way.
    changed_by: Box<[Box<str>]>,
}

/// What something is to controllers of Kubernetes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Part {
    Deployment,
    CronJob,
    Job,
    ReplicaSet,
    /// A `StatefulSet`, a `DaemonSet` or a `ReplicationController`.
    Set,
    Pod,
    /// What no controller of Kubernetes makes or makes pods from.
    #[default]
    Other,
}

impl Part {
    fn of(object: &Object<'_>) -> Self {
        match (object.group(), object.kind) {
            ("apps", "Deployment") => Self::Deployment,
            ("apps", "ReplicaSet") => Self::ReplicaSet,
            ("apps", "StatefulSet" | "DaemonSet") | ("", "ReplicationController") => Self::Set,
            ("batch", "CronJob") => Self::CronJob,
            ("batch", "Job") => Self::Job,
            ("", "Pod") => Self::Pod,
            _ => Self::Other,
        }
    }

    /// Whether controllers of Kubernetes make that from this. Anybody may write owner references: where kinds do not go together
    /// so, an owner speaks for nobody. As these pairs lead in no circle, neither do owners.
    pub(super) fn makes(self, made: Self) -> bool {
        match made {
            Self::ReplicaSet => self == Self::Deployment,
            Self::Job => self == Self::CronJob,
            Self::Pod => matches!(self, Self::ReplicaSet | Self::Job | Self::Set),
            _ => false,
        }
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish().max(1)
}

/// Annotations that tell of injectors, and who they are.
const INJECTORS: [(&str, &str); 10] = [
    ("sidecar.istio.io/status", "Istio"),
    ("linkerd.io/proxy-version", "Linkerd"),
    ("linkerd.io/created-by", "Linkerd"),
    ("consul.hashicorp.com/connect-inject-status", "Consul"),
    ("vault.hashicorp.com/agent-inject-status", "Vault"),
    ("kuma.io/sidecar-injected", "Kuma"),
    ("dapr.io/enabled", "Dapr"),
    ("policies.kyverno.io/last-applied-patches", "Kyverno"),
    ("sidecar.opentelemetry.io/injected", "OpenTelemetry"),
    ("kubernetes.io/psp", "PodSecurityPolicy"),
];

/// Managers of fields that make pods or run them, rather than change them.
const MAKERS: [&str; 4] = ["kube-controller-manager", "kube-scheduler", "kubelet", "k3s"];

fn text<'d>(node: NodeRef<'d>, key: &str) -> &'d str {
    node.get(key).and_then(NodeRef::as_str).unwrap_or_default()
}

/// What stays of an object with pods.
pub(crate) fn live(object: &Object<'_>, pod: Option<&Pod<'_>>) -> Live {
    let metadata = |key: &str| object.metadata.and_then(|m| m.get(key));
    let references = metadata("ownerReferences").into_iter().flat_map(NodeRef::items);
    let controller = references
        .into_iter()
        .find(|r| r.get("controller").and_then(NodeRef::as_bool) == Some(true))
        // A node only runs its static pods: somebody wrote them.
        .filter(|r| text(*r, "kind") != "Node")
        .filter(|r| !text(*r, "uid").is_empty())
        .map(|r| (hash(text(r, "uid")), format!("{} {}", text(r, "kind"), text(r, "name")).into()));
    let part = Part::of(object);
    let mut changed_by: Vec<Box<str>> = Vec::new();
    if part == Part::Pod {
        let annotations = metadata("annotations");
        let injected = INJECTORS.iter().filter(|(key, _)| annotations.is_some_and(|a| a.get(key).is_some()));
        changed_by.extend(injected.map(|(_, who)| (*who).into()));
        let managers = metadata("managedFields").into_iter().flat_map(NodeRef::items);
        let managers = managers.map(|m| text(m, "manager")).filter(|m| !m.is_empty() && !MAKERS.contains(m));
        changed_by.extend(managers.map(|manager| format!("`{manager}`").into()));
        changed_by.sort_unstable();
        changed_by.dedup();
    }
    let containers = pod.map(|pod| {
        let spec = &pod.spec;
        let named = spec.init_containers.iter().chain(&spec.containers);
        named.map(|container| (*container.name).into()).collect()
    });
    Live {
        uid: metadata("uid").and_then(NodeRef::as_str).map(hash).unwrap_or_default(),
        called: format!("{} {}", object.kind, object.name).into(),
        controller,
        part,
        containers: containers.unwrap_or_default(),
        changed_by: changed_by.into(),
    }
}

/// A workload with what it is a part of.
#[derive(Clone, Copy)]
struct At<'s> {
    survey: usize,
    position: usize,
    live: &'s Live,
    seen: &'s Seen,
}

/// Pods that came out in the same way.
struct Alike<'s> {
    first: At<'s>,
    pods: u64,
    owner: At<'s>,
    /// Whether they are as an older template made them.
    older: bool,
    /// Containers that their template has not.
    added: Vec<String>,
}

/// Settles which workloads of a cluster are judged by themselves: of what a controller has made only the controller, pods that came
/// out in another way than its template says, one for each way, and one of the pods of a controller that was not seen or that the
/// API server would refuse. The others are [`Seen::covered`]. Returns what a person should know of them.
pub fn settle(surveys: &mut [Option<Survey>], kubernetes: u64) -> Vec<Notice> {
    let lives: Vec<Vec<Live>> =
        surveys.iter_mut().map(|survey| survey.as_mut().map(Survey::take_live).unwrap_or_default()).collect();
    let (covered, notices) = {
        let all: Vec<At<'_>> = surveys
            .iter()
            .zip(&lives)
            .enumerate()
            .flat_map(|(survey, (s, lives))| {
                let seen = s.iter().flat_map(|s| &s.workloads);
                let both = lives.iter().zip(seen).enumerate();
                both.map(move |(position, (live, seen))| At { survey, position, live, seen })
            })
            .collect();
        let mut groups = Groups::default();
        for at in all.iter().filter(|at| at.live.uid != 0) {
            groups.by_uid.entry(at.live.uid).or_insert(*at);
        }
        for at in all {
            groups.add(at);
        }
        let covered = std::mem::take(&mut groups.covered);
        (covered, groups.notices(kubernetes))
    };
    for (survey, position) in covered {
        let survey = surveys.get_mut(survey).and_then(Option::as_mut);
        if let Some(seen) = survey.and_then(|s| s.workloads.get_mut(position)) {
            seen.covered = true;
        }
    }
    notices
}

/// Workloads by what made them.
#[derive(Default)]
struct Groups<'s> {
    by_uid: BTreeMap<u64, At<'s>>,
    /// By survey and position.
    covered: Vec<(usize, usize)>,
    differing: BTreeMap<(u64, Faults), Alike<'s>>,
    /// By namespace and controller.
    orphans: BTreeMap<(&'s str, u64, Faults), (At<'s>, u64)>,
    /// By the containers and who added them: how many workloads, and the first.
    sidecars: BTreeMap<(String, String), (u64, String)>,
    /// Workloads whose containers are counted there.
    told: BTreeSet<(u64, String)>,
}

impl<'s> Groups<'s> {
    /// What made a workload, if that was seen. Owners are in the same namespace: in another, other levels hold.
    fn owner(&self, at: At<'s>) -> Option<At<'s>> {
        let (uid, _) = at.live.controller.as_ref()?;
        let made =
            |owner: &At<'s>| owner.live.part.makes(at.live.part) && owner.seen.namespace == at.seen.namespace;
        self.by_uid.get(uid).copied().filter(made)
    }

    fn cover(&mut self, at: At<'s>) {
        self.covered.push((at.survey, at.position));
    }

    fn add(&mut self, at: At<'s>) {
        let Some((controller, _)) = &at.live.controller else { return };
        let Some(direct) = self.owner(at) else {
            // What names an owner that could not have made it is judged by itself, and so is what cannot be judged.
            if at.live.part == Part::Pod && !at.seen.refused && !self.by_uid.contains_key(controller) {
                self.add_orphan(at, *controller);
            }
            return;
        };
        if at.live.part != Part::Pod {
            self.cover(at);
            return;
        }
        let root = self.owner(direct).unwrap_or(direct);
        match (at.seen.refused, root.seen.refused) {
            (false, false) => {}
            (true, true) => return self.cover(at),
            // Nothing speaks for what cannot be judged,
            (true, false) => return,
            // and what cannot be judged speaks for nothing.
            (false, true) => return self.add_orphan(at, root.live.uid),
        }
        let added = added(at.live, direct.live);
        if at.seen.pod == root.seen.pod {
            self.add_sidecar(at, root, added.join(", "));
            self.cover(at);
            return;
        }
        let older = at.seen.pod == direct.seen.pod;
        match self.differing.entry((root.live.uid, at.seen.pod)) {
            Entry::Vacant(new) => {
                new.insert(Alike { first: at, pods: 1, owner: root, older, added });
            }
            Entry::Occupied(mut known) => {
                known.get_mut().pods += 1;
                self.cover(at);
            }
        }
    }

    /// One of the pods that came out alike is judged where nothing speaks for them.
    fn add_orphan(&mut self, at: At<'s>, controller: u64) {
        match self.orphans.entry((&at.seen.namespace, controller, at.seen.pod)) {
            Entry::Vacant(new) => drop(new.insert((at, 1))),
            Entry::Occupied(mut known) => {
                known.get_mut().1 += 1;
                self.cover(at);
            }
        }
    }

    /// Counts the workload of a pod that passes what its template passes, and has more containers.
    fn add_sidecar(&mut self, at: At<'s>, root: At<'s>, added: String) {
        if added.is_empty() || !self.told.insert((root.live.uid, added.clone())) {
            return;
        }
        let first = || (0, format!("{} in namespace `{}`", root.live.called, root.seen.namespace));
        self.sidecars.entry((added, by(at.live))).or_insert_with(first).0 += 1;
    }

    /// What a person should know, in the order of the input.
    fn notices(self, kubernetes: u64) -> Vec<Notice> {
        let mut differing: Vec<_> = self.differing.into_values().collect();
        differing.sort_by_key(|alike| (alike.first.survey, alike.first.position));
        let mut notices: Vec<Notice> = differing.iter().map(|alike| differ(alike, kubernetes)).collect();
        notices.extend(self.sidecars.into_iter().map(|((added, by), (workloads, first))| {
            let many = match workloads {
                1 => String::new(),
                n => format!(" and {} other workloads", n - 1),
            };
            notice(format!(
                "pods of {first}{many} have containers that their templates have not: {added}{by}"
            ))
        }));
        let mut orphans: Vec<_> = self.orphans.into_values().collect();
        orphans.sort_by_key(|(at, _)| (at.survey, at.position));
        let seen = |at: At<'_>| {
            at.live.controller.as_ref().is_some_and(|(controller, _)| self.by_uid.contains_key(controller))
        };
        notices.extend(orphans.into_iter().map(|(at, count)| orphan(at, count, seen(at))));
        notices
    }
}

fn orphan(at: At<'_>, count: u64, seen: bool) -> Notice {
    let (_, controller) = at.live.controller.clone().unwrap_or_default();
    let others = match count {
        1 => String::new(),
        n => format!(" and {} more like it are judged once", n - 1),
    };
    let (called, namespace) = (&at.live.called, &at.seen.namespace);
    if seen {
        return notice(format!(
            "{called} in namespace `{namespace}`{others}: the template of its controller {controller} cannot be judged"
        ));
    }
    Notice {
        kind: NoticeKind::OwnerNotSeen,
        ..notice(format!(
            "{called} in namespace `{namespace}`{others}: its controller {controller} was not seen"
        ))
    }
}

fn notice(message: String) -> Notice {
    Notice { kind: NoticeKind::PodsDiffer, file: None, region: None, message, hint: None }
}

/// The containers of a pod that its template has not.
fn added(pod: &Live, template: &Live) -> Vec<String> {
    let new = pod.containers.iter().filter(|name| !template.containers.contains(name));
    new.map(|name| format!("`{name}`")).collect()
}

fn by(pod: &Live) -> String {
    if pod.changed_by.is_empty() { String::new() } else { format!(" (by {})", pod.changed_by.join(", ")) }
}

fn differ(alike: &Alike<'_>, kubernetes: u64) -> Notice {
    let Alike { first, pods, owner, older, added } = alike;
    let fails = |faults: Faults| -> Vec<&str> {
        let mut ids: Vec<&str> = [Level::Restricted, Level::Baseline]
            .into_iter()
            .flat_map(|level| seawall_pss::failing(faults, level, kubernetes))
            .map(|check| check.id)
            .collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    };
    let (pod, template) = (fails(first.seen.pod), fails(owner.seen.pod));
    let only = |these: &[&str], those: &[&str]| {
        these.iter().copied().filter(|id| !those.contains(id)).collect::<Vec<_>>().join(", ")
    };
    let (more, less) = (only(&pod, &template), only(&template, &pod));
    let mut parts = Vec::new();
    if !more.is_empty() {
        parts.push(format!("fail {more}, which it does not"));
    }
    if !less.is_empty() {
        parts.push(format!("pass {less}, which it does not"));
    }
    if parts.is_empty() {
        parts.push("fail in another way".to_owned());
    }
    let who = match pods {
        1 => format!("{}, which {} made,", first.live.called, owner.live.called),
        n => format!("{n} pods of {}, such as {},", owner.live.called, first.live.called),
    };
    if !added.is_empty() {
        parts.push(format!("have containers that it has not, {},", added.join(", ")));
    }
    let why = if *older { "; an older template made them".to_owned() } else { by(first.live) };
    notice(format!(
        "{who} in namespace `{}` came out in another way than the template: they {}{why}",
        first.seen.namespace,
        parts.join(" and ").trim_end_matches(',')
    ))
}
