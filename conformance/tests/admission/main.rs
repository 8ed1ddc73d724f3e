//! The admission handler against upstream's own webhook: named scenarios and random ones.
//!
//! `SEAWALL_REVIEWS` (number of random reviews) and `SEAWALL_SEED` change the random run.
//!
//! What upstream does, so that ours has to do it or to say why not:
//!
//! - A body that is `null`, blank or has no `request` panics, and so does a request for anything but a namespace or a pod that
//!   has no object, once labels of its namespace ask for warnings or audits.
//! - Bodies may be YAML, or JSON with a byte order mark, half surrogates or bytes that are not UTF-8. Lists and maps nest 10,000 deep.
//! - `apiVersion` and `kind` of a review may be left out, in part too: what is there has to fit.
//! - An object has the kind that it names. What it leaves out comes from `kind` of the request: a kind without `apiVersion` gets
//!   group and version (`kind: Deployment` in a request for pods is unknown), a group without version (`apps/`) gets one only if
//!   it is the group of the request, `/v1` is `v1`. `requestKind` and `requestResource` are never looked at.
//! - An error of an object without pod template says the kind that the object itself names: `/, Kind=` if it names none.
//! - Member names are case-sensitive, unknown members are nothing, `null` is the same as a member left out, and in lists the same
//!   as `{}` or an empty text. A member that is there twice is read twice into the same place: maps and structures merge, lists
//!   merge by index and have the length of the second, `null` leaves what was there; but the second `object` replaces the first.
//! - Every typed field is read, so that `status`, `managedFields`, times and quantities can make an object undecodable.
//! - An integer is written without fraction or exponent and has to fit its Go type; a quantity may be a number.
//! - What a short cut answers is never decoded: the old object unless the operation is UPDATE, any object in a privileged namespace.
//! - A namespace has to have an object for DELETE and CONNECT too. Operations are told apart by their exact text; any other than
//!   UPDATE judges pods as CREATE does. Metrics have the operation in lower case.
//! - Warnings and lookups of pods go by `metadata.name` of the namespace, exemptions by the namespace of the request, and texts of
//!   errors by its `name`.
//! - A namespace without name, named `.` or `..`, or with `/` or `%` fails before anything is sent.
//! - A configuration may be of the version `__internal`, with the names of Go's fields and without defaults. Ours refuses it.

mod compare;
mod ours;
mod random;
mod reviews;
mod scenario;
mod scenarios;

use scenario::{Answer, Outcome, Scenario};
use seawall_conformance::random_pods::Rng;
use seawall_conformance::{Oracle, number};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashSet};

/// What upstream makes of scenarios.
fn upstream(oracle: &mut Oracle, scenarios: &[Scenario]) -> Vec<Vec<Outcome>> {
    let requests: Vec<Vec<u8>> = scenarios.iter().map(Scenario::request).collect();
    oracle.ask_all(&requests).iter().map(|answer| scenario::outcomes(answer)).collect()
}

/// Fails if ours differ from upstream's outcomes; how many may, for a field that nobody reads.
fn assert_same(scenario: &Scenario, theirs: &[Outcome]) -> usize {
    let ours = ours::ours(scenario);
    if let Some(difference) = compare::difference(scenario, theirs, &ours) {
        panic!(
            "{:?} differs: {difference}\nin {}",
            scenario.name,
            String::from_utf8_lossy(&scenario.request())
        );
    }
    let posts = scenario.posts.iter().zip(theirs).zip(&ours);
    posts.filter(|((post, theirs), ours)| compare::is_unread(post, theirs, ours)).count()
}

