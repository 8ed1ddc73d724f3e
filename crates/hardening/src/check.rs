//! What a check is, what it sees and how it speaks.

use std::borrow::Cow;

use seawall_finding::{Fix, FixStep, Locus, Rule, Safety, Severity, Step};
use seawall_manifest::objects::Object;
use seawall_manifest::workload::Template;
use seawall_model::FieldPath;
use seawall_yaml::edit::Value;

use crate::index::{Index, Labels, Near, Twins};
use crate::params::Params;
use crate::view::{ContainerAt, Pod};

/// A check: one row of the table.
#[derive(Debug)]
pub struct Check {
    /// Its rule.
    pub rule: &'static Rule,
    /// What it has to see besides the object.
    pub sight: Sight,
    /// How it runs.
    pub run: Run,
}

/// What a check looks at. Functions report through [`Out`] and have no other effect.
#[derive(Clone, Copy, Debug)]
pub enum Run {
    /// Every pod and pod template.
    Pod(OfPod),
    /// Every container of every class.
    Container(OfContainer),
    /// Every object, workloads too; paths begin at the object's root.
    Object(OfObject),
    /// Every pod by the one and every container by the other.
    PodAndContainer(OfPod, OfContainer),
    /// Every pod, and every object besides.
    PodAndObject(OfPod, OfObject),
    /// Every container, and every object besides.
    ContainerAndObject(OfContainer, OfObject),
}

type OfPod = fn(&PodAt<'_, '_>, &Cx<'_>, &mut Out<'_>);
type OfContainer = fn(&ContainerAt<'_, '_>, &Cx<'_>, &mut Out<'_>);
type OfObject = fn(&Object<'_>, &Cx<'_>, &mut Out<'_>);

impl Run {
    /// What looks at objects.
    pub(crate) fn object(self) -> Option<OfObject> {
        match self {
            Self::Object(run) | Self::PodAndObject(_, run) | Self::ContainerAndObject(_, run) => Some(run),
            Self::Pod(_) | Self::Container(_) | Self::PodAndContainer(..) => None,
        }
    }

    /// What looks at pods.
    pub(crate) fn pod(self) -> Option<OfPod> {
        match self {
            Self::Pod(run) | Self::PodAndContainer(run, _) | Self::PodAndObject(run, _) => Some(run),
            Self::Container(_) | Self::Object(_) | Self::ContainerAndObject(..) => None,
        }
    }

    /// What looks at containers.
    pub(crate) fn container(self) -> Option<OfContainer> {
        match self {
            Self::Container(run) | Self::PodAndContainer(_, run) | Self::ContainerAndObject(run, _) => {
                Some(run)
            }
            Self::Pod(_) | Self::Object(_) | Self::PodAndObject(..) => None,
        }
    }
}

/// What a check has to see.
#[derive(Clone, Copy, Debug)]
pub enum Sight {
    /// The object alone.
    Alone,
    /// The object alone; besides, in phase two with [`Cx::index`] where there is one, other objects take findings away or, on
    /// objects of these kinds, add some.
    Also(&'static [&'static str]),
    /// Other objects of the run: it is evaluated in phase two, with [`Cx::index`], where the scope holds an object of one of
    /// these kinds, or the input is declared complete.
    Others(&'static [&'static str]),
    /// All objects of the cluster: it is evaluated on objects of these kinds in phase two, with [`Cx::index`], where the input is
    /// declared complete.
    Complete(&'static [&'static str]),
    /// Other objects of the object's namespace: it is evaluated in phase two, with [`Cx::index`].
    Beside(&'static Beside),
}

/// Which objects a check looks at, and what has to be seen beside them.
#[derive(Clone, Copy, Debug)]
pub struct Beside {
    /// The kinds that it looks at; [`PODS`](crate::PODS) for all that make pods. Where there are none: objects that are in
    /// the input more than once.
    pub of: &'static [&'static str],
    /// It is evaluated where the object's namespace holds an object of one of these kinds, or the input is declared complete;
    /// always where there are none.
    pub need: &'static [&'static str],
    /// What is not seen where it is not evaluated: `NetworkPolicy`.
    pub missing: &'static str,
    /// How many objects of a namespace it is not evaluated on, where `need` does not tell.
    pub unseen: Option<fn(Near<'_>) -> usize>,
    /// Whether it says that a name leads nowhere: it is not evaluated on objects that may go to any of several namespaces then
    /// ([`Index::goes_anywhere`]), as what they name may be in that one.
    pub placed: bool,
}

impl Beside {
    /// A check of objects that are in the input more than once.
    pub(crate) const COPIES: Self = Self::always(&[]);

