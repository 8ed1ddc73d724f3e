//! What the rules of a role allow (k8s.io/kubernetes `plugin/pkg/auth/authorizer/rbac/rbac.go`,
//! `pkg/apis/rbac/v1/evaluation_helpers.go`).
//!
//! `*` among verbs or groups is any; among resources it is any with all its subresources. `pods` does not cover `pods/exec`,
//! `*/exec` covers the subresource of every resource, and `pods/*` covers nothing that exists. A rule with `resourceNames` only
//! allows requests that name an object: it never allows to list, watch or delete collections, nor to create objects, but it
//! may allow to create a subresource of the objects that it names.

use seawall_finding::Severity;
use seawall_manifest::objects::Object;
use seawall_model::FieldPath;
use seawall_yaml::NodeRef;

use crate::check::{Cx, Hit, Out};
use crate::view::{FromNode, PolicyRule, RoleRef, Subject};
use crate::workloads::said_of;

/// The group of roles and bindings.
pub(crate) const GROUP: &str = "rbac.authorization.k8s.io";

/// What a request asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Right {
    /// The API group; empty for the core group.
    pub(crate) group: &'static str,
    /// The resource, with its subresource behind a slash.
    pub(crate) resource: &'static str,
    /// Any of these verbs.
    pub(crate) verbs: &'static [&'static str],
}

/// Shorthand for a [`Right`].
pub(crate) const fn right(
    group: &'static str,
    resource: &'static str,
    verbs: &'static [&'static str],
) -> Right {
    Right { group, resource, verbs }
}

/// What changes an object, or makes one.
pub(crate) const WRITE: &[&str] = &["create", "update", "patch"];

/// A rule and where it is.
#[derive(Clone, Debug)]
pub(crate) struct RuleAt<'d> {
    /// Its position in `rules`.
    pub(crate) index: usize,
    /// The rule.
    pub(crate) rule: PolicyRule<'d>,
}

/// Texts of a list, with their positions. What is no text is passed over: the API server refuses it.
pub(crate) fn texts(list: Option<NodeRef<'_>>) -> impl Iterator<Item = (usize, &str)> {
    let items = list.into_iter().flat_map(NodeRef::items).enumerate();
    items.filter_map(|(index, item)| Some((index, item.as_str()?)))
}

/// Whether an object is a `ClusterRole`; `None` unless it is one or a `Role`.
pub(crate) fn is_cluster_role(object: &Object<'_>) -> Option<bool> {
    match object.kind {
        "ClusterRole" if object.group() == GROUP => Some(true),
        "Role" if object.group() == GROUP => Some(false),
        _ => None,
    }
}

/// Whether an object is one that the API server makes itself and keeps as it is: it has the label of these, and a name that is
/// theirs (k8s.io/kubernetes `plugin/pkg/auth/authorizer/rbac/bootstrappolicy`). The label alone is also on copies.
fn is_built_in(object: &Object<'_>) -> bool {
    let labels = object.metadata.and_then(|metadata| metadata.get("labels"));
    let label = labels.and_then(|labels| labels.get("kubernetes.io/bootstrapping")).and_then(NodeRef::as_str);
    let name = object.name;
    label == Some("rbac-defaults")
        && (name.starts_with("system:") || ["cluster-admin", "admin", "edit", "view"].contains(&name))
}

/// The rules of a Role or ClusterRole that somebody has written; none of other objects. Rules of an aggregated role in a file
/// do not count: the controller replaces them.
pub(crate) fn rules<'d>(object: &Object<'d>, cx: &Cx<'_>) -> impl Iterator<Item = RuleAt<'d>> {
    let aggregated =
        || cx.from_file && object.node.get("aggregationRule").is_some_and(|rule| !rule.is_null());
    let counts = is_cluster_role(object).is_some() && !is_built_in(object) && !aggregated();
    let list = if counts { object.node.get("rules") } else { None };
    let rules = list.into_iter().flat_map(NodeRef::items).enumerate();
    rules.map(|(index, node)| RuleAt { index, rule: PolicyRule::from_node(node) })
}

/// Whether a Role or ClusterRole, whoever wrote it, has a rule that allows every verb on every resource of every group.
pub(crate) fn allows_everything(object: &Object<'_>) -> bool {
    if is_cluster_role(object).is_none() {
        return false;
    }
    let rules = object.node.get("rules").into_iter().flat_map(NodeRef::items).enumerate();
    let mut rules = rules.map(|(index, node)| RuleAt { index, rule: PolicyRule::from_node(node) });
    rules.any(|rule| rule.is_everything_of_all())
}

