//! Lists in pages.

use std::fmt::Write as _;
use std::time::Instant;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::connect::Cluster;
use crate::error::Error;

/// Objects of one kind, all or those of a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Collection<'c> {
    /// Such as `v1`, `apps/v1`.
    pub api_version: &'c str,
    /// The plural, such as `pods`.
    pub resource: &'c str,
    /// Only this namespace.
    pub namespace: Option<&'c str>,
    /// Only objects with these labels, as `kubectl --selector` has it; empty for all.
    pub selector: &'c str,
}

impl Collection<'_> {
    /// Where it is, such as `/apis/apps/v1/namespaces/shop/deployments`.
    pub fn path(&self) -> String {
        let root = if self.api_version.contains('/') { "/apis" } else { "/api" };
        let mut path = format!("{root}/{}", self.api_version);
        if let Some(namespace) = self.namespace {
            path.push_str("/namespaces/");
            encode(&mut path, namespace);
        }
        path.push('/');
        path.push_str(self.resource);
        path
    }
}

/// A part of a list: the bytes of a whole `List` object as JSON.
#[derive(Clone, Debug)]
pub struct Page {
    /// The JSON text.
    pub json: Vec<u8>,
    /// How many items it has.
    pub items: usize,
    /// How many come after it, where the API server says so.
    pub remaining: Option<usize>,
}

/// How a list came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listed {
    /// All there is.
    Whole {
        /// How many items came.
        items: usize,
        /// Whether all are of one moment. A list that takes longer than the API server remembers goes on with what is there then.
        consistent: bool,
    },
    /// The user may not list this: it is not known what there is.
    Forbidden {
        /// The API server's message.
        message: String,
    },
    /// The API server does not have this kind.
    NotServed,
}

/// What is of use in a list, or in the status that comes in place of one.
#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    items: Option<Vec<IgnoredAny>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metadata {
    r#continue: Option<String>,
    remaining_item_count: Option<usize>,
}

impl Cluster {
    /// Lists a collection in pages of at most `limit` items, and hands each on as it comes. What was handed on before an error
    /// is not all there is.
    pub fn list(
        &self,
        collection: Collection<'_>,
        limit: usize,
        mut each: impl FnMut(Page),
    ) -> Result<Listed, Error> {
        self.list_while(collection, limit, None, |page| {
            each(page);
            true
        })
    }

    /// As [`list`](Self::list), for as long as `each` wants more, and until then: a list that is ended before its end is an error.
    pub fn list_while(
        &self,
        collection: Collection<'_>,
        limit: usize,
        until: Option<Instant>,
        mut each: impl FnMut(Page) -> bool,
    ) -> Result<Listed, Error> {
        let path = collection.path();
        let (mut items, mut consistent) = (0, true);
        let mut next: Option<String> = None;
        loop {
            let mut query = format!("{path}?limit={limit}");
            if !collection.selector.is_empty() {
                query.push_str("&labelSelector=");
                encode(&mut query, collection.selector);
            }
            if let Some(token) = &next {
                query.push_str("&continue=");
                encode(&mut query, token);
            }
            let broken = |cause: Error| match next {
                Some(_) => Error::Interrupted { path: path.clone(), items, cause: Box::new(cause) },
                None => cause,
            };
            let answer = self.get_until(&query, until).map_err(broken)?;
            let head = serde_json::from_slice::<Head>(&answer.body);
            let problem = |problem: String| broken(Error::Answer { path: path.clone(), problem });
            match answer.status {
                200 => {
                    let head = head.map_err(|e| problem(format!("not a list: {e}")))?;
                    let count = head.items.as_ref().map_or(0, Vec::len);
                    if !head.kind.ends_with("List") {
                        return Err(problem(format!("not a list but `{}`", head.kind)));
                    }
                    items += count;
                    let remaining = head.metadata.remaining_item_count;
                    let goes_on = each(Page { json: answer.body, items: count, remaining });
                    next = head.metadata.r#continue.filter(|token| !token.is_empty());
                    if next.is_none() {
                        return Ok(Listed::Whole { items, consistent });
                    }
                    if !goes_on {
                        let cause = Box::new(Error::System("nobody waits for more".to_owned()));
                        return Err(Error::Interrupted { path, items, cause });
                    }
                }
                // The API server forgot the moment that the list began at, and offers to go on at this one.
                410 if next.is_some() => {
                    let token = head.ok().and_then(|head| head.metadata.r#continue);
                    next = Some(
                        token.filter(|token| !token.is_empty()).ok_or_else(|| problem(answer.message()))?,
                    );
                    consistent = false;
                }
                403 if next.is_none() => return Ok(Listed::Forbidden { message: answer.message() }),
                404 if next.is_none() => return Ok(Listed::NotServed),
                status => return Err(broken(Error::Refused { status, message: answer.message() })),
            }
        }
    }
}

/// Adds a value to a query or a path.
pub(crate) fn encode(query: &mut String, value: &str) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            query.push(byte.into());
        } else {
            let _ = write!(query, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collections_are_where_the_api_has_them() {
        let path = |api_version, resource, namespace| {
            Collection { api_version, resource, namespace, selector: "" }.path()
        };
        assert_eq!(path("v1", "pods", None), "/api/v1/pods");
        assert_eq!(path("apps/v1", "deployments", Some("shop")), "/apis/apps/v1/namespaces/shop/deployments");
    }

    #[test]
    fn tokens_are_safe_in_a_query() {
        let mut query = String::new();
        encode(&mut query, "aZ9-._~+/=& \u{fc}");
        assert_eq!(query, "aZ9-._~%2B%2F%3D%26%20%C3%BC");
    }
}
