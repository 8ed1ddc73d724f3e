//! What is asked of an admission handler, and what it answers.

use seawall_model::gotext::quote;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A configuration and a cluster, and what is sent to the handler there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scenario {
    pub(crate) name: String,
    /// The text of the configuration file; no file if empty.
    pub(crate) configuration: String,
    pub(crate) namespaces: Vec<Value>,
    /// Fails every look-up of a namespace, unless empty.
    pub(crate) lookup_error: String,
    /// What a list of pods gives, of whichever namespace, in its order.
    pub(crate) pods: Vec<Value>,
    /// Fails every list of pods.
    pub(crate) list_error: bool,
    /// The time of a request is over once pods were listed, so that one pod is checked.
    pub(crate) cancelled: bool,
    pub(crate) posts: Vec<Post>,
}

/// One HTTP request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Post {
    pub(crate) body: Body,
    /// The value of the query parameter `timeout`.
    pub(crate) timeout: Option<String>,
    /// The header `Content-Type`: `application/json` if `None`, no header if empty.
    pub(crate) content_type: Option<String>,
    pub(crate) leeway: Leeway,
}

#[derive(Clone, Debug)]
pub(crate) enum Body {
    Text(String),
    Bytes(Vec<u8>),
}

impl Default for Body {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

impl Body {
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }
}

/// Where ours need not, or must not, answer as upstream does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Leeway {
    #[default]
    Exact,
    /// Upstream takes for a review what no API server sends (YAML, bytes that are not UTF-8); ours may answer 400 instead.
    MayRefuse,
    /// Upstream refuses what proxies send, a content type with a charset; ours answers the review.
    Wider,
}

impl Scenario {
    /// The look-up of a namespace as a client makes it, first in its cache and then of an API server without more namespaces;
    /// or the text of its error.
    pub(crate) fn lookup(&self, name: &str) -> Result<&Value, String> {
        if !self.lookup_error.is_empty() {
            return Err(self.lookup_error.clone());
        }
        if let Some(namespace) = self.namespaces.iter().find(|n| n["metadata"]["name"] == name) {
            return Ok(namespace);
        }
        Err(match name {
            "" => "resource name may not be empty".to_owned(),
            "." | ".." => format!("invalid resource name {}: [may not be '{name}']", quote(name)),
            _ => {
                let bad: Vec<String> = ['/', '%']
                    .iter()
                    .filter(|c| name.contains(**c))
                    .map(|c| format!("may not contain '{c}'"))
                    .collect();
                match &bad[..] {
                    [] => format!("namespaces {} not found", quote(name)),
                    bad => format!("invalid resource name {}: [{}]", quote(name), bad.join(" ")),
                }
            }
        })
    }

    /// The question for the oracle.
    pub(crate) fn request(&self) -> Vec<u8> {
        let posts: Vec<Value> = self
            .posts
            .iter()
            .map(|post| {
                let mut value = match &post.body {
                    Body::Text(text) => json!({"body": text}),
                    Body::Bytes(bytes) => json!({"bytes": bytes}),
                };
                value["timeout"] = json!(post.timeout);
                value["contentType"] = json!(post.content_type);
                value
            })
            .collect();
        let request = json!({
            "configuration": self.configuration, "namespaces": self.namespaces, "lookupError": self.lookup_error,
            "pods": self.pods, "listError": self.list_error, "cancelled": self.cancelled, "posts": posts,
        });
        request.to_string().into_bytes()
    }
}

/// What became of an HTTP request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) answer: Answer,
    /// The counters that the request raised, as `name{label="value",…}` with labels by name.
    pub(crate) metrics: BTreeMap<String, u64>,
    /// What was asked of the cluster, in its order: `namespace a`, `pods a`.
    pub(crate) lookups: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The configuration is refused: the only outcome of a scenario then.
    Configuration(String),
    /// An answer without a review.
    Http(u16, String),
    /// The `AdmissionResponse`.
    Response(Value),
    /// The handler panicked; never ours.
    Panic,
}

impl Outcome {
    /// A counter as it stands in [`Outcome::metrics`].
    pub(crate) fn counter<'l>(name: &str, labels: impl IntoIterator<Item = (&'l str, &'l str)>) -> String {
        let labels: BTreeMap<&str, &str> = labels.into_iter().collect();
        let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
        format!("{name}{{{}}}", labels.join(","))
    }
}

/// The outcomes that the oracle's answer tells.
pub(crate) fn outcomes(answer: &[u8]) -> Vec<Outcome> {
    let answer: Value = serde_json::from_slice(answer).expect("JSON");
    if let Value::String(text) = &answer["configurationError"] {
        let answer = Answer::Configuration(text.clone());
        return vec![Outcome { answer, metrics: BTreeMap::new(), lookups: Vec::new() }];
    }
    answer["answers"].as_array().expect("a list").iter().map(outcome).collect()
}

fn outcome(posted: &Value) -> Outcome {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let answer = if posted["panic"] == true {
        Answer::Panic
    } else if let Some(status) = posted["http"].as_u64() {
        Answer::Http(status as u16, text(&posted["text"]).trim_end().to_owned())
    } else {
        Answer::Response(posted["response"].clone())
    };
    let metrics = posted["metrics"].as_array().expect("a list").iter().map(|metric| {
        let labels = metric["labels"].as_object().expect("labels");
        let labels = labels.iter().map(|(name, value)| (&**name, value.as_str().expect("a text")));
        (
            Outcome::counter(metric["name"].as_str().expect("a name"), labels),
            metric["value"].as_u64().expect("a count"),
        )
    });
    Outcome {
        answer,
        metrics: metrics.collect(),
        lookups: posted["lookups"].as_array().expect("a list").iter().map(text).collect(),
    }
}
