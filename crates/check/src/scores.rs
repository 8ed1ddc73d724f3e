//! What kubesec and kube-score say of an input, in place of our own findings.
//!
//! ```text
//! document -> Facts --+
//! document -----------+-> score -> ScoreRecords -> Tally -> Summary
//! ```
//!
//! What is kept between the steps are the facts of kube-score's checks, by scope: scopes are different clusters.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use seawall_finding::document_secrets;
use seawall_hardening::models::{kube_score, kubesec};
use seawall_manifest::objects::{Object, objects};
use seawall_manifest::schema::{Walker, refusal};
use seawall_model::ObjectId;
use seawall_yaml::{Document, Entry, LineIndex, Reader};

pub use seawall_hardening::models::kube_score::{CHECKS, Check, Comment, Grade, Options as KubeScore};
pub use seawall_hardening::models::kubesec::{Edition, Entry as Rule, RULES as KUBESEC_RULES, Report};

use crate::foreign::is_foreign;
use crate::judge::said::{self, At};
use crate::locate::{first_token, region};
use crate::options::LARGE;
use crate::record::{InputError, Origin, Record, Region};
use crate::schema;
use crate::survey::{Source, Unread};

/// Whose scores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Model {
    /// kubesec's.
    Kubesec(Edition),
    /// kube-score's, with its flags.
    KubeScore(KubeScore),
}

/// The name of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelName {
    /// kubesec
    Kubesec,
    /// kube-score
    KubeScore,
}

impl ModelName {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Kubesec, Self::KubeScore];

    /// What the program is called.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Kubesec => "kubesec",
            Self::KubeScore => "kube-score",
        }
    }
}

impl FromStr for ModelName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|name| name.as_str() == text).ok_or("must be kubesec or kube-score")
    }
}

impl Model {
    /// Its name.
    pub const fn name(&self) -> ModelName {
        match self {
            Self::Kubesec(_) => ModelName::Kubesec,
            Self::KubeScore(_) => ModelName::KubeScore,
        }
    }

    /// Whether it grades an object by others.
    pub const fn needs_facts(&self) -> bool {
        matches!(self, Self::KubeScore(_))
    }
}

/// An object with what a model says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graded {
    /// Its file.
    pub file: Arc<str>,
    /// Where it begins.
    pub region: Region,
    /// Its identity.
    pub object: ObjectId,
    /// The grades.
    pub grades: Grades,
}

/// What a model says of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grades {
    /// kubesec's report; `None` behind it where the API server would take the object, else why not, and then no rule was looked at.
    Kubesec(Report, Option<String>),
    /// kube-score's checks, in the order of [`CHECKS`].
    KubeScore(Vec<Check>),
}

impl Graded {
    /// Whether the original would exit with failure.
    pub fn fails(&self) -> bool {
        match &self.grades {
            Grades::Kubesec(report, _) => report.fails(),
            Grades::KubeScore(_) => self.worst() == Some(Grade::Critical),
        }
    }

    /// kube-score's worst grade among the checks that count.
    pub fn worst(&self) -> Option<Grade> {
        match &self.grades {
            Grades::Kubesec(..) => None,
            Grades::KubeScore(checks) => {
                checks.iter().filter(|check| !check.skipped).filter_map(|check| check.grade).min()
            }
        }
    }

    /// The ids of what takes points or is critical.
    pub fn failed(&self) -> Vec<&'static str> {
        match &self.grades {
            Grades::Kubesec(report, _) => report.critical.iter().map(|rule| rule.id).collect(),
            Grades::KubeScore(checks) => {
                let critical = |check: &&Check| !check.skipped && check.grade == Some(Grade::Critical);
                checks.iter().filter(critical).map(|check| check.id).collect()
            }
        }
    }
}

/// Something that is said of an input.
#[derive(Clone, Debug)]
pub enum ScoreRecord {
    /// An object.
    Object(Box<Graded>),
    /// An error or a notice.
    Other(Record),
}

/// What kube-score's checks have to know of other objects, by scope.
#[derive(Clone, Debug, Default)]
pub struct Facts(BTreeMap<u16, kube_score::Facts>);

