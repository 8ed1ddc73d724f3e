//! Who made a workload, and what became of templates on the way to pods.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use seawall_manifest::objects::Object;
use seawall_model::Level;
use seawall_model::pod::Pod;
use seawall_pss::Faults;
use seawall_yaml::NodeRef;

use crate::quoted::shell_word;
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
    pub(super) controller: Option<Controller>,
    pub(super) part: Part,
    /// The names of its containers, but for ephemeral ones.
    containers: Box<[Box<str>]>,
    /// Those of its ephemeral containers.
    ephemeral: Box<[Box<str>]>,
    /// The security context constraint that let it in, on `OpenShift`.
    scc: Option<Box<str>>,
    /// Who is known to have changed it on its way.
    pub(super) changed_by: Box<[Box<str>]>,
}

/// What made something.
#[derive(Clone, Debug)]
pub(crate) struct Controller {
    /// Its UID, hashed.
    pub(super) uid: u64,
    /// Such as `apps/v1`.
    api_version: Box<str>,
    /// `ReplicaSet web-5d4`
    called: Box<str>,
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
    pub(super) fn of(object: &Object<'_>) -> Self {
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

pub(super) fn hash(text: &str) -> u64 {
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
        .map(|r| Controller {
            uid: hash(text(r, "uid")),
            api_version: text(r, "apiVersion").into(),
            called: format!("{} {}", text(r, "kind"), text(r, "name")).into(),
        });
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
    let ephemeral = pod.map(|pod| {
        let named = pod.spec.ephemeral_containers.iter();
        named.map(|container| (*container.name).into()).collect()
    });
    let scc = scc(object).map(Into::into);
    Live {
        scc,
        uid: metadata("uid").and_then(NodeRef::as_str).map(hash).unwrap_or_default(),
        called: format!("{} {}", object.kind, object.name).into(),
        controller,
        part,
        containers: containers.unwrap_or_default(),
        ephemeral: ephemeral.unwrap_or_default(),
        changed_by: changed_by.into(),
    }
}

/// What `OpenShift` writes of each pod that it lets in.
const SCC: &str = "openshift.io/scc";

/// The security context constraint that let a pod in.
pub(crate) fn scc<'d>(object: &Object<'d>) -> Option<&'d str> {
    let annotations = object.metadata.and_then(|m| m.get("annotations"));
    let value = annotations.and_then(|a| a.get(SCC)).and_then(NodeRef::as_str);
    value.filter(|name| !name.is_empty() && Part::of(object) == Part::Pod)
}

/// The name of a security context constraint that the cluster has.
pub(crate) fn served_scc<'d>(object: &Object<'d>) -> Option<&'d str> {
    let is_one = object.group() == "security.openshift.io" && object.kind == "SecurityContextConstraints";
    is_one.then_some(object.name)
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
    let served: BTreeSet<&str> = surveys.iter().flatten().flat_map(Survey::served_sccs).collect();
    let served = (!served.is_empty()).then(|| served_notice(&served));
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
            groups.note(at);
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
    served.into_iter().chain(notices).collect()
}

/// Ways in which pods of one owner fail the same and differ, at most: anybody may make one for each pod.
const WAYS: usize = 10;

/// How pods came out: of which owner, what they fail, what was added to them, and by whom.
type Way<'s> = (u64, Faults, Vec<String>, &'s [Box<str>]);

/// Workloads by what made them.
#[derive(Default)]
struct Groups<'s> {
    by_uid: BTreeMap<u64, At<'s>>,
    /// By survey and position.
    covered: Vec<(usize, usize)>,
    differing: BTreeMap<Way<'s>, Alike<'s>>,
    /// By the owner and what they fail, pods in further ways than are told.
    further: BTreeMap<(u64, Faults), Alike<'s>>,
    /// How many ways are told.
    ways: BTreeMap<(u64, Faults), usize>,
    /// By namespace and controller, pods whose template cannot be judged, or was not seen.
    orphans: BTreeMap<(&'s str, u64, Faults), (At<'s>, u64)>,
    /// By namespace and UID.
    missing: BTreeMap<(&'s str, u64), Missing<'s>>,
    /// By security context constraint and namespace: what the pods are of, and how many.
    sccs: BTreeMap<(&'s str, &'s str), BTreeMap<&'s str, u64>>,
    /// By the containers and who added them: how many workloads, and the first.
    sidecars: BTreeMap<(String, String), (u64, String)>,
    /// Workloads whose containers are counted there.
    told: BTreeSet<(u64, String, String)>,
}

/// An owner that was not seen.
struct Missing<'s> {
    first: At<'s>,
    controller: &'s Controller,
    /// What it made that has a template.
    made: Vec<&'s str>,
    pods: u64,
}

