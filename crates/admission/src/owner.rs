//! Who made a workload: what is believed of its owner references, and why.
//!
//! Anybody who may create a pod may write any owner reference into it. A reference is believed only where the controller of
//! such owners made the request, and the owner is there with that UID. From an owner to its own owner nobody's request leads:
//! there the templates have to be the same as well, since anybody who may create a `ReplicaSet` may say that it is a Deployment's.

use std::hash::BuildHasher;

use seawall_model::decode::DecodeError;
use seawall_model::json;
use seawall_model::review::{
    AdmissionRequest, OwnerReference, PartialObject, PartialObjectList, PartialTemplate,
};

use crate::Lookup;
use crate::violations::Workload;

/// A kind of objects that own others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OwnerKind<'k> {
    /// Such as `apps/v1`.
    pub api_version: &'k str,
    /// Such as `ReplicaSet`.
    pub kind: &'k str,
    /// The plural, such as `replicasets`.
    pub resource: &'k str,
}

/// The controllers of Kubernetes: the kind that they look after, their account in `kube-system`, and the kinds of what they make
/// (`cmd/kube-controller-manager/names/controller_names.go` and `app/apps.go`, `app/batch.go` of k8s.io/kubernetes).
const BUILT_IN: [(OwnerKind<'_>, &str, &str); 7] = [
    (kind("apps/v1", "ReplicaSet", "replicasets"), "replicaset-controller", "Pod"),
    (kind("apps/v1", "StatefulSet", "statefulsets"), "statefulset-controller", "Pod"),
    (kind("apps/v1", "DaemonSet", "daemonsets"), "daemon-set-controller", "Pod"),
    (kind("batch/v1", "Job", "jobs"), "job-controller", "Pod"),
    (kind("v1", "ReplicationController", "replicationcontrollers"), "replication-controller", "Pod"),
    (kind("apps/v1", "Deployment", "deployments"), "deployment-controller", "ReplicaSet"),
    (kind("batch/v1", "CronJob", "cronjobs"), "cronjob-controller", "Job"),
];

const fn kind(api_version: &'static str, kind: &'static str, resource: &'static str) -> OwnerKind<'static> {
    OwnerKind { api_version, kind, resource }
}

/// The kinds of owners that are known without being told.
pub fn owner_kinds() -> impl Iterator<Item = OwnerKind<'static>> {
    BUILT_IN.into_iter().map(|(kind, ..)| kind)
}

/// Where the accounts of the controllers are.
const ACCOUNTS: &str = "system:serviceaccount:kube-system:";
/// Who all controllers are where they have no accounts of their own (`--use-service-account-credentials=false`).
const MANAGER: &str = "system:kube-controller-manager";

/// The label by which a Deployment tells its `ReplicaSet`s apart.
const TEMPLATE_HASH: &str = "pod-template-hash";
/// The labels by which a Job tells its pods from others' (`pkg/apis/batch/v1/defaults.go` and `strategy.go` of k8s.io/kubernetes).
const OF_JOBS: [&str; 4] =
    ["controller-uid", "job-name", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name"];

/// An account that is believed to tell the owners of what it makes, besides the controllers of Kubernetes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedController {
    /// The account, such as `system:serviceaccount:argo:workflow-controller`.
    pub username: String,
    /// The owners' apiVersion.
    pub api_version: String,
    /// Their kind.
    pub kind: String,
    /// The plural of the kind.
    pub resource: String,
}

/// What is known of an owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Its UID.
    pub uid: Box<str>,
    /// What controls it.
    pub controller: Option<Box<Reference>>,
    /// Its template, hashed without what its controller adds.
    pub template: u64,
}

/// A reference to a controlling owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// `apiVersion`
    pub api_version: Box<str>,
    /// `kind`
    pub kind: Box<str>,
    /// `name`
    pub name: Box<str>,
    /// `uid`
    pub uid: Box<str>,
}

/// Where owners come from.
pub trait Owners {
    /// The object of a namespace, by its kind and name; `None` where it is not there.
    fn owner(&self, namespace: &str, kind: OwnerKind<'_>, name: &str) -> Lookup<Option<Owner>>;

    /// Whether owners are as they are now, rather than as they were lately: then whoever is not found to be one is not asked
    /// about again.
    fn is_up_to_date(&self) -> bool;
}

/// An owner by its namespace and name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its namespace.
    pub namespace: Box<str>,
    /// Its name.
    pub name: Box<str>,
    /// The rest.
    pub owner: Owner,
}

