//! Edits of every YAML and JSON file of the Go modules that the oracles pin, judged through Go: what Go reads from the
//! edited file is what it reads from the file before, with the changes made on values. The same changes as JSON Patch
//! and strategic merge patch, applied by the API server's own code, give the same.

mod changes;
mod values;

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use seawall_conformance::{Oracle, documents, module_at, module_dir};
use seawall_yaml::edit::{
    Change, Edited, Planned, Reason, TextEdit, apply, json_patch, plan, strategic_merge, verify,
};
use seawall_yaml::{Document, read};
use serde_json::Value;

/// Linked by the oracles.
const LINKED: [&str; 7] = [
    "k8s.io/pod-security-admission",
    "k8s.io/api",
    "k8s.io/apimachinery",
    "k8s.io/client-go",
    "sigs.k8s.io/yaml",
    "go.yaml.in/yaml/v2",
    "go.yaml.in/yaml/v3",
];

/// Of use for their files only.
const FILES: [&str; 3] =
    ["k8s.io/kubernetes@v1.37.2", "github.com/zegl/kube-score@v1.20.0", "github.com/goccy/go-yaml@v1.18.0"];

/// A file with changes to each of its documents.
struct Case {
    path: PathBuf,
    source: Arc<[u8]>,
    documents: Vec<Document>,
    sets: Vec<Vec<Change>>,
    planned: Vec<Planned>,
    after: Vec<u8>,
}

impl Case {
    fn of(path: &Path, source: Arc<[u8]>) -> Self {
        let documents: Vec<Document> =
            read(Arc::clone(&source)).into_iter().filter_map(|e| e.document).collect();
        let sets: Vec<Vec<Change>> = documents.iter().map(changes::of).collect();
        let planned: Vec<Planned> = documents.iter().zip(&sets).map(|(d, set)| plan(d, set)).collect();
        let edits: Vec<TextEdit> = planned.iter().flat_map(|p| p.edits.clone()).collect();
        let after = apply(&source, &edits);
        Self { path: path.to_owned(), source, documents, sets, planned, after }
    }

    fn accepted(&self, index: usize) -> Vec<&Change> {
        self.planned[index].accepted(&self.sets[index])
    }

    /// What is wrong without Go's help.
    fn check(&self) -> Result<(), String> {
        let edited: Vec<Edited<'_>> = (0..self.documents.len())
            .map(|index| Edited { document: &self.documents[index], changes: self.accepted(index) })
            .collect();
        verify(&edited, self.after.as_slice()).map_err(|mismatch| mismatch.to_string())?;
        let again: Vec<Document> =
            read(self.after.as_slice()).into_iter().filter_map(|e| e.document).collect();
        for (document, edited) in again.iter().zip(&edited) {
            let set: Vec<Change> = edited.changes.iter().map(|&change| change.clone()).collect();
            let second = plan(document, &set);
            if !second.edits.is_empty() {
                return Err(format!("the second run edits again: {:?}", second.edits));
            }
        }
        Ok(())
    }

    /// What Go's answers, before and after, have against the changes made on values.
    fn compare(&self, before: &[Value], after: &[Value]) -> Result<(), String> {
        if before.len() != self.documents.len() || after.len() != before.len() {
            return Err(format!(
                "{} documents, {} and {} to Go",
                self.documents.len(),
                before.len(),
                after.len()
            ));
        }
        for (index, (before, after)) in before.iter().zip(after).enumerate() {
            let mut wanted = before.clone();
            for change in self.accepted(index) {
                values::make(&mut wanted, change);
            }
            values::settle(&mut wanted);
            if wanted != *after {
                return Err(format!("document {index} is {after}, not {wanted}"));
            }
        }
        Ok(())
    }
}

/// The documents of an answer; `None` if Go refuses or is of two minds.
fn parse(answer: &[u8]) -> Option<Vec<Value>> {
    let answer = String::from_utf8_lossy(answer);
    answer.split_terminator('\n').map(|line| serde_json::from_str(line).ok()).collect()
}

