//! Checks on what a document with aliases, merges and odd keys becomes in Go: the budget for aliases, and what JSON
//! cannot hold.

use std::collections::HashMap;

use crate::document::{Document, Kind, NodeRef};
use crate::problem::{Problem, ProblemKind};
use crate::scalar::Number;

/// What is left to visit of a node.
enum Step {
    /// The nodes from `at` on, `left` of them; `merges` if they are pairs with merge keys.
    Nodes { at: usize, left: usize, merges: bool },
    /// Items of a merged list, to be visited from the last.
    Items(Vec<usize>),
    /// The end of what an alias stands for.
    AliasEnd,
}

/// Go-yaml's bound on how much of a document may come from aliases (`decode.go`, `allowedAliasRatio`): its count of
/// decoded nodes is followed step by step, so the same documents pass.
pub(crate) fn check_aliases(document: &Document) -> Result<(), Problem> {
    let mut decoded = 0u32;
    let mut from_aliases = 0u32;
    let mut depth = 0u32;
    let mut steps = vec![Step::Nodes { at: 0, left: 1, merges: false }];
    let mut is_key = false;
    while let Some(step) = steps.last_mut() {
        let next = match step {
            Step::AliasEnd => {
                depth -= 1;
                steps.pop();
                continue;
            }
            Step::Items(items) => items.pop(),
            Step::Nodes { left: 0, .. } => None,
            Step::Nodes { at, left, merges } => {
                let index = *at;
                *left -= 1;
                // Pairs are complete, so an even rest means that this was a value.
                is_key = *merges && *left % 2 == 1;
                *at = document.nodes[index].next as usize;
                Some(index)
            }
        };
        let Some(node) = next.and_then(|index| document.node(index)) else {
            steps.pop();
            continue;
        };
        if is_key && node.merges() && !matches!(node.kind(), Kind::Mapping) {
            is_key = false;
            let Some(Step::Nodes { at, left, .. }) = steps.last_mut() else { continue };
            let value = *at;
            // The list itself is not decoded, only its items.
            if document.nodes[value].kind == Kind::Sequence {
                *left -= 1;
                *at = document.nodes[value].next as usize;
                let items = document.node(value).map(|v| v.items().map(|i| i.id().index()).collect());
                steps.push(Step::Items(items.unwrap_or_default()));
            }
            continue;
        }
        is_key = false;
        decoded += 1;
        from_aliases += u32::from(depth > 0);
        if from_aliases > 100
            && decoded > 1000
            && f64::from(from_aliases) / f64::from(decoded) > allowed_ratio(decoded)
        {
            return Err(Problem::new(
                ProblemKind::Limit,
                node.span(),
                "the document consists of aliases for the most part",
            )
            .with_hint("write out what the aliases stand for: Kubernetes refuses such documents"));
        }
        match node.kind() {
            Kind::Alias => {
                depth += 1;
                steps.push(Step::AliasEnd);
                steps.push(Step::Nodes { at: node.resolved().id().index(), left: 1, merges: false });
            }
            Kind::Sequence => {
                steps.push(Step::Nodes { at: node.id().index() + 1, left: node.count(), merges: false });
            }
            Kind::Mapping => {
                let merges = node.merges();
                steps.push(Step::Nodes { at: node.id().index() + 1, left: 2 * node.count(), merges });
            }
            _ => {}
        }
    }
    Ok(())
}

fn allowed_ratio(decoded: u32) -> f64 {
    const LOW: u32 = 400_000;
    const HIGH: u32 = 4_000_000;
    match decoded {
        ..=LOW => 0.99,
        HIGH.. => 0.10,
        _ => 0.99 - 0.89 * (f64::from(decoded - LOW) / f64::from(HIGH - LOW)),
    }
}

/// A key as Go's map tells keys apart before they become text.
#[derive(PartialEq, Eq, Hash)]
enum GoKey<'d> {
    Bool(bool),
    Int(i64),
    Float(u64),
    String(&'d str),
    /// Not a number is unlike every other key.
    Lone(usize),
}

fn go_key(key: NodeRef<'_>) -> Option<GoKey<'_>> {
    Some(match key.resolved().kind() {
        Kind::Bool => GoKey::Bool(key.as_bool()?),
        Kind::String => GoKey::String(key.as_str()?),
        Kind::Int | Kind::Float => match key.as_number()? {
            Number::Int(v) => GoKey::Int(v),
            Number::Uint(_) => return None,
            Number::Float(v) if v.is_nan() => GoKey::Lone(key.id().index()),
            // Both zeros are the same key.
            Number::Float(v) => GoKey::Float((v + 0.0).to_bits()),
        },
        _ => return None,
    })
}

/// The first place that JSON cannot hold, among what the later of equal keys leave of the document: `.inf` and `.nan`,
/// null keys, and integers above i64 as keys, which sigs.k8s.io/yaml does not know.
pub(crate) fn check_json(document: &Document) -> Result<(), Problem> {
    let mut seen = vec![false; document.len()];
    let mut left = vec![document.root()];
    let mut found: Option<Problem> = None;
    let mut note = |problem: Problem| {
        if found.as_ref().is_none_or(|f| problem.span.start < f.span.start) {
            found = Some(problem);
        }
    };
    while let Some(node) = left.pop() {
        let node = node.resolved();
        if std::mem::replace(&mut seen[node.id().index()], true) {
            continue;
        }
        match node.kind() {
            Kind::Float
                if node.as_number().is_some_and(|n| matches!(n, Number::Float(v) if !v.is_finite())) =>
            {
                let message =
                    format!("`{}` is a number that JSON cannot hold", node.text().unwrap_or_default());
                note(
                    Problem::new(ProblemKind::Syntax, node.span(), message)
                        .with_hint("put it in quotes if it is meant as text"),
                );
            }
            Kind::Sequence => left.extend(node.items()),
            Kind::Mapping => {
                let mut values = HashMap::new();
                for (key, value) in node.entries() {
                    if let Some(name) = go_key(key) {
                        values.insert(name, value);
                    } else if key.is_null() {
                        note(
                            Problem::new(ProblemKind::Syntax, key.span(), "null cannot be a key")
                                .with_hint("write a key before the `:`, or put `null` in quotes"),
                        );
                    } else {
                        note(
                            Problem::new(
                                ProblemKind::Syntax,
                                key.span(),
                                "the number is too large for a key",
                            )
                            .with_hint("put it in quotes"),
                        );
                    }
                }
                left.extend(values.into_values());
            }
            _ => {}
        }
    }
    found.map_or(Ok(()), Err)
}