/// An outcome in one line, with what tells branches apart.
fn line(outcome: &Outcome) -> String {
    let answer = match &outcome.answer {
        Answer::Configuration(text) => format!("configuration {text}"),
        Answer::Http(status, text) => format!("http {status} {text}"),
        Answer::Response(response) => {
            let text = |value: &Value| value.as_str().expect("a text").to_owned();
            let mut parts = vec![format!("allowed={}", response["allowed"])];
            if let Some(status) = response.get("status") {
                parts.push(format!("code={} {}", status["code"], text(&status["message"])));
            }
            let annotations = response["auditAnnotations"].as_object().into_iter().flatten();
            parts.extend(annotations.map(|(key, value)| format!("audit {key}={}", text(value))));
            let warnings = response["warnings"].as_array().into_iter().flatten();
            parts.extend(warnings.map(|warning| format!("warning {}", text(warning))));
            parts.join(" ")
        }
        Answer::Panic => "panic".to_owned(),
    };
    let metrics: Vec<String> =
        outcome.metrics.iter().map(|(name, count)| format!("{name} {count}")).collect();
    format!("{answer} | {} | {}", metrics.join(" "), outcome.lookups.join(" "))
}

/// What at least one outcome has to hold: one part for each branch of upstream's handler.
const BRANCHES: &[&str] = &[
    "panic",
    "http 400 request body is empty",
    "http 400 unable to decode the request",
    "http 400 unable to process a request with a non-json content type",
    "http 400 unexpected AdmissionReview kind: ",
    "http 413 request entity is too large",
    "code=400 failed to decode object",
    "code=400 failed to decode namespace",
    "code=400 failed to decode  old object",
    "code=400 failed to decode  old namespace",
    "code=400 failed to decode pod",
    "code=400 failed to decode old object",
    "code=400 failed to decode old pod",
    "code=403 pods \"p\" is forbidden: violates PodSecurity \"restricted:latest\": ",
    "code=403 pods is forbidden: violates PodSecurity \"baseline:latest\": ",
    "code=422 Namespace \"ns\" is invalid: metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: ",
    "code=422 Namespace \"ns\" is invalid: [metadata.labels[pod-security.kubernetes.io/enforce]: ",
    "code=422 Project.g.io \"ns\" is invalid: ",
    "code=422 Namespace \"\" is invalid: ",
    "code=500 Internal error occurred: failed to lookup namespace \"unknown\" audit error=Internal error",
    "allowed=true audit exempt=namespace",
    "allowed=true audit exempt=user",
    "allowed=true audit exempt=runtimeClass",
    "allowed=true audit enforce-policy=privileged:latest |",
    "audit enforce-policy=restricted:v1.20",
    "audit error=Failed to parse policy: metadata.labels",
    "audit error=Failed to parse policy: [metadata.labels",
    "allowed=true audit error=failed to lookup namespace \"unknown\": namespaces \"unknown\" not found",
    "allowed=true audit error=failed to decode object: ",
    "allowed=true audit error=failed to extract pod template: unexpected object type: /v1, Kind=Service",
    "allowed=true audit error=failed to extract pod template: unexpected object type: /, Kind= |",
    "audit audit-violations=would violate PodSecurity \"baseline:latest\": ",
    "warning would violate PodSecurity \"restricted:latest\": ",
    "warning failed to list pods while checking new PodSecurity enforce level",
    "warning new PodSecurity enforce level only checked against the first 3000 of 3001 existing pods",
    "warning new PodSecurity enforce level only checked against the first 1 of 2 existing pods",
    "warning existing pods in namespace \"ns\" violate the new PodSecurity enforce level \"baseline:latest\"",
    "warning p: host namespaces, privileged",
    "warning a (and 1 other pod): host namespaces, privileged",
    "warning a (and 4 other pods): host namespaces, privileged",
    "warning namespace \"ns\" is exempt from Pod Security, and the policy (enforce=baseline:latest, audit=restricted:latest, \
     warn=restricted:v1.20) will be ignored",
    "warning namespace \"ns\" is exempt from Pod Security, and the policy () will be ignored",
    "pod_security_errors_total{fatal=\"false\",",
    "pod_security_errors_total{fatal=\"true\",request_operation=\"create\",resource=\"controller\",subresource=\"\"}",
    "pod_security_exemptions_total{request_operation=\"update\",resource=\"pod\",",
    "pod_security_exemptions_total{request_operation=\"delete\",resource=\"controller\",",
    "mode=\"audit\",policy_level=\"restricted\",policy_version=\"future\"",
    "mode=\"enforce\",policy_level=\"baseline\",policy_version=\"v1.37\"",
    "mode=\"warn\",policy_level=\"restricted\",policy_version=\"v1.0\"",
    "decision=\"allow\",mode=\"enforce\",policy_level=\"privileged\",policy_version=\"latest\"",
    "subresource=\"resize\"",
    "configuration configuration error: enforce: must be one of privileged, baseline, restricted",
    "configuration configuration error: [enforce: must be ",
    "configuration invalid configuration: exemptions.namespaces[",
    "configuration invalid configuration: [exemptions.namespaces[",
    "username must not be empty",
    "Duplicate value: ",
    "configuration strict decoding error: unknown field",
    "configuration no kind ",
    "configuration configuration error: [enforce: required, ",
];

