//! Where seawall's checks and those of other tools differ, and who is right: the reviewed lists behind the pages for people who
//! come from these tools. Tests hold every entry against runs of both sides.

mod entry;
pub mod kube_score;
pub mod kubesec;

use serde_json::Value;

/// What the other tool's answer is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Each container.
    Container,
    /// The object as a whole.
    Object,
}

/// A check of the other tool and the rule that answers it.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    /// The check's id there.
    pub check: &'static str,
    /// The rule's id.
    pub rule: &'static str,
    /// What is compared.
    pub unit: Unit,
    /// Which of the check's remarks are meant; all where there are none.
    pub remarks: &'static [&'static str],
    /// The kinds that the check looks at; any where there are none. Of other kinds the rule speaks alone.
    pub kinds: &'static [&'static str],
    /// Which findings of the rule are meant, by a part of their path, by its start with `^` in front; all where it is
    /// empty.
    pub place: &'static str,
}

impl Pair {
    const fn new(check: &'static str, rule: &'static str, unit: Unit) -> Self {
        Self { check, rule, unit, remarks: &[], kinds: &[], place: "" }
    }

    /// Whether the check looks at objects of this kind.
    pub fn looks_at(&self, object: &Value) -> bool {
        self.kinds.is_empty() || object["kind"].as_str().is_some_and(|kind| self.kinds.contains(&kind))
    }

    const fn remarks(self, remarks: &'static [&'static str]) -> Self {
        Self { remarks, ..self }
    }

    const fn of(self, kinds: &'static [&'static str]) -> Self {
        Self { kinds, ..self }
    }

    const fn at(self, place: &'static str) -> Self {
        Self { place, ..self }
    }
}

/// Who reports something that the other does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reporter {
    /// seawall.
    Seawall,
    /// The other tool.
    Other,
}

/// Who is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// seawall: it does what Kubernetes does.
    Seawall,
    /// Both, for they ask different questions.
    Both,
}

/// A kind of difference.
#[derive(Clone, Copy, Debug)]
pub struct Difference {
    /// The check of the other tool; `*` for any.
    pub check: &'static str,
    /// The rule; `*` for any.
    pub rule: &'static str,
    /// Who reports.
    pub by: Reporter,
    /// What is reported, in a few words that follow "reports".
    pub what: &'static str,
    /// Who is right.
    pub right: Right,
    /// Why, in one sentence.
    pub why: &'static str,
    /// Whether what was seen is of this kind.
    pub when: fn(&Seen<'_>) -> bool,
}

/// What one of the two reports and the other does not.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The check of the other tool.
    pub check: &'static str,
    /// The object.
    pub object: &'a Value,
    /// The container, and the list of the pod that it is in.
    pub container: Option<(&'static str, &'a Value)>,
    /// Whether the other tool looks at the object.
    pub graded: bool,
    /// Whether the other tool has passed over this check here.
    pub skipped: bool,
    /// Whether there are objects in the run that the other tool does not look at.
    pub hidden: bool,
    /// All objects of the run, this one included.
    pub all: &'a [Value],
}

/// The lists of containers of a pod.
pub const CLASSES: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

impl<'a> Seen<'a> {
    /// A field of the object by its pointer (`/spec/replicas`); null where it is not written.
    pub fn at(&self, pointer: &str) -> &'a Value {
        self.object.pointer(pointer).unwrap_or(&Value::Null)
    }

    /// A text of the object; empty where it is not written.
    pub fn text(&self, pointer: &str) -> &'a str {
        self.at(pointer).as_str().unwrap_or_default()
    }

    /// A field of the container; null where it is not written.
    pub fn of_container(&self, pointer: &str) -> &'a Value {
        self.container.and_then(|(_, container)| container.pointer(pointer)).unwrap_or(&Value::Null)
    }

    /// A field of the pod or the pod template (`/spec/os`); null where it is not written.
    pub fn of_pod(&self, pointer: &str) -> &'a Value {
        pod(self.object).and_then(|pod| pod.pointer(pointer)).unwrap_or(&Value::Null)
    }

    /// Whether the container is in this list.
    pub fn is_in(&self, class: &str) -> bool {
        self.container.is_some_and(|(of, _)| of == class)
    }

    /// The object's kind.
    pub fn kind(&self) -> &'a str {
        self.text("/kind")
    }

    /// The object's apiVersion.
    pub fn api_version(&self) -> &'a str {
        self.text("/apiVersion")
    }
}

/// The pod or pod template of an object of a built-in kind.
pub fn pod(object: &Value) -> Option<&Value> {
    let pointer = match object["kind"].as_str()? {
        "Pod" => "",
        "PodTemplate" => "/template",
        "CronJob" => "/spec/jobTemplate/spec/template",
        _ => "/spec/template",
    };
    object.pointer(pointer)
}

/// The containers of an object's pods, with their lists.
pub fn containers(object: &Value) -> Vec<(&'static str, &Value)> {
    let spec = pod(object).map(|pod| &pod["spec"]);
    let of = |class: &'static str| {
        let list = spec.and_then(|spec| spec[class].as_array());
        list.into_iter().flatten().map(move |container| (class, container))
    };
    CLASSES.into_iter().flat_map(of).collect()
}

/// Whether an amount is written and is nothing.
fn is_zero(amount: &Value) -> bool {
    let text = amount.as_str().map_or_else(|| amount.to_string(), str::to_owned);
    let digits =
        text.trim_start_matches(['+', '-']).split(|c: char| c.is_alphabetic()).next().unwrap_or_default();
    !amount.is_null() && digits.chars().all(|c| c == '0' || c == '.')
}
