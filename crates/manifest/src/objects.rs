//! Documents to objects: what is an object, who it is, and lists expanded as kubectl expands them
//! (k8s.io/apimachinery `pkg/apis/meta/v1/unstructured/helpers.go`).

use seawall_model::{FieldPath, ObjectId};
use seawall_yaml::{Document, Kind, NodeRef, Span};

/// Lists within lists within lists end here.
const MAX_NESTING: usize = 64;

/// An object: a mapping with apiVersion and kind. Identity is as written; empty where it is not written.
#[derive(Clone, Debug)]
pub struct Object<'d> {
    /// The mapping; aliases are resolved.
    pub node: NodeRef<'d>,
    /// Such as `apps/v1`. `/v1` is `v1`, as the API machinery reads it.
    pub api_version: &'d str,
    /// Such as `Deployment`.
    pub kind: &'d str,
    /// `metadata.namespace`
    pub namespace: &'d str,
    /// `metadata.name`
    pub name: &'d str,
    /// `metadata.generateName`
    pub generate_name: &'d str,
    /// `metadata`, if it is a mapping.
    pub metadata: Option<NodeRef<'d>>,
    /// The way through nested lists that leads to it; empty for a document's root.
    items: Box<[Step]>,
}

impl Object<'_> {
    /// The identity, for what outlives the document.
    pub fn id(&self) -> ObjectId {
        ObjectId {
            api_version: self.api_version.to_owned(),
            kind: self.kind.to_owned(),
            namespace: self.namespace.to_owned(),
            name: self.name.to_owned(),
            generate_name: if self.name.is_empty() { self.generate_name.to_owned() } else { String::new() },
        }
    }

    /// Where it is in its document: empty for the root, `items[3]` in a list.
    pub fn path(&self) -> FieldPath {
        path_of(&self.items)
    }

    /// The group of its apiVersion; empty for the core group.
    pub fn group(&self) -> &str {
        self.api_version.rsplit_once('/').map_or("", |(group, _)| group)
    }
}

/// What holds the objects of a list, and a position in it.
type Step = (Holder, u32);

/// What holds objects of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    /// A list as kubectl expands it.
    List,
    /// A Template of `OpenShift`, which makes its objects when it is processed.
    Template,
    /// A `ManifestWork` of Open Cluster Management, whose agent applies its manifests.
    Work,
    /// An `AppWrapper` of Kueue's users, whose controller makes the templates of its components.
    Wrapper,
}

impl Holder {
    /// The keys that lead to the objects.
    pub(crate) const fn keys(self) -> &'static [&'static str] {
        match self {
            Self::List => &["items"],
            Self::Template => &["objects"],
            Self::Work => &["spec", "workload", "manifests"],
            Self::Wrapper => &["spec", "components"],
        }
    }

    /// The key that leads from an item to its object, where the item is not the object itself.
    const fn inner(self) -> Option<&'static str> {
        match self {
            Self::Wrapper => Some("template"),
            Self::List | Self::Template | Self::Work => None,
        }
    }

    /// What an object of this kind is, if its objects are complete as they are written.
    pub(crate) fn of(node: NodeRef<'_>, api_version: &str, kind: &str) -> Option<Self> {
        let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
        let holder = match (group, kind) {
            ("", "Template") if api_version == "v1" => Self::Template,
            ("template.openshift.io", "Template") => Self::Template,
            ("work.open-cluster-management.io", "ManifestWork") => Self::Work,
            ("workload.codeflare.dev", "AppWrapper") => Self::Wrapper,
            _ => return None,
        };
        let list = holder.list(node)?;
        // Parameters written with two braces are no text: what is put there may be of any type.
        let text = node.document().source().get(list.span().start as usize..list.span().end as usize)?;
        let open = holder == Self::Template && text.windows(3).any(|window| window == b"${{");
        (!open).then_some(holder)
    }

    fn list(self, node: NodeRef<'_>) -> Option<NodeRef<'_>> {
        let found = self.keys().iter().try_fold(node, |node, key| node.get(key))?.resolved();
        (found.kind() == Kind::Sequence).then_some(found)
    }
}

