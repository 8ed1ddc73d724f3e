//! Telling upstream's outcomes from ours.

use crate::scenario::{Answer, Leeway, Outcome, Post, Scenario};
use seawall_manifest::objects::objects;
use seawall_manifest::schema::{Walker, refused};
use serde_json::Value;
use std::borrow::Cow;

/// Whether ours has to refuse a configuration that upstream takes: one in the form that upstream has in memory, which is no format of
/// files, though its scheme reads it with the names of Go's fields; one with a second document, which upstream passes over without a
/// word.
pub(crate) fn is_for_upstream_alone(scenario: &Scenario) -> bool {
    scenario.configuration.contains("/__internal") || scenario.configuration.contains("\n---\napiVersion")
}

/// What stands in front of the text of a decoder.
const DECODING: [&str; 3] =
    ["failed to decode object: ", "failed to decode old object: ", "failed to decode  old object: "];

/// The first difference, if there is one.
pub(crate) fn difference(scenario: &Scenario, theirs: &[Outcome], ours: &[Outcome]) -> Option<String> {
    if is_for_upstream_alone(scenario) {
        let refused = matches!(ours, [Outcome { answer: Answer::Configuration(_), .. }]);
        return (!refused).then(|| format!("a configuration for upstream alone\n  ours     {ours:?}"));
    }
    if let ([Outcome { answer: Answer::Configuration(theirs), .. }], [Outcome { answer, .. }]) =
        (theirs, ours)
    {
        let same =
            matches!(answer, Answer::Configuration(ours) if configuration(ours) == configuration(theirs));
        return (!same).then(|| format!("the configuration\n  upstream {theirs}\n  ours     {answer:?}"));
    }
    if theirs.len() != ours.len() {
        return Some(format!("{} outcomes of upstream, {} of ours: {ours:?}", theirs.len(), ours.len()));
    }
    scenario.posts.iter().zip(theirs.iter().zip(ours)).find_map(|(post, (theirs, ours))| {
        let told = |what: &str| {
            format!(
                "{what} of {}\n  upstream {theirs:?}\n  ours     {ours:?}",
                String::from_utf8_lossy(post.body.bytes())
            )
        };
        match excused(post, theirs, ours) {
            Excuse::Right => return None,
            Excuse::Wrong => return Some(told("what stands in for upstream's answer")),
            Excuse::None => {}
        }
        if !same_answer(&theirs.answer, &ours.answer) {
            Some(told("the answer"))
        } else if theirs.metrics != ours.metrics {
            Some(told("the metrics"))
        } else if theirs.lookups != ours.lookups {
            Some(told("what is looked up"))
        } else {
            None
        }
    })
}

enum Excuse {
    /// The outcomes have to be the same.
    None,
    /// Ours may differ here, and does so rightly.
    Right,
    /// Ours has to differ here, in another way than it does.
    Wrong,
}

/// Whether ours may differ.
fn excused(post: &Post, theirs: &Outcome, ours: &Outcome) -> Excuse {
    let right = |is: bool| if is { Excuse::Right } else { Excuse::Wrong };
    match (post.leeway, &theirs.answer, &ours.answer) {
        // Upstream drops the connection. Without a request there is nothing to answer; a pod controller without an object is as
        // one whose object cannot be decoded, which is allowed with an error to audit.
        (_, Answer::Panic, Answer::Http(400, _)) => right(!has_request(post)),
        (_, Answer::Panic, Answer::Response(response)) => right(
            has_request(post)
                && response["allowed"] == true
                && response["auditAnnotations"]["error"].as_str().is_some_and(|text| !text.is_empty()),
        ),
        (_, Answer::Panic, _) => Excuse::Wrong,
        (Leeway::Wider, Answer::Http(400, _), ours) => right(matches!(ours, Answer::Response(_))),
        (Leeway::MayRefuse, Answer::Response(_), Answer::Http(400, _)) => Excuse::Right,
        _ if is_unread(post, theirs, ours) => Excuse::Right,
        _ => Excuse::None,
    }
}