/// Patches to be applied by Go: the request, and what has to come out.
fn patches(case: &Case, before: &[Value], after: &[Value]) -> Vec<(Vec<u8>, Value)> {
    let mut out = Vec::new();
    for (index, document) in case.documents.iter().enumerate() {
        let set: Vec<Change> = case.accepted(index).into_iter().cloned().collect();
        if set.is_empty() || case.planned[index].edits.is_empty() {
            continue;
        }
        let request = |strategic: bool, patch: &str| {
            let object = before[index].to_string();
            format!("{{\"object\":{object},\"patch\":{patch},\"strategic\":{strategic}}}").into_bytes()
        };
        let patch = json_patch(document.root(), &set);
        assert!(patch.refused.is_empty(), "{}: {:?}", case.path.display(), patch.refused);
        out.push((request(false, &patch.to_json()), after[index].clone()));
        if changes::is_workload(document) {
            let patch = strategic_merge(document.root(), &set, &changes::list_merge);
            if patch.refused.is_empty() {
                out.push((request(true, &patch.patch.to_json()), after[index].clone()));
            }
        }
    }
    out
}

#[test]
fn files_of_go_modules_are_edited_as_go_reads_them() {
    let paths = documents(LINKED.map(module_dir).into_iter().chain(FILES.map(module_at)));
    let mut seen = HashSet::new();
    let mut failures = Vec::new();
    let (mut files, mut documents, mut workloads, mut given, mut edits, mut patched) = (0, 0, 0, 0, 0, 0);
    let mut refused: BTreeMap<String, u32> = BTreeMap::new();
    let (mut reader, mut patcher) = (Oracle::start("yaml"), Oracle::start("patch"));
    for batch in paths.chunks(500) {
        let cases: Vec<Case> = batch
            .iter()
            .map(|path| (path, std::fs::read(path).expect("readable")))
            .filter(|(_, text)| text.len() < 1 << 20 && seen.insert(text.clone()))
            .map(|(path, text)| Case::of(path, text.into()))
            .collect();
        let mut requests: Vec<Vec<u8>> = cases.iter().map(|case| [b"s", &case.source[..]].concat()).collect();
        requests.extend(cases.iter().map(|case| [b"s", &case.after[..]].concat()));
        let answers = reader.ask_all(&requests);
        let (before, after) = answers.split_at(cases.len());
        let mut asked = Vec::new();
        for (case, (before, after)) in cases.iter().zip(before.iter().zip(after)) {
            let fail = |e: String| format!("{}: {e}", case.path.display());
            failures.extend(case.check().err().map(fail));
            let Some(before) = parse(before) else { continue };
            files += 1;
            documents += case.documents.len();
            workloads += case.documents.iter().filter(|document| changes::is_workload(document)).count();
            given += case.sets.iter().map(Vec::len).sum::<usize>();
            edits += case.planned.iter().map(|planned| planned.edits.len()).sum::<usize>();
            for refusal in case.planned.iter().flat_map(|planned| &planned.refused) {
                let reason = format!("{:?}", refusal.reason);
                let name = match refusal.reason {
                    Reason::Layout(_) => &reason[..],
                    _ => reason.split(['(', ' ']).next().unwrap_or_default(),
                };
                *refused.entry(name.to_owned()).or_default() += 1;
            }
            match parse(after) {
                None => failures.push(fail(format!("Go refuses it: {}", String::from_utf8_lossy(after)))),
                Some(after) => match case.compare(&before, &after) {
                    Ok(()) => asked.extend(patches(case, &before, &after).into_iter().map(|ask| (case, ask))),
                    Err(e) => failures.push(fail(e)),
                },
            }
        }
        let requests: Vec<&[u8]> = asked.iter().map(|(_, (request, _))| request.as_slice()).collect();
        for ((case, (request, wanted)), answer) in asked.iter().zip(patcher.ask_all(&requests)) {
            patched += 1;
            let mut found = serde_json::from_slice::<Value>(&answer).unwrap_or_default();
            let mut wanted = wanted.clone();
            if request.ends_with(b"true}") {
                values::order_volumes(&mut found);
                values::order_volumes(&mut wanted);
            }
            if found != wanted {
                failures.push(format!(
                    "{}: {} gives {}, not {wanted}",
                    case.path.display(),
                    String::from_utf8_lossy(request),
                    String::from_utf8_lossy(&answer)
                ));
            }
        }
    }
    println!(
        "{files} files, {documents} documents, {workloads} of them with containers; {given} changes, {edits} edits, \
         refused: {refused:?}; {patched} patches"
    );
    let count = failures.len();
    failures.truncate(10);
    assert!(failures.is_empty(), "{count} failures\n{}", failures.join("\n"));
    assert!(workloads > 500 && patched > 1_000, "{workloads} documents with containers are too few");
    let refused: u32 = refused.values().sum();
    assert!(refused as usize * 50 < given, "{refused} of {given} changes are refused");
}