fn path_of(items: &[Step]) -> FieldPath {
    items.iter().fold(FieldPath::root(), |path, (holder, position)| {
        let path = holder.keys().iter().fold(path, |path, key| path.key(*key)).index(*position as usize);
        holder.inner().into_iter().fold(path, FieldPath::key)
    })
}

/// Why something is not an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RejectKind {
    /// Not a mapping.
    NotAMapping,
    /// A mapping without both kind and apiVersion: most likely not meant for Kubernetes.
    Unmarked,
    /// A kustomization or a component of Kustomize.
    Kustomization,
    /// A file of another tool that is recognised by its content.
    Foreign,
    /// It has an apiVersion but no kind.
    MissingKind,
    /// It has a kind but no apiVersion.
    MissingApiVersion,
    /// kind, apiVersion or items of the wrong type.
    Malformed,
    /// Lists nested too deep.
    TooDeep,
}

impl RejectKind {
    /// Whether a file met in a directory walk is better passed over with a notice than reported as an error.
    pub const fn is_foreign(self) -> bool {
        matches!(self, Self::Unmarked | Self::Kustomization | Self::Foreign)
    }
}

/// What is not an object, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// Why.
    pub kind: RejectKind,
    /// The place that shows it.
    pub span: Span,
    /// Where it is in its document.
    pub path: FieldPath,
    /// How many objects of its document stand in front of it.
    pub position: usize,
    /// Lower case, no trailing period.
    pub message: String,
    /// What to do, where that is known.
    pub hint: Option<&'static str>,
}

/// A document's content.
#[derive(Clone, Debug, Default)]
pub struct Objects<'d> {
    /// The objects in the order of the source.
    pub objects: Vec<Object<'d>>,
    /// The lists that were expanded, without being objects themselves, each with the number of objects in front of it.
    pub lists: Vec<(usize, Object<'d>)>,
    /// What is no object.
    pub rejects: Vec<Reject>,
}

/// The objects of a document; nothing for a document without content.
pub fn objects(document: &Document) -> Objects<'_> {
    let mut found = Objects::default();
    if !document.is_empty() {
        let (inherited, position) = document.list_item().map_or_else(Default::default, |item| {
            let (api_version, kind) = &*item.list;
            (Inherited::of(api_version, kind), Some((Holder::List, item.position)))
        });
        expand(document.root(), inherited, position.as_slice(), &mut found);
    }
    found
}

/// What the items of a typed list need not say: apiVersion and kind.
#[derive(Clone, Copy, Default)]
struct Inherited<'d> {
    api_version: &'d str,
    kind: &'d str,
}

impl<'d> Inherited<'d> {
    /// What a list of this kind lends its items.
    fn of(api_version: &'d str, kind: &'d str) -> Self {
        Self { api_version, kind: kind.strip_suffix("List").unwrap_or(kind) }
    }
}

/// The keys that say what a mapping is.
#[derive(Default)]
struct Head<'d> {
    api_version: Option<NodeRef<'d>>,
    kind: Option<NodeRef<'d>>,
    metadata: Option<NodeRef<'d>>,
    items: Option<NodeRef<'d>>,
}

impl<'d> Head<'d> {
    fn of(node: NodeRef<'d>) -> Self {
        let mut head = Self::default();
        for (key, value) in node.entries() {
            let slot = match key.as_str_bytes() {
                Some(b"apiVersion") => &mut head.api_version,
                Some(b"kind") => &mut head.kind,
                Some(b"metadata") => &mut head.metadata,
                Some(b"items") => &mut head.items,
                _ => continue,
            };
            *slot = Some(value.resolved());
        }
        head
    }
}

