//! What exactly offends: a place, a field, and what was found there.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;

use seawall_model::pod::{Container, ContainerClass, Pod, PodSpec, SecurityContext};
use seawall_model::{FieldPath, first_of_equals};

/// The part of a pod in which something offends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Site {
    /// The pod's own fields.
    Pod,
    /// A container.
    Container {
        /// The list that it stands in.
        class: ContainerClass,
        /// Its position there.
        index: usize,
    },
    /// A volume, by position.
    Volume(usize),
    /// An annotation, by position.
    Annotation(usize),
}

/// A field below a site: from the pod's `spec`, from the container, from the volume. Empty for the site itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Keys joined by dots.
    pub head: &'static str,
    /// The position in the list that `head` leads to.
    pub item: Option<usize>,
    /// The keys below that item, joined by dots.
    pub tail: &'static str,
}

impl Field {
    /// A chain of keys.
    pub(crate) const fn of(head: &'static str) -> Self {
        Self { head, item: None, tail: "" }
    }

    /// An item of a list, or a field of it.
    pub(crate) const fn item(head: &'static str, index: usize, tail: &'static str) -> Self {
        Self { head, item: Some(index), tail }
    }
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'p> {
    /// Nothing, where something has to be.
    Missing,
    /// A boolean.
    Bool(bool),
    /// A number.
    Int(i64),
    /// A text.
    Text(&'p str),
}

/// One field that a check does not accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offender<'p> {
    /// Where it is.
    pub site: Site,
    /// The name of the container or volume, the key of the annotation; empty for the pod.
    pub name: &'p str,
    /// The field.
    pub field: Field,
    /// What was found there.
    pub value: Value<'p>,
}

/// The list of kernel parameters, whose items are told apart by their names.
pub(crate) const SYSCTLS: &str = "securityContext.sysctls";

/// The list of added capabilities, whose items are told apart by what they are.
pub(crate) const ADDED_CAPABILITIES: &str = "securityContext.capabilities.add";

