//! All that engines read of a cluster, as a snapshot.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};

use seawall_snapshot::{API_VERSION, Frame, Header, KIND, NotSeen, Packer, Snapshot, lean};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::connect::Cluster;
use crate::error::Error;
use crate::list::{Collection, Listed, Page};

/// What a snapshot is to hold.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Only these namespaces, and nothing that is in none; empty for the whole cluster.
    pub namespaces: Vec<String>,
    /// Only these resources, such as `roles`; empty for all.
    pub resources: Vec<&'static str>,
    /// Only workloads and pods with these labels; empty for all.
    pub selector: String,
    /// Whether environment values, arguments and what was last applied are kept.
    pub include_env: bool,
    /// The time, for the header.
    pub time: String,
}

/// A kind that is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindListed {
    /// Such as `apps/v1`.
    pub api_version: &'static str,
    /// Such as `deployments`.
    pub resource: &'static str,
    /// Such as `Deployment`.
    pub kind: &'static str,
    scope: Scope,
}

/// Where a kind is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    /// The cluster.
    Cluster,
    /// Namespaces.
    Namespace,
    /// Namespaces; selectors hold for it.
    Workload,
}

const fn kind(
    scope: Scope,
    api_version: &'static str,
    resource: &'static str,
    kind: &'static str,
) -> KindListed {
    KindListed { api_version, resource, kind, scope }
}

/// All kinds that are listed, in the order of a snapshot. Secrets and `ConfigMaps` are not among them.
pub const KINDS: [KindListed; 33] = [
    kind(Scope::Cluster, "v1", "namespaces", "Namespace"),
    kind(Scope::Workload, "apps/v1", "deployments", "Deployment"),
    kind(Scope::Workload, "apps/v1", "replicasets", "ReplicaSet"),
    kind(Scope::Workload, "apps/v1", "statefulsets", "StatefulSet"),
    kind(Scope::Workload, "apps/v1", "daemonsets", "DaemonSet"),
    kind(Scope::Workload, "batch/v1", "cronjobs", "CronJob"),
    kind(Scope::Workload, "batch/v1", "jobs", "Job"),
    kind(Scope::Workload, "v1", "replicationcontrollers", "ReplicationController"),
    kind(Scope::Workload, "v1", "podtemplates", "PodTemplate"),
    kind(Scope::Workload, "v1", "pods", "Pod"),
    kind(Scope::Namespace, "v1", "serviceaccounts", "ServiceAccount"),
    kind(Scope::Namespace, "v1", "services", "Service"),
    kind(Scope::Namespace, "v1", "resourcequotas", "ResourceQuota"),
    kind(Scope::Namespace, "v1", "limitranges", "LimitRange"),
    kind(Scope::Namespace, "networking.k8s.io/v1", "networkpolicies", "NetworkPolicy"),
    kind(Scope::Namespace, "networking.k8s.io/v1", "ingresses", "Ingress"),
    kind(Scope::Namespace, "policy/v1", "poddisruptionbudgets", "PodDisruptionBudget"),
    kind(Scope::Namespace, "autoscaling/v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler"),
    kind(Scope::Namespace, "rbac.authorization.k8s.io/v1", "roles", "Role"),
    kind(Scope::Namespace, "rbac.authorization.k8s.io/v1", "rolebindings", "RoleBinding"),
    kind(Scope::Cluster, "rbac.authorization.k8s.io/v1", "clusterroles", "ClusterRole"),
    kind(Scope::Cluster, "rbac.authorization.k8s.io/v1", "clusterrolebindings", "ClusterRoleBinding"),
    kind(
        Scope::Cluster,
        "admissionregistration.k8s.io/v1",
        "mutatingwebhookconfigurations",
        "MutatingWebhookConfiguration",
    ),
    kind(
        Scope::Cluster,
        "admissionregistration.k8s.io/v1",
        "validatingwebhookconfigurations",
        "ValidatingWebhookConfiguration",
    ),
    kind(
        Scope::Cluster,
        "admissionregistration.k8s.io/v1",
        "validatingadmissionpolicies",
        "ValidatingAdmissionPolicy",
    ),
    kind(
        Scope::Cluster,
        "admissionregistration.k8s.io/v1",
        "validatingadmissionpolicybindings",
        "ValidatingAdmissionPolicyBinding",
    ),
    kind(
        Scope::Cluster,
        "admissionregistration.k8s.io/v1",
        "mutatingadmissionpolicies",
        "MutatingAdmissionPolicy",
    ),
    kind(
        Scope::Cluster,
        "admissionregistration.k8s.io/v1",
        "mutatingadmissionpolicybindings",
        "MutatingAdmissionPolicyBinding",
    ),
    kind(Scope::Cluster, "v1", "nodes", "Node"),
    kind(Scope::Cluster, "policy/v1beta1", "podsecuritypolicies", "PodSecurityPolicy"),
    kind(
        Scope::Cluster,
        "security.openshift.io/v1",
        "securitycontextconstraints",
        "SecurityContextConstraints",
    ),
    kind(Scope::Namespace, "seawall.dev/v1alpha1", "podsecurityexceptions", "PodSecurityException"),
    kind(
        Scope::Cluster,
        "seawall.dev/v1alpha1",
        "podsecurityexceptionpolicies",
        "PodSecurityExceptionPolicy",
    ),
];

