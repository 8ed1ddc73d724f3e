//! The scores of other tools, for people whose pipelines hold manifests to them: the same predicates, quirks included, with the
//! same numbers. What scripts read of them (ids, selectors, messages, summaries) is theirs to the letter; explanations are not.

pub mod kube_score;
pub mod kubesec;