impl Named {
    /// An owner as JSON. Hashes are only alike where they come of one hasher.
    pub fn read(json: &[u8], hasher: &impl BuildHasher) -> Result<Self, DecodeError> {
        json::decode::<PartialObject<'_>>(json).map(|object| Self::of(&object, hasher))
    }

    /// Those of a list, as JSON.
    pub fn read_list(json: &[u8], hasher: &impl BuildHasher) -> Result<Vec<Self>, DecodeError> {
        let list = json::decode::<PartialObjectList<'_>>(json)?;
        Ok(list.items.iter().map(|object| Self::of(object, hasher)).collect())
    }

    fn of(object: &PartialObject<'_>, hasher: &impl BuildHasher) -> Self {
        let metadata = &object.metadata;
        let template = if object.spec.job_template.spec.template.spec.0.is_empty() {
            &object.spec.template
        } else {
            &object.spec.job_template.spec.template
        };
        let controller = controller(&metadata.owner_references).map(|reference| {
            Box::new(Reference {
                api_version: (*reference.api_version).into(),
                kind: (*reference.kind).into(),
                name: (*reference.name).into(),
                uid: (*reference.uid).into(),
            })
        });
        Self {
            namespace: (*metadata.namespace).into(),
            name: (*metadata.name).into(),
            owner: Owner { uid: (*metadata.uid).into(), controller, template: hash(template, hasher) },
        }
    }
}

/// A template without what controllers add to it. Both come from one API server, so that the same is written in the same way.
fn hash(template: &PartialTemplate<'_>, hasher: &impl BuildHasher) -> u64 {
    let mut labels: Vec<_> = template
        .metadata
        .labels
        .iter()
        .filter(|(key, _)| **key != *TEMPLATE_HASH && !OF_JOBS.contains(&&**key))
        .collect();
    labels.sort_unstable();
    let mut annotations: Vec<_> = template.metadata.annotations.iter().collect();
    annotations.sort_unstable();
    hasher.hash_one((labels, annotations, template.spec.0))
}

/// The reference to what controls an object.
fn controller<'r, 'd>(references: &'r [OwnerReference<'d>]) -> Option<&'r OwnerReference<'d>> {
    references.iter().find(|reference| reference.controller == Some(true))
}

/// The kinds and names that a workload goes by: its own, and those of the controllers that are believed to have made it. `None`
/// if something has to be fetched first.
pub(crate) fn known_as(
    request: &AdmissionRequest<'_>,
    object: &PartialObject<'_>,
    trusted: &[TrustedController],
    owners: &dyn Owners,
) -> Option<Vec<(String, String)>> {
    let mut names = vec![(request.kind.kind.to_string(), object.metadata.name.to_string())];
    // Who changes an object did not make it, and may have changed its references before.
    let created = request.operation == "CREATE" && request.request_sub_resource.is_empty();
    let Some(reference) = controller(&object.metadata.owner_references).filter(|_| created) else {
        return Some(names);
    };
    let makes = &*request.kind.kind;
    let Some(kind) = believed(&request.user_info.username, makes, reference, trusted) else {
        return Some(names);
    };
    let lookup = |kind, name: &str, uid: &str| match owners.owner(&request.namespace, kind, name) {
        Lookup::Known(owner) => {
            let owner = owner.filter(|owner| *owner.uid == *uid && !uid.is_empty());
            (owner.is_some() || owners.is_up_to_date()).then_some(owner)
        }
        // What cannot be asked for is not believed: stricter, never looser.
        Lookup::Failed(_) => Some(None),
        Lookup::Later => None,
    };
    let Some(owner) = lookup(kind, &reference.name, &reference.uid)? else { return Some(names) };
    names.push((reference.kind.to_string(), reference.name.to_string()));
    if let Some(above) = &owner.controller
        && let Some((kind, ..)) = BUILT_IN.iter().find(|(kind, _, makes)| {
            *makes == &*reference.kind && (kind.api_version, kind.kind) == (&*above.api_version, &*above.kind)
        })
        && let Some(its_owner) = lookup(*kind, &above.name, &above.uid)?
    {
        if its_owner.template == owner.template {
            names.push((above.kind.to_string(), above.name.to_string()));
        } else if !owners.is_up_to_date() {
            return None;
        }
    }
    Some(names)
}