#[test]
fn scenarios_are_answered_as_upstream_answers_them() {
    let scenarios = scenarios::all();
    let names: HashSet<&str> = scenarios.iter().map(|scenario| &*scenario.name).collect();
    assert_eq!(names.len(), scenarios.len(), "two scenarios of one name");
    let theirs = upstream(&mut Oracle::of_module("admission"), &scenarios);
    let mut lines = HashSet::new();
    for (scenario, theirs) in scenarios.iter().zip(&theirs) {
        assert_same(scenario, theirs);
        lines.extend(theirs.iter().map(line));
    }
    for branch in BRANCHES {
        assert!(lines.iter().any(|line| line.contains(branch)), "no scenario leads to {branch:?}");
    }
    println!("{} scenarios, {} outcomes that differ", scenarios.len(), lines.len());
}

/// What random reviews have to lead to, each at least this often in a thousand.
const COMMON: &[(&str, usize)] = &[
    ("code=403 ", 50),
    ("allowed=true audit enforce-policy=", 50),
    ("audit audit-violations=", 50),
    ("warning would violate PodSecurity ", 50),
    ("warning existing pods in namespace ", 5),
    ("existing pods in namespace \"a\" violate", 1),
    ("failed to decode object", 10),
    ("failed to decode old object", 1),
    ("failed to decode pod", 5),
    ("failed to extract pod template", 1),
    ("failed to lookup namespace", 10),
    ("Failed to parse policy", 20),
    ("code=422 ", 5),
    ("is exempt from Pod Security", 1),
    ("exempt=namespace", 5),
    ("exempt=user", 5),
    ("exempt=runtimeClass", 2),
    ("panic", 1),
    ("policy_version=\"future\"", 10),
];

/// Asks random scenarios `first`, `first + step` and so on: how many reviews they had, in how many only a field that nobody
/// reads has a wrong type, and how many led to each of [`COMMON`].
fn ask_random(seed: u64, first: u64, step: usize, scenarios: u64) -> (usize, usize, Vec<usize>) {
    let mut oracle = Oracle::of_module("admission");
    let indices: Vec<u64> = (first..scenarios).step_by(step).collect();
    let (mut total, mut unread, mut counts) = (0, 0, vec![0; COMMON.len()]);
    for batch in indices.chunks(50) {
        let scenarios: Vec<Scenario> = batch
            .iter()
            .map(|index| {
                let mut rng = Rng::new(seed.wrapping_mul(0x1_0000_0001).wrapping_add(*index));
                let name = format!("scenario {index} of seed {seed}");
                Scenario { name, ..random::scenario(&mut rng) }
            })
            .collect();
        for (scenario, theirs) in scenarios.iter().zip(upstream(&mut oracle, &scenarios)) {
            unread += assert_same(scenario, &theirs);
            for line in theirs.iter().map(line) {
                for ((part, _), count) in COMMON.iter().zip(&mut counts) {
                    *count += usize::from(line.contains(part));
                }
            }
            total += theirs.len();
        }
    }
    (total, unread, counts)
}