/// Whether upstream cannot decode an object for a field that admission does not look at, and ours passes over it: no API server sends
/// such an object. The type table has to find the field too.
pub(crate) fn is_unread(post: &Post, theirs: &Outcome, ours: &Outcome) -> bool {
    let (Answer::Response(theirs), Answer::Response(ours)) = (&theirs.answer, &ours.answer) else {
        return false;
    };
    let undecoded = |response: &Value| {
        response["auditAnnotations"]["error"].as_str().is_some_and(|error| {
            DECODING.iter().any(|prefix| error.starts_with(*prefix)) && !error.contains("no kind ")
        })
    };
    let Ok(review) = serde_json::from_slice::<Value>(post.body.bytes()) else { return false };
    let is_mistyped = |object: &Value| {
        let text = object.to_string().into_bytes();
        let mut walker = Walker::default();
        seawall_yaml::read(text).iter().filter_map(|entry| entry.document.as_ref()).any(|document| {
            let found = objects(document);
            !found.rejects.is_empty() || found.objects.iter().any(|object| refused(&walker.check(object)))
        })
    };
    let request = &review["request"];
    // Ours is an answer to what it could read.
    let is_answer = ours["status"]["code"] != 400
        && ours
            .get("auditAnnotations")
            .is_none_or(|all| all.as_object().is_some_and(|all| all.values().all(Value::is_string)));
    undecoded(theirs)
        && !undecoded(ours)
        && is_answer
        && ["object", "oldObject"].iter().any(|key| {
            let mut object = request[key].clone();
            // What it does not say of its own type is the request's.
            if let Some(object) = object.as_object_mut() {
                let [group, version, kind] =
                    ["group", "version", "kind"].map(|key| request["kind"][key].as_str().unwrap_or_default());
                let api_version =
                    if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
                for (key, value) in [("apiVersion", api_version), ("kind", kind.to_owned())] {
                    if object.get(key).is_none_or(|own| own.as_str().unwrap_or_default().is_empty()) {
                        object.insert(key.to_owned(), value.into());
                    }
                }
            }
            is_mistyped(&object)
        })
}

/// Whether a body is a review with a request.
fn has_request(post: &Post) -> bool {
    serde_json::from_slice::<Value>(post.body.bytes()).is_ok_and(|review| review["request"].is_object())
}

fn same_answer(theirs: &Answer, ours: &Answer) -> bool {
    match (theirs, ours) {
        // Of the texts only this one is a matter of the specification; the others name upstream's types.
        (Answer::Http(400, theirs), Answer::Http(400, ours)) if theirs == "request body is empty" => {
            theirs == ours
        }
        (Answer::Http(theirs, _), Answer::Http(ours, _)) => theirs == ours,
        (Answer::Response(theirs), Answer::Response(ours)) => response(theirs) == response(ours),
        _ => false,
    }
}

/// What Go's decoders say of an object names Go's types and the lines of its scheme, and may hold all of the object. That
/// something is said is compared, not what.
fn response(response: &Value) -> Cow<'_, Value> {
    let Some(error) = response["auditAnnotations"]["error"].as_str() else { return Cow::Borrowed(response) };
    match DECODING.iter().find(|prefix| error.len() > prefix.len() && error.starts_with(**prefix)) {
        None => Cow::Borrowed(response),
        Some(prefix) => {
            let mut response = response.clone();
            response["auditAnnotations"]["error"] = Value::from(format!("{prefix}…"));
            Cow::Owned(response)
        }
    }
}

/// A configuration that is read has errors with texts of the specification. The others come from readers of YAML and JSON, which
/// say in their own words what they met first; that it is refused is compared.
fn configuration(error: &str) -> &str {
    if error.starts_with("configuration error: ") || error.starts_with("invalid configuration: ") {
        error
    } else {
        "unread"
    }
}
