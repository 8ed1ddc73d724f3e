//! The Pod Security Standards against upstream's evaluator and upstream's fixtures.
//!
//! `SEAWALL_PODS` (number of random pods) and `SEAWALL_SEED` change the random run.

mod judge;

use judge::{At, difference, minimised, noticed, outcomes, request, variants};
use seawall_conformance::random_pods::{self, Rng};
use seawall_conformance::{Oracle, number, pod_fixtures};
use seawall_model::pod::{Pod, VolumeSources};
use seawall_model::{Level, PolicyVersion};
use seawall_pss::{Faults, NEWEST};
use seawall_yaml::Entry;
use serde_json::{Value, json};

#[test]
fn fixtures_pass_and_fail_as_they_are_named() {
    let mut oracle = Oracle::start("pods");
    let mut defaulted = 0;
    for fixture in pod_fixtures(&mut oracle) {
        let text = fixture.pod.to_string();
        let mut pod: Pod<'_> = seawall_model::json::decode(text.as_bytes()).expect("a pod");
        // The fixtures are meant for an API server, which takes a volume without a source for an emptyDir. That decides
        // restricted/*/pass/restrictedvolumes0.yaml.
        let mut bare = false;
        for volume in pod.spec.volumes.iter_mut().filter(|v| v.sources == VolumeSources::default()) {
            let empty_dir = VolumeSources::NAMES.iter().position(|name| *name == "emptyDir").expect("known");
            volume.sources = VolumeSources(1 << empty_dir);
            bare = true;
        }
        defaulted += usize::from(bare && fixture.passes);
        let at = At::parse(&fixture.at);
        let minor = at.version.clamp(NEWEST.into());
        let allowed = seawall_pss::allowed(seawall_pss::evaluate(&pod), at.level, minor);
        assert_eq!(allowed, fixture.passes, "{}", fixture.path.display());
    }
    assert_eq!(defaulted, 38, "one fixture for each version needs the default");
}

#[test]
fn offenders_in_yaml_are_where_their_paths_lead() {
    let mut oracle = Oracle::start("pods");
    let mut offenders = 0;
    for fixture in pod_fixtures(&mut oracle) {
        let entries = seawall_yaml::read(std::fs::read(&fixture.path).expect("a fixture"));
        let [Entry { document: Some(document), .. }] = &entries[..] else {
            panic!("{}: {entries:?}", fixture.path.display())
        };
        let pod: Pod<'_> = seawall_model::nodes::decode(document.root()).expect("a pod");
        let text = fixture.pod.to_string();
        let from_json: Pod<'_> = seawall_model::json::decode(text.as_bytes()).expect("a pod");
        assert_eq!(pod.spec, from_json.spec, "{}", fixture.path.display());
        let at = At::parse(&fixture.at);
        let minor = at.version.clamp(NEWEST.into());
        for result in seawall_pss::results(&pod, at.level, minor) {
            for offender in result.offenders.iter().filter(|o| o.value != seawall_pss::Value::Missing) {
                let path = offender.path(&seawall_pss::Names::of(&pod), &seawall_model::FieldPath::root());
                let resolved = path.resolve(document.root());
                assert_eq!(resolved.depth, path.0.len(), "{path} in {}", fixture.path.display());
                offenders += 1;
            }
        }
    }
    assert!(offenders > 1000, "{offenders}");
}

/// All levels at all versions, and at two that upstream does not know yet.
fn everywhere() -> Vec<At> {
    let versions: Vec<PolicyVersion> = (0..=u64::from(NEWEST) + 1)
        .chain([99])
        .map(PolicyVersion::Minor)
        .chain([PolicyVersion::Latest])
        .collect();
    Level::ALL.into_iter().flat_map(|level| versions.iter().map(move |v| At::new(level, *v))).collect()
}

/// Fails with a minimised pod if upstream's outcomes on a pod and ours differ.
fn assert_same(oracle: &mut Oracle, name: &dyn std::fmt::Display, pod: &Value, at: &[At], answer: &Value) {
    if difference(pod, answer).is_some() {
        let (small, found) = minimised(oracle, pod, at);
        panic!("{name} differs; smallest pod that does: {small}\nat {found}");
    }
}

#[test]
fn fixtures_have_upstream_s_texts_at_every_level_and_version() {
    let mut oracle = Oracle::start("pods");
    let at = everywhere();
    let all = pod_fixtures(&mut oracle);
    for batch in all.chunks(500) {
        let requests: Vec<Vec<u8>> = batch.iter().map(|fixture| request(&fixture.pod, &at)).collect();
        let answers = oracle.ask_all(&requests);
        for (fixture, answer) in batch.iter().zip(answers) {
            let answer: Value = serde_json::from_slice(&answer).expect("JSON");
            assert_eq!(outcomes(&answer).count(), 3 * 41);
            assert_same(&mut oracle, &fixture.path.display(), &fixture.pod, &at, &answer);
        }
    }
}

/// The comparison is worth something: were any one variant never found, or found where it is not, a verdict would differ.
fn assert_every_variant_counts(dropped: Faults, added: Faults) {
    for (index, variant) in variants().enumerate() {
        assert!(!(dropped & variant).is_empty(), "nothing notices variant {index} missing");
        assert!(!(added & variant).is_empty(), "nothing notices variant {index} in excess");
    }
}

