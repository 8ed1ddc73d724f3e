//! Repaired files through upstream's eyes: fixtures that fail pass by upstream's evaluator once they are repaired, and in every
//! manifest of the Go modules that the oracles pin nothing but the intended fields differs, as Go reads it.

#[path = "../edit/values.rs"]
mod values;

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use seawall_check::{
    Exceptions, FileFix, LevelVersion, Levels, Options, Selection, Source, patches, repair, rules, survey,
};
use seawall_conformance::{Oracle, documents, module_at, module_dir};
use seawall_finding::Answer;
use seawall_yaml::Document;
use serde_json::{Value, json};

/// Linked by the oracles.
const LINKED: [&str; 4] =
    ["k8s.io/pod-security-admission", "k8s.io/api", "k8s.io/apimachinery", "k8s.io/client-go"];

/// Of use for their files only.
const FILES: [&str; 2] = ["k8s.io/kubernetes@v1.37.2", "github.com/zegl/kube-score@v1.20.0"];

/// Every fix, with an answer to every question: 1000 where a user is asked for.
fn everything(bytes: &Arc<[u8]>, level: LevelVersion) -> Selection {
    let asked = fixed(bytes, level, &Selection::default()).open;
    let answers = asked.into_iter().filter_map(|open| {
        let answer = match open.located.fix?.answer? {
            Answer::Text(text) => text,
            Answer::User => "1000",
            Answer::Elsewhere => return None,
        };
        Some((open.located.finding.rule, answer.to_owned()))
    });
    let mut decisions: Vec<_> = answers.collect();
    // Is asked once a user is named.
    decisions.extend(rules::find("run-as-non-root").into_iter().map(|rule| (rule, "true".to_owned())));
    Selection { likely: true, decisions, ..Selection::default() }
}

/// Fixtures that fail, and those of them that have fixes for all that they fail.
const FAILING: usize = 3_486;
const REPAIRED: usize = 2_296;

fn fixed(bytes: &Arc<[u8]>, level: LevelVersion, selection: &Selection) -> FileFix {
    let file: Arc<str> = "f.yaml".into();
    let source = Source { walked: true, ..Source::named(&file, bytes) };
    let options = Options::default();
    let (levels, _) = Levels::new(&[], &[], Vec::new(), level);
    repair(source, &survey(source, &options), &levels, &Exceptions::default(), &options, selection)
}

#[test]
fn fixtures_that_fail_pass_by_upstream_once_they_are_repaired() {
    let root = module_dir("k8s.io/pod-security-admission").join("test/testdata");
    let mut paths = documents([root.clone()]);
    paths.retain(|path| path.iter().any(|part| part == "fail"));
    let mut oracle = Oracle::start("pods");
    let (mut asked, mut partly, mut without) = (Vec::new(), 0, BTreeMap::<&str, u32>::new());
    for path in &paths {
        let bytes: Arc<[u8]> = std::fs::read(path).expect("readable").into();
        let below: Vec<&str> =
            path.strip_prefix(&root).expect("below").iter().filter_map(|p| p.to_str()).collect();
        let at = format!("{}:{}", below[0], below[1]);
        let level: LevelVersion = at.parse().expect("a level");
        let fix = fixed(&bytes, level, &everything(&bytes, level));
        assert_eq!(fix.fault, None, "{}", path.display());
        for open in &fix.open {
            *without.entry(open.located.finding.rule.id).or_default() += 1;
        }
        match &fix.after {
            Some(after) if fix.open.is_empty() => asked.push((path, at, after.clone())),
            _ => partly += 1,
        }
    }
    let texts: Vec<Vec<u8>> = asked
        .iter()
        .map(|(.., after)| json!({"yaml": String::from_utf8_lossy(after)}).to_string().into_bytes())
        .collect();
    let pods = oracle.ask_all(&texts);
    let requests: Vec<Vec<u8>> = pods
        .iter()
        .zip(&asked)
        .map(|(pod, (_, at, _))| {
            let pod: Value = serde_json::from_slice(pod).expect("JSON");
            json!({"pod": pod, "at": [at]}).to_string().into_bytes()
        })
        .collect();
    for ((path, at, after), answer) in asked.iter().zip(oracle.ask_all(&requests)) {
        let answer: Value = serde_json::from_slice(&answer).expect("JSON");
        let outcomes = answer["outcomes"].as_array().expect("a list");
        assert!(
            !outcomes.is_empty() && outcomes.iter().all(|o| o["allowed"] == true),
            "{} at {at}: {answer}\n{}",
            path.display(),
            String::from_utf8_lossy(after)
        );
    }
    println!("{} of {} failing fixtures repaired; rules left: {without:?}", asked.len(), paths.len());
    assert_eq!((asked.len(), partly), (REPAIRED, FAILING - REPAIRED), "the README names these numbers");
}

/// The documents of an answer; `None` if Go refuses or is of two minds.
fn parse(answer: &[u8]) -> Option<Vec<Value>> {
    let answer = String::from_utf8_lossy(answer);
    answer.split_terminator('\n').map(|line| serde_json::from_str(line).ok()).collect()
}

