//! Named scenarios: every branch of upstream's handler, and inputs on which implementations differ easily.

mod configurations;
mod controllers;
mod http;
mod namespaces;
mod pods;

use crate::reviews::{labelled, post};
use crate::scenario::Scenario;
use serde_json::Value;

/// All of them.
pub(crate) fn all() -> Vec<Scenario> {
    [namespaces::all(), pods::all(), controllers::all(), http::all(), configurations::all()].concat()
}

/// Without configuration, in one namespace `ns` with labels.
fn one(name: &str, labels: &[(&str, &str)], request: Value) -> Scenario {
    labelled(name, labels, vec![post(request)])
}

/// The same for several requests.
fn several(name: &str, labels: &[(&str, &str)], requests: impl IntoIterator<Item = Value>) -> Scenario {
    labelled(name, labels, requests.into_iter().map(post).collect())
}

/// A scenario with a configuration.
fn configured(configuration: &str, scenario: Scenario) -> Scenario {
    Scenario { configuration: configuration.to_owned(), ..scenario }
}