impl<'p> Offender<'p> {
    /// The text found; empty if it is none.
    pub fn text(&self) -> &'p str {
        match self.value {
            Value::Text(text) => text,
            Value::Missing | Value::Bool(_) | Value::Int(_) => "",
        }
    }

    /// What people know it by, and exceptions and baselines with them: the path of a hostPath volume, else the value found.
    pub fn subject<'s>(&self, pod: &'s Pod<'_>) -> Cow<'s, str>
    where
        'p: 's,
    {
        let volume = match self.site {
            Site::Volume(index) => pod.spec.volumes.get(index).filter(|v| !v.host_path.is_empty()),
            Site::Pod | Site::Container { .. } | Site::Annotation(_) => None,
        };
        match (volume, self.value) {
            (Some(volume), _) => Cow::Borrowed(&volume.host_path),
            (None, Value::Text(text)) => Cow::Borrowed(text),
            (None, Value::Bool(value)) => Cow::Borrowed(if value { "true" } else { "false" }),
            (None, Value::Int(value)) => Cow::Owned(value.to_string()),
            (None, Value::Missing) => Cow::Borrowed(""),
        }
    }

    /// The container's class and index, if it is in one.
    pub fn container(&self) -> Option<(ContainerClass, usize)> {
        match self.site {
            Site::Container { class, index } => Some((class, index)),
            Site::Pod | Site::Volume(_) | Site::Annotation(_) => None,
        }
    }

    /// The path from the object's root, where `prefix` leads to the pod or its template (`spec.template`). List items
    /// are named by their merge key where it tells them apart. `names` are those of the pod.
    pub fn path(&self, names: &Names<'_>, prefix: &FieldPath) -> FieldPath {
        let spec = &names.pod.spec;
        match self.site {
            Site::Pod => match self.field.item.filter(|_| self.field.head == SYSCTLS) {
                Some(index) => {
                    let sysctls = spec.security_context.as_ref().map_or(&[][..], |c| &c.sysctls);
                    let all = || sysctls.iter().map(|s| &*s.name);
                    let name = sysctls.get(index).map(|s| &*s.name).filter(|name| !name.is_empty());
                    let name = names.unique(List::Sysctls, index, name, all);
                    let at = prefix.clone().key("spec").keys(SYSCTLS);
                    item(at, "name", name, index).keys(self.field.tail)
                }
                None => self.below(prefix.clone().key("spec"), None, names),
            },
            Site::Container { class, index } => {
                let containers = containers(spec, class);
                let all = || containers.iter().map(|c| &*c.name);
                let name = containers.get(index).map(|c| &*c.name).filter(|name| !name.is_empty());
                let name = names.unique(List::Containers(class), index, name, all);
                let at = item(prefix.clone().key("spec").key(class.field()), "name", name, index);
                self.below(at, containers.get(index), names)
            }
            Site::Volume(index) => {
                let all = || spec.volumes.iter().map(|v| &*v.name);
                let name = spec.volumes.get(index).map(|v| &*v.name).filter(|name| !name.is_empty());
                let name = names.unique(List::Volumes, index, name, all);
                self.below(item(prefix.clone().keys("spec.volumes"), "name", name, index), None, names)
            }
            Site::Annotation(_) => prefix.clone().keys("metadata.annotations").key(self.name),
        }
    }

    fn below(&self, at: FieldPath, container: Option<&Container<'_>>, names: &Names<'_>) -> FieldPath {
        let at = at.keys(self.field.head);
        let Some(index) = self.field.item else { return at };
        let at = match (container, self.field.head, self.container()) {
            (Some(container), "ports", Some(of)) => {
                let numbers = || container.ports.iter().map(|p| p.container_port);
                let number =
                    container.ports.get(index).map(|p| p.container_port).filter(|number| *number != 0);
                let number = names.unique(List::Ports(of), index, number, numbers);
                item(at, "containerPort", number.map(|n| n.to_string()).as_deref(), index)
            }
            (Some(container), ADDED_CAPABILITIES, Some(of)) => {
                let context = container.security_context.as_ref();
                let added = context.and_then(|c| c.capabilities.as_ref()).map_or(&[][..], |c| &c.add);
                let all = || added.iter().map(|name| &**name);
                let name = added.get(index).map(|name| &**name);
                item(at, "", names.unique(List::Added(of), index, name, all), index)
            }
            _ => at.index(index),
        };
        at.keys(self.field.tail)
    }
}

/// The item by the value of its merge key, by position where that does not tell it apart.
fn item(at: FieldPath, key: &str, value: Option<&str>, index: usize) -> FieldPath {
    match value {
        Some(value) => at.item(key, value),
        None => at.index(index),
    }
}

/// A list of a pod whose items are told apart by a merge key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum List {
    Sysctls,
    Volumes,
    Containers(ContainerClass),
    Ports((ContainerClass, usize)),
    Added((ContainerClass, usize)),
}

/// Lists up to this length are searched anew for every item.
const SHORT: usize = 8;

/// Which items of a pod's lists are the first with their merge key: looked up once for each list, so that paths of many items
/// take no square of time.
pub struct Names<'p> {
    pod: &'p Pod<'p>,
    first: RefCell<HashMap<List, Vec<bool>>>,
    /// By field: whether a container states it.
    stated: RefCell<HashMap<&'static str, bool>>,
}

impl<'p> Names<'p> {
    /// The names of a pod.
    pub fn of(pod: &'p Pod<'p>) -> Self {
        Self { pod, first: RefCell::default(), stated: RefCell::default() }
    }

    /// The pod.
    pub fn pod(&self) -> &'p Pod<'p> {
        self.pod
    }

