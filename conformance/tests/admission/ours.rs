//! The one place that asks our handler.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

use seawall_admission::{
    Admission, Configuration, Counters, Exceptions, Labels, Lookup, MAX_BODY, Namespaces, Owner, OwnerKind,
    Owners, Pods, Reply, Request, Rights, Surroundings, Suspension, Suspensions, timeout,
};
use seawall_finding::Date;
use seawall_finding::exception::Exception;
use seawall_model::review::UserInfo;
use serde_json::Value;

use crate::scenario::{Answer, Outcome, Scenario};

/// The version that upstream's recorder has here, and the newest that `latest` means.
const MINOR: u64 = 37;

/// The cluster of a scenario, for one request.
struct Cluster<'s> {
    scenario: &'s Scenario,
    /// Whether no time is left from the start.
    is_late: bool,
    is_listed: Cell<bool>,
    lookups: RefCell<Vec<String>>,
}

impl Namespaces for Cluster<'_> {
    fn labels(&self, name: &str) -> Lookup<Labels> {
        self.lookups.borrow_mut().push(format!("namespace {name}"));
        match self.scenario.lookup(name) {
            Err(error) => Lookup::Failed(error),
            Ok(namespace) => {
                let labels = namespace["metadata"]["labels"].as_object().into_iter().flatten();
                let text = |value: &Value| Box::from(value.as_str().expect("a label"));
                Lookup::Known(labels.map(|(key, value)| (Box::from(&**key), text(value))).collect())
            }
        }
    }
}

impl Pods for Cluster<'_> {
    fn list(&self, namespace: &str, page: &mut dyn FnMut(&[u8])) -> Lookup<()> {
        self.lookups.borrow_mut().push(format!("pods {namespace}"));
        if self.scenario.list_error || self.is_late {
            return Lookup::Failed("no list".to_owned());
        }
        for pods in self.scenario.pods.chunks(100) {
            page(serde_json::json!({"kind": "PodList", "items": pods}).to_string().as_bytes());
        }
        self.is_listed.set(true);
        Lookup::Known(())
    }

    fn is_over(&self) -> bool {
        self.scenario.cancelled && self.is_listed.get()
    }
}

/// There are none, as upstream has none.
impl Exceptions for Cluster<'_> {
    fn of(&self, _: &str) -> Option<Arc<[Arc<Exception>]>> {
        None
    }

    fn today(&self) -> Date {
        Date::from_days(0)
    }
}

impl Owners for Cluster<'_> {
    fn owner(&self, _: &str, kind: OwnerKind<'_>, name: &str) -> Lookup<Option<Owner>> {
        self.lookups.borrow_mut().push(format!("{} {name}", kind.resource));
        Lookup::Known(None)
    }

    fn is_up_to_date(&self) -> bool {
        true
    }
}

/// Nothing is suspended, as upstream knows nothing of the kind.
impl Suspensions for Cluster<'_> {
    fn of(&self, _: &str) -> Option<Suspension> {
        None
    }

    fn let_pass(&self, _: Request<'_>, name: &str, _: &Suspension, _: &str) {
        panic!("{name} is let pass");
    }
}

/// Nobody asks, as no labels are guarded.
impl Rights for Cluster<'_> {
    fn may_lower(&self, _: &UserInfo<'_>, _: &str) -> Lookup<bool> {
        Lookup::Later
    }
}

/// What our handler makes of a scenario: one outcome a post, or the error of the configuration alone.
pub(crate) fn ours(scenario: &Scenario) -> Vec<Outcome> {
    let configuration = match Configuration::read(scenario.configuration.as_bytes()) {
        Ok(configuration) => configuration,
        Err(error) => {
            let answer = Answer::Configuration(error.to_string());
            return vec![Outcome { answer, metrics: BTreeMap::new(), lookups: Vec::new() }];
        }
    };
    let admission = Admission::new(configuration, MINOR);
    let outcome = |post: &crate::scenario::Post| {
        let time = post.timeout.as_ref().and_then(|time| timeout(&format!("timeout={time}")));
        let cluster = Cluster {
            scenario,
            // A nanosecond is over before anything is done.
            is_late: time.is_some_and(|time| time.as_micros() == 0),
            is_listed: Cell::new(false),
            lookups: RefCell::default(),
        };
        let counters = Counters::new(MINOR);
        let body = post.body.bytes();
        let content_type = match post.content_type.as_deref() {
            None => Some("application/json"),
            Some("") => None,
            Some(other) => Some(other),
        };
        let answer = if body.len() >= MAX_BODY {
            Answer::Http(413, String::new())
        } else {
            let around = Surroundings {
                namespaces: &cluster,
                pods: &cluster,
                exceptions: &cluster,
                owners: &cluster,
                suspensions: &cluster,
                rights: &cluster,
                recorder: &counters,
            };
            match admission.reply(content_type, body, around).expect("nothing has to be fetched") {
                Reply::Review(bytes) => {
                    let review: Value = serde_json::from_slice(&bytes).expect("JSON");
                    assert_eq!(
                        (&review["kind"], &review["apiVersion"]),
                        (&"AdmissionReview".into(), &"admission.k8s.io/v1".into())
                    );
                    Answer::Response(review["response"].clone())
                }
                Reply::BadRequest(text) => Answer::Http(400, text),
            }
        };
        Outcome { answer, metrics: metrics(&counters), lookups: cluster.lookups.into_inner() }
    };
    scenario.posts.iter().map(outcome).collect()
}

/// The counters that are not zero, but for those that upstream does not have.
fn metrics(counters: &Counters) -> BTreeMap<String, u64> {
    let mut text = String::new();
    counters.write(&mut text);
    let mut found = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("pod_security_")) {
        let (name, rest) = line.split_once('{').expect("labels");
        let (labels, count) = rest.rsplit_once("} ").expect("a value");
        let count: u64 = count.parse().expect("a number");
        if count > 0 {
            let labels = parse(labels);
            found.insert(
                Outcome::counter(name, labels.iter().map(|(name, value)| (&**name, &**value))),
                count,
            );
        }
    }
    found
}

/// The labels of a series, by name, without the escapes of the text format.
fn parse(labels: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut rest = labels;
    while let Some((name, behind)) = rest.split_once("=\"") {
        let mut value = String::new();
        let mut chars = behind.char_indices();
        let end = loop {
            match chars.next().expect("an end") {
                (at, '"') => break at,
                (_, '\\') => value.push(match chars.next().expect("what is escaped").1 {
                    'n' => '\n',
                    other => other,
                }),
                (_, other) => value.push(other),
            }
        };
        all.push((name.trim_start_matches(',').to_owned(), value));
        rest = &behind[end + 1..];
    }
    all
}
