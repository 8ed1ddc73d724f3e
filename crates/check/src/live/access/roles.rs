//! Roles and bindings, as far as they decide who could use exceptions (k8s.io/kubernetes
//! `pkg/registry/rbac/validation/rule.go`).

use std::collections::{BTreeMap, BTreeSet};

use seawall_hardening::view::{FromNode, PolicyRule, RoleRef};
use seawall_hardening::{allowed, allows_all};
use seawall_manifest::objects::Object;
use seawall_yaml::NodeRef;

use super::{May, Names, Subject};

/// The group of roles and bindings.
const GROUP: &str = "rbac.authorization.k8s.io";
/// Its members may do everything, whatever roles say.
pub(super) const MASTERS: &str = "system:masters";

/// A group, a resource and verbs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Right(&'static str, &'static str, &'static [&'static str]);

const WRITE: &[&str] = &["create", "update", "patch"];
const MADE_OF: [Right; 7] = [
    Right("", "replicationcontrollers", WRITE),
    Right("apps", "deployments", WRITE),
    Right("apps", "replicasets", WRITE),
    Right("apps", "statefulsets", WRITE),
    Right("apps", "daemonsets", WRITE),
    Right("batch", "jobs", WRITE),
    Right("batch", "cronjobs", WRITE),
];

/// What makes and changes pods and what they are made of. Of its subresources `scale` and `status` change no template.
pub(super) const WORKLOADS: [Right; 9] = {
    let [a, b, c, d, e, f, g] = MADE_OF;
    [
        Right("", "pods", WRITE),
        Right("", "pods/ephemeralcontainers", &["update", "patch"]),
        a,
        b,
        c,
        d,
        e,
        f,
        g,
    ]
};
/// What makes pods of an account. That of a pod which is there stays.
pub(super) const RUNNING: [Right; 8] = {
    let [a, b, c, d, e, f, g] = MADE_OF;
    [Right("", "pods", &["create"]), a, b, c, d, e, f, g]
};
pub(super) const EXCEPTIONS: Right = Right("seawall.dev", "podsecurityexceptions", WRITE);
pub(super) const POLICIES: Right = Right("seawall.dev", "podsecurityexceptionpolicies", WRITE);
pub(super) const TOKENS: Right = Right("", "serviceaccounts/token", &["create"]);
pub(super) const SECRETS: Right = Right("", "secrets", &["get", "list", "watch"]);
pub(super) const IMPERSONATED: [Right; 3] = [
    Right("", "users", &["impersonate"]),
    Right("", "groups", &["impersonate"]),
    Right("", "serviceaccounts", &["impersonate"]),
];
/// Impersonation for some requests alone (k8s.io/apiserver `pkg/endpoints/filters/impersonation/mode.go`).
pub(super) const IMPERSONATED_FOR: [Right; 3] = [
    Right("authentication.k8s.io", "users", &["impersonate:user-info"]),
    Right("authentication.k8s.io", "groups", &["impersonate:user-info"]),
    Right("authentication.k8s.io", "serviceaccounts", &["impersonate:serviceaccount"]),
];

fn all_rights() -> impl Iterator<Item = Right> {
    let one = [EXCEPTIONS, POLICIES, TOKENS, SECRETS];
    WORKLOADS.into_iter().chain(one).chain(IMPERSONATED).chain(IMPERSONATED_FOR)
}

/// What a role gives of the rights that matter here, by group, resource and verb.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Role {
    everything: bool,
    given: BTreeMap<(&'static str, &'static str, &'static str), Names>,
}

/// A binding that is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Binding {
    /// `None` for a `ClusterRoleBinding`.
    pub(super) namespace: Option<String>,
    name: String,
    role_kind: String,
    role_name: String,
    /// Whom it gives its role to.
    pub(super) subjects: Vec<Subject>,
}

/// What a binding's role gives.
pub(super) struct Bound<'r> {
    role: &'r Role,
    /// Every verb on every resource of every group.
    pub(super) everything: bool,
}

/// Roles and bindings.
#[derive(Debug, Default)]
pub(super) struct Roles {
    /// By namespace, which is empty for a `ClusterRole`, and name.
    roles: BTreeMap<(String, String), Role>,
    bindings: Vec<Binding>,
}

impl Roles {
    pub(super) fn add(&mut self, object: &Object<'_>) {
        if object.group() != GROUP {
            return;
        }
        let (namespace, name) = (object.namespace, object.name.to_owned());
        match object.kind {
            "Role" => drop(self.roles.insert((namespace.to_owned(), name), role(object))),
            "ClusterRole" => drop(self.roles.insert((String::new(), name), role(object))),
            "RoleBinding" => self.bindings.push(binding(object, Some(namespace))),
            "ClusterRoleBinding" => self.bindings.push(binding(object, None)),
            _ => {}
        }
    }

    /// The bindings whose roles are there, with these. Others give nothing.
    pub(super) fn bound(&self) -> impl Iterator<Item = (&Binding, Bound<'_>)> {
        self.bindings.iter().filter_map(|binding| {
            let namespace = match (&*binding.role_kind, &binding.namespace) {
                ("ClusterRole", _) => "",
                ("Role", Some(namespace)) => namespace,
                _ => return None,
            };
            let role = self.roles.get(&(namespace.to_owned(), binding.role_name.clone()))?;
            Some((binding, Bound { role, everything: role.everything }))
        })
    }
}

