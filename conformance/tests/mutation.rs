//! What the mutating webhook sets, through upstream's eyes: its patches applied by the API server's own library, the pods judged by
//! upstream's evaluator before and after.
//!
//! `SEAWALL_PODS` (number of random pods) and `SEAWALL_SEED` change the random run.

use std::sync::Arc;

use seawall_admission::{
    Admission, Configuration, Counters, Exceptions, Labels, Lookup, MUTATE_LABEL, Namespaces, Owner,
    OwnerKind, Owners, Pods, Reply, Request, Rights, Surroundings, Suspension, Suspensions,
};
use seawall_conformance::random_pods::{self, Rng};
use seawall_conformance::{Oracle, number, pod_fixtures};
use seawall_finding::exception::Exception;
use seawall_finding::{Date, Safety};
use seawall_model::pod::Pod;
use seawall_model::review::UserInfo;
use seawall_pss::namespace::{LevelVersion, Mode};
use seawall_pss::{NEWEST, Names};
use serde_json::{Value, json};

/// A namespace that enforces a level and has its pods mended.
struct Namespace(LevelVersion);

impl Namespaces for Namespace {
    fn labels(&self, _: &str) -> Lookup<Labels> {
        let (level, version) = (self.0.level.to_string(), self.0.version.to_string());
        let label = |(key, value): (&str, &str)| (Box::from(key), Box::from(value));
        let enforced = [
            (Mode::Enforce.level_label(), &*level),
            (Mode::Enforce.version_label(), &*version),
            MUTATE_LABEL,
        ];
        Lookup::Known(enforced.map(label).into())
    }
}

impl Pods for Namespace {
    fn list(&self, _: &str, _: &mut dyn FnMut(&[u8])) -> Lookup<()> {
        Lookup::Later
    }

    fn is_over(&self) -> bool {
        false
    }
}

impl Exceptions for Namespace {
    fn of(&self, _: &str) -> Option<Arc<[Arc<Exception>]>> {
        None
    }

    fn today(&self) -> Date {
        Date::from_days(0)
    }
}

impl Owners for Namespace {
    fn owner(&self, _: &str, _: OwnerKind<'_>, _: &str) -> Lookup<Option<Owner>> {
        Lookup::Later
    }

    fn is_up_to_date(&self) -> bool {
        false
    }
}

impl Suspensions for Namespace {
    fn of(&self, _: &str) -> Option<Suspension> {
        None
    }

    fn let_pass(&self, _: Request<'_>, name: &str, _: &Suspension, _: &str) {
        panic!("{name} is let pass");
    }
}

impl Rights for Namespace {
    fn may_lower(&self, _: &UserInfo<'_>, _: &str) -> Lookup<bool> {
        Lookup::Later
    }
}

/// The patch that a pod gets in a namespace at a level.
fn patch(pod: &Value, at: LevelVersion) -> Option<Value> {
    let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "u", "namespace": "n", "operation": "CREATE", "object": pod,
        "kind": {"version": "v1", "kind": "Pod"}, "resource": {"version": "v1", "resource": "pods"}}});
    let (admission, namespace) = (Admission::new(Configuration::default(), NEWEST.into()), Namespace(at));
    let counters = Counters::new(NEWEST.into());
    let around = Surroundings {
        namespaces: &namespace,
        pods: &namespace,
        exceptions: &namespace,
        owners: &namespace,
        suspensions: &namespace,
        rights: &namespace,
        recorder: &counters,
    };
    let reply = admission.mutation(Some("application/json"), review.to_string().as_bytes(), around);
    let Some(Reply::Review(answer)) = reply else { panic!("{pod}: {reply:?}") };
    let answer: Value = serde_json::from_slice(&answer).expect("JSON");
    let response = &answer["response"];
    assert_eq!(response["allowed"], true, "{pod}: {response}");
    let patch = response["patch"].as_str()?;
    assert_eq!(response["patchType"], "JSONPatch");
    assert!(response["warnings"][0].as_str().is_some_and(|said| said.starts_with("set for PodSecurity")));
    let patch: Value = serde_json::from_slice(&from_base64(patch)).expect("JSON");
    for operation in patch.as_array().expect("a list") {
        assert_eq!(operation["op"], "add", "{patch}");
    }
    Some(patch)
}

