//! Telling upstream's outcomes from ours.

use crate::scenario::{Answer, Leeway, Outcome, Post, Scenario};
use serde_json::Value;
use std::borrow::Cow;

/// Whether a configuration is in the form that upstream has in memory. That is no format of files, though its scheme reads it, with
/// the names of Go's fields; ours has to refuse it.
pub(crate) fn is_internal(scenario: &Scenario) -> bool {
    scenario.configuration.contains("/__internal")
}

/// The first difference, if there is one.
pub(crate) fn difference(scenario: &Scenario, theirs: &[Outcome], ours: &[Outcome]) -> Option<String> {
    if is_internal(scenario) {
        let refused = matches!(ours, [Outcome { answer: Answer::Configuration(_), .. }]);
        return (!refused).then(|| format!("the internal version\n  ours     {ours:?}"));
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
        _ => Excuse::None,
    }
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
    const DECODING: [&str; 3] =
        ["failed to decode object: ", "failed to decode old object: ", "failed to decode  old object: "];
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
/// say it in their own words; whether only a strict reader refuses is compared.
fn configuration(error: &str) -> &str {
    if error.starts_with("configuration error: ") || error.starts_with("invalid configuration: ") {
        error
    } else if error.starts_with("strict decoding error: ") {
        "strict decoding error"
    } else {
        "unread"
    }
}
