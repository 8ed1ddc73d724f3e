//! Where the items of a pod's lists are.

use seawall_model::FieldPath;

use super::{ContainerAt, Pod};

/// The path of a list's item by its merge key, by position where that does not tell it apart.
pub(crate) fn item<'v>(
    list: FieldPath,
    key: &str,
    values: impl Iterator<Item = &'v str>,
    index: usize,
) -> FieldPath {
    let values: Vec<_> = values.take(index + 1).collect();
    match values.split_last() {
        Some((&value, earlier)) if !value.is_empty() && !earlier.contains(&value) => list.item(key, value),
        _ => list.index(index),
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
        let ports: Vec<_> = self
            .container
            .ports
            .iter()
            .map(|port| port.container_port.unwrap_or_default().to_string())
            .collect();
        item(self.path().key("ports"), "containerPort", ports.iter().map(String::as_str), index)
    }
}
