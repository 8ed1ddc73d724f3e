//! What the checks of images share.

use seawall_model::image::Image;

use crate::view::ContainerAt;

/// The image that a container names; `None` where none is written, or somebody else puts it in.
pub(crate) fn written<'d>(at: &ContainerAt<'_, 'd>) -> Option<&'d str> {
    let image = at.container.image?;
    // Istio's webhook replaces this word in gateways; the image triggers of a DeploymentConfig replace a blank.
    // `ko` builds the program that is named and puts its image in.
    let is_replaced = match image {
        "auto" => at.container.name == "istio-proxy",
        _ if image.starts_with("ko://") => true,
        _ => image == " " && at.object().kind == "DeploymentConfig",
    };
    (!is_replaced).then_some(image)
}

/// The image of a container, if a runtime could pull it; `image-invalid` reports the others.
pub(crate) fn pullable(at: &ContainerAt<'_, '_>) -> Option<Image> {
    Image::parse(written(at)?).ok().filter(|image| !image.registry.is_empty())
}
