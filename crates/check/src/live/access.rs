//! Who could use the exceptions of a cluster, by RBAC: who may make or change what they name, act as whom the webhook believes, or
//! change the exceptions themselves.

mod roles;
#[cfg(test)]
mod tests;
mod ways;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use seawall_finding::Date;
use seawall_finding::exception::{Exception, ExceptionPolicy, Grant, NotAllowed, WorkloadSelector};
use seawall_manifest::objects::Object;

use super::for_each_object;
use crate::exceptions::{Declaration, declaration};
use roles::{Binding, Bound, Roles};

pub use ways::{is_known, leads_to};

/// Resources that decide the answer, all of them.
pub const RESOURCES: [&str; 6] = [
    "roles",
    "rolebindings",
    "clusterroles",
    "clusterrolebindings",
    "podsecurityexceptions",
    "podsecurityexceptionpolicies",
];

/// Where the controllers of Kubernetes have their accounts.
pub const CONTROLLERS: &str = "kube-system";

/// Whom bindings give roles to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A user by name.
    User(String),
    /// The members of a group.
    Group(String),
    /// The account of workloads, which is the user `system:serviceaccount:NAMESPACE:NAME` too.
    ServiceAccount {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(name) => write!(f, "User {name}"),
            Self::Group(name) => write!(f, "Group {name}"),
            Self::ServiceAccount { namespace, name } => write!(f, "ServiceAccount {namespace}/{name}"),
        }
    }
}

/// The objects of a resource that a right is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Names {
    /// All.
    All,
    /// Those of these names.
    Only(BTreeSet<String>),
}

/// Some verbs on some resources.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct May {
    /// The verbs; `*` for all.
    pub verbs: Vec<&'static str>,
    /// The resources; `*` for all.
    pub resources: Vec<&'static str>,
    /// Their objects.
    pub names: Names,
    /// The namespace, where it is another than that of the exception, and one alone.
    pub namespace: Option<String>,
}

/// What somebody may do, and by what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Held {
    /// Who.
    pub subject: Subject,
    /// What.
    pub may: Vec<May>,
    /// `RoleBinding shop/deployers`
    pub binding: String,
    /// `ClusterRole edit`
    pub role: String,
}

/// An exception, and who could use it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usable {
    /// As it is written, with rules by id.
    pub exception: Exception,
    /// What it grants, with the policies that allow it.
    pub granted: Vec<(Grant, Vec<String>)>,
    /// What it would grant, and why it does not.
    pub refused: Vec<(Grant, NotAllowed)>,
    /// Kinds that no controller of Kubernetes looks after: who makes these is not known.
    pub unknown_kinds: Vec<String>,
    /// Who may make or change what it names.
    pub users: Vec<Held>,
    /// Who may change it, or make others in its namespace.
    pub editors: Vec<Held>,
}

/// What is to be said of the exceptions that were asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The exceptions, by name.
    pub exceptions: Vec<Usable>,
    /// Those that declare nothing, with the reason.
    pub unreadable: Vec<(String, String)>,
    /// Who may act as whom the webhook believes, or as one who could use an exception.
    pub impersonators: Vec<Held>,
    /// Who may come by the accounts of controllers.
    pub stand_ins: Vec<Held>,
    /// Who may change what exceptions may grant.
    pub policy_editors: Vec<Held>,
    /// How many of Kubernetes' own controllers and components were left out.
    pub left_out: usize,
    /// What could not be read.
    pub unread: Vec<String>,
}

/// The roles, bindings and exceptions of a cluster.
#[derive(Debug, Default)]
pub struct Access {
    roles: Roles,
    exceptions: Vec<Exception>,
    policies: Vec<ExceptionPolicy>,
    unreadable: Vec<(String, String)>,
    unread: Vec<String>,
}

impl Access {
    /// Looks at the objects of a snapshot, or of a part of one.
    pub fn add(&mut self, bytes: &Arc<[u8]>) {
        let unread = for_each_object(bytes, |object| self.object(&object));
        self.unread.extend(unread);
    }

    fn object(&mut self, object: &Object<'_>) {
        match declaration(object) {
            Some(Ok(Declaration::Exception(exception))) => self.exceptions.push(exception),
            Some(Ok(Declaration::Policy(policy))) => self.policies.push(policy),
            Some(Err(error)) => {
                let name = if object.kind == seawall_finding::exception::POLICY_KIND {
                    format!("{} {}", object.kind, object.name)
                } else {
                    format!("{}/{}", object.namespace, object.name)
                };
                self.unreadable.push((name, error.message));
            }
            None => self.roles.add(object),
        }
    }

