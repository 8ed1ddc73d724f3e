//! What exactly offends: a place, a field, and what was found there.

use std::borrow::Cow;

use seawall_model::FieldPath;
use seawall_model::pod::{Container, ContainerClass, Pod, PodSpec};

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
    /// are named by their merge key where it tells them apart.
    pub fn path(&self, pod: &Pod<'_>, prefix: &FieldPath) -> FieldPath {
        let spec = &pod.spec;
        match self.site {
            Site::Pod => match self.field.item.filter(|_| self.field.head == SYSCTLS) {
                Some(index) => {
                    let sysctls = spec.security_context.iter().flat_map(|c| &c.sysctls).map(|s| &*s.name);
                    named(prefix.clone().key("spec").keys(SYSCTLS), sysctls, index).keys(self.field.tail)
                }
                None => self.below(prefix.clone().key("spec"), None),
            },
            Site::Container { class, index } => {
                let containers = containers(spec, class);
                let names = containers.iter().map(|c| &*c.name);
                let at = named(prefix.clone().key("spec").key(class.field()), names, index);
                self.below(at, containers.get(index))
            }
            Site::Volume(index) => {
                let names = spec.volumes.iter().map(|v| &*v.name);
                self.below(named(prefix.clone().keys("spec.volumes"), names, index), None)
            }
            Site::Annotation(_) => prefix.clone().keys("metadata.annotations").key(self.name),
        }
    }

    fn below(&self, at: FieldPath, container: Option<&Container<'_>>) -> FieldPath {
        let at = at.keys(self.field.head);
        let Some(index) = self.field.item else { return at };
        let item = match (container, self.field.head) {
            (Some(container), "ports") => port(at, container, index),
            (Some(container), ADDED_CAPABILITIES) => {
                let capabilities = container.security_context.iter().flat_map(|c| &c.capabilities);
                let mut added = capabilities.flat_map(|c| &c.add).map(|name| &**name);
                match added.clone().nth(index).filter(|name| added.position(|n| n == *name) == Some(index)) {
                    Some(name) => at.item("", name),
                    None => at.index(index),
                }
            }
            _ => at.index(index),
        };
        item.keys(self.field.tail)
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

/// The item by its name, by position if it has none or shares it with an earlier item.
fn named<'a>(at: FieldPath, mut names: impl Iterator<Item = &'a str> + Clone, index: usize) -> FieldPath {
    match names.clone().nth(index) {
        Some(name) if !name.is_empty() && names.position(|n| n == name) == Some(index) => {
            at.item("name", name)
        }
        _ => at.index(index),
    }
}

/// A port by its number, by position if it has none or shares it with an earlier port (of another protocol).
fn port(at: FieldPath, container: &Container<'_>, index: usize) -> FieldPath {
    let mut numbers = container.ports.iter().map(|p| p.container_port);
    match numbers.clone().nth(index) {
        Some(number) if number != 0 && numbers.position(|n| n == number) == Some(index) => {
            at.item("containerPort", number.to_string())
        }
        _ => at.index(index),
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
        offender.path(&pod(), &FieldPath::root().keys("spec.template")).to_string()
    }

    #[test]
    fn names_tell_items_apart_where_they_can() {
        let field = Field::of("securityContext.privileged");
        assert_eq!(path(0, field), "spec.template.spec.containers[name=a].securityContext.privileged");
        assert_eq!(path(1, field), "spec.template.spec.containers[1].securityContext.privileged");
        assert_eq!(path(2, field), "spec.template.spec.containers[2].securityContext.privileged");
    }

    #[test]
    fn ports_are_named_by_number() {
        let at = |port| path(0, Field::item("ports", port, "hostPort"));
        assert_eq!(at(0), "spec.template.spec.containers[name=a].ports[containerPort=80].hostPort");
        assert_eq!(at(1), "spec.template.spec.containers[name=a].ports[1].hostPort");
        assert_eq!(at(2), "spec.template.spec.containers[name=a].ports[2].hostPort");
    }
}