fn expand<'d>(node: NodeRef<'d>, inherited: Inherited<'d>, items: &[Step], found: &mut Objects<'d>) {
    let node = node.resolved();
    let mut reject = |kind, at: NodeRef<'_>, message: String, hint| {
        let (span, path, position) = (at.span(), path_of(items), found.objects.len());
        found.rejects.push(Reject { kind, span, path, position, message, hint });
    };
    if is_json_patch(node) {
        let message = "not a Kubernetes object: this is a JSON patch".to_owned();
        return reject(RejectKind::Foreign, node, message, None);
    }
    if node.kind() != Kind::Mapping {
        let message = format!("not a Kubernetes object: {} instead of a mapping", describe(node.kind()));
        return reject(RejectKind::NotAMapping, node, message, None);
    }
    let head = Head::of(node);
    for (name, value) in [("apiVersion", head.api_version), ("kind", head.kind)] {
        if let Some(value) = value.filter(|v| !matches!(v.kind(), Kind::String | Kind::Null)) {
            let message = format!("`{name}` must be a string, not {}", describe(value.kind()));
            return reject(RejectKind::Malformed, value, message, Some("put it in quotes"));
        }
    }
    let text = |node: Option<NodeRef<'d>>| node.and_then(NodeRef::as_str).unwrap_or("");
    let (mut api_version, mut kind) = (text(head.api_version), text(head.kind));
    if api_version.is_empty() && kind.is_empty() {
        Inherited { api_version, kind } = inherited;
    }
    match group_version(api_version) {
        Ok(read) => api_version = read,
        Err(message) => {
            let hint = Some("write a group and a version, such as `apps/v1`, or `v1`");
            return reject(RejectKind::Malformed, head.api_version.unwrap_or(node), message, hint);
        }
    }
    if let Some(what) = foreign(node, api_version, kind) {
        let message = format!("not a Kubernetes object: this is {what}");
        let kind = if what == KUSTOMIZATION { RejectKind::Kustomization } else { RejectKind::Foreign };
        return reject(kind, first_key(node), message, None);
    }
    match (api_version, kind) {
        ("", "") => {
            let message = "not a Kubernetes object: `apiVersion` and `kind` are missing".to_owned();
            return reject(RejectKind::Unmarked, first_key(node), message, None);
        }
        (_, "") => {
            let hint = Some("every object needs a `kind`, such as `kind: Pod`");
            return reject(RejectKind::MissingKind, first_key(node), "`kind` is missing".to_owned(), hint);
        }
        ("", _) => {
            let hint = Some("every object needs an `apiVersion`, such as `apiVersion: v1`");
            let message = "`apiVersion` is missing".to_owned();
            return reject(RejectKind::MissingApiVersion, first_key(node), message, hint);
        }
        _ => {}
    }
    let list = head.items.filter(|list| list.kind() != Kind::Null);
    if let Some(list) = list.filter(|list| list.kind() != Kind::Sequence) {
        // kubectl takes every object with items for a list.
        let message = format!("`items` must be a list, not {}", describe(list.kind()));
        return reject(RejectKind::Malformed, list, message, None);
    }
    let other = if list.is_none() { Holder::of(node, api_version, kind) } else { None };
    let holder = other.unwrap_or(Holder::List);
    let list = list.or_else(|| other?.list(node));
    if list.is_some() && items.len() >= MAX_NESTING {
        let message = format!("lists are nested deeper than {MAX_NESTING}");
        return reject(RejectKind::TooDeep, node, message, Some("write the objects into one list"));
    }
    let metadata = head.metadata.filter(|m| m.kind() == Kind::Mapping);
    let object = Object {
        node,
        api_version,
        kind,
        namespace: "",
        name: "",
        generate_name: "",
        metadata,
        items: items.into(),
    };
    let is_empty_list = list.is_none() && crate::types::is_list(api_version, kind);
    if let Some(list) = list {
        let position = found.objects.len();
        let inherited =
            if holder == Holder::List { Inherited::of(api_version, kind) } else { Inherited::default() };
        found.lists.push((position, object));
        let mut path = items.to_vec();
        for (index, item) in list.items().enumerate() {
            let object = match holder.inner() {
                None => item,
                Some(key) => match item.get(key) {
                    Some(object) => object,
                    None => continue,
                },
            };
            path.push((holder, index as u32));
            expand(object, inherited, &path, found);
            path.pop();
        }
    } else if is_empty_list {
        let position = found.objects.len();
        found.lists.push((position, object));
    } else {
        found.objects.push(named(object));
    }
}