    /// The names of all exceptions, such as `shop/mesh`, sorted; those that cannot be read too.
    pub fn names(&self) -> Vec<&str> {
        let readable = self.exceptions.iter().map(|exception| &*exception.name);
        let mut names: Vec<&str> = readable.chain(self.unreadable.iter().map(|(name, _)| &**name)).collect();
        names.sort_unstable();
        names
    }

    /// Who could use an exception, or all.
    pub fn answer(&self, name: Option<&str>, today: Date) -> Answer {
        let is_asked = |of: &str| name.is_none_or(|name| name == of);
        let mut answer = Answer { unread: self.unread.clone(), ..Answer::default() };
        let mut left_out = BTreeSet::new();
        for exception in self.exceptions.iter().filter(|exception| is_asked(&exception.name)) {
            answer.exceptions.push(self.usable(exception, today, &mut left_out));
        }
        answer.exceptions.sort_by(|a, b| a.exception.name.cmp(&b.exception.name));
        // Of a policy that cannot be read it is not known what it allows.
        let is_policy = |name: &str| !name.contains('/');
        let unreadable = self.unreadable.iter().filter(|(name, _)| is_asked(name) || is_policy(name));
        answer.unreadable = unreadable.cloned().collect();
        answer.unreadable.sort();
        if answer.exceptions.is_empty() {
            return answer;
        }
        let (mut accounts, mut targets) = (BTreeSet::new(), BTreeSet::new());
        for usable in &answer.exceptions {
            accounts.extend(usable.exception.workloads.iter().flat_map(|w| ways::believed(&w.kind)));
            targets.extend(usable.users.iter().map(|held| held.subject.clone()));
        }
        if !accounts.is_empty() {
            targets.insert(Subject::User(ways::MANAGER.into()));
        }
        let account =
            |name: &&str| Subject::ServiceAccount { namespace: CONTROLLERS.into(), name: (*name).into() };
        targets.extend(accounts.iter().map(account));
        targets.insert(Subject::Group(roles::MASTERS.into()));
        answer.impersonators =
            self.held(&mut left_out, |_| true, |binding, bound| impersonation(binding, bound, &targets));
        if !accounts.is_empty() {
            answer.stand_ins = self.held(
                &mut left_out,
                |binding| binding.reaches(CONTROLLERS),
                |binding, bound| stand_in(binding, bound, &accounts),
            );
        }
        answer.policy_editors = self.held(
            &mut left_out,
            |binding| binding.namespace.is_none(),
            |_, bound| {
                if bound.everything {
                    Vec::new()
                } else {
                    bound.may(&[roles::POLICIES], |_, n| Some(n.clone()))
                }
            },
        );
        answer.left_out = left_out.len();
        answer
    }

    fn usable(&self, exception: &Exception, today: Date, left_out: &mut BTreeSet<Subject>) -> Usable {
        let allows = |policy: &&ExceptionPolicy, grant: &Grant| {
            let (within, _) = exception.clone().within(std::slice::from_ref(*policy), today);
            within.grants.contains(grant)
        };
        let (within, refused) = exception.clone().within(&self.policies, today);
        let by = |grant: &Grant| {
            let policies = self.policies.iter().filter(|policy| allows(policy, grant));
            let mut names: Vec<String> = policies.map(|policy| policy.name.clone()).collect();
            names.sort();
            names
        };
        let granted = within.grants.into_iter().map(|grant| (grant.clone(), by(&grant))).collect();
        let kinds = exception.workloads.iter().map(|workload| workload.kind.clone());
        let unknown: BTreeSet<String> = kinds.filter(|kind| !is_known(kind)).collect();
        let namespace = exception.namespaces.first().map_or("", String::as_str);
        let own = exception.name.rsplit_once('/').map_or("", |(_, name)| name);
        let everything = |bound: &Bound<'_>| bound.everything.then(|| vec![May::everything(None)]);
        let users = self.held(
            left_out,
            |binding| binding.reaches(namespace),
            |_, bound| {
                everything(bound).unwrap_or_else(|| {
                    bound.may(&roles::WORKLOADS, |resource, names| {
                        makes(&exception.workloads, resource, names)
                    })
                })
            },
        );
        let editors = self.held(
            left_out,
            |binding| binding.reaches(namespace),
            |_, bound| {
                if bound.everything {
                    return Vec::new();
                }
                bound.may(&[roles::EXCEPTIONS], |_, names| names.among(|name| name == own))
            },
        );
        Usable {
            exception: exception.clone(),
            granted,
            refused,
            unknown_kinds: unknown.into_iter().collect(),
            users,
            editors,
        }
    }