/// Versions in which older API servers have what engines read in the same form, newest first. Only what is older than the
/// version of [`KINDS`] can be missing from a server that is up to date.
fn older(resource: &str) -> &'static [&'static str] {
    match resource {
        "mutatingadmissionpolicies" | "mutatingadmissionpolicybindings" => {
            &["admissionregistration.k8s.io/v1beta1", "admissionregistration.k8s.io/v1alpha1"]
        }
        "validatingadmissionpolicies" | "validatingadmissionpolicybindings" => {
            &["admissionregistration.k8s.io/v1beta1"]
        }
        "cronjobs" => &["batch/v1beta1"],
        "poddisruptionbudgets" => &["policy/v1beta1"],
        "horizontalpodautoscalers" => &["autoscaling/v2beta2"],
        _ => &[],
    }
}

/// Objects of a page: few enough for little memory, enough for few requests.
const PAGE: usize = 250;

/// Lists at a time.
const LISTS: usize = 4;

/// Pages that wait to be made lean.
const WAITING: usize = 2;

/// Objects of a kind, all or of a namespace: one list.
#[derive(Clone, Copy, Debug)]
struct Job<'w> {
    kind: KindListed,
    namespace: Option<&'w str>,
}

impl Job<'_> {
    fn not_seen(&self, message: String) -> NotSeen {
        NotSeen {
            api_version: self.kind.api_version.into(),
            resource: self.kind.resource.into(),
            namespace: self.namespace.map(str::to_owned),
            message,
        }
    }

    /// What it means that the API server does not have a kind: of workloads, that a proxy or an aggregated API hides them, as every
    /// API server has these; of others, that there are none.
    fn not_served(&self) -> Option<NotSeen> {
        let message = || format!("the API server has no {} of {}", self.kind.resource, self.kind.api_version);
        (self.kind.scope == Scope::Workload).then(|| self.not_seen(message()))
    }
}

/// A page and where it belongs: the position of its list, and its own there.
type Numbered = ((usize, usize), KindListed, Page);

/// Lists what is wanted, several kinds at a time. `listed` hears how many objects came with each page. What the user may not list
/// is named in the header; any other fault is an error, since what had come by then would be taken for all there is.
pub fn capture(
    cluster: &Cluster,
    wanted: &Wanted,
    listed: &(dyn Fn(usize) + Sync),
) -> Result<Snapshot, Error> {
    let mut header = Header {
        api_version: API_VERSION.to_owned(),
        kind: KIND.to_owned(),
        server_version: cluster.version().git_version.clone(),
        cluster_id: cluster.id()?,
        time: wanted.time.clone(),
        namespaces: wanted.namespaces.clone(),
        selector: wanted.selector.clone(),
        includes_env: wanted.include_env,
        of_several_moments: Vec::new(),
        not_seen: Vec::new(),
    };
    let mut first = Packer::default();
    for name in &wanted.namespaces {
        match namespace(cluster, name)? {
            Ok(line) => first.add(&line).map_err(|e| system(&e))?,
            Err(message) => header.not_seen.push(NotSeen {
                api_version: "v1".into(),
                resource: "namespaces".into(),
                namespace: Some(name.clone()),
                message,
            }),
        }
    }
    let jobs = jobs(&wanted.namespaces, &wanted.resources);
    let (outcomes, packed) = lists(cluster, &jobs, wanted, listed);
    let mut seen = !wanted.namespaces.is_empty() && header.not_seen.len() < wanted.namespaces.len();
    for (job, outcome) in jobs.iter().zip(outcomes) {
        match outcome? {
            Listed::Whole { consistent, .. } => {
                seen = true;
                let resource = job.kind.resource.to_owned();
                if !consistent && !header.of_several_moments.contains(&resource) {
                    header.of_several_moments.push(resource);
                }
            }
            Listed::NotServed => header.not_seen.extend(job.not_served()),
            Listed::Forbidden { message } => header.not_seen.push(job.not_seen(message)),
        }
    }
    if !seen {
        let message = header.not_seen.into_iter().next().map(|n| n.message).unwrap_or_default();
        return Err(Error::NothingSeen { message });
    }
    let mut frames = first.finish().map_err(|e| system(&e))?;
    for page in packed?.into_values() {
        frames.extend(page);
    }
    Ok(Snapshot { header, frames })
}

