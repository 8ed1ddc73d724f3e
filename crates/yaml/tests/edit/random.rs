//! Random changes to random documents. `SEAWALL_EDITS` is their number, `SEAWALL_SEED` repeats or varies them, and
//! `SEAWALL_ONLY` picks one.

use std::collections::BTreeMap;

use seawall_yaml::Document;
use seawall_yaml::edit::{Change, Op, Planned, Reason, plan};

use crate::changes::changes;
use crate::check::{documents, try_edited};
use crate::generate::{mutated, source};
use crate::golden;
use crate::rng::Rng;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().expect("a number"))
}

/// What only adds keys and items leaves every line, but for those that it adds to.
fn check_lines(before: &str, after: &str, changes: usize) -> Result<(), String> {
    let old: Vec<&str> = before.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let new: Vec<&str> = after.lines().map(str::trim_end).collect();
    // The longest common subsequence, row by row.
    let mut kept = vec![0; new.len() + 1];
    for line in &old {
        let mut diagonal = 0;
        for (at, other) in new.iter().enumerate() {
            let above = kept[at + 1];
            kept[at + 1] = if line == other { diagonal + 1 } else { above.max(kept[at]) };
            diagonal = above;
        }
    }
    let lost = old.len() - kept[new.len()];
    if lost > 2 * changes { Err(format!("{lost} lines differ\n--- after\n{after}")) } else { Ok(()) }
}

/// Whether the change only adds to what is there.
fn is_addition(document: &Document, change: &Change) -> bool {
    match change.op {
        Op::EnsureItem { .. } => true,
        Op::Ensure(_) => change.path.resolve(document.root()).depth < change.path.0.len(),
        Op::Remove { .. } => false,
    }
}

/// The order of the changes is of no consequence for what is made and refused.
fn check_order(
    rng: &mut Rng,
    documents: &[Document],
    sets: &[Vec<Change>],
    planned: &[Planned],
) -> Result<(), String> {
    for ((document, set), planned) in documents.iter().zip(sets).zip(planned) {
        let mut order: Vec<usize> = (0..set.len()).collect();
        rng.shuffle(&mut order);
        let shuffled: Vec<Change> = order.iter().map(|&index| set[index].clone()).collect();
        let other = plan(document, &shuffled);
        let mut refused: Vec<usize> = other.refused.iter().map(|refusal| order[refusal.change]).collect();
        refused.sort_unstable();
        let wanted: Vec<usize> = planned.refused.iter().map(|refusal| refusal.change).collect();
        if refused != wanted {
            return Err(format!("in another order {refused:?} are refused, not {wanted:?}"));
        }
    }
    Ok(())
}

#[derive(Default)]
struct Tally {
    documents: usize,
    changes: usize,
    edits: usize,
    refused: BTreeMap<String, usize>,
}

/// Random changes to a source; what is wrong with what comes of them.
fn examine(rng: &mut Rng, source: &str, tally: &mut Tally) -> Result<(), String> {
    // Where reading goes on behind broken JSON depends on lengths: verification tells if an edit changes that.
    let entries = seawall_yaml::read(source.as_bytes());
    if source.trim_start().starts_with('{') && entries.iter().any(|entry| !entry.problems.is_empty()) {
        return Ok(());
    }
    let before = documents(source.as_bytes());
    let sets: Vec<Vec<Change>> = before.iter().map(|document| changes(rng, document)).collect();
    tally.documents += before.len();
    tally.changes += sets.iter().map(Vec::len).sum::<usize>();
    let mut examined = || {
        let (after, planned) = try_edited(source.as_bytes(), &sets)?;
        check_order(rng, &before, &sets, &planned)?;
        let additions = |(document, set): (&Document, &Vec<Change>)| {
            set.iter().all(|change| is_addition(document, change))
        };
        if before.iter().zip(&sets).all(additions) && !source.contains(['&', '?', '*', '<']) {
            check_lines(source, &String::from_utf8_lossy(&after), sets.iter().map(Vec::len).sum())?;
        }
        Ok(planned)
    };
    let planned = examined().map_err(|message: String| {
        let changes: Vec<String> =
            sets.iter().flatten().map(|change| format!("{} {:?}", change.path, change.op)).collect();
        format!("{message}\n--- before\n{source}\n--- changes\n{}", changes.join("\n"))
    })?;
    for planned in planned {
        tally.edits += planned.edits.len();
        for refusal in &planned.refused {
            let reason = format!("{:?}", refusal.reason);
            let name = match refusal.reason {
                Reason::Layout(_) => &reason[..],
                _ => reason.split(['(', ' ']).next().unwrap_or_default(),
            };
            *tally.refused.entry(name.to_owned()).or_default() += 1;
        }
    }
    Ok(())
}

/// Examines sources; fails with the shortest failure. What was done.
fn run(default: u64, mut source: impl FnMut(&mut Rng) -> String) -> Tally {
    let (count, seed) = (number("SEAWALL_EDITS").unwrap_or(default), number("SEAWALL_SEED").unwrap_or(1));
    let only = number("SEAWALL_ONLY");
    let mut tally = Tally::default();
    let mut failures = Vec::new();
    for index in (0..count).filter(|index| only.is_none_or(|only| only == *index)) {
        let mut rng = Rng::new(seed.wrapping_mul(1_000_003).wrapping_add(index));
        let source = source(&mut rng);
        if let Err(message) = examine(&mut rng, &source, &mut tally) {
            failures.push((source.len(), format!("seed {seed}, number {index}: {message}")));
        }
    }
    failures.sort();
    if let Some((_, first)) = failures.first() {
        panic!("{} of {count} fail; the shortest:\n{first}", failures.len());
    }
    if let Some(file) = std::env::var_os("SEAWALL_TALLY") {
        let text = format!(
            "{} documents, {} changes, {} edits\n{:#?}\n",
            tally.documents, tally.changes, tally.edits, tally.refused
        );
        std::fs::write(file, text).unwrap();
    }
    tally
}

#[test]
fn random_edits_do_what_they_should_and_nothing_else() {
    let tally = run(2_000, source);
    let refused = tally.refused.values().sum::<usize>();
    assert!(
        number("SEAWALL_ONLY").is_some() || refused * 3 < tally.changes,
        "{refused} of {}",
        tally.changes
    );
}

#[test]
fn edits_of_mutated_documents_are_right_or_refused() {
    let cases = golden::sources();
    run(3_000, |rng| {
        let text = if rng.one_in(3) { source(rng) } else { cases[rng.below(cases.len())].clone() };
        mutated(rng, &text)
    });
}
