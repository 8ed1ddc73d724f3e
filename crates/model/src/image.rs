//! References to container images, read as the runtimes read them (github.com/distribution/reference v0.6.0:
//! `reference.go`, `normalize.go`, `regexp.go`).

use std::fmt;

/// The registry that names without one mean.
const DEFAULT_REGISTRY: &str = "docker.io";

/// Where single names live in it.
const DEFAULT_NAMESPACE: &str = "library";

/// The longest repository, registry included, in bytes.
const NAME_MAX: usize = 255;

/// A reference to an image with registry and repository written out: `nginx` is `docker.io/library/nginx`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Image {
    /// The registry, with its port if it has one: `docker.io`, `registry:5000`. Empty where what stands in its place can be
    /// none; such an image cannot be pulled.
    pub registry: String,
    /// The repository there: `library/nginx`.
    pub repository: String,
    /// The tag, if one is written.
    pub tag: Option<String>,
    /// The digest, if one is written: `sha256:...`.
    pub digest: Option<String>,
}

/// Why a text refers to no image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageError {
    /// It is not of the form `[registry/]repository[:tag][@digest]`.
    Format,
    /// The repository has capital letters.
    Uppercase,
    /// The name is longer than 255 bytes.
    TooLong,
    /// 64 hexadecimal digits alone: an id, which a registry does not know.
    Id,
}

impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Format => "must be of the form [registry/]repository[:tag][@digest]",
            Self::Uppercase => "must have its repository in lower case",
            Self::TooLong => "must have a name of at most 255 bytes",
            Self::Id => "must not be an image id",
        })
    }
}

impl std::error::Error for ImageError {}

impl Image {
    /// Reads a reference.
    pub fn parse(text: &str) -> Result<Self, ImageError> {
        if text.len() == 64 && text.bytes().all(is_hex) {
            return Err(ImageError::Id);
        }
        let (registry, remote) = split_registry(text);
        let registry = registry.to_owned();
        let single = registry == DEFAULT_REGISTRY && !remote.contains('/');
        let remote = if single { format!("{DEFAULT_NAMESPACE}/{remote}") } else { remote.to_owned() };
        // Tags and digests may have capitals; what is in front of the first colon may not.
        let path = remote.split([':', '@']).next().unwrap_or_default();
        if path.chars().any(char::is_uppercase) {
            return Err(ImageError::Uppercase);
        }
        let (named, digest) = match remote.split_once('@') {
            Some((named, digest)) => (named, Some(digest)),
            None => (remote.as_str(), None),
        };
        let (repository, tag) = match named.split_once(':') {
            Some((repository, tag)) => (repository, Some(tag)),
            None => (named, None),
        };
        // What is no host name counts as a part of the repository, and the reference has no registry.
        let (registry, repository) = if is_registry(&registry) {
            (registry, repository.to_owned())
        } else {
            (String::new(), format!("{registry}/{repository}"))
        };
        let good =
            repository.split('/').all(is_component) && tag.is_none_or(is_tag) && digest.is_none_or(is_digest);
        if !good {
            return Err(ImageError::Format);
        }
        let slash = usize::from(!registry.is_empty());
        if registry.len() + slash + repository.len() > NAME_MAX {
            return Err(ImageError::TooLong);
        }
        Ok(Self { registry, repository, tag: tag.map(str::to_owned), digest: digest.map(str::to_owned) })
    }

    /// The tag that a runtime pulls: `latest` where neither a tag nor a digest is written.
    pub fn pulled_tag(&self) -> Option<&str> {
        self.tag.as_deref().or(if self.digest.is_none() { Some("latest") } else { None })
    }
}

impl fmt::Display for Image {
    /// With everything written out but a tag that is not there.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.registry.is_empty() {
            write!(f, "{}/", self.registry)?;
        }
        f.write_str(&self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

/// The registry, and what is behind it. The first part is one if it cannot be a namespace.
fn split_registry(text: &str) -> (&str, &str) {
    match text.split_once('/') {
        Some((first, rest))
            if first.contains(['.', ':'])
                || first == "localhost"
                || first.chars().any(char::is_uppercase) =>
        {
            // The old name of the index.
            (if first == "index.docker.io" { DEFAULT_REGISTRY } else { first }, rest)
        }
        _ => (DEFAULT_REGISTRY, text),
    }
}

const fn is_hex(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'a'..=b'f')
}