impl Facts {
    /// Takes them from a file; other models need none.
    pub fn add(&mut self, source: &Source<'_>, model: &Model) {
        if !model.needs_facts() {
            return;
        }
        let facts = self.0.entry(source.scope).or_default();
        let mut reader = reader(source);
        while let Some(entry) = reader.next() {
            if let Some(document) = entry.document {
                facts.add(document.root());
                reader.recycle(document);
            }
        }
    }
}

fn reader(source: &Source<'_>) -> Reader {
    Reader::new(source.bytes.clone(), seawall_yaml::Limits::default()).by_items(LARGE)
}

/// How many there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Documents with content.
    pub documents: u64,
    /// Objects, lists expanded.
    pub objects: u64,
    /// Objects of kinds that the model does not grade.
    pub ungraded: u64,
}

/// Says of a file what there is to say, in its order; documents are held one at a time.
pub fn score<E>(
    source: &Source<'_>,
    model: &Model,
    facts: &Facts,
    mut say: impl FnMut(ScoreRecord) -> Result<(), E>,
) -> Result<Size, E> {
    let lines = source
        .lines
        .map_or_else(|| LineIndex::new(source.bytes), |starts| LineIndex::with(source.bytes, starts.clone()));
    let origin = Origin {
        file: source.file.clone(),
        source: source.bytes.clone(),
        lines: lines.starts(),
        live: false,
        secrets: [].into(),
    };
    let none = kube_score::Facts::default();
    let scorer = Scorer {
        at: At { source, origin: &origin, lines: &lines },
        model,
        facts: facts.0.get(&source.scope).unwrap_or(&none),
    };
    let mut walker = Walker::default();
    let mut size = Size::default();
    let mut reader = reader(source);
    while let Some(Entry { index, range, document, problems }) = reader.next() {
        let text = source.bytes.get(range.range()).unwrap_or_default();
        for problem in problems {
            let foreign = source.walked && is_foreign(&problem, text);
            say(ScoreRecord::Other(said::problem(&scorer.at, &Unread { index, problem, foreign })))?;
        }
        let Some(document) = document else { continue };
        size.documents += u64::from(document.list_item().is_none_or(|item| item.position == 0));
        scorer.document(&document, &mut walker, &mut size, &mut say)?;
        reader.recycle(document);
    }
    Ok(size)
}

struct Scorer<'a> {
    at: At<'a>,
    model: &'a Model,
    facts: &'a kube_score::Facts,
}

impl Scorer<'_> {
    fn document<E>(
        &self,
        document: &Document,
        walker: &mut Walker,
        size: &mut Size,
        say: &mut impl FnMut(ScoreRecord) -> Result<(), E>,
    ) -> Result<(), E> {
        let read = objects(document);
        for reject in &read.rejects {
            say(ScoreRecord::Other(said::not_an_object(&self.at, reject)))?;
        }
        size.objects += read.objects.len() as u64;
        let secrets = OnceCell::new();
        let secrets = || secrets.get_or_init(|| document_secrets(document)).as_slice();
        let mut refused = |object: &Object<'_>| {
            let mut problems = walker.check(object);
            schema::withhold(&mut problems, secrets);
            refusal(&problems).map(|problem| problem.reason.clone())
        };
        match self.model {
            Model::Kubesec(edition) => {
                for object in &read.objects {
                    let why = refused(object);
                    let mut report = kubesec::score(object.node, *edition);
                    if let Some(why) = &why {
                        report = Report { object: report.object, message: why.clone(), ..Report::default() };
                    }
                    say(self.graded(object, Grades::Kubesec(report, why)))?;
                }
            }
            Model::KubeScore(options) => {
                // In the order of the objects, of which kube-score knows only some.
                let mut scored =
                    kube_score::score(document.root(), self.facts, options).into_iter().peekable();
                for object in &read.objects {
                    let span = object.node.span();
                    let known = scored.next_if(|(node, _)| node.resolved().span() == span);
                    let Some((_, kube_score::Scored { checks, .. })) = known else {
                        size.ungraded += 1;
                        continue;
                    };
                    say(match refused(object) {
                        Some(why) => ScoreRecord::Other(self.unreadable(object, &why)),
                        None => self.graded(object, Grades::KubeScore(checks)),
                    })?;
                }
            }
        }
        Ok(())
    }

    fn region(&self, object: &Object<'_>) -> Region {
        region(self.at.lines, first_token(object.node))
    }

    fn graded(&self, object: &Object<'_>, grades: Grades) -> ScoreRecord {
        let file = self.at.source.file.clone();
        ScoreRecord::Object(Box::new(Graded {
            file,
            region: self.region(object),
            object: object.id(),
            grades,
        }))
    }

    /// kube-score gives up the run at an object that the API server would not take.
    fn unreadable(&self, object: &Object<'_>, why: &str) -> Record {
        Record::Error(InputError {
            file: self.at.source.file.clone(),
            origin: Some(self.at.origin.clone()),
            region: Some(self.region(object)),
            message: format!("{} has no grades: the API server would refuse it ({why})", object.id()),
            hint: Some("kube-score ends here and grades nothing".into()),
        })
    }
}