impl RuleAt<'_> {
    /// Its path in the object.
    pub(crate) fn path(&self) -> FieldPath {
        FieldPath::root().key("rules").index(self.index)
    }

    /// Whether it allows every verb on every resource of its groups.
    pub(crate) fn is_everything(&self) -> bool {
        let star = |list| texts(list).any(|(_, text)| text == "*");
        star(self.rule.verbs) && star(self.rule.resources) && !self.is_narrowed()
    }

    /// Whether it allows every verb on every resource of every group.
    pub(crate) fn is_everything_of_all(&self) -> bool {
        self.is_everything() && texts(self.rule.api_groups).any(|(_, group)| group == "*")
    }

    /// Whether it speaks of named objects only. An empty name stands for requests without one, and so opens it.
    pub(crate) fn is_narrowed(&self) -> bool {
        let mut names = texts(self.rule.resource_names);
        let first = names.next();
        first.is_some_and(|(_, name)| !name.is_empty()) && names.all(|(_, name)| !name.is_empty())
    }

    /// Where it allows one of the verbs of `right`: the position of the verb, or of `*`.
    pub(crate) fn verb(&self, right: &Right, verb: &str) -> Option<usize> {
        // Requests for these name no object.
        let nameless = match verb {
            "list" | "watch" | "deletecollection" => true,
            "create" => !right.resource.contains('/'),
            _ => false,
        };
        if nameless && self.is_narrowed() {
            return None;
        }
        texts(self.rule.verbs).find(|(_, text)| *text == "*" || *text == verb).map(|(index, _)| index)
    }

    fn has_group(&self, group: &str) -> bool {
        has(self.rule.api_groups, group)
    }

    /// Whether it allows some verb of `right` on its resource, and by which entry of `resources`.
    pub(crate) fn allows(&self, right: &Right) -> Option<usize> {
        let entry = texts(self.rule.resources).find(|(_, entry)| covers(entry, right.resource))?.0;
        (self.has_group(right.group) && right.verbs.iter().any(|verb| self.verb(right, verb).is_some()))
            .then_some(entry)
    }
}

/// Whether a list has a text, or `*`.
fn has(list: Option<NodeRef<'_>>, wanted: &str) -> bool {
    texts(list).any(|(_, text)| text == "*" || text == wanted)
}

/// The objects that a rule lets one ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Names<'d> {
    /// All of the resource.
    All,
    /// Those of these names.
    Only(Vec<&'d str>),
}

/// The objects on which a rule allows a verb, by the group and resource of these, with its subresource behind a slash. `None`
/// where it allows it on none.
pub fn allowed<'d>(rule: &PolicyRule<'d>, verb: &str, group: &str, resource: &str) -> Option<Names<'d>> {
    let covered = texts(rule.resources).any(|(_, entry)| covers(entry, resource));
    if !(covered && has(rule.verbs, verb) && has(rule.api_groups, group)) {
        return None;
    }
    let names: Vec<&str> = texts(rule.resource_names).map(|(_, name)| name).collect();
    if names.is_empty() {
        return Some(Names::All);
    }
    // A request to make an object has no name, which an empty one in the list stands for.
    let nameless = matches!(verb, "list" | "watch" | "deletecollection")
        || (verb == "create" && !resource.contains('/'));
    if nameless { names.contains(&"").then_some(Names::All) } else { Some(Names::Only(names)) }
}

/// Whether a rule allows every verb on every object of every resource of every group.
pub fn allows_all(rule: &PolicyRule<'_>) -> bool {
    let star = |list| texts(list).any(|(_, text)| text == "*");
    star(rule.verbs)
        && star(rule.resources)
        && star(rule.api_groups)
        && texts(rule.resource_names).next().is_none()
}

/// Whether an entry of `resources` covers a resource, with its subresource behind a slash.
fn covers(entry: &str, resource: &str) -> bool {
    entry == "*"
        || entry == resource
        || resource.split_once('/').is_some_and(|(_, sub)| entry.strip_prefix("*/") == Some(sub))
}

/// Rights that one entry of `resources` of one rule gives.
#[derive(Clone, Debug)]
pub(crate) struct Grant<'d> {
    /// The rule.
    pub(crate) rule: RuleAt<'d>,
    /// The position of the entry.
    entry: usize,
    /// The entry.
    text: &'d str,
    /// The rights that were asked for and are given.
    rights: Vec<Right>,
}

/// The grants of `rights` in an object. What allows everything, of one group or of all, is left to `rbac-wildcard`: that is one
/// cause.
pub(crate) fn grants<'d>(
    object: &Object<'d>,
    cx: &Cx<'_>,
    rights: &[Right],
) -> impl Iterator<Item = Grant<'d>> {
    grants_in(rules(object, cx).filter(|rule| !rule.is_everything()), rights)
}

