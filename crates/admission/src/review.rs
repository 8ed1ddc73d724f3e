//! From the bytes of a request to a review.

use std::fmt;

use seawall_model::decode::DecodeError;
use seawall_model::json;
use seawall_model::review::{AdmissionRequest, AdmissionReview, GroupVersionKind, Typed};

use crate::object::resolve;

const GROUP: &str = "admission.k8s.io";
const VERSION: &str = "v1";

/// The group and version of reviews.
pub(crate) const API_VERSION: &str = "admission.k8s.io/v1";
/// The kind of reviews.
pub(crate) const KIND: &str = "AdmissionReview";

/// A request of an API server.
#[derive(Clone, Debug, PartialEq)]
pub struct Review<'r> {
    /// What is asked.
    pub request: AdmissionRequest<'r>,
}

/// Why a body is no review. All of them are the client's fault: HTTP status 400.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReviewError {
    /// There is nothing.
    Empty,
    /// It cannot be decoded.
    Undecodable(String),
    /// It is something else.
    OtherKind {
        /// `apiVersion`
        api_version: String,
        /// `kind`
        kind: String,
    },
    /// It asks nothing.
    NoRequest,
}

impl fmt::Display for ReviewError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("request body is empty"),
            Self::Undecodable(why) => write!(f, "unable to decode the request: {why}"),
            Self::OtherKind { api_version, kind } => {
                write!(
                    f,
                    "unexpected AdmissionReview kind: `{kind}` of `{api_version}`, send `{KIND}` of `{API_VERSION}`"
                )
            }
            Self::NoRequest => f.write_str("the AdmissionReview has no request"),
        }
    }
}

impl std::error::Error for ReviewError {}

/// The review that a body holds. A kind or version that is not given is taken for the right one, as the reference does.
pub fn read_review(body: &[u8]) -> Result<Review<'_>, ReviewError> {
    if body.is_empty() {
        return Err(ReviewError::Empty);
    }
    let undecodable = |error: DecodeError| ReviewError::Undecodable(error.to_string());
    let review: Typed<'_, AdmissionReview<'_>> = json::decode(body).map_err(undecodable)?;
    let wanted = GroupVersionKind { group: GROUP.into(), version: VERSION.into(), kind: KIND.into() };
    let (api_version, kind) = resolve(&review.found, &wanted).map_err(undecodable)?;
    if (&*api_version, &*kind) != (API_VERSION, KIND) {
        return Err(ReviewError::OtherKind { api_version, kind });
    }
    let request = review.object.request.ok_or(ReviewError::NoRequest)?;
    Ok(Review { request })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_asks_nothing_is_refused() {
        let error = |body: &str| read_review(body.as_bytes()).unwrap_err();
        assert_eq!(error(""), ReviewError::Empty);
        for none in ["{}", "null", r#"{"request":null}"#] {
            assert_eq!(error(none), ReviewError::NoRequest, "{none}");
        }
        for broken in ["{", "[]", "\"a\"", "{} {}", r#"{"request":[]}"#, r#"{"request":{"uid":7}}"#, " "] {
            assert!(matches!(error(broken), ReviewError::Undecodable(_)), "{broken}");
        }
        for other in [r#"{"kind":"Pod"}"#, r#"{"apiVersion":"admission.k8s.io/v1beta1"}"#] {
            assert!(matches!(error(other), ReviewError::OtherKind { .. }), "{other}");
        }
    }

    #[test]
    fn objects_are_kept_as_they_are() {
        let body = r#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u","object": {"a": [1, "}"]} ,"oldObject":null}}"#;
        let request = read_review(body.as_bytes()).unwrap().request;
        assert_eq!((&*request.uid, request.object.0), ("u", &br#"{"a": [1, "}"]}"#[..]));
        assert!(request.old_object.0.is_empty());
    }
}