/// An apiVersion as it is usually written: the group may be empty, as in `/v1`. Refused are those in which the API machinery
/// finds no version or more than two parts (k8s.io/apimachinery, pkg/runtime/schema, `ParseGroupVersion`).
fn group_version(text: &str) -> Result<&str, String> {
    let read = match text.strip_prefix('/') {
        Some(version) if !version.contains('/') => version,
        _ => text,
    };
    match read.split_once('/') {
        Some((_, version)) if version.contains('/') => {
            Err(format!("`apiVersion` has more than a group and a version: `{text}`"))
        }
        Some((_, "")) => Err(format!("`apiVersion` has no version: `{text}`")),
        _ if read.is_empty() && !text.is_empty() => Err(format!("`apiVersion` has no version: `{text}`")),
        _ => Ok(read),
    }
}

/// The object with the names from its metadata.
fn named(mut object: Object<'_>) -> Object<'_> {
    if let Some(metadata) = object.metadata {
        for (key, value) in metadata.entries() {
            let slot = match key.as_str_bytes() {
                Some(b"namespace") => &mut object.namespace,
                Some(b"name") => &mut object.name,
                Some(b"generateName") => &mut object.generate_name,
                _ => continue,
            };
            *slot = value.as_str().unwrap_or("");
        }
    }
    object
}

/// The place to show for a mapping as a whole: its first key.
fn first_key(node: NodeRef<'_>) -> NodeRef<'_> {
    node.pairs().next().map_or(node, |(key, _)| key)
}

/// The kind of a node as people call it, with its article.
pub(crate) const fn describe(kind: Kind) -> &'static str {
    match kind {
        Kind::Null => "null",
        Kind::Bool => "a boolean",
        Kind::Int | Kind::Float => "a number",
        Kind::String => "a string",
        Kind::Sequence => "a list",
        Kind::Mapping => "a mapping",
        Kind::Alias => "an alias",
    }
}

const KUSTOMIZATION: &str = "a kustomization";

/// Groups whose documents look like objects but are read by tools from files, never sent to a cluster.
const FILE_GROUPS: [(&str, &str); 8] = [
    ("kustomize.config.k8s.io", KUSTOMIZATION),
    ("kubeadm.k8s.io", "a configuration of kubeadm"),
    ("kubelet.config.k8s.io", "a configuration of the kubelet"),
    ("kubeproxy.config.k8s.io", "a configuration of kube-proxy"),
    ("kubescheduler.config.k8s.io", "a configuration of the scheduler"),
    ("apiserver.config.k8s.io", "a configuration of the API server"),
    ("pod-security.admission.config.k8s.io", "a configuration of Pod Security admission"),
    ("audit.k8s.io", "an audit policy"),
];

/// What a mapping is, if it belongs to another tool.
fn foreign(node: NodeRef<'_>, api_version: &str, kind: &str) -> Option<&'static str> {
    let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
    if let Some((_, what)) = FILE_GROUPS.iter().find(|(g, _)| *g == group && !group.is_empty()) {
        return Some(what);
    }
    match (api_version, kind) {
        ("v1", "Config") if node.get("clusters").is_some() => Some("a kubeconfig"),
        ("v1" | "v2", "") if ["name", "version"].iter().all(|k| node.get(k).is_some()) => {
            Some("the Chart.yaml of a Helm chart")
        }
        (_, "Config") if group == "skaffold" => Some("a configuration of Skaffold"),
        (_, "Cluster") if group == "kind.x-k8s.io" => Some("a configuration of kind"),
        ("", _) if is_report(node) => Some("a report of seawall"),
        _ => None,
    }
}

/// Whether a node is a list of operations as RFC 6902 has them: what Kustomize takes for a patch.
fn is_json_patch(node: NodeRef<'_>) -> bool {
    let is_operation = |item: NodeRef<'_>| {
        ["op", "path"].iter().all(|key| item.get(key).and_then(NodeRef::as_str).is_some())
    };
    node.kind() == Kind::Sequence
        && node.count() > 0
        && node.items().all(|item| is_operation(item.resolved()))
}

/// Whether a mapping is a record that a scan wrote.
fn is_report(node: NodeRef<'_>) -> bool {
    let kinds = ["workload", "object", "error", "notice", "summary"];
    node.get("schema").is_some_and(|n| n.resolved().kind() == Kind::Int)
        && node.get("type").and_then(NodeRef::as_str).is_some_and(|t| kinds.contains(&t))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<T>(text: &str, look: impl FnOnce(Objects<'_>) -> T) -> T {
        let entry = seawall_yaml::read(text.as_bytes()).pop().expect("a document");
        assert!(entry.problems.is_empty(), "{:?}", entry.problems);
        look(objects(&entry.document.expect("a document")))
    }

    fn identities(text: &str) -> Vec<String> {
        with(text, |found| {
            let line = |o: &Object<'_>| format!("{} {} at {}", o.api_version, o.id(), o.path());
            found.objects.iter().map(line).collect()
        })
    }

    fn rejects(text: &str) -> Vec<(RejectKind, String)> {
        with(text, |found| found.rejects.into_iter().map(|r| (r.kind, r.message)).collect())
    }

    #[test]
    fn an_object_is_itself() {
        let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: b}\n";
        assert_eq!(identities(text), ["v1 Pod b/a at "]);
        assert_eq!(
            with("apiVersion: v1\nkind: Pod\nmetadata: {generateName: a-}\n", |f| f.objects[0]
                .generate_name
                .to_owned()),
            "a-"
        );
    }

    #[test]
    fn lists_are_expanded() {
        let pod = "{apiVersion: v1, kind: Pod, metadata: {name: a}}";
        let text = format!(
            "apiVersion: v1\nkind: List\nitems: [{pod}, {{apiVersion: v1, kind: List, items: [{pod}]}}]\n"
        );
        assert_eq!(identities(&text), ["v1 Pod a at items[0]", "v1 Pod a at items[1].items[0]"]);
        assert_eq!(with(&text, |found| found.lists.len()), 2);
        // A typed list's items need not say what they are.
        let text = "apiVersion: apps/v1\nkind: DeploymentList\nitems: [{metadata: {name: a}}, {kind: Pod}]\n";
        assert_eq!(identities(text), ["apps/v1 Deployment a at items[0]"]);
        assert_eq!(rejects(text)[0].0, RejectKind::MissingApiVersion);
        // What kubectl takes for a list is one, whatever its kind.
        assert_eq!(
            identities(&format!("apiVersion: v1\nkind: ConfigMap\nitems: [{pod}]\n")),
            ["v1 Pod a at items[0]"]
        );
        for empty in ["kind: PodList", "kind: List", "kind: List\nitems:", "kind: List\nitems: []"] {
            let counts = with(&format!("apiVersion: v1\n{empty}\n"), |f| {
                (f.objects.len(), f.lists.len(), f.rejects.len())
            });
            assert_eq!(counts, (0, 1, 0), "{empty}");
        }
        assert_eq!(
            identities("apiVersion: e.com/v1\nkind: AllowList\nspec: {}\n"),
            ["e.com/v1 AllowList (no name) at "]
        );
    }

    #[test]
    fn what_holds_objects_is_expanded() {
        let pod = "{apiVersion: v1, kind: Pod, metadata: {name: a}}";
        for version in ["v1", "template.openshift.io/v1"] {
            let text = format!("apiVersion: {version}\nkind: Template\nobjects: [{pod}, {{kind: Pod}}]\n");
            assert_eq!(identities(&text), ["v1 Pod a at objects[0]"]);
            assert_eq!(rejects(&text)[0].0, RejectKind::MissingApiVersion);
            assert_eq!(with(&text, |found| found.lists.len()), 1);
            let text = text.replace("name: a", "name: a, generation: '${{N}}'");
            assert_eq!(identities(&text), [format!("{version} Template (no name) at ")]);
        }
        let work = format!(
            "apiVersion: work.open-cluster-management.io/v1\nkind: ManifestWork\nspec: {{workload: {{manifests: [{pod}]}}}}\n"
        );
        assert_eq!(identities(&work), ["v1 Pod a at spec.workload.manifests[0]"]);
        let wrapper = format!(
            "apiVersion: workload.codeflare.dev/v1beta2\nkind: AppWrapper\nspec: {{components: [{{}}, {{template: {pod}}}]}}\n"
        );
        assert_eq!(identities(&wrapper), ["v1 Pod a at spec.components[1].template"]);
        assert_eq!(with(&wrapper, |found| found.rejects.len()), 0);
        let empty = "apiVersion: template.openshift.io/v1\nkind: Template\nobjects: {}\n";
        assert_eq!(identities(empty).len(), 1);
    }

    #[test]
    fn the_group_of_a_version_may_be_empty() {
        let found = |version: &str| identities(&format!("apiVersion: {version}\nkind: Pod\n"));
        assert_eq!(found("/v1"), found("v1"));
        let list = "apiVersion: /v1\nkind: PodList\nitems: [{metadata: {name: a}}]\n";
        assert_eq!(identities(list), ["v1 Pod a at items[0]"]);
    }

    #[test]
    fn what_is_no_object_says_why() {
        for (text, kind) in [
            ("- a\n", RejectKind::NotAMapping),
            ("text\n", RejectKind::NotAMapping),
            ("a: b\n", RejectKind::Unmarked),
            ("replicaCount: 1\nimage: {tag: x}\n", RejectKind::Unmarked),
            ("apiVersion: v1\n", RejectKind::MissingKind),
            ("apiVersion: v1\nkind:\n", RejectKind::MissingKind),
            ("kind: Pod\n", RejectKind::MissingApiVersion),
            ("apiVersion: v1\nkind: 7\n", RejectKind::Malformed),
            ("apiVersion: /\nkind: Pod\n", RejectKind::Malformed),
            ("apiVersion: apps/\nkind: Pod\n", RejectKind::Malformed),
            ("apiVersion: a/b/c\nkind: Pod\n", RejectKind::Malformed),
            ("apiVersion: //v1\nkind: Pod\n", RejectKind::Malformed),
            ("apiVersion: v1\nkind: List\nitems: {a: b}\n", RejectKind::Malformed),
            ("apiVersion: v2\nname: x\nversion: 1.0.0\n", RejectKind::Foreign),
            ("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n", RejectKind::Kustomization),
            (
                "- {op: add, path: /spec/replicas, value: 2}\n- {op: remove, path: /metadata/labels}\n",
                RejectKind::Foreign,
            ),
            ("- {op: add, path: /a}\n- {op: 1, path: /a}\n", RejectKind::NotAMapping),
            ("[]\n", RejectKind::NotAMapping),
            ("apiVersion: v1\nkind: Config\nclusters: []\n", RejectKind::Foreign),
            (r#"{"schema":1,"type":"notice","kind":"skipped"}"#, RejectKind::Foreign),
        ] {
            let found = rejects(text);
            assert_eq!(found.len(), 1, "{text}");
            assert_eq!(found[0].0, kind, "{text}: {}", found[0].1);
        }
        let found = rejects("apiVersion: v1\nkind: List\nitems: [null, {apiVersion: v1, kind: Pod}]\n");
        assert_eq!(
            found,
            [(RejectKind::NotAMapping, "not a Kubernetes object: null instead of a mapping".to_owned())]
        );
    }

    #[test]
    fn nesting_is_bounded() {
        let depth = 100;
        let text = format!("{}{}", "{apiVersion: v1, kind: List, items: [".repeat(depth), "]}".repeat(depth));
        assert_eq!(rejects(&text)[0].0, RejectKind::TooDeep);
    }
}