/// The grants of `rights` that are graver than what `rbac-wildcard` says of a rule that allows everything of one group.
pub(crate) fn grave_grants<'d>(
    object: &Object<'d>,
    cx: &Cx<'_>,
    rights: &[Right],
) -> impl Iterator<Item = Grant<'d>> {
    grants_in(rules(object, cx).filter(|rule| !rule.is_everything_of_all()), rights)
}

fn grants_in<'d>(
    rules: impl Iterator<Item = RuleAt<'d>>,
    rights: &[Right],
) -> impl Iterator<Item = Grant<'d>> {
    rules.flat_map(move |rule| {
        let entries = texts(rule.rule.resources);
        let found: Vec<Grant<'d>> = entries
            .filter_map(|(entry, text)| {
                // A right counts once, for the first entry that gives it.
                let given =
                    |right: &&Right| covers(text, right.resource) && rule.allows(right) == Some(entry);
                let rights: Vec<Right> = rights.iter().filter(given).copied().collect();
                (!rights.is_empty()).then(|| Grant { rule: rule.clone(), entry, text, rights })
            })
            .collect();
        found
    })
}

impl Grant<'_> {
    /// The path of the entry.
    pub(crate) fn path(&self) -> FieldPath {
        self.rule.path().key("resources").index(self.entry)
    }

    /// Whether it is for named objects only.
    pub(crate) fn is_narrowed(&self) -> bool {
        self.rule.is_narrowed()
    }

    /// The verbs that were asked for and are given, with the positions of those that give them.
    fn verbs(&self) -> Vec<(usize, &'static str)> {
        let mut verbs = Vec::new();
        for right in &self.rights {
            for verb in right.verbs {
                if let Some(at) = self.rule.verb(right, verb)
                    && !verbs.contains(&(at, *verb))
                {
                    verbs.push((at, *verb));
                }
            }
        }
        verbs
    }

    /// The hit: who may do what, and `why` that is grave. Rules for named objects are one step less grave than `severity`.
    pub(crate) fn hit(&self, object: &Object<'_>, severity: Severity, why: &str, advice: &str) -> Hit {
        let verbs = self.verbs();
        let resources: Vec<&str> = self.rights.iter().map(|right| right.resource).collect();
        let through =
            if self.text.contains('*') { format!(" through `{}`", self.text) } else { String::new() };
        let named = if self.is_narrowed() { " of the names given" } else { "" };
        let said: Vec<&str> = verbs.iter().map(|(_, verb)| *verb).collect();
        let message = format!(
            "{} may {} {}{through}{named}: {why}",
            said_of(object),
            listed(&said),
            listed(&resources)
        );
        let mut hit = Hit::new(self.path(), listed(&said), message, advice.to_owned());
        let mut places: Vec<usize> = verbs.iter().map(|(at, _)| *at).collect();
        places.sort_unstable();
        places.dedup();
        for at in places {
            hit = hit.related(self.rule.path().key("verbs").index(at), "by this verb");
        }
        if self.is_narrowed() { hit.severity(lower(severity)) } else { hit.severity(severity) }
    }
}

/// Reports all grants of `rights`.
pub(crate) fn report(
    object: &Object<'_>,
    cx: &Cx<'_>,
    out: &mut Out<'_>,
    rights: &[Right],
    severity: Severity,
    [why, advice]: [&str; 2],
) {
    for grant in grants(object, cx, rights) {
        out.report(|| grant.hit(object, severity, why, advice));
    }
}

/// One step less grave.
fn lower(severity: Severity) -> Severity {
    let at = Severity::ALL.iter().position(|s| *s == severity).unwrap_or_default();
    Severity::ALL[at.saturating_sub(1)]
}

/// `a, b and c`; of more than four the first two and how many more.
pub(crate) fn listed(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first, second, rest @ ..] if rest.len() > 2 => {
            format!("{first}, {second} and {} more", rest.len())
        }
        [init @ .., last] => format!("{} and {last}", init.join(", ")),
    }
}

/// A binding that somebody has written.
#[derive(Clone, Debug)]
pub(crate) struct Binding<'d> {
    /// The role.
    pub(crate) role: RoleRef<'d>,
    /// Whom it is given to, in the order of the list.
    pub(crate) subjects: Vec<Subject<'d>>,
}

/// The binding that an object is; `None` for other objects and for those that the API server makes itself.
pub(crate) fn binding<'d>(object: &Object<'d>) -> Option<Binding<'d>> {
    if !matches!(object.kind, "RoleBinding" | "ClusterRoleBinding")
        || object.group() != GROUP
        || is_built_in(object)
    {
        return None;
    }
    let role = object.node.get("roleRef").map(RoleRef::from_node).unwrap_or_default();
    let subjects = object.node.get("subjects").map(Vec::from_node).unwrap_or_default();
    Some(Binding { role, subjects })
}