/// The bytes of base64 (RFC 4648).
fn from_base64(text: &str) -> Vec<u8> {
    let digit = |b: u8| match b {
        b'A'..=b'Z' => b - b'A',
        b'a'..=b'z' => b - b'a' + 26,
        b'0'..=b'9' => b - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => panic!("{text}"),
    };
    let digits: Vec<u8> = text.trim_end_matches('=').bytes().map(digit).collect();
    let mut out = Vec::new();
    for four in digits.chunks(4) {
        let bits = four.iter().enumerate().fold(0_u32, |bits, (i, d)| bits | u32::from(*d) << (18 - 6 * i));
        out.extend_from_slice(&bits.to_be_bytes()[1..four.len()]);
    }
    out
}

/// Whether all that is in one value is in the other, too, where nothing is as good as null and what is empty.
fn keeps(before: &Value, after: &Value) -> bool {
    let is_nothing = |value: &Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            before.iter().all(|(key, value)| keeps(value, after.get(key).unwrap_or(&Value::Null)))
        }
        (Value::Array(before), Value::Array(after)) if !before.is_empty() => {
            before.len() == after.len() && before.iter().zip(after).all(|(b, a)| keeps(b, a))
        }
        _ => is_nothing(before) || before == after,
    }
}

/// Whether safe fixes of what is nowhere written mend all that a pod fails, by the table of fixes.
fn is_mended(pod: &Value, at: LevelVersion) -> bool {
    let text = pod.to_string();
    let read: Pod<'_> = seawall_model::json::decode(text.as_bytes()).expect("a pod");
    let results = seawall_pss::results(&read, at.level, at.version.clamp(NEWEST.into()));
    let names = Names::of(&read);
    let is_free = |path: String| {
        let pointer: String = format!("/{}", path.replace('.', "/"));
        pod.pointer(&pointer)
            .is_none_or(|value| value.is_null() || value.as_array().is_some_and(Vec::is_empty))
    };
    seawall_pss::groups(&results).all(|group| {
        group.offenders.iter().all(|offender| {
            let path = offender
                .container()
                .map(|(class, index)| format!("spec.{}.{index}.{}", class.field(), offender.field.head));
            let repair = group.repair_of(offender, &names);
            repair
                .is_some_and(|at| at.repair.safety == Safety::Safe && at.value == seawall_pss::Value::Missing)
                && path.is_some_and(is_free)
        })
    })
}

/// The verdicts of upstream, by level and version.
fn verdicts(answer: &[u8]) -> Vec<(String, bool)> {
    let answer: Value = serde_json::from_slice(answer).expect("JSON");
    let list = |key: &str| answer[key].as_array().expect("a list");
    let allowed = |of: &Value| answer["outcomes"][of.as_u64().expect("an index") as usize]["allowed"] == true;
    list("at")
        .iter()
        .zip(list("of"))
        .map(|(at, of)| (at.as_str().expect("text").to_owned(), allowed(of)))
        .collect()
}

/// What came of some pods, each in a namespace at a level.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    /// How many got a patch.
    patched: usize,
    /// How many pass where they did not.
    mended: usize,
}