#[test]
fn random_reviews_are_answered_as_upstream_answers_them() {
    let (reviews, seed) = (number("SEAWALL_REVIEWS", 40_000), number("SEAWALL_SEED", 1));
    let scenarios = reviews.div_ceil(random::REVIEWS as u64);
    let halves = std::thread::scope(|scope| {
        let halves = [0, 1].map(|first| scope.spawn(move || ask_random(seed, first, 2, scenarios)));
        halves.map(|half| half.join().expect("no difference"))
    });
    let total = halves[0].0 + halves[1].0;
    let counts: Vec<usize> = halves[0].2.iter().zip(&halves[1].2).map(|(a, b)| a + b).collect();
    let unread = halves[0].1 + halves[1].1;
    println!(
        "{total} random reviews of seed {seed}; in {unread} only a field that nobody reads has a wrong type"
    );
    assert!(unread * 20 < total, "{unread}");
    for ((part, least), count) in COMMON.iter().zip(&counts) {
        println!("{count} have {part:?}");
        assert!(reviews < 10_000 || count * 1000 >= least * total, "{count} of {total} have {part:?}");
    }
}

/// Outcomes that differ from this one in one thing each.
fn altered(outcome: &Outcome) -> Vec<Outcome> {
    let with = |answer: Answer| Outcome { answer, ..outcome.clone() };
    let mut all = vec![with(Answer::Panic)];
    match &outcome.answer {
        Answer::Configuration(text) => {
            all.push(with(Answer::Configuration(format!("configuration error: {text}"))));
            all.push(with(Answer::Http(400, text.clone())));
            return all;
        }
        Answer::Http(status, text) => {
            all.push(with(Answer::Http(status + 1, text.clone())));
            all.push(with(Answer::Response(json!({"allowed": true}))));
        }
        Answer::Response(response) => {
            let mut value = |pointer: &str| {
                let mut response = response.clone();
                let Some(at) = response.pointer_mut(pointer) else { return };
                *at = match &*at {
                    Value::Bool(is) => json!(!*is),
                    Value::Number(number) => json!(number.as_u64().expect("a count") + 1),
                    Value::String(text) => json!(text.replace(' ', "  ") + "x"),
                    _ => json!(["x"]),
                };
                all.push(with(Answer::Response(response)));
            };
            let members = [
                "/allowed",
                "/uid",
                "/status/message",
                "/status/code",
                "/status/reason",
                "/status/status",
                "/status/metadata",
                "/status/details/name",
                "/status/details/kind",
                "/status/details/group",
                "/status/details/causes/0/field",
                "/status/details/causes/0/reason",
                "/status/details/causes/0/message",
                "/warnings/0",
                "/warnings",
                "/auditAnnotations/enforce-policy",
                "/auditAnnotations/audit-violations",
                "/auditAnnotations/exempt",
                "/auditAnnotations",
            ];
            members.into_iter().for_each(&mut value);
            all.push(with(Answer::Http(500, String::new())));
        }
        Answer::Panic => {
            return vec![
                with(Answer::Http(500, String::new())),
                with(Answer::Response(json!({"allowed": false}))),
            ];
        }
    }
    let mut counted = outcome.clone();
    *counted.metrics.entry("x".into()).or_default() += 1;
    let mut asked = outcome.clone();
    asked.lookups.push("namespace x".into());
    all.extend([counted, asked]);
    all
}

#[test]
fn comparison_notices_every_difference() {
    let mut scenarios = scenarios::all();
    scenarios.retain(|scenario| scenario.pods.len() < 100 && !compare::is_for_upstream_alone(scenario));
    let theirs = upstream(&mut Oracle::of_module("admission"), &scenarios);
    for (scenario, theirs) in scenarios.iter().zip(&theirs) {
        let passed_over = ours::ours(scenario);
        let is_unread = |index: usize, theirs: &Outcome| {
            let post = scenario.posts.get(index).zip(passed_over.get(index));
            post.is_some_and(|(post, ours)| compare::is_unread(post, theirs, ours))
        };
        for (index, outcome) in theirs.iter().enumerate() {
            if is_unread(index, outcome) {
                continue;
            }
            for other in altered(outcome) {
                let mut ours = theirs.clone();
                ours[index] = other;
                let found = compare::difference(scenario, theirs, &ours);
                assert!(found.is_some(), "{}: {:?} is taken for {outcome:?}", scenario.name, ours[index]);
            }
        }
        let exact = theirs.iter().all(|outcome| outcome.answer != Answer::Panic)
            && scenario.posts.iter().all(|post| post.leeway != scenario::Leeway::Wider);
        assert_eq!(compare::difference(scenario, theirs, theirs).is_none(), exact, "{}", scenario.name);
    }
}