impl Binding<'_> {
    /// The path of a subject's name.
    pub(crate) fn subject(index: usize) -> FieldPath {
        FieldPath::root().key("subjects").index(index).key("name")
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A Role with one rule.
    pub(crate) fn role(rule: &str) -> String {
        format!("kind: Role\nmetadata: {{name: r, namespace: n}}\nrules: [{rule}]\n")
    }

    /// A `ClusterRole` with one rule.
    pub(crate) fn cluster_role(rule: &str) -> String {
        format!("kind: ClusterRole\nmetadata: {{name: r}}\nrules: [{rule}]\n")
    }

    fn allows(rule: &str, right: &Right) -> bool {
        let document = seawall_yaml::read(rule.as_bytes().to_vec()).remove(0).document.unwrap();
        RuleAt { index: 0, rule: PolicyRule::from_node(document.root()) }.allows(right).is_some()
    }

    #[test]
    fn a_rule_allows_what_the_authorizer_allows() {
        let exec = right("", "pods/exec", &["create"]);
        let rule = |resources: &str| format!("{{apiGroups: [''], resources: {resources}, verbs: [create]}}");
        for yes in ["['*']", "[pods/exec]", "['*/exec']", "[a, pods/exec]"] {
            assert!(allows(&rule(yes), &exec), "{yes}");
        }
        for no in [
            "[pods]",
            "['pods/*']",
            "['*/*']",
            "[exec]",
            "[Pods/exec]",
            "['*/ex']",
            "[]",
            "null",
            "[1]",
            "'*'",
        ] {
            assert!(!allows(&rule(no), &exec), "{no}");
        }
        assert!(allows("{apiGroups: ['*'], resources: [pods/exec], verbs: ['*']}", &exec));
        assert!(!allows("{apiGroups: [apps], resources: [pods/exec], verbs: ['*']}", &exec));
        assert!(!allows("{apiGroups: [''], resources: [pods/exec], verbs: [Create]}", &exec));
    }

    #[test]
    fn names_narrow_what_names_an_object() {
        let rule = |names: &str| {
            format!("{{apiGroups: [''], resources: ['*'], verbs: ['*'], resourceNames: {names}}}")
        };
        let read = |verb| {
            right(
                "",
                "secrets",
                match verb {
                    "get" => &["get"],
                    "list" => &["list"],
                    _ => &["create"],
                },
            )
        };
        assert!(allows(&rule("[a]"), &read("get")));
        assert!(!allows(&rule("[a]"), &read("list")) && !allows(&rule("[a]"), &read("create")));
        assert!(allows(&rule("[a]"), &right("", "pods/exec", &["create"])));
        for open in ["[]", "null", "[a, '']"] {
            assert!(allows(&rule(open), &read("list")), "{open}");
        }
    }

    #[test]
    fn names_are_those_that_the_authorizer_compares() {
        let of = |names: &str, verb: &str, resource: &str| {
            let text = format!(
                "{{apiGroups: [apps], resources: [deployments, '*/status'], verbs: [create, patch], resourceNames: {names}}}"
            );
            let document = seawall_yaml::read(text.into_bytes()).remove(0).document.unwrap();
            match allowed(&PolicyRule::from_node(document.root()), verb, "apps", resource)? {
                Names::All => Some("all".to_owned()),
                Names::Only(names) => Some(names.join(",")),
            }
        };
        assert_eq!(of("[]", "create", "deployments").as_deref(), Some("all"));
        assert_eq!(of("[a, b]", "patch", "deployments").as_deref(), Some("a,b"));
        assert_eq!(of("[a, b]", "create", "deployments"), None);
        assert_eq!(of("[a, '']", "create", "deployments").as_deref(), Some("all"));
        assert_eq!(of("[a, '']", "patch", "deployments").as_deref(), Some("a,"), "not of any other name");
        assert_eq!(of("[a]", "create", "deployments/status").as_deref(), Some("a"));
        assert_eq!(of("[]", "patch", "deployments/scale"), None);
        assert_eq!(of("[]", "update", "deployments"), None);
    }

    #[test]
    fn words_are_listed() {
        assert_eq!(listed(&["a"]), "a");
        assert_eq!(listed(&["a", "b"]), "a and b");
        assert_eq!(listed(&["a", "b", "c", "d"]), "a, b, c and d");
        assert_eq!(listed(&["a", "b", "c", "d", "e"]), "a, b and 3 more");
    }
}