/// Holds every pod before against the pod after.
fn compare(pods: &[(Value, LevelVersion)]) -> Counts {
    let (mut judge, mut patcher) = (Oracle::start("pods"), Oracle::start("patch"));
    let mut counts = Counts::default();
    for batch in pods.chunks(500) {
        let patches: Vec<Option<Value>> = batch.iter().map(|(pod, at)| patch(pod, *at)).collect();
        let asked: Vec<String> = batch
            .iter()
            .zip(&patches)
            .map(|((pod, _), patch)| {
                let patch = patch.clone().unwrap_or_else(|| json!([]));
                json!({"object": pod, "patch": patch, "strategic": false}).to_string()
            })
            .collect();
        let after = patcher.ask_all(&asked);
        let after: Vec<Value> = after
            .iter()
            .map(|after| {
                serde_json::from_slice(after).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(after)))
            })
            .collect();
        let requests = |pods: Vec<&Value>| {
            pods.into_iter().map(|pod| json!({"pod": pod, "at": []}).to_string()).collect::<Vec<_>>()
        };
        let before_verdicts = judge.ask_all(&requests(batch.iter().map(|(pod, _)| pod).collect()));
        let after_verdicts = judge.ask_all(&requests(after.iter().collect()));
        for (i, (pod, at)) in batch.iter().enumerate() {
            let (before, now) = (verdicts(&before_verdicts[i]), verdicts(&after_verdicts[i]));
            for ((place, before), (_, now)) in before.iter().zip(&now) {
                assert!(*now || !before, "{pod}\npassed {place} and does not any more:\n{}", after[i]);
            }
            assert!(keeps(pod, &after[i]), "{pod}\nis another now:\n{}", after[i]);
            assert_eq!(patch(&after[i], *at), None, "{pod}\nis changed again");
            let here = at.to_string();
            let allowed = |all: &[(String, bool)]| {
                all.iter().find(|(place, _)| *place == here).unwrap_or_else(|| panic!("{here}")).1
            };
            counts.patched += usize::from(patches[i].is_some());
            counts.mended += usize::from(allowed(&now) && !allowed(&before));
            assert!(patches[i].is_none() || !allowed(&before), "{pod}\nneeds nothing at {here}");
            assert_eq!(allowed(&now), is_mended(pod, *at), "{pod}\nat {here}:\n{}", after[i]);
        }
    }
    counts
}

/// The same pod without what the webhook sets, where it says as which user it runs; its containers gain no privileges if it is so.
fn stated(pod: &Value, gains: bool) -> Value {
    let mut pod = pod.clone();
    let without = |at: &mut Value| {
        if at["securityContext"].is_null() {
            at["securityContext"] = json!({});
        }
        let context = at["securityContext"].as_object_mut().expect("an object");
        if context.get("runAsNonRoot") == Some(&json!(true)) {
            context.remove("runAsNonRoot");
        }
        if context.get("capabilities").is_some_and(|capabilities| capabilities["drop"] == json!(["ALL"])) {
            context["capabilities"].as_object_mut().expect("an object").remove("drop");
        }
    };
    without(&mut pod["spec"]);
    if pod["spec"]["securityContext"]["runAsUser"].is_null() {
        pod["spec"]["securityContext"]["runAsUser"] = json!(1000);
    }
    for class in ["initContainers", "containers"] {
        for container in pod["spec"][class].as_array_mut().into_iter().flatten() {
            without(container);
            if !gains {
                container["securityContext"]["allowPrivilegeEscalation"] = json!(false);
            }
        }
    }
    pod
}

#[test]
fn fixtures_pass_or_stay_as_they_are() {
    let mut pods = Vec::new();
    for fixture in pod_fixtures(&mut Oracle::start("pods")) {
        let at: LevelVersion = fixture.at.parse().expect("a level");
        pods.push((stated(&fixture.pod, true), at));
        pods.push((stated(&fixture.pod, false), at));
        pods.push((fixture.pod, at));
    }
    let counts = compare(&pods);
    println!("{} pods: {counts:?}", pods.len());
    assert!(counts.patched > 1000 && counts.mended > 500, "{counts:?}");
}

#[test]
fn random_pods_pass_or_stay_as_they_are() {
    let mut rng = Rng::new(number("SEAWALL_SEED", 8));
    let mut pods = Vec::new();
    for _ in 0..number("SEAWALL_PODS", 6000) {
        let pod = if rng.one_in(4) { random_pods::arbitrary(&mut rng) } else { random_pods::near(&mut rng) };
        let pod = if rng.one_in(2) { stated(&pod, rng.one_in(2)) } else { pod };
        let minor = rng.pick(&[0, 7, 8, 18, 19, 21, 22, 24, 25, 34, 35, 37]);
        let level = rng.pick(&["restricted", "restricted", "baseline"]);
        pods.push((pod, format!("{level}:v1.{minor}").parse().expect("a level")));
    }
    let counts = compare(&pods);
    println!("{} pods: {counts:?}", pods.len());
    assert!(counts.patched > 300 && counts.mended > 100, "{counts:?}");
}
