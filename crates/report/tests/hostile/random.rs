//! Records in which every text from outside is made of what may break or forge an output.

use std::sync::Arc;

use seawall_check::{
    Evaluation, Ignore, InputError, LevelSource, Located, Mark, Mode, Notice, NoticeKind, ObjectReport,
    Origin, PodSpec, Record, Region, Subject, Suppression, Workload, rules,
};
use seawall_finding::exception::{Exception, ExceptionSource, OnExpiry};
use seawall_finding::{Finding, IgnoreSource, Locus, Rule, Severity};
use seawall_model::{FieldPath, Level, ObjectId, PolicyVersion};

/// Pieces of hostile texts.
const PIECES: [&str; 72] = [
    "",
    "a",
    "app",
    "web-1",
    "two words",
    " ",
    "  ",
    "漢字",
    "é",
    "e\u{301}",
    "\u{1b}[31m",
    "\u{1b}]0;t\u{7}",
    "\n",
    "\r\n",
    "\t",
    "\0",
    "\u{7f}",
    "\u{85}",
    "\u{9b}31m",
    "\u{2028}",
    "\u{2029}",
    "\u{202e}",
    "\u{2066}",
    "\u{200b}",
    "\u{200f}",
    "\u{feff}",
    "\u{fffd}",
    "\u{fffe}",
    "\u{ffff}",
    "\u{e0041}",
    "\u{ad}",
    "\"",
    "'",
    "`",
    "``",
    "```\n",
    "<",
    ">",
    "&",
    "&lt;",
    "]]>",
    "<![CDATA[",
    "-->",
    "<!--",
    "</failure>",
    "</testsuites>",
    "<script>",
    "</details>\n\n",
    "<details>",
    "|",
    "\\|",
    "\\",
    "\\\"",
    "* ",
    "__",
    "[x](https://evil.example)",
    "![i](x)",
    "\n# heading\n",
    "@all",
    "#12",
    "GH-1",
    "https://evil.example/a",
    "www.evil.example",
    "::error file=x::y",
    "\n::warning::z",
    "::",
    "%0A",
    "%",
    "{0}",
    "}}",
    "password=hunter2",
    ", ",
];