/// The object with the lowest score, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lowest {
    /// kubesec's score.
    pub score: i32,
    /// The object.
    pub object: ObjectId,
    /// Its file.
    pub file: Arc<str>,
    /// Its line.
    pub line: u32,
}

/// What a run amounts to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Files read.
    pub files: u64,
    /// Documents and objects.
    pub size: Size,
    /// Objects that the model speaks of.
    pub scored: u64,
    /// Objects for which the original would exit with failure.
    pub failing: u64,
    /// kube-score: objects whose worst grade is OK, WARNING or CRITICAL.
    pub by_grade: [u64; 3],
    /// kubesec: the first of the objects with the lowest score.
    pub lowest: Option<Lowest>,
    /// What takes points or is critical, with the number of objects; the most frequent first.
    pub failed: Vec<(&'static str, u64)>,
    /// Records of type error.
    pub errors: u64,
    /// Records of type notice.
    pub notices: u64,
}

impl Summary {
    /// The exit status.
    pub fn exit(&self) -> u8 {
        match (self.errors, self.failing) {
            (0, 0) => 0,
            (0, _) => 1,
            _ => 2,
        }
    }
}

/// A summary in the making.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    summary: Summary,
    failed: BTreeMap<&'static str, u64>,
}

impl Tally {
    /// Counts a record.
    pub fn add(&mut self, record: &ScoreRecord) {
        let graded = match record {
            ScoreRecord::Object(graded) => graded,
            ScoreRecord::Other(record) => {
                self.summary.errors += u64::from(matches!(record, Record::Error(_)));
                self.summary.notices += u64::from(matches!(record, Record::Notice(_)));
                return;
            }
        };
        self.summary.scored += 1;
        self.summary.failing += u64::from(graded.fails());
        for id in graded.failed() {
            *self.failed.entry(id).or_default() += 1;
        }
        match &graded.grades {
            Grades::Kubesec(report, _) => {
                if self.summary.lowest.as_ref().is_none_or(|lowest| report.score < lowest.score) {
                    self.summary.lowest = Some(Lowest {
                        score: report.score,
                        object: graded.object.clone(),
                        file: graded.file.clone(),
                        line: graded.region.line,
                    });
                }
            }
            Grades::KubeScore(_) => {
                let at = match graded.worst() {
                    Some(Grade::Critical) => 2,
                    Some(Grade::Warning) => 1,
                    Some(Grade::AlmostOk | Grade::AllOk) | None => 0,
                };
                self.summary.by_grade[at] += 1;
            }
        }
    }

    /// Counts a file that was read.
    pub fn file(&mut self, size: Size) {
        self.summary.files += 1;
        self.summary.size.documents += size.documents;
        self.summary.size.objects += size.objects;
        self.summary.size.ungraded += size.ungraded;
    }

    /// The summary.
    pub fn finish(self) -> Summary {
        let mut failed: Vec<_> = self.failed.into_iter().collect();
        failed.sort_by_key(|(id, count)| (std::cmp::Reverse(*count), *id));
        Summary { failed, ..self.summary }
    }
}