/// The workload that is spoken of, its UID, and whether it is an owner: the controller of an object if an account that is believed
/// makes it, else the object itself. Whether the owner is there is not asked: its controller says so.
pub(crate) fn workload(
    request: &AdmissionRequest<'_>,
    object: &PartialObject<'_>,
    trusted: &[TrustedController],
) -> (Workload, Box<str>, bool) {
    let created = request.operation == "CREATE" && request.request_sub_resource.is_empty();
    let owner = controller(&object.metadata.owner_references)
        .filter(|_| created)
        .filter(|owner| believed(&request.user_info.username, &request.kind.kind, owner, trusted).is_some());
    if let Some(owner) = owner {
        let workload = Workload {
            api_version: (*owner.api_version).into(),
            kind: (*owner.kind).into(),
            name: (*owner.name).into(),
        };
        return (workload, (*owner.uid).into(), true);
    }
    let kind = &request.kind;
    let api_version = if kind.group.is_empty() {
        kind.version.to_string()
    } else {
        format!("{}/{}", kind.group, kind.version)
    };
    let name = if object.metadata.name.is_empty() { &request.name } else { &object.metadata.name };
    let workload =
        Workload { api_version: api_version.into(), kind: (*kind.kind).into(), name: (**name).into() };
    (workload, (*object.metadata.uid).into(), false)
}

/// Whether a controller of Kubernetes asks for what it makes: whoever wrote its owner was answered then.
pub(crate) fn is_of_controller(request: &AdmissionRequest<'_>) -> bool {
    let username = &*request.user_info.username;
    BUILT_IN.iter().any(|(_, account, made)| {
        *made == &*request.kind.kind
            && (username == MANAGER || username.strip_prefix(ACCOUNTS) == Some(account))
    })
}