fn system(error: &std::io::Error) -> Error {
    Error::System(error.to_string())
}

/// The lists that make up a snapshot, in its order.
fn jobs<'w>(namespaces: &'w [String], resources: &[&str]) -> Vec<Job<'w>> {
    let of = |kind: KindListed| -> Vec<Job<'w>> {
        match kind.scope {
            _ if namespaces.is_empty() => vec![Job { kind, namespace: None }],
            Scope::Cluster => Vec::new(),
            _ => namespaces.iter().map(|name| Job { kind, namespace: Some(name) }).collect(),
        }
    };
    let is_wanted = |kind: &KindListed| resources.is_empty() || resources.contains(&kind.resource);
    KINDS.into_iter().filter(is_wanted).flat_map(of).collect()
}

/// A namespace as a line; why it may not be seen.
fn namespace(cluster: &Cluster, name: &str) -> Result<Result<Vec<u8>, String>, Error> {
    let path = format!("/api/v1/namespaces/{name}");
    let unusable = |problem: String| Error::Answer { path: path.clone(), problem };
    let answer = cluster.get(&path)?;
    match answer.status {
        200 => {
            let mut object: Value =
                serde_json::from_slice(&answer.body).map_err(|e| unusable(e.to_string()))?;
            lean(&mut object, "v1", "Namespace", false);
            Ok(Ok(object.to_string().into_bytes()))
        }
        403 => Ok(Err(answer.message())),
        404 => Err(Error::NoNamespace(name.to_owned())),
        status => Err(Error::Refused { status, message: answer.message() }),
    }
}

/// How each list came out.
type Outcomes = Vec<Result<Listed, Error>>;

/// The frames of pages, by the position of the list and of the page.
type Packed = BTreeMap<(usize, usize), Vec<Frame>>;