    /// What subjects hold by bindings, sorted. Kubernetes' own are left out.
    fn held(
        &self,
        left_out: &mut BTreeSet<Subject>,
        concerns: impl Fn(&Binding) -> bool,
        may: impl Fn(&Binding, &Bound<'_>) -> Vec<May>,
    ) -> Vec<Held> {
        let mut all = Vec::new();
        for (binding, bound) in self.roles.bound() {
            if !concerns(binding) {
                continue;
            }
            let may = may(binding, &bound);
            if may.is_empty() {
                continue;
            }
            for subject in &binding.subjects {
                if binding.is_built_in(subject) {
                    left_out.insert(subject.clone());
                } else if !roles::is_masters(subject) {
                    let (binding, role) = (binding.called(), binding.role_called());
                    all.push(Held { subject: subject.clone(), may: may.clone(), binding, role });
                }
            }
        }
        all.sort();
        all.dedup();
        all
    }
}

impl May {
    fn everything(namespace: Option<&str>) -> Self {
        Self {
            verbs: vec!["*"],
            resources: vec!["*"],
            names: Names::All,
            namespace: namespace.map(str::to_owned),
        }
    }

    /// Whether it is every verb on every resource.
    pub fn is_everything(&self) -> bool {
        self.resources == ["*"]
    }
}

impl Names {
    /// Those of them that are meant; `None` if there are none.
    fn among(&self, is_meant: impl Fn(&str) -> bool) -> Option<Self> {
        match self {
            Self::All => Some(Self::All),
            Self::Only(names) => {
                let meant: BTreeSet<String> = names.iter().filter(|name| is_meant(name)).cloned().collect();
                (!meant.is_empty()).then_some(Self::Only(meant))
            }
        }
    }
}

/// The objects of a resource by which workloads come to be what an exception names.
fn makes(workloads: &[WorkloadSelector], resource: &str, names: &Names) -> Option<Names> {
    let by = |name: Option<&str>| workloads.iter().any(|w| ways::leads(&w.kind, &w.name, resource, name));
    match names {
        Names::All => by(None).then_some(Names::All),
        Names::Only(_) => names.among(|name| by(Some(name))),
    }
}

/// What of a role lets one act as one of these.
fn impersonation(binding: &Binding, bound: &Bound<'_>, targets: &BTreeSet<Subject>) -> Vec<May> {
    let anywhere = binding.namespace.is_none();
    if anywhere && bound.everything {
        return Vec::new();
    }
    let targets = |resource: &str, constrained: bool| -> BTreeSet<&str> {
        let named = targets.iter().filter_map(|target| match (target, resource) {
            (Subject::User(name), "users") => anywhere.then_some(&**name),
            (Subject::Group(name), "groups") => {
                // Nobody is let into this group by constrained impersonation.
                (anywhere && !(constrained && name == roles::MASTERS)).then_some(&**name)
            }
            (Subject::ServiceAccount { namespace, name }, "serviceaccounts") => {
                binding.reaches(namespace).then_some(&**name)
            }
            _ => None,
        });
        named.collect()
    };
    let mut may = Vec::new();
    for (rights, constrained) in [(roles::IMPERSONATED, false), (roles::IMPERSONATED_FOR, true)] {
        may.extend(bound.may(&rights, |resource, names| {
            let targets = targets(resource, constrained);
            let some = !targets.is_empty();
            some.then(|| names.among(|name| targets.contains(name))).flatten()
        }));
    }
    for may in &mut may {
        may.namespace.clone_from(&binding.namespace);
    }
    may
}

/// What of a role lets one come by the account of a controller.
fn stand_in(binding: &Binding, bound: &Bound<'_>, accounts: &BTreeSet<&str>) -> Vec<May> {
    if bound.everything {
        let here = || vec![May::everything(Some(CONTROLLERS))];
        return binding.namespace.as_ref().map_or_else(Vec::new, |_| here());
    }
    let mut may = bound.may(&[roles::TOKENS], |_, names| names.among(|name| accounts.contains(name)));
    let is_token = |name: &str| {
        accounts
            .iter()
            .any(|account| name.strip_prefix(account).is_some_and(|rest| rest.starts_with("-token-")))
    };
    may.extend(bound.may(&[roles::SECRETS], |_, names| names.among(is_token)));
    // Whoever makes pods says which account they have.
    may.extend(bound.may(&roles::RUNNING, |_, names| Some(names.clone())));
    for may in &mut may {
        may.namespace = Some(CONTROLLERS.to_owned());
    }
    may
}