/// The kind of an owner, if this account is believed to make such objects for it.
fn believed<'k>(
    username: &str,
    makes: &str,
    reference: &OwnerReference<'_>,
    trusted: &'k [TrustedController],
) -> Option<OwnerKind<'k>> {
    let is =
        |api_version: &str, kind: &str| *reference.api_version == *api_version && *reference.kind == *kind;
    let built_in = BUILT_IN.iter().find(|(kind, account, made)| {
        is(kind.api_version, kind.kind)
            && *made == makes
            && (username == MANAGER || username.strip_prefix(ACCOUNTS) == Some(account))
    });
    built_in.map(|(kind, ..)| *kind).or_else(|| {
        let of = |t: &&TrustedController| t.username == username && is(&t.api_version, &t.kind);
        let found = trusted.iter().find(of)?;
        Some(OwnerKind { api_version: &found.api_version, kind: &found.kind, resource: &found.resource })
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::hash::{BuildHasherDefault, DefaultHasher};

    use super::*;
    use crate::read_review;

    type Hash = BuildHasherDefault<DefaultHasher>;

    /// Owners by kind and name; `later` for what has to be fetched.
    #[derive(Default)]
    struct Known {
        owners: HashMap<(String, String), Owner>,
        later: bool,
        old: bool,
    }

    impl Known {
        fn with(mut self, kind: &str, json: &str) -> Self {
            let named = Named::read(json.as_bytes(), &Hash::default()).unwrap();
            self.owners.insert((kind.to_owned(), named.name.to_string()), named.owner);
            self
        }
    }

    impl Owners for Known {
        fn owner(&self, namespace: &str, kind: OwnerKind<'_>, name: &str) -> Lookup<Option<Owner>> {
            assert_eq!(namespace, "shop");
            if self.later {
                return Lookup::Later;
            }
            if kind.kind == "Workflow" {
                assert_eq!((kind.api_version, kind.resource), ("argoproj.io/v1alpha1", "workflows"));
            }
            Lookup::Known(self.owners.get(&(kind.kind.to_owned(), name.to_owned())).cloned())
        }

        fn is_up_to_date(&self) -> bool {
            !self.old
        }
    }

    const TEMPLATE: &str = r#""template":{"metadata":{"labels":{"app":"web"HASH},"annotations":{"a":"b"}},"spec":{"hostPID":true}}"#;

    fn owned_by(api_version: &str, kind: &str, name: &str, uid: &str) -> String {
        format!(
            r#""ownerReferences":[{{"apiVersion":"x/v1","kind":"Other","name":"o","uid":"o"}},{{"apiVersion":"{api_version}","kind":"{kind}","name":"{name}","uid":"{uid}","controller":true}}]"#
        )
    }

    fn deployment() -> Known {
        let template = TEMPLATE.replace("HASH", "");
        Known::default().with(
            "Deployment",
            &format!(
                r#"{{"metadata":{{"name":"web","namespace":"shop","uid":"d1"}},"spec":{{{template}}}}}"#
            ),
        )
    }

    fn replica_set(owner: &str, template: &str) -> String {
        format!(
            r#"{{"metadata":{{"name":"web-5d4","namespace":"shop","uid":"r1",{owner}}},"spec":{{{template}}}}}"#
        )
    }

    /// A Deployment with its `ReplicaSet`.
    fn cluster() -> Known {
        let owner = owned_by("apps/v1", "Deployment", "web", "d1");
        deployment().with(
            "ReplicaSet",
            &replica_set(&owner, &TEMPLATE.replace("HASH", r#","pod-template-hash":"5d4""#)),
        )
    }

    const CONTROLLER: &str = "system:serviceaccount:kube-system:replicaset-controller";

    /// What an object goes by that a user asks for.
    fn names_of(
        kind: &str,
        operation: &str,
        user: &str,
        owner: &str,
        trusted: &[TrustedController],
        known: &Known,
    ) -> Option<String> {
        let body = format!(
            r#"{{"request":{{"kind":{{"version":"v1","kind":"{kind}"}},"operation":"{operation}","namespace":"shop","userInfo":{{"username":"{user}"}},"object":{{"metadata":{{"name":"web-5d4-x7k",{owner}}}}}}}}}"#
        );
        let review = read_review(body.as_bytes()).unwrap();
        let object: PartialObject<'_> = json::decode(review.request.object.0).unwrap();
        let names = known_as(&review.request, &object, trusted, known)?;
        Some(names.iter().map(|(kind, name)| format!("{kind} {name}")).collect::<Vec<_>>().join(", "))
    }

    fn pod(user: &str, owner: &str, known: &Known) -> String {
        names_of("Pod", "CREATE", user, owner, &[], known).expect("all is known")
    }

    #[test]
    fn a_pod_of_a_controller_goes_by_all_that_made_it() {
        let owner = owned_by("apps/v1", "ReplicaSet", "web-5d4", "r1");
        let all = "Pod web-5d4-x7k, ReplicaSet web-5d4, Deployment web";
        assert_eq!(pod(CONTROLLER, &owner, &cluster()), all);
        assert_eq!(pod("system:kube-controller-manager", &owner, &cluster()), all);
        let later = Known { later: true, ..Known::default() };
        assert_eq!(names_of("Pod", "CREATE", CONTROLLER, &owner, &[], &later), None);
        assert_eq!(
            names_of("Pod", "CREATE", "jane", &owner, &[], &later).as_deref(),
            Some("Pod web-5d4-x7k"),
            "what is not believed is not asked for"
        );
    }

    #[test]
    fn nobody_else_is_believed() {
        let owner = owned_by("apps/v1", "ReplicaSet", "web-5d4", "r1");
        for other in [
            "jane",
            "system:serviceaccount:kube-system:job-controller",
            "system:serviceaccount:shop:replicaset-controller",
            "system:serviceaccount:kube-system:replicaset-controller2",
            "replicaset-controller",
            "system:masters",
            "",
        ] {
            assert_eq!(pod(other, &owner, &cluster()), "Pod web-5d4-x7k", "{other}");
        }
        for owner in [
            owned_by("apps/v1", "ReplicaSet", "web-5d4", "r2"),
            owned_by("apps/v1", "ReplicaSet", "web-5d4", ""),
            owned_by("apps/v1", "ReplicaSet", "web", "r1"),
            owned_by("v1", "ReplicaSet", "web-5d4", "r1"),
            // The controller of ReplicaSets makes no pods for a Deployment.
            owned_by("apps/v1", "Deployment", "web", "d1"),
            owner.replace("true", "false"),
            owner.replace(r#","controller":true"#, ""),
        ] {
            assert_eq!(pod(CONTROLLER, &owner, &cluster()), "Pod web-5d4-x7k", "{owner}");
        }
        for operation in ["UPDATE", "DELETE"] {
            let names = names_of("Pod", operation, CONTROLLER, &owner, &[], &cluster());
            assert_eq!(names.as_deref(), Some("Pod web-5d4-x7k"), "{operation}");
        }
    }

    #[test]
    fn a_replica_set_is_a_deployments_if_it_looks_so() {
        let owner = owned_by("apps/v1", "ReplicaSet", "web-5d4", "r1");
        let claimed = owned_by("apps/v1", "Deployment", "web", "d1");
        let without = "Pod web-5d4-x7k, ReplicaSet web-5d4";
        let template = TEMPLATE.replace("HASH", "");
        for (claimed, template) in [
            (&claimed, template.replace("hostPID", "hostIPC")),
            (&claimed, template.replace(r#""app":"web""#, r#""app":"api""#)),
            (&claimed, template.replace(r#""a":"b""#, r#""a":"c""#)),
            (&claimed, String::from(r#""replicas":1"#)),
            (&owned_by("apps/v1", "Deployment", "web", "d2"), template.clone()),
            (&owned_by("apps/v1", "Deployment", "api", "d1"), template.clone()),
            (&owned_by("batch/v1", "CronJob", "web", "d1"), template.clone()),
        ] {
            let known = deployment().with("ReplicaSet", &replica_set(claimed, &template));
            assert_eq!(pod(CONTROLLER, &owner, &known), without, "{claimed} {template}");
        }
        let known = deployment().with("ReplicaSet", &replica_set(&claimed, &template));
        assert_eq!(pod(CONTROLLER, &owner, &known), format!("{without}, Deployment web"));
    }

    #[test]
    fn what_is_old_is_asked_for_again() {
        let (old, owner) = (true, owned_by("apps/v1", "ReplicaSet", "web-5d4", "r2"));
        let ask = |owner: &str, known: &Known| names_of("Pod", "CREATE", CONTROLLER, owner, &[], known);
        assert_eq!(ask(&owner, &Known { old, ..cluster() }), None, "another UID");
        let owner = owned_by("apps/v1", "ReplicaSet", "web-5d4", "r1");
        assert!(ask(&owner, &Known { old, ..cluster() }).is_some());
        let claimed = owned_by("apps/v1", "Deployment", "web", "d1");
        let known = deployment().with("ReplicaSet", &replica_set(&claimed, r#""replicas":1"#));
        assert_eq!(ask(&owner, &Known { old, ..known }), None, "another template");
        assert_eq!(ask("\"a\":1", &Known { old, ..cluster() }).as_deref(), Some("Pod web-5d4-x7k"));
    }

    #[test]
    fn jobs_are_of_their_cron_job() {
        let template = TEMPLATE.replace("HASH", "");
        let of_job =
            TEMPLATE.replace("HASH", r#","job-name":"n-1","batch.kubernetes.io/controller-uid":"j1""#);
        let cron = format!(
            r#"{{"metadata":{{"name":"n","uid":"c1"}},"spec":{{"jobTemplate":{{"spec":{{{template}}}}}}}}}"#
        );
        let job = format!(
            r#"{{"metadata":{{"name":"n-1","uid":"j1",{}}},"spec":{{{of_job}}}}}"#,
            owned_by("batch/v1", "CronJob", "n", "c1")
        );
        let known = Known::default().with("CronJob", &cron).with("Job", &job);
        let user = "system:serviceaccount:kube-system:job-controller";
        let owner = owned_by("batch/v1", "Job", "n-1", "j1");
        assert_eq!(pod(user, &owner, &known), "Pod web-5d4-x7k, Job n-1, CronJob n");
    }

    #[test]
    fn what_makes_pods_goes_by_its_own_controller() {
        let owner = owned_by("apps/v1", "Deployment", "web", "d1");
        let names = |user| names_of("ReplicaSet", "CREATE", user, &owner, &[], &cluster()).unwrap();
        assert_eq!(
            names("system:serviceaccount:kube-system:deployment-controller"),
            "ReplicaSet web-5d4-x7k, Deployment web"
        );
        assert_eq!(names("jane"), "ReplicaSet web-5d4-x7k");
    }

    #[test]
    fn operators_are_believed_where_they_are_configured() {
        let trusted = [TrustedController {
            username: "system:serviceaccount:argo:controller".into(),
            api_version: "argoproj.io/v1alpha1".into(),
            kind: "Workflow".into(),
            resource: "workflows".into(),
        }];
        let known = Known::default().with("Workflow", r#"{"metadata":{"name":"w","uid":"w1"}}"#);
        let owner = owned_by("argoproj.io/v1alpha1", "Workflow", "w", "w1");
        let names = |user, owner: &str| names_of("Pod", "CREATE", user, owner, &trusted, &known).unwrap();
        let user = "system:serviceaccount:argo:controller";
        assert_eq!(names(user, &owner), "Pod web-5d4-x7k, Workflow w");
        assert_eq!(names("jane", &owner), "Pod web-5d4-x7k");
        let forged = owned_by("argoproj.io/v1alpha1", "Workflow", "w", "w2");
        assert_eq!(names(user, &forged), "Pod web-5d4-x7k");
        let other = owned_by("apps/v1", "ReplicaSet", "web-5d4", "r1");
        assert_eq!(names(user, &other), "Pod web-5d4-x7k");
    }
}