fn role(object: &Object<'_>) -> Role {
    let mut role = Role::default();
    for node in object.node.get("rules").into_iter().flat_map(NodeRef::items) {
        let rule = PolicyRule::from_node(node);
        role.everything |= allows_all(&rule);
        for Right(group, resource, verbs) in all_rights() {
            for verb in verbs {
                let Some(names) = allowed(&rule, verb, group, resource) else { continue };
                let given = role
                    .given
                    .entry((group, resource, *verb))
                    .or_insert_with(|| Names::Only(BTreeSet::new()));
                match (given, names) {
                    (Names::All, _) => {}
                    (given, seawall_hardening::Names::All) => *given = Names::All,
                    (Names::Only(all), seawall_hardening::Names::Only(names)) => {
                        all.extend(names.into_iter().filter(|name| !name.is_empty()).map(str::to_owned));
                    }
                }
            }
        }
    }
    role.given.retain(|_, names| !matches!(names, Names::Only(names) if names.is_empty()));
    role
}

fn binding(object: &Object<'_>, namespace: Option<&str>) -> Binding {
    let role = object.node.get("roleRef").map(RoleRef::from_node).unwrap_or_default();
    let subjects: Vec<seawall_hardening::view::Subject<'_>> =
        object.node.get("subjects").map(Vec::from_node).unwrap_or_default();
    Binding {
        namespace: namespace.map(str::to_owned),
        name: object.name.to_owned(),
        role_kind: role.kind.to_owned(),
        role_name: role.name.to_owned(),
        subjects: subjects.into_iter().filter_map(|subject| self::subject(&subject, namespace)).collect(),
    }
}

/// Who it is; `None` where it is nobody. A service account without a namespace is one of the binding's.
fn subject(subject: &seawall_hardening::view::Subject<'_>, of: Option<&str>) -> Option<Subject> {
    let name = subject.name.to_owned();
    match subject.kind {
        "User" => {
            Some(match subject.name.strip_prefix("system:serviceaccount:").map(|rest| rest.split_once(':')) {
                Some(Some((namespace, name)))
                    if !namespace.is_empty() && !name.is_empty() && !name.contains(':') =>
                {
                    Subject::ServiceAccount { namespace: namespace.to_owned(), name: name.to_owned() }
                }
                _ => Subject::User(name),
            })
        }
        "Group" => Some(Subject::Group(name)),
        "ServiceAccount" => {
            let namespace = if subject.namespace.is_empty() { of? } else { subject.namespace };
            Some(Subject::ServiceAccount { namespace: namespace.to_owned(), name })
        }
        _ => None,
    }
}

/// Whether it is the group whose members may do everything.
pub(super) fn is_masters(subject: &Subject) -> bool {
    matches!(subject, Subject::Group(name) if name == MASTERS)
}

impl Binding {
    /// Whether it gives rights in a namespace.
    pub(super) fn reaches(&self, namespace: &str) -> bool {
        self.namespace.as_ref().is_none_or(|of| of == namespace)
    }

    /// Whether it is made by the API server for this controller or component of Kubernetes' own, and named so
    /// (`plugin/pkg/auth/authorizer/rbac/bootstrappolicy`).
    pub(super) fn is_built_in(&self, subject: &Subject) -> bool {
        let component = match subject {
            Subject::ServiceAccount { namespace, name } if namespace == super::CONTROLLERS => {
                self.name.strip_prefix("system:controller:") == Some(name)
            }
            Subject::User(name) => name.starts_with("system:kube-") && *name == self.name,
            _ => false,
        };
        component && self.role_name == self.name
    }

    pub(super) fn called(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("RoleBinding {namespace}/{}", self.name),
            None => format!("ClusterRoleBinding {}", self.name),
        }
    }

    pub(super) fn role_called(&self) -> String {
        match (&*self.role_kind, &self.namespace) {
            ("Role", Some(namespace)) => format!("Role {namespace}/{}", self.role_name),
            (kind, _) => format!("{kind} {}", self.role_name),
        }
    }
}

impl Bound<'_> {
    /// What the role gives of some rights, on objects that are `meant`; resources on which it gives the same are together.
    pub(super) fn may(&self, rights: &[Right], meant: impl Fn(&str, &Names) -> Option<Names>) -> Vec<May> {
        let mut all: Vec<May> = Vec::new();
        for Right(group, resource, verbs) in rights.iter().copied() {
            let mut of_resource: Vec<May> = Vec::new();
            for verb in verbs {
                let given = self.role.given.get(&(group, resource, *verb));
                let Some(names) = given.and_then(|names| meant(resource, names)) else { continue };
                match of_resource.iter_mut().find(|may| may.names == names) {
                    Some(may) => may.verbs.push(verb),
                    None => of_resource.push(May {
                        verbs: vec![verb],
                        resources: vec![resource],
                        names,
                        namespace: None,
                    }),
                }
            }
            for may in of_resource {
                let same = |other: &&mut May| other.verbs == may.verbs && other.names == may.names;
                match all.iter_mut().find(same) {
                    Some(other) => other.resources.extend(may.resources),
                    None => all.push(may),
                }
            }
        }
        all
    }
}