    /// A check that is always evaluated on these kinds.
    pub(crate) const fn always(of: &'static [&'static str]) -> Self {
        Self { of, need: &[], missing: "", unseen: None, placed: false }
    }

    /// A check that is evaluated on these kinds where the namespace holds an object of one kind.
    pub(crate) const fn needs(of: &'static [&'static str], need: &'static [&'static str; 1]) -> Self {
        Self { of, need, missing: need[0], unseen: None, placed: false }
    }

    /// The same, on objects alone whose namespace is known.
    pub(crate) const fn placed(self) -> Self {
        Self { placed: true, ..self }
    }
}

/// A pod or pod template and what holds it.
#[derive(Clone, Copy, Debug)]
pub struct PodAt<'a, 'd> {
    /// The object.
    pub object: &'a Object<'d>,
    /// The template in it.
    pub template: &'a Template<'d>,
    /// The pod as written.
    pub pod: &'a Pod<'d>,
}

/// What a check may know besides what it looks at.
#[derive(Clone, Copy, Debug)]
pub struct Cx<'a> {
    /// What is set about checks.
    pub params: &'a Params,
    /// The target cluster's Kubernetes minor version.
    pub kubernetes: u64,
    /// The scope of the file: objects of different scopes belong to different clusters.
    pub scope: u16,
    /// Whether the object was read from a file, and not from a cluster.
    pub from_file: bool,
    /// The other objects of the run; `None` in phase one.
    pub index: Option<&'a Index>,
    /// The objects that the file holds more than once; `None` in phase one.
    pub twins: Option<&'a Twins>,
}

impl<'a> Cx<'a> {
    /// The namespace of an object and what is in it; `None` in phase one.
    pub fn near(&self, object: &Object<'_>) -> Option<Near<'a>> {
        Some(self.index?.near(self.scope, object.namespace))
    }
}

impl PodAt<'_, '_> {
    /// The labels of the pods.
    pub fn labels(&self) -> Labels {
        Labels::of_pods(self.object, self.template)
    }
}

/// What a check found at one place.
#[derive(Clone, Debug)]
pub struct Hit {
    /// Where; begins at the pod (`spec.containers[name=app].image`) for pods and containers, at the object for objects. What
    /// is not there is named by where it belongs.
    pub path: FieldPath,
    /// What is to be seen there, in a few words: `no limit`.
    pub label: Cow<'static, str>,
    /// What is wrong, in lower case without a trailing period. It names the container where there is one.
    pub message: String,
    /// What to write.
    pub advice: Cow<'static, str>,
    /// Other places that belong to it, in the same object.
    pub related: Vec<Locus>,
    /// How grave it is here, where that differs from the rule's severity.
    pub severity: Option<Severity>,
    /// How it may be repaired; its paths begin where the hit's do.
    pub fix: Option<Fix>,
}

impl Hit {
    /// A hit with nothing more to it.
    pub fn new(
        path: FieldPath,
        label: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
        advice: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            path,
            label: label.into(),
            message: message.into(),
            advice: advice.into(),
            related: Vec::new(),
            severity: None,
            fix: None,
        }
    }

    /// The same with another severity than the rule's.
    #[must_use]
    pub fn severity(self, severity: Severity) -> Self {
        Self { severity: Some(severity), ..self }
    }

    /// The same with another place that belongs to it.
    #[must_use]
    pub fn related(mut self, path: FieldPath, label: impl Into<Cow<'static, str>>) -> Self {
        self.related.push(Locus { path, label: label.into() });
        self
    }

    /// The same with a fix that gives the field at its path a value; `note` says why that is sure, or what may break and how to
    /// tell.
    #[must_use]
    pub fn sets(self, safety: Safety, note: &'static str, value: impl Into<Value>) -> Self {
        let step = FixStep { path: self.path.clone(), at_pod: None, step: Step::Set(value.into()) };
        let fix = Fix { safety, note: note.into(), answer: None, steps: vec![step], patch: None };
        self.fix(fix)
    }

    /// The same with a fix.
    #[must_use]
    pub fn fix(self, fix: Fix) -> Self {
        Self { fix: Some(fix), ..self }
    }
}

/// Where checks report. In phase one only whether there is something is asked for.
pub struct Out<'o> {
    each: Option<&'o mut dyn FnMut(Hit)>,
    any: bool,
}

impl<'o> Out<'o> {
    /// Hits are given to `each`.
    pub fn giving(each: &'o mut dyn FnMut(Hit)) -> Self {
        Self { each: Some(each), any: false }
    }

    /// Hits are only noticed.
    pub fn noticing() -> Self {
        Self { each: None, any: false }
    }

    /// Reports a hit; it is only made where somebody wants it.
    pub fn report(&mut self, hit: impl FnOnce() -> Hit) {
        self.any = true;
        if let Some(each) = &mut self.each {
            each(hit());
        }
    }

    /// Whether something was reported.
    pub fn any(&self) -> bool {
        self.any
    }
}