/// Lists several collections at a time, and makes pages lean beside it.
fn lists(
    cluster: &Cluster,
    jobs: &[Job<'_>],
    wanted: &Wanted,
    listed: &(dyn Fn(usize) + Sync),
) -> (Outcomes, Result<Packed, Error>) {
    let packed = Mutex::new(Ok(Packed::new()));
    // The largest list decides how long it takes: it begins first.
    let mut order: Vec<usize> = (0..jobs.len()).collect();
    order.sort_by_key(|at| jobs[*at].kind.resource != "pods");
    let next = Mutex::new(order.into_iter());
    let outcomes: Mutex<BTreeMap<usize, Result<Listed, Error>>> = Mutex::new(BTreeMap::new());
    let (send, receive) = sync_channel::<Numbered>(WAITING);
    let receive = Mutex::new(receive);
    let packers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..packers.min(LISTS) {
            scope.spawn(|| pack(&receive, wanted.include_env, &packed));
        }
        for _ in 0..LISTS.min(jobs.len()) {
            let send = send.clone();
            let (next, outcomes) = (&next, &outcomes);
            scope.spawn(move || {
                loop {
                    // A list that breaks off makes all others useless.
                    if held(outcomes).values().any(Result::is_err) {
                        return;
                    }
                    let Some(at) = held(next).next() else { return };
                    let outcome = list(cluster, (at, jobs[at]), wanted, &send, listed);
                    held(outcomes).insert(at, outcome);
                }
            });
        }
        drop(send);
    });
    let mut by_position = outcomes.into_inner().unwrap_or_else(PoisonError::into_inner);
    let broken = by_position.iter().find(|(_, outcome)| outcome.is_err()).map(|(at, _)| *at);
    let outcomes = match broken.and_then(|at| by_position.remove(&at)) {
        Some(error) => vec![error],
        None => by_position.into_values().collect(),
    };
    (outcomes, packed.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn list(
    cluster: &Cluster,
    (at, job): (usize, Job<'_>),
    wanted: &Wanted,
    send: &SyncSender<Numbered>,
    listed: &(dyn Fn(usize) + Sync),
) -> Result<Listed, Error> {
    let KindListed { resource, scope, .. } = job.kind;
    let selector = if scope == Scope::Workload { wanted.selector.as_str() } else { "" };
    let mut outcome = Listed::NotServed;
    for api_version in std::iter::once(job.kind.api_version).chain(older(resource).iter().copied()) {
        let kind = KindListed { api_version, ..job.kind };
        let collection = Collection { api_version, resource, namespace: job.namespace, selector };
        let mut page_number = 0;
        outcome = cluster.list(collection, PAGE, |page| {
            listed(page.items);
            // Nobody takes pages where one was not usable, which is told.
            let _ = send.send(((at, page_number), kind, page));
            page_number += 1;
        })?;
        if outcome != Listed::NotServed {
            break;
        }
    }
    Ok(outcome)
}

/// Makes pages lean, as they come.
fn pack(receive: &Mutex<Receiver<Numbered>>, whole: bool, packed: &Mutex<Result<Packed, Error>>) {
    loop {
        let received = held(receive).recv();
        let Ok((at, kind, page)) = received else { return };
        let frames = lean_page(&page, kind, whole);
        let mut packed = held(packed);
        match (&mut *packed, frames) {
            (Ok(packed), Ok(frames)) => drop(packed.insert(at, frames)),
            (Ok(_), Err(error)) => *packed = Err(error),
            (Err(_), _) => {}
        }
    }
}

/// The items of a list, each as it stands.
#[derive(Deserialize)]
struct Items<'p> {
    #[serde(borrow, default)]
    items: Option<Vec<&'p RawValue>>,
}

fn lean_page(page: &Page, kind: KindListed, whole: bool) -> Result<Vec<Frame>, Error> {
    let unusable =
        |e: serde_json::Error| Error::Answer { path: kind.resource.to_owned(), problem: e.to_string() };
    let list: Items<'_> = serde_json::from_slice(&page.json).map_err(unusable)?;
    let mut packer = Packer::default();
    for item in list.items.into_iter().flatten() {
        let mut object: Value = serde_json::from_str(item.get()).map_err(unusable)?;
        lean(&mut object, kind.api_version, kind.kind, whole);
        packer.add(object.to_string().as_bytes()).map_err(|e| system(&e))?;
    }
    packer.finish().map_err(|e| system(&e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_never_listed() {
        for kind in KINDS {
            assert!(!["secrets", "configmaps"].contains(&kind.resource), "{kind:?}");
        }
    }

    #[test]
    fn workloads_that_are_not_served_are_not_taken_for_none() {
        let names = ["a".to_owned()];
        let missing: Vec<NotSeen> = jobs(&names, &[]).iter().filter_map(Job::not_served).collect();
        let resources: Vec<&str> = missing.iter().map(|n| n.resource.as_str()).collect();
        assert!(resources.contains(&"pods") && resources.contains(&"cronjobs"), "{resources:?}");
        assert!(!resources.contains(&"podsecurityexceptions") && !resources.contains(&"networkpolicies"));
        assert!(missing.iter().all(|n| n.namespace.as_deref() == Some("a") && !n.message.is_empty()));
    }

    #[test]
    fn of_namespaces_only_what_is_in_them_is_listed() {
        let names = ["a".to_owned(), "b".to_owned()];
        let jobs = jobs(&names, &[]);
        assert!(jobs.iter().all(|job| job.namespace.is_some() && job.kind.scope != Scope::Cluster));
        let pods: Vec<_> = jobs.iter().filter(|j| j.kind.resource == "pods").map(|j| j.namespace).collect();
        assert_eq!(pods, [Some("a"), Some("b")]);
        assert_eq!(super::jobs(&[], &[]).len(), KINDS.len());
        let roles: Vec<_> = super::jobs(&[], &["roles"]).iter().map(|job| job.kind.resource).collect();
        assert_eq!(roles, ["roles"]);
    }
}
