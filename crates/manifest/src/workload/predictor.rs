//! The pods that `KServe` makes of a predictor, a transformer or an explainer: a pod's specification that may name its model
//! server by a field instead of a container (kserve/kserve v0.15: `pkg/apis/serving/v1beta1/predictor.go`).
//!
//! What `KServe` adds by itself, such as the image of a model server, depends on its installation and is left out.

use std::borrow::Cow;

use seawall_model::decode::DecodeError;
use seawall_model::pod::{Container, PodSpec};
use seawall_model::{FieldPath, Segment, nodes};
use seawall_yaml::{Kind, NodeRef};

/// The fields that hold a model server, or (`art`) an explainer. Each is a container with more fields.
const SERVERS: [&str; 12] = [
    "model",
    "sklearn",
    "xgboost",
    "tensorflow",
    "pytorch",
    "triton",
    "onnx",
    "huggingface",
    "pmml",
    "lightgbm",
    "paddle",
    "art",
];

/// The name of a model server's container.
const NAME: &str = "kserve-container";

/// The model servers that are written, with their fields.
fn servers(predictor: NodeRef<'_>) -> impl Iterator<Item = (&'static str, NodeRef<'_>)> {
    let written = SERVERS.into_iter().filter_map(move |key| Some((key, predictor.get(key)?)));
    written.filter(|(_, server)| server.resolved().kind() == Kind::Mapping)
}

/// Whether it holds containers: what is deployed otherwise is somewhere else.
pub(super) fn is_whole(predictor: NodeRef<'_>) -> bool {
    let listed = predictor.get("containers").is_some_and(|list| list.resolved().kind() == Kind::Sequence);
    listed || servers(predictor).next().is_some()
}

/// The specification of its pods.
pub(super) fn pod_spec(predictor: NodeRef<'_>) -> Result<PodSpec<'_>, DecodeError> {
    let mut spec: PodSpec<'_> = nodes::decode(predictor)?;
    for (_, server) in servers(predictor) {
        let mut container: Container<'_> = nodes::decode(server)?;
        if container.name.is_empty() {
            container.name = Cow::Borrowed(NAME);
        }
        spec.containers.push(container);
    }
    Ok(spec)
}

/// Where a field of the specification stands in the object, below the predictor at `at`. `path` begins below the
/// specification.
pub(super) fn origin(predictor: NodeRef<'_>, at: &FieldPath, path: &[Segment]) -> FieldPath {
    let written = || predictor.get("containers").into_iter().flat_map(NodeRef::items);
    let name = |node: NodeRef<'_>| node.get("name").and_then(NodeRef::as_str).unwrap_or_default().to_owned();
    let server = match path {
        [Segment::Key(list), Segment::Item(item), ..] if list == "containers" => {
            let value = &item.value;
            let named = |(_, server): &(&str, NodeRef<'_>)| {
                let own = name(*server);
                (if own.is_empty() { NAME } else { own.as_str() }) == value
            };
            let listed = written().any(|container| name(container) == *value);
            servers(predictor).find(named).filter(|_| !listed)
        }
        [Segment::Key(list), Segment::Index(index), ..] if list == "containers" => {
            let behind = (*index as usize).checked_sub(written().count());
            behind.and_then(|index| servers(predictor).nth(index))
        }
        _ => None,
    };
    match server {
        Some((key, _)) => at.clone().key(key).join(&FieldPath(path[2..].to_vec())),
        None => at.clone().join(&FieldPath(path.to_vec())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::objects;
    use crate::workload::{Template, templates};

    fn with<T>(spec: &str, look: impl FnOnce(&[Template<'_>]) -> T) -> T {
        let text = format!(
            "apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nspec:\n  predictor: {spec}\n"
        );
        let document =
            seawall_yaml::read(text.as_bytes()).pop().and_then(|e| e.document).expect("a document");
        look(&templates(&objects(&document).objects[0], &[]))
    }

    #[test]
    fn model_servers_are_containers() {
        let spec = "{hostPID: true, model: {modelFormat: {name: x}, securityContext: {privileged: true}}, containers: [{name: c}], sklearn: {name: s}}";
        with(spec, |templates| {
            let pod = templates[0].pod().unwrap();
            let names: Vec<&str> = pod.spec.containers.iter().map(|c| &*c.name).collect();
            assert_eq!(names, ["c", "kserve-container", "s"]);
            assert!(pod.spec.host_pid && pod.spec.containers[1].security_context.is_some());
            let at = |container: &str| {
                let path = FieldPath::root().keys("spec.containers").item("name", container).key("image");
                templates[0].path_in_object(path.clone()).to_string()
            };
            assert_eq!(at("kserve-container"), "spec.predictor.model.image");
            assert_eq!(at("s"), "spec.predictor.sklearn.image");
            assert_eq!(at("c"), "spec.predictor.containers[name=c].image");
            let second = FieldPath::root().keys("spec.containers").index(1).key("image");
            assert_eq!(templates[0].path_in_object(second).to_string(), "spec.predictor.model.image");
            assert_eq!(templates[0].spec_path().unwrap().to_string(), "spec.predictor");
        });
        assert_eq!(with("{minReplicas: 1}", |templates| templates.len()), 0);
    }
}
