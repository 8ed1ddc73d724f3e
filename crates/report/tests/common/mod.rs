//! Records made by hand: what the driver would say of small sources, with every kind of record and hostile content.
#![allow(dead_code, reason = "each test uses a part")]

use std::sync::Arc;
use std::time::Duration;

use seawall_check::{
    Beyond, Blocker, Evaluation, Grade, Ignore, InputError, LevelSource, Located, Lowest, Mark, Mode, Modes,
    Notice, NoticeKind, ObjectReport, Origin, PodSpec, Record, Region, Score, Subject, Summary, Suppression,
    Workload,
};
use seawall_finding::exception::{Exception, ExceptionSource, OnExpiry};
use seawall_finding::{Finding, IgnoreSource, Locus, Rule, Severity, rule};
use seawall_model::{FieldPath, Level, ObjectId, PolicyVersion};
use seawall_report::{Bar, Format, Renderer, Report, Style};

pub(crate) const STYLE: Style = Style {
    colour: false,
    width: 100,
    exact: false,
    quiet: false,
    bar: Bar::ENFORCE,
    suppressed: false,
    judged_by: "",
};

/// A whole report of these parts.
pub(crate) fn report(parts: &[&[Record]], summary: &Summary, format: Format, style: Style) -> String {
    let renderer = Renderer::new(format, style, Arc::default());
    let (mut report, mut out) = (Report::new(renderer.clone()), Vec::new());
    for part in parts {
        report.add(renderer.render(part), &mut out).unwrap();
    }
    report.finish(summary, Some(Duration::from_millis(20)), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// What must never be seen in any output.
pub(crate) const CANARY: &str = "c4n4ry-5ecr3t";

macro_rules! rules {
    ($($name:ident $id:literal $title:literal $severity:ident;)*) => {
        $(rule! {
            /// # Rule
            ///
            /// ## Why it matters
            /// The reason stands here. More follows.
            pub static $name = {
                id: $id, aliases: &["alias"], title: $title, severity: Severity::$severity, level: Some(Level::Restricted),
            };
        })*
    };
}

rules! {
    NON_ROOT "run-as-non-root" "may run as root" High;
    ESCALATION "allow-privilege-escalation" "lets its processes gain privileges" High;
    DROP "drop-all-capabilities" "keeps Linux capabilities" Medium;
    SECCOMP "seccomp-profile" "runs without a seccomp profile" Medium;
    SOCKET "container-socket-mount" "mounts the runtime's socket" Critical;
    PRIVILEGED "privileged-container" "runs privileged" Critical;
    INVALID "schema-invalid" "is not what the API server takes" High;
}

/// A source with a name.
pub(crate) fn origin(file: &str, source: &str) -> Origin {
    let lines = seawall_yaml::LineIndex::new(source.as_bytes()).starts();
    Origin { file: file.into(), source: source.as_bytes().into(), lines, live: false, secrets: [].into() }
}

/// The region of the nth (from 0) occurrence of `text`.
pub(crate) fn region(origin: &Origin, text: &str, nth: usize) -> Region {
    let source = std::str::from_utf8(&origin.source).unwrap();
    let (at, _) =
        source.match_indices(text).nth(nth).unwrap_or_else(|| panic!("{text} is not in the source"));
    let line = source[..at].matches('\n').count() as u32 + 1;
    let start = source[..at].rfind('\n').map_or(0, |n| n + 1);
    let column = source[start..at].chars().count() as u32 + 1;
    Region { line, column, end_line: line, end_column: column + text.chars().count() as u32 }
}

/// A finding on a container, or on the pod, of a rule; enforced.
pub(crate) struct Find<'a> {
    pub rule: &'static Rule,
    pub container: Option<&'a str>,
    pub at: (&'a str, usize),
    pub label: &'a str,
    pub missing: bool,
    pub message: &'a str,
    pub advice: &'a str,
}

impl Find<'_> {
    pub(crate) fn located(&self, origin: &Origin) -> Located {
        let path = FieldPath::root().keys("spec.containers").item("name", self.container.unwrap_or("x"));
        Located {
            finding: Finding {
                rule: self.rule,
                severity: self.rule.severity,
                object: Arc::default(),
                container: self.container.map(str::to_owned),
                primary: Locus { path, label: self.label.to_owned().into() },
                related: Vec::new(),
                message: self.message.to_owned(),
                advice: self.advice.to_owned().into(),
            },
            primary: Mark {
                region: region(origin, self.at.0, self.at.1),
                label: self.label.to_owned().into(),
            },
            related: Vec::new(),
            left_out: 0,
            missing: self.missing,
            refuses: false,
            modes: Modes::from_iter([Mode::Enforce, Mode::Warn]),
            suppressed: None,
            fix: None,
        }
    }
}

fn evaluation(subject: Subject, modes: &[Mode], allowed: bool) -> Evaluation {
    let detail = "runAsNonRoot != true (pod or container \"app\" must set securityContext.runAsNonRoot=true)";
    Evaluation {
        subject,
        level: Level::Restricted,
        version: PolicyVersion::Latest,
        evaluated_as: 37,
        modes: modes.iter().copied().collect(),
        allowed,
        forbidden_reason: if allowed { String::new() } else { "runAsNonRoot != true".to_owned() },
        forbidden_detail: if allowed { String::new() } else { detail.to_owned() },
    }
}

/// A workload whose pods restricted refuses.
pub(crate) fn workload(
    origin: &Origin,
    kind: &str,
    namespace: &str,
    name: &str,
    findings: Vec<Located>,
) -> Workload {
    let api_version = if kind == "Pod" { "v1" } else { "apps/v1" };
    let template = if kind == "Pod" { FieldPath::root() } else { FieldPath::root().keys("spec.template") };
    let mut evaluations = vec![evaluation(Subject::Pod, &[Mode::Enforce, Mode::Warn], false)];
    if kind != "Pod" {
        evaluations.push(evaluation(Subject::Template, &[Mode::Warn], false));
    }
    Workload {
        origin: origin.clone(),
        document: 0,
        object: ObjectId {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            generate_name: String::new(),
        },
        in_document: FieldPath::root(),
        region: Region { line: 1, column: 1, end_line: 2, end_column: 1 },
        chart_source: None,
        pod_spec: Some(PodSpec { path: template.clone().key("spec"), security_context: false }),
        template,
        custom: false,
        refused: None,
        evaluations,
        levels_from: LevelSource::Flag,
        strictest: Some(Level::Privileged),
        findings: findings.into_iter().map(Box::new).collect(),
        totals: None,
        open: [true, false, true],
        containers: [0, 1, 0],
        exposed: false,
        lost: 0,
        score: None,
    }
}

const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    spec:
      containers:
      - name: app
        image: a
        env:
        - name: TOKEN
          value: c4n4ry-5ecr3t
      - name: metrics
        securityContext: {allowPrivilegeEscalation: true}
      volumes:
      - name: docker
        hostPath: {path: /var/run/docker.sock}
";

/// The four basics missing in two containers, and something worse.
pub(crate) fn basics() -> Vec<Record> {
    let origin = origin("deploy/web.yaml", WEB);
    let mut findings = Vec::new();
    for (rule, missing, field) in [
        (&ESCALATION, false, "allowPrivilegeEscalation"),
        (&DROP, true, "capabilities"),
        (&NON_ROOT, true, "runAsNonRoot"),
        (&SECCOMP, true, "seccompProfile"),
    ] {
        let app = Find {
            rule,
            container: Some("app"),
            at: ("app", 0),
            label: "no securityContext",
            missing: true,
            message: "container \"app\" is wrong",
            advice: "write it",
        };
        findings.push(app.located(&origin));
        let label = if missing { format!("no {field}") } else { "must be false".to_owned() };
        let at = if missing { ("securityContext", 0) } else { ("true", 0) };
        // The word `app` of `apps/v1` comes first in the source.
        let metrics = Find {
            container: Some("metrics"),
            at,
            label: &label,
            missing,
            message: "container \"metrics\" is wrong",
            ..app
        };
        findings.push(metrics.located(&origin));
    }
    for located in &mut findings {
        if located.finding.container.as_deref() == Some("app") {
            located.primary.region = region(&origin, "app\n", 0);
            located.primary.region.end_column -= 1;
        }
    }
    let mut socket = Find {
        rule: &SOCKET,
        container: None,
        at: ("/var/run/docker.sock", 0),
        label: "whoever holds this socket is root on the node",
        missing: false,
        message: "volume \"docker\" mounts the container runtime's socket from the node",
        advice: "find another way to build images",
    }
    .located(&origin);
    socket.modes = Mode::Warn.into();
    findings.push(socket);
    vec![Record::Workload(Box::new(workload(&origin, "Deployment", "shop", "web", findings)))]
}

/// Names, messages and lines that try to forge output or to tell a secret.
pub(crate) fn hostile() -> Vec<Record> {
    let source = format!(
        "kind: Pod\nspec:\n  containers:\n  - name: 漢字\u{202e}x\n    \u{1b}[31msecurityContext: {{privileged: true}}\n    env: [{{name: A, value: {CANARY}}}, {{name: B, value: \"{CANARY}\"}}] # 漢字 tail\n\t- x: y\n{}end: here\n",
        "  - a: 漢字漢字漢字漢字漢字, ".repeat(2) + &"b: c, ".repeat(60)
    );
    let origin = origin("deploy/\u{1b}[2J\nerror: forged.yaml", &source);
    let find = |at, label| Find {
        rule: &PRIVILEGED,
        container: Some("漢字\u{202e}x"),
        at,
        label,
        missing: false,
        message: "container \"漢字\u{202e}x\"\nerror[forged]: password=c4n4ry-5ecr3t \"token\": \"c4n4ry-5ecr3t\"",
        advice: "",
    };
    let mut findings = vec![
        find(("true", 0), "must be\nfalse\u{1b}[0m").located(&origin),
        find(("env", 0), "here").located(&origin),
        find(("x: y", 0), "behind a tab").located(&origin),
        find(("end", 0), "far to the right").located(&origin),
    ];
    // Each its own finding.
    for (i, located) in findings.iter_mut().enumerate() {
        located.finding.advice = format!("advice {i}").into();
    }
    let name = "a\u{1b}[31m\"\\\u{2028}\u{2066}b";
    let mut pod = workload(&origin, "Pod", "漢字", name, findings);
    "privileged (container \"漢字\u{202e}x\nforged\" must not ...)"
        .clone_into(&mut pod.evaluations[0].forbidden_detail);
    vec![Record::Workload(Box::new(pod))]
}

/// Errors, notices, objects, workloads that are refused, custom or unexplained.
pub(crate) fn others() -> Vec<Record> {
    let bad = origin("deploy/bad.yaml", "spec:\n\timage: nginx\n");
    let error = InputError {
        file: bad.file.clone(),
        origin: Some(bad.clone()),
        region: Some(Region { line: 2, column: 1, end_line: 2, end_column: 2 }),
        message: "found a tab where YAML wants spaces".to_owned(),
        hint: Some("indent with spaces".to_owned()),
    };
    let unreadable = InputError {
        file: "secret.bin".into(),
        origin: None,
        region: None,
        message: "cannot be read: permission denied".to_owned(),
        hint: Some("check its mode".to_owned()),
    };
    let notice = |kind, file: Option<&str>, message: &str, hint: Option<&str>| {
        Record::Notice(Notice {
            kind,
            file: file.map(Into::into),
            region: file.map(|_| Region { line: 3, column: 1, end_line: 3, end_column: 2 }),
            message: message.to_owned(),
            hint: hint.map(str::to_owned),
        })
    };
    let helm = Some("helm template <chart> | seawall scan -");
    let secret =
        origin("s.yaml", "kind: Secret\nmetadata: {name: db}\ndata:\n  a: c4n4ry-5ecr3t\n  b: [1]\n");
    let invalid = Find {
        rule: &INVALID,
        container: None,
        at: ("[1]", 0),
        label: "must be a string",
        missing: false,
        message: "`data.b` must be a string",
        advice: "quote it",
    };
    let near = Find {
        at: ("a: c4n4ry-5ecr3t", 0),
        label: "duplicate",
        message: "`data.a` is there twice",
        ..invalid
    };
    let object = ObjectReport {
        in_document: FieldPath::root(),
        origin: secret.clone(),
        document: 0,
        object: ObjectId {
            kind: "Secret".into(),
            name: "db".into(),
            api_version: "v1".into(),
            ..ObjectId::default()
        },
        region: Region { line: 1, column: 1, end_line: 1, end_column: 2 },
        chart_source: Some("web/templates/secret.yaml".to_owned()),
        refused: Some("json: cannot unmarshal array".to_owned()),
        findings: vec![invalid.located(&secret).into(), near.located(&secret).into()],
        totals: None,
    };
    let job = origin("job.yaml", "kind: Rollout\nspec: {}\n");
    let mut unexplained = workload(&job, "Rollout", "", "late", Vec::new());
    unexplained.custom = true;
    unexplained.levels_from = LevelSource::Config("team-*".to_owned());
    unexplained.evaluations[0].version = PolicyVersion::Minor(25);
    let mut refused = workload(&job, "Pod", "", "", Vec::new());
    refused.refused = Some("spec.containers: required value".to_owned());
    refused.evaluations.clear();
    refused.strictest = None;
    let mut passing = workload(&job, "Pod", "", "fine", Vec::new());
    passing.open = [false; 3];
    passing.evaluations[0] = evaluation(Subject::Pod, &[Mode::Enforce], true);
    passing.strictest = Some(Level::Restricted);
    vec![
        Record::Error(error),
        Record::Error(unreadable),
        notice(NoticeKind::Template, Some("a.yaml"), "unrendered Helm template", helm),
        notice(NoticeKind::Template, Some("b.yaml"), "unrendered Helm template", helm),
        notice(
            NoticeKind::Kustomization,
            Some("b/kustomization.yaml"),
            "a kustomization",
            Some("kustomize build b | seawall scan -"),
        ),
        notice(NoticeKind::NotKubernetes, Some("c.yaml"), "not a Kubernetes object", None),
        notice(
            NoticeKind::UnknownWorkload,
            Some("d.yaml"),
            "kind `Foo` may make pods",
            Some("describe it in `workloads`"),
        ),
        notice(NoticeKind::VersionClamped, None, "v1.99 is newer than the cluster: v1.37 is used", None),
        notice(NoticeKind::VersionClamped, None, "v1.99 is newer than the cluster: v1.37 is used", None),
        Record::Object(Box::new(object)),
        Record::Workload(Box::new(unexplained)),
        Record::Workload(Box::new(refused)),
        Record::Workload(Box::new(passing)),
    ]
}

/// An ignore with everything.
pub(crate) fn ignore(source: IgnoreSource) -> Ignore {
    Ignore {
        source,
        rules: Vec::new(),
        reason: "reads node logs, token=c4n4ry-5ecr3t".to_owned(),
        owner: Some("team-a, password=c4n4ry-5ecr3t".to_owned()),
        until: Some("2027-01-31".parse().unwrap()),
        file: "deploy/web.yaml".into(),
        region: Some(Region { line: 7, column: 3, end_line: 7, end_column: 20 }),
    }
}

/// An exception that reaches nothing in particular.
pub(crate) fn exception() -> Exception {
    Exception {
        source: ExceptionSource::Object,
        name: "shop/agent".to_owned(),
        namespaces: Vec::new(),
        workloads: Vec::new(),
        grants: Vec::new(),
        reason: "vendor image, password=c4n4ry-5ecr3t".to_owned(),
        owner: None,
        created: None,
        expires: None,
        on_expiry: OnExpiry::Refuse,
    }
}

/// Findings that do not count, one for each reason, and one that is the same in two objects of one file.
pub(crate) fn passed_over() -> Vec<Record> {
    let origin = origin("deploy/agent.yaml", "kind: Pod\nspec:\n  hostPID: true\n  hostIPC: true\n");
    let find = |name, at| {
        let find = Find {
            rule: &PRIVILEGED,
            container: Some(name),
            at: (at, 0),
            label: "must be false",
            missing: false,
            message: "container \"a\" is wrong",
            advice: "write it",
        };
        find.located(&origin)
    };
    let mut findings = Vec::new();
    for source in
        [IgnoreSource::Comment, IgnoreSource::Annotation, IgnoreSource::Config, IgnoreSource::Baseline]
    {
        let mut located = find(source.as_str(), "hostPID");
        located.suppressed = Some(Suppression::Ignored(Arc::new(ignore(source))));
        findings.push(located);
    }
    let mut excepted = find("exception", "hostIPC");
    excepted.suppressed = Some(Suppression::Excepted(Arc::new(exception())));
    excepted.related = vec![excepted.primary.clone()];
    findings.push(excepted);
    let mut silent = workload(&origin, "Pod", "shop", "agent", findings);
    silent.open = [false; 3];
    let mut related = find("a", "hostPID");
    related.related =
        vec![find("a", "hostIPC").primary, Mark { label: "".into(), ..related.primary.clone() }];
    let twice = || workload(&origin, "Pod", "shop", "twin", vec![related.clone(), related.clone()]);
    [silent, twice(), twice()].map(|w| Record::Workload(Box::new(w))).to_vec()
}

/// Everything, and what is passed over.
pub(crate) fn everything() -> Vec<Record> {
    [all(), passed_over()].concat()
}

/// Everything.
pub(crate) fn all() -> Vec<Record> {
    [basics(), hostile(), others()].concat()
}

pub(crate) fn summary() -> Summary {
    let blocker = |name, explain, workloads| Blocker { name, explain, workloads };
    Summary {
        files: 1031,
        suppressed: 3,
        excepted: 1,
        by_exception: 2,
        documents: 50,
        objects: 48,
        by_level: [4, 21, 17],
        refused: 1,
        failing: 25,
        warned: 1,
        findings: 60,
        errors: 2,
        namespaces: None,
        not_seen: 0,
        notices: 6,
        targets: vec![Level::Restricted],
        blockers: vec![
            blocker("four basics", "runAsNonRoot", 22),
            blocker("hostPath", "hostPathVolumes", 4),
            blocker("host namespaces", "hostNamespaces", 2),
            blocker("added capabilities", "capabilities_baseline", 1),
        ],
        beyond: vec![
            Beyond { rule: "memory-limit", severity: Severity::Medium, objects: 1_204 },
            Beyond { rule: "cpu-request", severity: Severity::Low, objects: 3 },
        ],
        not_evaluated: vec![("pdb-missing", "no PodDisruptionBudget in the namespace of 1 object".into())],
        score: Some(Score {
            mean: 61,
            grade: Grade::D,
            lowest: Some(Lowest {
                score: 7,
                object: ObjectId { kind: "Pod".into(), name: "agent".into(), ..ObjectId::default() },
                file: "deploy/agent.yaml".into(),
                line: 4,
            }),
        }),
        kubernetes: 37,
        exit: 2,
    }
}