    /// Whether some container's security context states `field`.
    pub(crate) fn any_container(
        &self,
        field: &'static str,
        stated: impl Fn(&SecurityContext<'_>) -> bool,
    ) -> bool {
        let mut known = self.stated.borrow_mut();
        *known.entry(field).or_insert_with(|| {
            let containers = self.pod.spec.visit().filter_map(|(.., c)| c.security_context.as_deref());
            containers.into_iter().any(stated)
        })
    }

    /// The value of an item's merge key, if no earlier item has the same.
    fn unique<T: Copy + Ord, I: Iterator<Item = T>>(
        &self,
        list: List,
        index: usize,
        value: Option<T>,
        all: impl Fn() -> I,
    ) -> Option<T> {
        let value = value?;
        if index < SHORT {
            return (!all().take(index).any(|earlier| earlier == value)).then_some(value);
        }
        let mut lists = self.first.borrow_mut();
        let first = lists.entry(list).or_insert_with(|| first_of_equals(all()));
        first.get(index).copied().unwrap_or_default().then_some(value)
    }
}

/// The containers of a class.
pub(crate) fn containers<'s, 'd>(spec: &'s PodSpec<'d>, class: ContainerClass) -> &'s [Container<'d>] {
    match class {
        ContainerClass::Init => &spec.init_containers,
        ContainerClass::Main => &spec.containers,
        ContainerClass::Ephemeral => &spec.ephemeral_containers,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seawall_model::pod::ContainerPort;

    fn pod() -> Pod<'static> {
        let port = |container_port| ContainerPort { container_port, host_port: 1 };
        let container = |name: &'static str| Container {
            name: name.into(),
            ports: vec![port(80), port(80), port(0)],
            ..Container::default()
        };
        let spec =
            PodSpec { containers: vec![container("a"), container("a"), container("")], ..PodSpec::default() };
        Pod { spec, ..Pod::default() }
    }

    fn path(container: usize, field: Field) -> String {
        let site = Site::Container { class: ContainerClass::Main, index: container };
        let offender = Offender { site, name: "", field, value: Value::Missing };
        offender.path(&Names::of(&pod()), &FieldPath::root().keys("spec.template")).to_string()
    }

    #[test]
    fn names_tell_items_apart_where_they_can() {
        let field = Field::of("securityContext.privileged");
        assert_eq!(path(0, field), "spec.template.spec.containers[name=a].securityContext.privileged");
        assert_eq!(path(1, field), "spec.template.spec.containers[1].securityContext.privileged");
        assert_eq!(path(2, field), "spec.template.spec.containers[2].securityContext.privileged");
    }

    #[test]
    fn long_lists_are_named_as_short_ones() {
        let names = ["a", "b"].into_iter().chain(std::iter::repeat_n("a", 10)).chain(["c"]);
        let spec = PodSpec {
            containers: names.map(|name| Container { name: name.into(), ..Container::default() }).collect(),
            ..PodSpec::default()
        };
        let pod = Pod { spec, ..Pod::default() };
        let known = Names::of(&pod);
        let path = |index| {
            let site = Site::Container { class: ContainerClass::Main, index };
            let offender = Offender { site, name: "", field: Field::of(""), value: Value::Missing };
            offender.path(&known, &FieldPath::root()).to_string()
        };
        assert_eq!(
            [path(0), path(1), path(2)],
            ["spec.containers[name=a]", "spec.containers[name=b]", "spec.containers[2]"]
        );
        assert_eq!([path(11), path(12)], ["spec.containers[11]", "spec.containers[name=c]"]);
    }

    #[test]
    fn ports_are_named_by_number() {
        let at = |port| path(0, Field::item("ports", port, "hostPort"));
        assert_eq!(at(0), "spec.template.spec.containers[name=a].ports[containerPort=80].hostPort");
        assert_eq!(at(1), "spec.template.spec.containers[name=a].ports[1].hostPort");
        assert_eq!(at(2), "spec.template.spec.containers[name=a].ports[2].hostPort");
    }
}