#[test]
fn comparison_excuses_what_it_should_and_no_more() {
    // Whether 400 may be the answer of all posts of a scenario, and whether a review may be that allows with an error to audit.
    let expected = [
        ("blank body", true, false),
        ("review with null request", true, false),
        ("review with a request in capitals", true, false),
        ("controller without object", false, true),
        ("bytes that are not UTF-8", true, false),
        ("half surrogates", true, false),
        ("reviews in YAML", true, false),
        ("content types with a charset", false, true),
        ("members twice", false, false),
        ("content types", false, false),
    ];
    let scenarios: Vec<Scenario> = scenarios::all();
    let mut oracle = Oracle::of_module("admission");
    for (name, refused, audited) in expected {
        let scenario = scenarios.iter().find(|scenario| scenario.name == name).expect("a scenario");
        let theirs = &upstream(&mut oracle, std::slice::from_ref(scenario))[0];
        let excuses = |answer: Answer| {
            let ours: Vec<Outcome> =
                theirs.iter().map(|outcome| Outcome { answer: answer.clone(), ..outcome.clone() }).collect();
            compare::difference(scenario, theirs, &ours).is_none()
        };
        let audit = json!({"allowed": true, "auditAnnotations": {"error": "no object"}});
        assert_eq!(excuses(Answer::Http(400, String::new())), refused, "400 for {name}");
        assert_eq!(excuses(Answer::Response(audit)), audited, "an error to audit for {name}");
        assert!(
            !excuses(Answer::Response(json!({"allowed": true}))) || name.starts_with("content types with")
        );
        assert!(!excuses(Answer::Http(500, String::new())), "500 for {name}");
    }
}

#[test]
fn comparison_wants_what_is_for_upstream_alone_refused() {
    let mut scenarios = scenarios::all();
    scenarios.retain(compare::is_for_upstream_alone);
    assert!(scenarios.len() >= 2, "{scenarios:?}");
    let refused = [Outcome {
        answer: Answer::Configuration("unknown version".into()),
        metrics: BTreeMap::new(),
        lookups: Vec::new(),
    }];
    for (scenario, theirs) in scenarios.iter().zip(upstream(&mut Oracle::of_module("admission"), &scenarios))
    {
        let read = !matches!(theirs[0].answer, Answer::Configuration(_));
        assert_eq!(compare::difference(scenario, &theirs, &theirs).is_some(), read, "{}", scenario.name);
        assert_eq!(compare::difference(scenario, &theirs, &refused), None, "{}", scenario.name);
    }
}

#[test]
fn lookups_fail_as_those_of_upstream_s_client() {
    let names =
        ["", ".", "..", "...", "a/b", "a%b", "a%/b", "/", "unknown", "a\"b\\\n", "ü\u{a0}", "a b", "ns "];
    let deployment = || reviews::create_controller(("apps", "Deployment", "deployments"), &json!({}));
    let in_namespace = |name: &str| reviews::post(reviews::with(deployment(), json!({"namespace": name})));
    let mut scenario = reviews::labelled("names", &[], names.map(in_namespace).to_vec());
    for lookup_error in ["", "busy"] {
        scenario.lookup_error = lookup_error.into();
        let theirs = upstream(&mut Oracle::of_module("admission"), std::slice::from_ref(&scenario));
        for (name, outcome) in names.iter().zip(&theirs[0]) {
            let Answer::Response(response) = &outcome.answer else { panic!("{outcome:?}") };
            let error = scenario.lookup(name).expect_err("no such namespace");
            let text = format!("failed to lookup namespace {}: {error}", seawall_model::gotext::quote(name));
            assert_eq!(response["auditAnnotations"]["error"], text);
            assert_eq!(outcome.lookups, [format!("namespace {name}")]);
        }
    }
    scenario.lookup_error = String::new();
    assert_eq!(scenario.lookup("ns").expect("a namespace")["metadata"]["name"], "ns");
}
