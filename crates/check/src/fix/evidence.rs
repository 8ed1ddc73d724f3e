//! What is known of images: as which user they run.

use std::collections::HashMap;
use std::fmt;

use seawall_model::image::Image;
use seawall_yaml::{Document, Kind, NodeRef, Span};

/// The users of images, by their whole references.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Images {
    users: HashMap<String, String>,
}

/// What is wrong with a file of images, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImagesError {
    /// Where in the file.
    pub span: Span,
    /// In lower case without a trailing period.
    pub message: String,
}

impl fmt::Display for ImagesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ImagesError {}

impl Images {
    /// Adds what a document says: the output of `docker image inspect` or `podman image inspect` (a list of objects with
    /// `RepoTags`, `RepoDigests` and `Config.User`), or a mapping of references to image configurations as `crane config`
    /// prints them (`config.User`).
    pub fn read(&mut self, document: &Document) -> Result<(), ImagesError> {
        let root = document.root().resolved();
        match root.kind() {
            Kind::Null => Ok(()),
            Kind::Sequence => root.items().try_for_each(|image| self.inspected(image)),
            Kind::Mapping => {
                for (key, value) in root.entries() {
                    let name = key.key().unwrap_or_default();
                    self.add(&name, user(value), key)?;
                }
                Ok(())
            }
            _ => Err(ImagesError {
                span: root.span(),
                message: "must be the output of `docker image inspect`, or a mapping of images to their configurations"
                    .to_owned(),
            }),
        }
    }

    fn inspected(&mut self, image: NodeRef<'_>) -> Result<(), ImagesError> {
        for list in ["RepoTags", "RepoDigests"] {
            for name in image.get(list).into_iter().flat_map(NodeRef::items) {
                if let Some(text) = name.as_str() {
                    self.add(text, user(image), name)?;
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, name: &str, user: &str, at: NodeRef<'_>) -> Result<(), ImagesError> {
        let image = Image::parse(name)
            .map_err(|e| ImagesError { span: at.span(), message: format!("`{name}` {e}") })?;
        self.users.insert(key(&image), user.to_owned());
        Ok(())
    }

    /// The number of the user, if the image runs as one other than root that is named by its number: the kubelet accepts no
    /// names with `runAsNonRoot`.
    pub(crate) fn user(&self, image: &str) -> Option<u32> {
        if self.users.is_empty() {
            return None;
        }
        let user = self.users.get(&key(&Image::parse(image).ok()?))?;
        let (user, _) = user.split_once(':').unwrap_or((user, ""));
        user.parse().ok().filter(|user| *user > 0)
    }
}

/// What an image is known by: a digest if there is one, else the tag that is pulled.
fn key(image: &Image) -> String {
    let whole = Image { tag: None, digest: None, ..image.clone() };
    match (&image.digest, image.pulled_tag()) {
        (Some(digest), _) => format!("{whole}@{digest}"),
        (None, tag) => format!("{whole}:{}", tag.unwrap_or_default()),
    }
}

fn user(image: NodeRef<'_>) -> &str {
    let config = image.get("Config").or_else(|| image.get("config")).unwrap_or(image);
    config.get("User").or_else(|| config.get("user")).and_then(NodeRef::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn images(text: &str) -> Result<Images, ImagesError> {
        let document =
            seawall_yaml::read(text.as_bytes()).pop().and_then(|e| e.document).expect("a document");
        let mut images = Images::default();
        images.read(&document).map(|()| images)
    }

    #[test]
    fn users_are_known_by_reference() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let inspected = images(&format!(
            "[{{\"RepoTags\": [\"app:1\", \"reg:5000/app:1\"], \"RepoDigests\": [\"app@{digest}\"], \"Config\": {{\"User\": \"1000:1000\"}}}}]"
        ))
        .unwrap();
        for image in [
            "app:1",
            "docker.io/library/app:1",
            "reg:5000/app:1",
            &format!("app@{digest}"),
            &format!("app:9@{digest}"),
        ] {
            assert_eq!(inspected.user(image), Some(1000), "{image}");
        }
        for other in ["app", "app:2", "other:1", "not an image"] {
            assert_eq!(inspected.user(other), None, "{other}");
        }
        let mapped = images(
            "nginx: {config: {User: \"101\"}}\na/b: {user: nginx}\nc: {config: {}}\nd: {User: \"0\"}\n",
        )
        .unwrap();
        assert_eq!(mapped.user("nginx:latest"), Some(101));
        for named in ["a/b", "c", "d"] {
            assert_eq!(mapped.user(named), None, "{named}");
        }
    }

    #[test]
    fn what_is_no_file_of_images_says_so() {
        assert!(images("text\n").unwrap_err().message.starts_with("must be the output"));
        assert!(images("\"a b\": {}\n").unwrap_err().message.contains("must be of the form"));
    }
}