impl<'s> Groups<'s> {
    /// The seen owner of a workload that nothing seen made, or itself.
    fn root(&self, at: At<'s>) -> At<'s> {
        let owner = self.owner(at);
        owner.and_then(|owner| self.owner(owner)).or(owner).unwrap_or(at)
    }

    /// Takes note of who let a workload in, and of an owner that was not seen.
    fn note(&mut self, at: At<'s>) {
        let is_pod = at.live.part == Part::Pod;
        let root = self.root(at);
        if let Some(scc) = &at.live.scc {
            let of = self.sccs.entry((scc, &at.seen.namespace)).or_default();
            *of.entry(&root.live.called).or_default() += 1;
        }
        // What is between it and pods is no more than its pods.
        if !is_pod && !std::ptr::eq(root.live, at.live) {
            return;
        }
        let Some(controller) = &root.live.controller else { return };
        if self.by_uid.contains_key(&controller.uid) {
            return;
        }
        let new = || Missing { first: root, controller, made: Vec::new(), pods: 0 };
        let missing = self.missing.entry((&root.seen.namespace, controller.uid)).or_insert_with(new);
        if is_pod {
            missing.pods += 1;
        } else {
            missing.made.push(&at.live.called);
        }
    }

    /// What made a workload, if that was seen. Owners are in the same namespace: in another, other levels hold.
    fn owner(&self, at: At<'s>) -> Option<At<'s>> {
        let uid = at.live.controller.as_ref()?.uid;
        let made =
            |owner: &At<'s>| owner.live.part.makes(at.live.part) && owner.seen.namespace == at.seen.namespace;
        self.by_uid.get(&uid).copied().filter(made)
    }

    fn cover(&mut self, at: At<'s>) {
        self.covered.push((at.survey, at.position));
    }

    fn add(&mut self, at: At<'s>) {
        let Some(controller) = &at.live.controller else { return };
        let Some(direct) = self.owner(at) else {
            // What names an owner that could not have made it is judged by itself, and so is what cannot be judged.
            if at.live.part == Part::Pod && !at.seen.refused && !self.by_uid.contains_key(&controller.uid) {
                self.add_orphan(at, controller.uid);
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
        let older = at.seen.pod == direct.seen.pod;
        if at.seen.pod == root.seen.pod {
            self.add_sidecar(at, root, added);
            self.cover(at);
            return;
        }
        match self.differing.entry((root.live.uid, at.seen.pod, added, &at.live.changed_by)) {
            Entry::Occupied(mut known) => {
                known.get_mut().pods += 1;
                self.cover(at);
            }
            Entry::Vacant(new) => {
                let ways = self.ways.entry((root.live.uid, at.seen.pod)).or_default();
                *ways += 1;
                let added = new.key().2.clone();
                let alike = Alike { first: at, pods: 1, owner: root, older, added };
                if *ways <= WAYS {
                    new.insert(alike);
                } else if !self.add_further(alike) {
                    self.cover(at);
                }
            }
        }
    }

    /// Counts a pod that came out in a way that is not told; whether it is the first.
    fn add_further(&mut self, alike: Alike<'s>) -> bool {
        match self.further.entry((alike.owner.live.uid, alike.first.seen.pod)) {
            Entry::Vacant(new) => {
                new.insert(alike);
                true
            }
            Entry::Occupied(mut known) => {
                known.get_mut().pods += 1;
                false
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
    fn add_sidecar(&mut self, at: At<'s>, root: At<'s>, added: Vec<String>) {
        if added.is_empty() {
            return;
        }
        let way = (root.live.uid, added.join(", "), by(at.live));
        if self.told.contains(&way) {
            return;
        }
        let ways = self.ways.entry((root.live.uid, at.seen.pod)).or_default();
        *ways += 1;
        if *ways > WAYS {
            self.add_further(Alike { first: at, pods: 1, owner: root, older: false, added });
            return;
        }
        self.told.insert(way.clone());
        let first = || (0, format!("{} in namespace `{}`", root.live.called, root.seen.namespace));
        self.sidecars.entry((way.1, way.2)).or_insert_with(first).0 += 1;
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
        let mut further: Vec<_> = self.further.into_values().collect();
        further.sort_by_key(|alike| (alike.first.survey, alike.first.position));
        notices.extend(further.iter().map(|alike| more_differ(alike, kubernetes)));
        let by_uid = &self.by_uid;
        let seen = |at: &At<'_>| at.live.controller.as_ref().is_some_and(|c| by_uid.contains_key(&c.uid));
        let mut orphans: Vec<_> = self.orphans.into_values().filter(|(at, _)| seen(at)).collect();
        orphans.sort_by_key(|(at, _)| (at.survey, at.position));
        notices.extend(orphans.into_iter().map(|(at, count)| orphan(at, count)));
        let mut missing: Vec<_> = self.missing.into_values().collect();
        missing.sort_by_key(|missing| (missing.first.survey, missing.first.position));
        notices.extend(missing.iter().map(not_seen));
        notices.extend(self.sccs.iter().map(|((scc, namespace), of)| admitted(scc, namespace, of)));
        notices
    }
}

fn orphan(at: At<'_>, count: u64) -> Notice {
    let controller = at.live.controller.as_ref().map_or("", |controller| &controller.called);
    let others = match count {
        1 => String::new(),
        n => format!(" and {} more like it are judged once", n - 1),
    };
    let (called, namespace) = (&at.live.called, &at.seen.namespace);
    notice(format!(
        "{called} in namespace `{namespace}`{others}: the template of its controller {controller} cannot be judged"
    ))
}

/// So many of something: `1 pod`, `2 pods`.
fn counted(n: u64, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

/// Names of which not all are told.
const TOLD: usize = 10;

/// The first of them, and how many more there are.
fn listed<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let more = names.len().saturating_sub(TOLD);
    let mut names: Vec<String> = names.take(TOLD).map(str::to_owned).collect();
    if more > 0 {
        names.push(format!("{more} more"));
    }
    names.join(", ")
}

fn not_seen(missing: &Missing<'_>) -> Notice {
    let Missing { first, controller: Controller { api_version, called, .. }, made, pods } = missing;
    let namespace = &first.seen.namespace;
    let mut parts = Vec::new();
    if !made.is_empty() {
        parts.push(listed(made.iter().copied()));
    }
    if *pods > 0 {
        let once = if made.is_empty() && *pods > 1 { ", once where they are alike" } else { "" };
        parts.push(format!("{}{once}", counted(*pods, "pod")));
    }
    let (kind, name) = called.split_once(' ').unwrap_or((called, ""));
    let of = match api_version.split_once('/') {
        Some((group, version)) => format!("{kind}.{version}.{group}"),
        None => kind.to_owned(),
    };
    let [of, name, place] = [&of, name, namespace].map(shell_word);
    Notice {
        kind: NoticeKind::OwnerNotSeen,
        hint: Some(format!("kubectl get {of} {name} --namespace {place} -o yaml | seawall scan -")),
        ..notice(format!(
            "{called} ({api_version}) in namespace `{namespace}` was not seen; what it made is judged: {}",
            parts.join(" with ")
        ))
    }
}

fn admitted(scc: &str, namespace: &str, of: &BTreeMap<&str, u64>) -> Notice {
    let pods = of.values().sum();
    let names: Vec<String> = of
        .iter()
        .map(|(called, pods)| if *pods == 1 { (*called).to_owned() } else { format!("{called} ({pods})") })
        .collect();
    Notice {
        kind: NoticeKind::ContextConstraint,
        ..notice(format!(
            "security context constraint `{scc}` let in {} in namespace `{namespace}`: {}",
            counted(pods, "pod"),
            listed(names.iter().map(String::as_str))
        ))
    }
}

fn served_notice(served: &BTreeSet<&str>) -> Notice {
    Notice {
        kind: NoticeKind::ContextConstraint,
        ..notice(format!(
            "the cluster has {}: {}",
            counted(served.len() as u64, "security context constraint"),
            served.iter().copied().collect::<Vec<_>>().join(", ")
        ))
    }
}

fn notice(message: String) -> Notice {
    Notice { kind: NoticeKind::PodsDiffer, file: None, region: None, message, hint: None }
}

/// The containers of a pod that its template has not.
fn added(pod: &Live, template: &Live) -> Vec<String> {
    let new = pod.containers.iter().filter(|name| !template.containers.contains(name));
    let ephemeral = pod.ephemeral.iter().map(|name| format!("ephemeral `{name}`"));
    new.map(|name| format!("`{name}`")).chain(ephemeral).collect()
}

fn by(pod: &Live) -> String {
    if pod.changed_by.is_empty() { String::new() } else { format!(" (by {})", pod.changed_by.join(", ")) }
}

fn differ(alike: &Alike<'_>, kubernetes: u64) -> Notice {
    let Alike { first, pods, owner, .. } = alike;
    let who = match pods {
        1 => format!("{}, which {} made,", first.live.called, owner.live.called),
        n => format!("{n} pods of {}, such as {},", owner.live.called, first.live.called),
    };
    notice(format!(
        "{who} in namespace `{}` came out in another way than the template: they {}",
        first.seen.namespace,
        difference(alike, kubernetes)
    ))
}

/// What is said of pods in further ways than are told.
fn more_differ(alike: &Alike<'_>, kubernetes: u64) -> Notice {
    let Alike { first, pods, owner, .. } = alike;
    notice(format!(
        "{pods} more {} of {}, such as {}, in namespace `{}` came out in other ways than the template; the first is one of those that {}",
        if *pods == 1 { "pod" } else { "pods" },
        owner.live.called,
        first.live.called,
        first.seen.namespace,
        difference(alike, kubernetes)
    ))
}

/// In what pods differ from their template: `fail ... and have containers that it has not, ... (by ...)`.
fn difference(alike: &Alike<'_>, kubernetes: u64) -> String {
    let Alike { first, owner, older, added, .. } = alike;
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
    if parts.is_empty() && first.seen.pod != owner.seen.pod {
        parts.push("fail in another way".to_owned());
    }
    if !added.is_empty() {
        parts.push(format!("have containers that it has not, {},", added.join(", ")));
    }
    let why = if *older { "; an older template made them".to_owned() } else { by(first.live) };
    format!("{}{why}", parts.join(" and ").trim_end_matches(','))
}
