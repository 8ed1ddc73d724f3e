//! Fixes: what may be written to repair a finding, and how sure that is.

use std::borrow::Cow;

use seawall_model::FieldPath;
use seawall_yaml::edit::{Change, PatchOperation, TextEdit, Value};

use crate::safety::Safety;

/// What a fix does at a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// The field gets a value.
    Set(Value),
    /// The list holds an item.
    Add(Value),
    /// What is there goes, if it is what was found.
    Remove(Option<Value>),
    /// The field gets the number of a user, which a person names.
    SetUser,
}

/// A part of a fix. Paths begin at the object's root.
#[derive(Clone, Debug, PartialEq)]
pub struct FixStep {
    /// Where.
    pub path: FieldPath,
    /// Where the same can be said for all containers of the pod at once, if it can.
    pub at_pod: Option<FieldPath>,
    /// What.
    pub step: Step,
}

/// What has to be answered for a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Only this text makes the fix be done.
    Text(&'static str),
    /// The number of a user other than root.
    User,
    /// None: what has to change is not in the manifest; the note says where it is.
    Elsewhere,
}

/// How a finding may be repaired.
#[derive(Clone, Debug, PartialEq)]
pub struct Fix {
    /// How sure it is that everything runs as before.
    pub safety: Safety,
    /// Why it is sure; what may break and how to tell; or the question that a person has to answer.
    pub note: Cow<'static, str>,
    /// What makes a decision be done.
    pub answer: Option<Answer>,
    /// What is done.
    pub steps: Vec<FixStep>,
    /// The same for machines, where it is asked for and can be told.
    pub patch: Option<Box<FixPatch>>,
}

/// A fix by itself, as it changes an object and a file. A decision counts as answered by what makes it be done.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FixPatch {
    /// The operations of a JSON Patch of the object; none where that is not asked for, or cannot be told.
    pub operations: Vec<PatchOperation>,
    /// The changes to the file; none where they are not asked for, cannot be told, or would show what may be secret.
    pub edits: Vec<TextEdit>,
}

impl Fix {
    /// The changes to the object: at the pod where it speaks for all its containers, if wanted. `None` without the answer
    /// that it needs.
    pub fn changes(&self, at_pod: bool, answer: Option<&str>) -> Option<Vec<Change>> {
        let user = match self.answer {
            None => None,
            Some(Answer::Text(text)) if answer == Some(text) => None,
            Some(Answer::Text(_) | Answer::Elsewhere) => return None,
            Some(Answer::User) => Some(answer?.parse::<i64>().ok().filter(|user| *user > 0)?),
        };
        let change = |FixStep { path, at_pod: for_all, step }: &FixStep| {
            let path = for_all.as_ref().filter(|_| at_pod).unwrap_or(path).clone();
            Some(match step {
                Step::Set(value) => Change::ensure(path, value.clone()),
                Step::Add(item) => Change::ensure_item(path, item.clone(), None),
                Step::Remove(expected) => Change::remove(path, expected.clone()),
                Step::SetUser => Change::ensure(path, user?),
            })
        };
        self.steps.iter().map(change).collect()
    }

    /// The answer that makes it be done, if there is one that is not a person's to name.
    pub fn sole_answer(&self) -> Option<&'static str> {
        match self.answer {
            Some(Answer::Text(text)) => Some(text),
            Some(Answer::User | Answer::Elsewhere) | None => None,
        }
    }

    /// Whether the pod can say it for all its containers.
    pub fn is_for_all(&self) -> bool {
        self.steps.iter().all(|step| step.at_pod.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fix(step: Step, answer: Option<Answer>) -> Fix {
        let path = FieldPath::root().keys("spec.containers").item("name", "a").keys("securityContext.x");
        let at_pod = Some(FieldPath::root().keys("spec.securityContext.x"));
        Fix {
            safety: Safety::Decision,
            note: "".into(),
            answer,
            steps: vec![FixStep { path, at_pod, step }],
            patch: None,
        }
    }

    #[test]
    fn decisions_need_their_answer() {
        let text = fix(Step::Set(true.into()), Some(Answer::Text("true")));
        assert_eq!(text.changes(false, None), None);
        assert_eq!(text.changes(false, Some("false")), None);
        let changes = text.changes(true, Some("true")).unwrap();
        assert_eq!(changes[0].path.to_string(), "spec.securityContext.x");
        let user = fix(Step::SetUser, Some(Answer::User));
        for bad in ["0", "-1", "root", ""] {
            assert_eq!(user.changes(false, Some(bad)), None, "{bad}");
        }
        assert_eq!(
            user.changes(false, Some("1000")).unwrap()[0].op,
            Change::ensure(FieldPath::root(), 1000_i64).op
        );
    }
}
