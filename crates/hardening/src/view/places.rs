//! Where the items of a pod's lists are.

use seawall_model::FieldPath;

use super::{ContainerAt, Pod};

/// The last position at which an item is called by its merge key: whether it is the first with it is not looked for in lists
/// that nobody wrote by hand, as it would take a square of time.
const NAMED: usize = 500;

/// The path of a list's item by its merge key, by position where that does not tell it apart.
pub(crate) fn item<V: AsRef<str>>(
    list: FieldPath,
    key: &str,
    mut values: impl Iterator<Item = V> + Clone,
    index: usize,
) -> FieldPath {
    if index > NAMED {
        return list.index(index);
    }
    let mut earlier = values.clone().take(index);
    let is_first = |value: &V| earlier.all(|earlier| earlier.as_ref() != value.as_ref());
    match values.nth(index).filter(|value| !value.as_ref().is_empty()).filter(is_first) {
        Some(value) => list.item(key, value.as_ref()),
        None => list.index(index),
    }
}

impl Pod<'_> {
    /// The path of a volume: `spec.volumes[name=data]`.
    pub fn volume_path(&self, index: usize) -> FieldPath {
        let names = self.spec.volumes.iter().map(|volume| volume.name);
        item(FieldPath::root().keys("spec.volumes"), "name", names, index)
    }
}

impl ContainerAt<'_, '_> {
    /// The path of a mount: `spec.containers[name=app].volumeMounts[mountPath=/data]`.
    pub fn mount_path(&self, index: usize) -> FieldPath {
        let paths = self.container.volume_mounts.iter().map(|mount| mount.mount_path);
        item(self.path().key("volumeMounts"), "mountPath", paths, index)
    }

    /// The path of a variable: `spec.containers[name=app].env[name=HOME]`.
    pub fn env_path(&self, index: usize) -> FieldPath {
        let names = self.container.env.iter().map(|variable| variable.name);
        item(self.path().key("env"), "name", names, index)
    }

    /// The path of a port: `spec.containers[name=app].ports[containerPort=8080]`.
    pub fn port_path(&self, index: usize) -> FieldPath {
        let ports = self.container.ports.iter();
        let numbers = ports.map(|port| port.container_port.unwrap_or_default().to_string());
        item(self.path().key("ports"), "containerPort", numbers, index)
    }
}