/// A small generator of numbers that look random (splitmix64).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    fn chance(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// A hostile text, seldom a very long one.
    pub(crate) fn text(&mut self) -> String {
        let pieces = if self.chance(40) { 400 } else { self.below(6) };
        (0..pieces).map(|_| self.pick(&PIECES)).collect()
    }

    fn maybe(&mut self) -> Option<String> {
        self.chance(2).then(|| self.text())
    }

    /// A message as checks write them: names in quotes, fields in backticks.
    fn message(&mut self) -> String {
        match self.below(3) {
            0 => self.text(),
            1 => format!("container {} is wrong: `x` is not set", seawall_model::gotext::quote(&self.text())),
            _ => format!("`{}` must be a string, not \"{}\"", self.text(), self.text()),
        }
    }

    fn region(&mut self) -> Region {
        let (line, column) = (1 + self.below(30) as u32, 1 + self.below(40) as u32);
        let end_line = line + self.below(2) as u32;
        Region { line, column, end_line, end_column: column + 1 + self.below(9) as u32 }
    }

    fn mark(&mut self) -> Mark {
        Mark { region: self.region(), label: self.text().into() }
    }

    fn origin(&mut self) -> Origin {
        let source: String = (0..20).map(|_| self.text() + "\n").collect();
        let lines = seawall_yaml::LineIndex::new(source.as_bytes()).starts();
        // Names of files hold no zero bytes and are not empty.
        let file = format!("f{}", self.text().replace('\0', ""));
        Origin { file: file.into(), source: source.as_bytes().into(), lines, live: false, secrets: [].into() }
    }

    fn object(&mut self) -> ObjectId {
        ObjectId {
            api_version: self.text(),
            kind: self.text(),
            namespace: self.text(),
            name: self.text(),
            generate_name: self.text(),
        }
    }

    fn path(&mut self) -> FieldPath {
        let mut path = FieldPath::root().key(self.text());
        for _ in 0..self.below(3) {
            path = match self.below(3) {
                0 => path.key(self.text()),
                1 => path.item("name", self.text()),
                _ => path.index(self.below(4)),
            };
        }
        path
    }

    fn suppression(&mut self) -> Suppression {
        if self.chance(4) {
            return Suppression::Excepted(Arc::new(Exception {
                source: ExceptionSource::Object,
                name: self.text(),
                namespaces: Vec::new(),
                workloads: Vec::new(),
                grants: Vec::new(),
                reason: self.text(),
                owner: self.maybe(),
                created: None,
                expires: None,
                on_expiry: OnExpiry::Refuse,
            }));
        }
        Suppression::Ignored(Arc::new(Ignore {
            source: self.pick(&[
                IgnoreSource::Comment,
                IgnoreSource::Annotation,
                IgnoreSource::Config,
                IgnoreSource::Baseline,
            ]),
            rules: Vec::new(),
            reason: self.text(),
            owner: self.maybe(),
            until: None,
            file: format!("f{}", self.text()).into(),
            region: self.chance(2).then(|| self.region()),
        }))
    }

    fn located(&mut self, object: &ObjectId) -> Located {
        let all: Vec<&'static Rule> = rules::all();
        let related: Vec<Mark> = (0..self.below(3)).map(|_| self.mark()).collect();
        Located {
            fix: None,
            finding: Finding {
                rule: self.pick(&all),
                severity: self.pick(&Severity::ALL),
                object: object.clone().into(),
                container: self.maybe(),
                primary: Locus { path: self.path(), label: "".into() },
                related: Vec::new(),
                message: self.message(),
                advice: if self.chance(3) { "".into() } else { self.message().into() },
            },
            primary: self.mark(),
            related,
            left_out: if self.chance(8) { 7 } else { 0 },
            missing: self.chance(2),
            refuses: self.chance(2),
            modes: Mode::ALL.into_iter().filter(|_| self.chance(2)).collect(),
            suppressed: self.chance(3).then(|| self.suppression()),
        }
    }

    fn evaluation(&mut self) -> Evaluation {
        let allowed = self.chance(2);
        Evaluation {
            subject: Subject::Pod,
            level: Level::Restricted,
            version: PolicyVersion::Latest,
            evaluated_as: 37,
            modes: Mode::Enforce.into(),
            allowed,
            forbidden_reason: self.text(),
            forbidden_detail: self.message(),
        }
    }

    fn record(&mut self) -> Record {
        match self.below(8) {
            0 => {
                let origin = self.origin();
                Record::Error(InputError {
                    file: origin.file.clone(),
                    region: self.chance(2).then(|| self.region()),
                    origin: self.chance(2).then_some(origin),
                    message: self.message(),
                    hint: self.maybe(),
                })
            }
            1 => Record::Notice(Notice {
                kind: self.pick(&[NoticeKind::Template, NoticeKind::Skipped, NoticeKind::Expiring]),
                file: self.chance(2).then(|| self.origin().file),
                region: self.chance(2).then(|| self.region()),
                message: self.message(),
                hint: self.maybe(),
            }),
            2 | 3 => {
                let object = self.object();
                Record::Object(Box::new(ObjectReport {
                    in_document: FieldPath::root(),
                    origin: self.origin(),
                    document: 0,
                    region: self.region(),
                    chart_source: self.maybe(),
                    refused: self.chance(2).then(|| self.message()),
                    findings: (0..self.below(3)).map(|_| self.located(&object).into()).collect(),
                    totals: None,
                    object,
                }))
            }
            _ => {
                let object = self.object();
                Record::Workload(Box::new(Workload {
                    in_document: FieldPath::root(),
                    origin: self.origin(),
                    document: 0,
                    region: self.region(),
                    chart_source: self.maybe(),
                    template: self.path(),
                    pod_spec: Some(PodSpec { path: self.path(), security_context: self.chance(2) }),
                    custom: self.chance(4),
                    refused: self.chance(4).then(|| self.message()),
                    evaluations: vec![self.evaluation()],
                    levels_from: LevelSource::Config(self.text()),
                    strictest: Some(Level::Baseline),
                    findings: (0..self.below(4)).map(|_| self.located(&object).into()).collect(),
                    totals: None,
                    open: [self.chance(2), false, self.chance(2)],
                    containers: [0, 1, 0],
                    exposed: false,
                    lost: 0,
                    score: None,
                    object,
                }))
            }
        }
    }

    /// Some records, sometimes with one that is there twice.
    pub(crate) fn records(&mut self) -> Vec<Record> {
        let mut records: Vec<Record> = (0..self.below(8)).map(|_| self.record()).collect();
        if let (Some(first), true) = (records.first().cloned(), self.chance(2)) {
            records.insert(0, first);
        }
        records
    }
}