/// The lines of a file that its changes may touch: those of the values that they are at, and the one around.
fn touched(before: &Arc<[u8]>, fix: &FileFix) -> usize {
    let documents: BTreeMap<u32, Document> =
        seawall_yaml::read(before.clone()).into_iter().filter_map(|e| Some((e.index, e.document?))).collect();
    let changes = fix.changes.iter().flat_map(|of| of.changes.iter().map(move |change| (of, change)));
    let lines = changes.map(|(of, change)| {
        let path = of.in_document.clone().join(&change.path);
        let found = path.resolve(documents[&of.document].root());
        let whole = found.depth == path.0.len();
        let span = found.node.span().range();
        if whole { before[span].split(|b| *b == b'\n').count() + 1 } else { 1 }
    });
    lines.sum()
}

/// A file, repaired.
struct Case {
    path: PathBuf,
    before: Arc<[u8]>,
    fix: FileFix,
}

#[test]
fn manifests_of_go_modules_keep_all_that_is_not_repaired() {
    let paths = documents(LINKED.map(module_dir).into_iter().chain(FILES.map(module_at)));
    let restricted: LevelVersion = "restricted".parse().expect("a level");
    let (mut seen, mut cases, mut failures) = (HashSet::new(), Vec::new(), Vec::new());
    let (mut fixed_count, mut open, mut refused) = (0, 0, 0);
    for path in paths {
        let before: Arc<[u8]> = std::fs::read(&path).expect("readable").into();
        if before.len() > 1 << 20 || !seen.insert(before.clone()) {
            continue;
        }
        let selection = everything(&before, restricted);
        let fix = fixed(&before, restricted, &selection);
        failures.extend(fix.fault.iter().map(|fault| format!("{}: {fault}", path.display())));
        open += fix.open.len();
        refused += fix.open.iter().filter(|open| open.refused.is_some()).count();
        let Some(after) = &fix.after else { continue };
        fixed_count += fix.fixed.len();
        let again = fixed(after, restricted, &selection);
        if again.after.is_some() {
            failures.push(format!("{}: the second run changes it again", path.display()));
        }
        // Lines are gone only where a value is.
        let lines = |text: &[u8]| text.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect::<HashSet<_>>();
        let gone = lines(&before).difference(&lines(after)).count();
        if gone > touched(&before, &fix) {
            failures.push(format!("{}: {gone} lines are gone", path.display()));
        }
        cases.push(Case { path, before, fix });
    }
    let (mut reader, mut patcher) = (Oracle::start("yaml"), Oracle::start("patch"));
    let texts = |of: fn(&Case) -> &[u8]| cases.iter().map(|c| [b"s", of(c)].concat()).collect::<Vec<_>>();
    let before = reader.ask_all(&texts(|case| &case.before));
    let after = reader.ask_all(&texts(|case| case.fix.after.as_deref().unwrap_or_default()));
    let mut asked = Vec::new();
    for (case, (before, after)) in cases.iter().zip(before.iter().zip(&after)) {
        let (Some(before), after) = (parse(before), parse(after)) else { continue };
        let mut wanted = before.clone();
        for of in &case.fix.changes {
            for change in &of.changes {
                values::make(&mut wanted[of.document as usize], &change.clone().below(&of.in_document));
            }
        }
        wanted.iter_mut().for_each(values::settle);
        if after.as_ref() != Some(&wanted) {
            failures
                .push(format!("{}: Go reads another object: {after:?}, not {wanted:?}", case.path.display()));
            continue;
        }
        for (of, patch) in case.fix.changes.iter().zip(patches(&case.before, &case.fix.changes)) {
            // Objects of lists have no place of their own in what Go reads.
            if !of.in_document.0.is_empty() {
                continue;
            }
            failures.extend(patch.not_in_json.iter().map(|r| format!("{}: {r}", case.path.display())));
            let index = of.document as usize;
            let mut ask = |strategic: bool, patch: &str| {
                let object = before[index].to_string();
                let request = format!("{{\"object\":{object},\"patch\":{patch},\"strategic\":{strategic}}}");
                asked.push((request, &case.path, wanted[index].clone(), strategic));
            };
            ask(false, &patch.json.to_json());
            if patch.built_in && patch.not_in_strategic.is_empty() {
                ask(true, &patch.strategic.patch.to_json());
            }
        }
    }
    let requests: Vec<&str> = asked.iter().map(|(request, ..)| request.as_str()).collect();
    for ((request, path, wanted, strategic), answer) in asked.iter().zip(patcher.ask_all(&requests)) {
        let mut found = serde_json::from_slice::<Value>(&answer).unwrap_or_default();
        let mut wanted = wanted.clone();
        if *strategic {
            values::order_volumes(&mut found);
            values::order_volumes(&mut wanted);
        }
        if found != wanted {
            let answer = String::from_utf8_lossy(&answer);
            failures.push(format!("{}: {request} gives {answer}, not {wanted}", path.display()));
        }
    }
    println!(
        "{} files repaired, {fixed_count} findings fixed, {open} left, {refused} of them refused; {} patches",
        cases.len(),
        asked.len()
    );
    let count = failures.len();
    failures.truncate(10);
    assert!(failures.is_empty(), "{count} failures\n{}", failures.join("\n"));
    assert!(fixed_count > 2_000 && refused * 50 < fixed_count, "{fixed_count} fixed, {refused} refused");
}