/// A host name or an address, with a port if wanted.
fn is_registry(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, rest)) => {
                let good = !address.is_empty() && address.bytes().all(|b| b.is_ascii_hexdigit() || b == b':');
                if !good {
                    return false;
                }
                match rest.strip_prefix(':') {
                    Some(port) => (None, Some(port)),
                    None if rest.is_empty() => (None, None),
                    None => return false,
                }
            }
            None => return false,
        },
        None => match text.split_once(':') {
            Some((host, port)) => (Some(host), Some(port)),
            None => (Some(text), None),
        },
    };
    let label = |label: &str| {
        let alphanumeric = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
        let bytes = label.as_bytes();
        alphanumeric(bytes.first())
            && alphanumeric(bytes.last())
            && bytes.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-')
    };
    host.is_none_or(|host| host.split('.').all(label))
        && port.is_none_or(|port| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
}

/// A part of a repository: runs of letters and digits, between them one `.`, one or two `_`, or any number of `-`.
fn is_component(text: &str) -> bool {
    let is_letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = text.as_bytes();
    let mut at = 0;
    loop {
        let run = bytes[at..].iter().take_while(|b| is_letter(**b)).count();
        if run == 0 {
            return false;
        }
        at += run;
        if at == bytes.len() {
            return true;
        }
        let separators = bytes[at..].iter().take_while(|b| !is_letter(**b)).count();
        match &bytes[at..at + separators] {
            b"." | b"_" | b"__" => {}
            dashes if dashes.iter().all(|b| *b == b'-') => {}
            _ => return false,
        }
        at += separators;
    }
}

fn is_tag(text: &str) -> bool {
    let bytes = text.as_bytes();
    let word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    bytes.len() <= 128
        && bytes.first().is_some_and(word)
        && bytes.iter().all(|b| word(b) || matches!(b, b'.' | b'-'))
}

/// `algorithm:hex`, with the length that known algorithms have.
fn is_digest(text: &str) -> bool {
    let Some((algorithm, hex)) = text.split_once(':') else { return false };
    let length = match algorithm {
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        _ => return false,
    };
    hex.len() == length && hex.bytes().all(is_hex)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_written_out() {
        let digest = format!("sha256:{}", "a".repeat(64));
        for (text, whole) in [
            ("nginx", "docker.io/library/nginx"),
            ("nginx:1.27", "docker.io/library/nginx:1.27"),
            ("team/app", "docker.io/team/app"),
            ("index.docker.io/nginx", "docker.io/library/nginx"),
            ("localhost/app", "localhost/app"),
            ("registry:5000/app", "registry:5000/app"),
            ("registry:5000/a/b:T_1.2-x", "registry:5000/a/b:T_1.2-x"),
            ("ghcr.io/a__b/c--d.e", "ghcr.io/a__b/c--d.e"),
            ("[::1]:80/app", "[::1]:80/app"),
        ] {
            assert_eq!(Image::parse(text).map(|i| i.to_string()).as_deref(), Ok(whole), "{text}");
        }
        let both = Image::parse(&format!("a:b@{digest}")).unwrap();
        assert_eq!((both.tag.as_deref(), both.digest), (Some("b"), Some(digest.clone())));
        assert_eq!(Image::parse("a").unwrap().pulled_tag(), Some("latest"));
        assert_eq!(Image::parse(&format!("a@{digest}")).unwrap().pulled_tag(), None);
    }

    #[test]
    fn what_is_no_reference() {
        for text in [
            "",
            ":tag",
            "a:",
            "a@",
            "a//b",
            "a/",
            "/a",
            "-a",
            "a..b",
            "a:b:c",
            "a b",
            "a:-t",
            "a@sha256:ab",
            "reg:/a",
            "a___b",
        ] {
            assert_eq!(Image::parse(text), Err(ImageError::Format), "{text}");
        }
        assert_eq!(Image::parse("Nginx"), Err(ImageError::Uppercase));
        assert_eq!(Image::parse(&"a".repeat(64)), Err(ImageError::Id));
        assert_eq!(
            Image::parse(&"a/".repeat(140).replace("//", "/").trim_end_matches('/').replace("a/", "ab/")),
            Err(ImageError::TooLong)
        );
    }
}