/// The versions at which some check changes, and the newest ones.
const BOUNDARIES: [u64; 17] = [0, 8, 18, 19, 22, 23, 25, 27, 29, 31, 32, 34, 35, 37, 38, 99, 7];

/// Where a random pod is judged: everywhere now and then, at every boundary more often, at a few places always.
fn places(rng: &mut Rng, everywhere: &[At]) -> Vec<At> {
    if rng.one_in(50) {
        return everywhere.to_vec();
    }
    let mut versions = vec![PolicyVersion::Latest];
    if rng.one_in(5) {
        versions.extend(BOUNDARIES.map(PolicyVersion::Minor));
    } else {
        versions.extend((0..3).map(|_| PolicyVersion::Minor(rng.pick(&BOUNDARIES))));
    }
    let levels = [Level::Baseline, Level::Restricted];
    levels.into_iter().flat_map(|level| versions.iter().map(move |v| At::new(level, *v))).collect()
}

#[test]
fn random_pods_are_judged_as_upstream_judges_them() {
    let (count, seed) = (number("SEAWALL_PODS", 100_000), number("SEAWALL_SEED", 1));
    let mut oracle = Oracle::start("pods");
    let everywhere = everywhere();
    let (mut dropped, mut added, mut evaluations) = (Faults::NONE, Faults::NONE, 0);
    let indices: Vec<u64> = (0..count).collect();
    for batch in indices.chunks(1000) {
        let pods: Vec<(Value, Vec<At>)> = batch
            .iter()
            .map(|index| {
                let mut rng = Rng::new(seed.wrapping_mul(0x1_0000_0001).wrapping_add(*index));
                let pod = if rng.one_in(2) {
                    random_pods::near(&mut rng)
                } else {
                    random_pods::arbitrary(&mut rng)
                };
                (pod, places(&mut rng, &everywhere))
            })
            .collect();
        let requests: Vec<Vec<u8>> = pods.iter().map(|(pod, at)| request(pod, at)).collect();
        let answers = oracle.ask_all(&requests);
        for ((index, (pod, at)), answer) in batch.iter().zip(&pods).zip(answers) {
            let answer: Value = serde_json::from_slice(&answer).expect("JSON");
            evaluations += at.len();
            assert_same(&mut oracle, &format!("pod {index} of seed {seed}"), pod, at, &answer);
            if index % 10 == 0 {
                let (d, a) = noticed(pod, &answer);
                dropped |= d;
                added |= a;
            }
        }
    }
    println!("{count} pods of seed {seed}, {evaluations} evaluations: no difference");
    if count >= 10_000 {
        assert_every_variant_counts(dropped, added);
    }
}

#[test]
fn namespaces_ask_for_what_upstream_reads_in_their_labels() {
    const LEVELS: [&str; 6] = ["privileged", "baseline", "restricted", "", "Baseline", "a\"\u{a0}"];
    const VERSIONS: [&str; 8] =
        ["latest", "v1.25", "v1.0", "v1.99", "v1.01", "1.25", "", "v1.99999999999999999999"];
    let mut oracle = Oracle::start("pods");
    let mut rng = Rng::new(number("SEAWALL_SEED", 1));
    for _ in 0..5000 {
        let mut labels = serde_json::Map::new();
        for mode in seawall_pss::namespace::Mode::ALL {
            if rng.one_in(2) {
                labels.insert(mode.level_label().to_owned(), json!(rng.pick(&LEVELS)));
            }
            if rng.one_in(2) {
                labels.insert(mode.version_label().to_owned(), json!(rng.pick(&VERSIONS)));
            }
        }
        let answer = oracle.ask(json!({"labels": labels}).to_string().as_bytes());
        let theirs: Value = serde_json::from_slice(&answer).expect("JSON");
        let pairs = labels.iter().map(|(k, v)| (&**k, v.as_str().expect("a text")));
        let (policy, errors) =
            seawall_pss::namespace::resolve(pairs, seawall_pss::namespace::Policy::default());
        let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
        let ours = json!({
            "policy": [policy.enforce.to_string(), policy.audit.to_string(), policy.warn.to_string()],
            "errors": if texts.is_empty() { Value::Null } else { json!(texts) },
            "joined": seawall_pss::namespace::joined(&errors),
        });
        assert_eq!(ours, theirs, "{labels:?}");
    }
}

/// The YAML blocks of a rule's documentation.
fn examples(rule: &seawall_finding::Rule) -> Vec<String> {
    let lines: Vec<&str> = rule.doc.iter().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    let blocks = lines.split(|line| line.starts_with("```")).skip(1).step_by(2);
    blocks.map(|block| block.join("\n")).collect()
}

#[test]
fn examples_in_documentation_break_and_keep_their_rule() {
    let mut oracle = Oracle::start("pods");
    for rule in seawall_pss::RULES {
        let broken: Vec<bool> = examples(rule)
            .iter()
            .map(|yaml| {
                let json = oracle.ask(json!({"yaml": yaml}).to_string().as_bytes());
                let pod: Pod<'_> = seawall_model::json::decode(&json).expect("a pod");
                let level = rule.level.expect("a level");
                let results = seawall_pss::results(&pod, level, NEWEST.into());
                let found = seawall_pss::findings(
                    &pod,
                    &results,
                    &seawall_model::FieldPath::root(),
                    &std::sync::Arc::default(),
                );
                found.iter().any(|f| f.rule.id == rule.id)
            })
            .collect();
        assert_eq!(broken, [true, false], "{}", rule.id);
    }
}
