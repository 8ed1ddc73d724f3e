//! Text for people: answer first, one cause one finding, the line, and what to write.

mod beyond;
mod exact;
mod lines;
mod namespaces;
mod paint;
mod scores;
mod snippet;
mod tail;
mod tally;

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::Write as _;

use seawall_check::{
    InputError, Located, ObjectReport, Origin, PodSpec, Record, Region, Workload, shell_word,
};
use seawall_finding::{Answer, Rule, Safety};
use seawall_model::{ObjectId, PolicyVersion};
use seawall_yaml::LineIndex;

use self::lines::Shape;
pub(crate) use self::namespaces::{name as namespace_name, of_namespace};
pub(crate) use self::paint::{Role, paint};
pub(crate) use self::scores::{finish as finish_scores, graded};
use self::snippet::{Marked, Quoted};
pub(crate) use self::tail::{NoticeLine, count, finish, grouped, notices, place, told, uncounted};
pub(crate) use self::tally::Tail;
use crate::fix::{self, AtContainers, Fix, NO_CONTEXT};
use crate::fixes::answer_shown;
use crate::group::{Group, MOST, Word, groups};
use crate::{Style, suppression, visible};

/// The text of some records, and what the end has to say of them.
pub(crate) fn render(records: &[Record], style: Style) -> (String, Tail) {
    let (mut out, mut tail) = (String::new(), Tail::default());
    let mut cache = lines::Cache::default();
    for one in records {
        tail.count(one);
        record(one, style, &mut cache, &mut out);
    }
    (out, tail)
}

/// Adds what a person is to see of a record.
fn record<'r>(record: &'r Record, style: Style, cache: &mut lines::Cache<'r>, out: &mut String) {
    match record {
        Record::Workload(w) => workload(w, style, cache, out),
        Record::Object(o) => object(o, style, cache, out),
        Record::Error(error) => input_error(error, style, cache, out),
        // The tail counts them.
        Record::Notice(_) => {}
    }
}

fn workload<'r>(w: &'r Workload, style: Style, cache: &mut lines::Cache<'r>, out: &mut String) {
    let failing = w.open.contains(&true);
    let refused = w.refused.is_some() && failing;
    let mut groups = groups(&w.findings, w.totals.as_deref());
    groups.retain(|g| g.members.iter().any(|f| !style.hides(f, refused)));
    beyond::rank(&mut groups);
    let suppressed = suppressed(&w.findings, style);
    // A refusal that no finding explains must not be lost.
    let unexplained = failing && w.findings.iter().all(|f| f.suppressed.is_some()) && !style.hides_refusals();
    if groups.is_empty() && suppressed.is_empty() && !unexplained {
        return;
    }
    let mut right = match (&w.refused, w.strictest) {
        (Some(_), _) | (None, None) => "refused by the API server".to_owned(),
        (None, Some(strictest)) => format!("{strictest} -> {}{}", target(w), by_exception(w)),
    };
    let score = w.score.zip(w.grade()).map(|(score, grade)| format!(", score {score} {}", grade.as_str()));
    let score = score.unwrap_or_default();
    let head = Head::of(&w.origin, w.region, &w.object, w.chart_source.as_deref());
    if style.exact && w.refused.is_none() && failing {
        head.write(&right, &score, w.custom, style, out);
        for sentence in exact::sentences(w) {
            let _ = writeln!(out, "  {sentence}");
        }
        out.push('\n');
        // Of the others the sentences speak.
        groups.retain(|g| g.members.iter().all(|f| f.modes.is_empty()));
        if !groups.is_empty() {
            let quoted = quoted(cache, &w.origin, &w.object, w.region);
            for group in groups.iter().filter(|group| !beyond::is_brief(group)) {
                finding(group, &quoted, w.pod_spec.as_ref(), style, out);
            }
            beyond::write(&groups, w.origin.live, style, out);
        }
        return;
    }
    if !groups.is_empty() {
        let _ = write!(right, ": {} finding{}", groups.len(), if groups.len() == 1 { "" } else { "s" });
    }
    head.write(&right, &score, w.custom, style, out);
    out.push('\n');
    if unexplained {
        let reasons = w.evaluations.iter().filter(|e| !e.allowed).map(|e| e.forbidden_detail.as_str());
        let why = w.refused.as_deref().map_or_else(|| reasons.max_by_key(|r| r.len()), Some);
        title(Word::Error, Word::Error.as_str(), "refused", why.unwrap_or_default(), style, out);
        out.push('\n');
    }
    if !groups.is_empty() {
        let quoted = quoted(cache, &w.origin, &w.object, w.region);
        for group in groups.iter().filter(|group| !beyond::is_brief(group)) {
            finding(group, &quoted, w.pod_spec.as_ref(), style, out);
        }
        beyond::write(&groups, w.origin.live, style, out);
    }
    write_suppressed(&suppressed, w.origin.live, style, out);
}

/// The findings that do not count, if they are to be listed.
fn suppressed(findings: &[Box<Located>], style: Style) -> Vec<&Located> {
    findings.iter().map(|f| &**f).filter(|f| style.suppressed && f.suppressed.is_some()).collect()
}

fn write_suppressed(findings: &[&Located], live: bool, style: Style, out: &mut String) {
    for located in findings {
        let Some(why) = &located.suppressed else { continue };
        let line = located.primary.region.line;
        let place = if live { located.finding.primary.path.to_string() } else { format!("line {line}") };
        let place = format!(" ({place}; {})", suppression::text(why));
        let rule = format!("  suppressed[{}]: ", located.finding.rule.id);
        out.push_str(&rule);
        let message = visible::message(&located.finding.message).into_owned() + &visible::message(&place);
        flow(&message, rule.len(), 6, style.width, out);
    }
    if !findings.is_empty() {
        out.push('\n');
    }
}

fn object<'r>(o: &'r ObjectReport, style: Style, cache: &mut lines::Cache<'r>, out: &mut String) {
    let refused = o.is_open();
    let mut groups = groups(&o.findings, o.totals.as_deref());
    groups.retain(|g| g.members.iter().any(|f| !style.hides(f, refused)));
    beyond::rank(&mut groups);
    let suppressed = suppressed(&o.findings, style);
    let unexplained =
        o.is_open() && o.findings.iter().all(|f| f.suppressed.is_some()) && !style.hides_refusals();
    if groups.is_empty() && suppressed.is_empty() && !unexplained {
        return;
    }
    let refused = if o.refused.is_some() { "refused by the API server: " } else { "" };
    let n = groups.len();
    let right = format!("{refused}{n} finding{}", if n == 1 { "" } else { "s" });
    let head = Head::of(&o.origin, o.region, &o.object, o.chart_source.as_deref());
    head.write(&right, "", false, style, out);
    out.push('\n');
    if unexplained {
        title(
            Word::Error,
            Word::Error.as_str(),
            "refused",
            o.refused.as_deref().unwrap_or_default(),
            style,
            out,
        );
        out.push('\n');
    }
    let quoted = quoted(cache, &o.origin, &o.object, o.region);
    for group in groups.iter().filter(|group| !beyond::is_brief(group)) {
        finding(group, &quoted, None, style, out);
    }
    beyond::write(&groups, o.origin.live, style, out);
    write_suppressed(&suppressed, o.origin.live, style, out);
}

/// Said behind the level that a workload passes by an exception alone.
pub(crate) fn by_exception(w: &Workload) -> &'static str {
    if w.passes_by_exception() { " by exception" } else { "" }
}

/// The strictest level that a workload is held to, with its version where one is pinned, and the one that it was judged at
/// where the target cluster does not know that.
fn target(w: &Workload) -> String {
    let target = w.target();
    match w.evaluations.iter().find(|e| e.level == target).map(|e| (e.version, e.evaluated_as)) {
        Some((version @ PolicyVersion::Minor(minor), as_minor)) if as_minor < minor => {
            format!("{target}:{version} as v1.{as_minor}")
        }
        Some((version @ PolicyVersion::Minor(_), _)) => format!("{target}:{version}"),
        Some((PolicyVersion::Latest, _)) | None => target.to_string(),
    }
}

/// Where an object is and what it is called.
struct Head<'a> {
    /// Nothing where nobody wrote it.
    file: Option<&'a str>,
    region: Region,
    object: &'a ObjectId,
    chart: Option<&'a str>,
}

impl<'a> Head<'a> {
    fn of(origin: &'a Origin, region: Region, object: &'a ObjectId, chart: Option<&'a str>) -> Self {
        Self { file: (!origin.live).then_some(&origin.file), region, object, chart }
    }

    /// `more` is left out where there is no room for it on the line.
    fn write(&self, right: &str, more: &str, custom: bool, style: Style, out: &mut String) {
        let object = self.object.to_string();
        let (place, mut rest) = match self.file {
            Some(file) => {
                let place = format!("{}:{}:{}", visible::text(file), self.region.line, self.region.column);
                (place, format!("  {}", visible::text(&object)))
            }
            None => (visible::text(&object).into_owned(), String::new()),
        };
        paint(out, style.colour, Role::Place, &place);
        if custom {
            rest.push_str(" (custom resource, judged as its pods would be)");
        }
        out.push_str(&rest);
        let at = visible::text_width(&place) + visible::text_width(&rest);
        let width = style.width.clamp(40, 120);
        let more = Some(more).filter(|more| at + 2 + right.len() + more.len() <= width).unwrap_or_default();
        let length = right.len() + more.len();
        if at + 2 + length <= width {
            out.extend(std::iter::repeat_n(' ', width - at - length));
        } else {
            out.push_str("\n  ");
        }
        out.push_str(right);
        out.push_str(more);
        out.push('\n');
        if let Some(chart) = self.chart {
            let _ = writeln!(out, "  rendered from {}", visible::text(chart));
        }
    }
}

/// `  error[rule]: message`, or another word that says how grave it is.
fn title(word: Word, said: &str, rule: &str, message: &str, style: Style, out: &mut String) {
    out.push_str("  ");
    let tag = format!("{said}[{rule}]");
    paint(out, style.colour, word.into(), &tag);
    out.push_str(": ");
    flow(&visible::message(message), tag.len() + 4, 6, style.width, out);
}

fn finding(
    group: &Group<'_>,
    quoted: &Quoted<'_, '_>,
    pod_spec: Option<&PodSpec>,
    style: Style,
    out: &mut String,
) {
    let said = if group.is_beyond() { beyond::severity(group).as_str() } else { group.word.as_str() };
    title(group.word, said, group.rule(), &group.message(), style, out);
    if quoted.live {
        // What to write says where.
        if !group.basics {
            paths(group, style, out);
        }
        let notes = Notes { gutter: 3, style, file: None };
        if group.basics {
            notes.basics(group, pod_spec, None, out);
        } else {
            notes.plain(&group.members, out);
        }
        out.push('\n');
        return;
    }
    let index = quoted.index;
    let (mut marks, mut context) = (Vec::new(), Vec::new());
    let labels = basics_labels(group);
    for (i, located) in group.members.iter().enumerate().take(MOST) {
        let label = labels.get(i).copied().unwrap_or(&located.primary.label);
        marks.push(Marked { region: located.primary.region, label: Cow::Borrowed(label), primary: true });
        let related = located.related.iter();
        marks.extend(related.map(|m| Marked {
            region: m.region,
            label: Cow::Borrowed(&m.label),
            primary: false,
        }));
        context.extend(lines::enclosing(index, located.primary.region.line));
    }
    let pod = if group.basics { pod_line(index, group) } else { None };
    context.extend(pod);
    // Lines at the margin only say what the header says.
    context.retain(|line| index.line(*line).first().is_some_and(|b| *b == b' ') || Some(*line) == pod);
    let page =
        snippet::Page { quoted: *quoted, width: style.width, color: style.colour, role: group.word.into() };
    snippet::write(&page, &marks, &context, out);
    let last = marks.iter().map(|m| m.region.line).chain(context).max().unwrap_or(1);
    let notes = Notes { gutter: snippet::gutter(last), style, file: Some(quoted.file) };
    if let Some(more) = further(group, group.members.len()) {
        notes.note(&more, out);
    }
    if group.basics {
        notes.basics(group, pod_spec, pod, out);
    } else {
        notes.plain(&group.members, out);
    }
    out.push('\n');
}

/// What is said of the places of a group that are not shown; so many are held.
fn further(group: &Group<'_>, held: usize) -> Option<String> {
    let shown = held.min(MOST) as u64;
    let Some(others) = &group.cut else {
        let more = held as u64 - shown;
        return (more > 0).then(|| format!("and at {more} more places: --format json names them all"));
    };
    Some(match others.places().map(|all| all.saturating_sub(shown)) {
        Some(more) if held > MOST => {
            format!("and at {more} more places: --format json names the first of them")
        }
        Some(more) => format!("and at {more} more places, which are only counted"),
        None => "and at other places, which are only counted".to_owned(),
    })
}

/// Where a finding is in an object that has no lines: its fields.
fn paths(group: &Group<'_>, style: Style, out: &mut String) {
    let labels = basics_labels(group);
    let mut said: Vec<String> = Vec::new();
    for (i, located) in group.members.iter().enumerate() {
        let label = labels.get(i).copied().unwrap_or(&located.primary.label);
        let label = if label.is_empty() { String::new() } else { format!(": {label}") };
        let line = format!("{}{label}", located.finding.primary.path);
        if !said.contains(&line) {
            said.push(line);
        }
    }
    for line in said.iter().take(MOST) {
        wrap(&visible::message(line), 6, 8, style.width, out);
    }
    if let Some(more) = further(group, said.len()) {
        wrap(&more, 6, 8, style.width, out);
    }
}

/// The lines of a record's source.
fn quoted<'c, 'r>(
    cache: &'c mut lines::Cache<'r>,
    origin: &'r Origin,
    object: &'r ObjectId,
    region: Region,
) -> Quoted<'c, 'r> {
    Quoted {
        index: cache.of(origin),
        file: &origin.file,
        object: Some((&object.kind, region.line)),
        secrets: &origin.secrets,
        live: origin.live,
    }
}

/// The labels of the basics: a container without any securityContext says so once, and what to write stands below.
fn basics_labels<'a>(group: &Group<'a>) -> Vec<&'a str> {
    if !group.basics {
        return Vec::new();
    }
    let bare = group.members.iter().filter(|m| m.primary.label == NO_CONTEXT);
    let bare: HashSet<Region> = bare.map(|m| m.primary.region).collect();
    let short =
        |label: &'a str| label.split_once(": ").filter(|_| label.starts_with("no ")).map_or(label, |l| l.0);
    let label =
        |m: &&'a Located| if bare.contains(&m.primary.region) { NO_CONTEXT } else { short(&m.primary.label) };
    group.members.iter().map(label).collect()
}

/// The line with the pod's `spec:`, where it is plain to see.
fn pod_line(index: &LineIndex<'_>, group: &Group<'_>) -> Option<u32> {
    let mut at = group.members.iter().find(|m| m.finding.container.is_some())?.primary.region.line;
    for _ in 0..6 {
        at = lines::parent(index, at)?;
        let text = Shape::of(index.line(at)).text;
        if matches!(text, b"containers:" | b"initContainers:" | b"ephemeralContainers:") {
            return lines::parent(index, at).filter(|l| Shape::of(index.line(*l)).text == b"spec:");
        }
    }
    None
}

/// The lines below the source that begin with `=`.
struct Notes<'r> {
    gutter: usize,
    style: Style,
    /// Nothing where there is no file to repair.
    file: Option<&'r str>,
}

impl Notes<'_> {
    fn begin(&self, out: &mut String) {
        out.extend(std::iter::repeat_n(' ', self.gutter + 1));
        paint(out, self.style.colour, Role::Frame, "=");
        out.push(' ');
    }

    fn note(&self, text: &str, out: &mut String) {
        self.begin(out);
        flow(&visible::message(text), self.gutter + 3, self.gutter + 3, self.style.width, out);
    }

    fn plain(&self, members: &[&Located], out: &mut String) {
        let Some(first) = members.first() else { return };
        let rule = first.finding.rule;
        if let Some(why) = why(rule) {
            self.note(&why, out);
        }
        let explain = format!("seawall explain {}", rule.id);
        if first.finding.advice.is_empty() {
            self.note(&explain, out);
        } else {
            self.note(&format!("{}; `{explain}`", first.finding.advice), out);
        }
        if let Some(fix) = self.file.and_then(|file| repair(members, file, self.style)) {
            self.note(&fix, out);
        }
    }

    /// One fix for several basics: what the pod can say for all its containers stands at the pod.
    fn basics(&self, group: &Group<'_>, pod_spec: Option<&PodSpec>, pod: Option<u32>, out: &mut String) {
        let fix = Fix::of(group, pod_spec);
        let mut write_under = false;
        if let (Some(pod_spec), Some(fields)) = (pod_spec, fix.at_pod) {
            self.begin(out);
            let _ = write!(out, "write under {}", visible::text(&fix::place(pod_spec)));
            if let Some(line) = pod.filter(|_| !pod_spec.security_context) {
                let _ = write!(out, " (line {line})");
            }
            out.push_str(":\n");
            self.context(fields, pod_spec.security_context, out);
            write_under = true;
        }
        for AtContainers { who, fields, has_context } in &fix.at_containers {
            let lead = if write_under { "and in " } else { "write in " };
            if write_under {
                out.extend(std::iter::repeat_n(' ', self.gutter + 3));
            } else {
                self.begin(out);
            }
            let who = format!("{lead}{}:", visible::text(who));
            flow(&who, self.gutter + 3, self.gutter + 3, self.style.width, out);
            self.context(*fields, *has_context, out);
            write_under = true;
        }
        let command = self.file.map(|file| command(self.style, group.likely(), file));
        match (fix.decision, command) {
            (true, Some(command)) => self.note(&format!("{}: {command}", fix::DECISION), out),
            (true, None) => self.note(fix::DECISION, out),
            (false, Some(command)) => self.note(&format!("likely safe: {command}"), out),
            (false, None) => {}
        }
    }

    /// A securityContext to write, on one line if there is room, or what belongs into the one that is there.
    fn context(&self, fields: [bool; 4], has_context: bool, out: &mut String) {
        let mut indent = self.gutter + 5;
        if !has_context {
            let line = fix::one_line(fields, has_context);
            if indent + line.len() <= self.style.width {
                let _ = writeln!(out, "{:indent$}{line}", "");
                return;
            }
            let _ = writeln!(out, "{:indent$}securityContext:", "");
            indent += 2;
        }
        for field in fix::chosen(fields) {
            let _ = writeln!(out, "{:indent$}{field}", "");
        }
    }
}

/// How findings of one rule may be repaired by a command; nothing of what is no question of the standard.
fn repair(members: &[&Located], file: &str, style: Style) -> Option<String> {
    let told = |first: &&&Located| !first.modes.is_empty() || (first.is_beyond() && first.fix.is_some());
    let first = members.first().filter(told)?;
    let fixes: Option<Vec<_>> = members.iter().map(|located| located.fix.as_ref()).collect();
    let Some(least) = fixes.and_then(|fixes| fixes.into_iter().max_by_key(|fix| fix.safety)) else {
        return Some("no automatic fix".to_owned());
    };
    let rule = first.finding.rule.id;
    Some(match (least.safety, least.answer) {
        (Safety::Safe, _) => {
            format!("safe to fix, since {}: {}", least.note, command(style, &format!("--only {rule}"), file))
        }
        (Safety::Likely, _) => {
            format!("likely safe to fix: {}", command(style, &format!("--likely --only {rule}"), file))
        }
        (_, Some(Answer::Elsewhere)) => format!("not for the manifest: {}", least.note),
        (Safety::Decision, answer) => {
            let answer = answer.map_or("...", answer_shown);
            let options = format!("--decide {rule}={answer}");
            format!("a person decides: {} {}", least.note, command(style, &options, file))
        }
    })
}

/// `seawall fix` for a file, as it can be pasted.
fn command(style: Style, options: &str, file: &str) -> String {
    let path = match file {
        "<stdin>" => "--output kustomize -".into(),
        file if file.starts_with('-') => shell_word(&format!("./{file}")).into_owned().into(),
        file => shell_word(file),
    };
    format!("`seawall fix {}{options} {path}`", style.judged_by)
}

/// The first sentence of the section of a rule's documentation that says why it matters.
pub(crate) fn why(rule: &Rule) -> Option<String> {
    let mut lines = rule.doc.iter().map(|l| l.trim());
    lines.find(|l| l.starts_with('#') && l.to_ascii_lowercase().contains("why"))?;
    let mut text = String::new();
    for line in lines.skip_while(|l| l.is_empty()).take_while(|l| !l.is_empty() && !l.starts_with('#')) {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(line);
        if let Some(end) = text.find(". ") {
            text.truncate(end);
            break;
        }
    }
    let text = text.trim_end_matches('.');
    (!text.is_empty()).then(|| text.to_owned())
}

fn input_error<'r>(error: &'r InputError, style: Style, cache: &mut lines::Cache<'r>, out: &mut String) {
    paint(out, style.colour, Role::Error, "error");
    let mut head = format!(": {}", visible::text(&error.file));
    if let Some(region) = error.region {
        let _ = write!(head, ":{}:{}", region.line, region.column);
    }
    let _ = write!(head, ": {}", visible::message(&error.message));
    out.push_str(&head);
    out.push('\n');
    let hint = error.hint.as_deref().unwrap_or_default();
    match (error.region, &error.origin) {
        (Some(region), Some(source)) => {
            let index = cache.of(source);
            let mark = Marked { region, label: Cow::Borrowed(hint), primary: true };
            let page = snippet::Page {
                quoted: Quoted {
                    index,
                    file: &source.file,
                    object: None,
                    secrets: &source.secrets,
                    live: false,
                },
                width: style.width,
                color: style.colour,
                role: Role::Error,
            };
            snippet::write(&page, &[mark], &[], out);
        }
        _ if !hint.is_empty() => Notes { gutter: 1, style, file: Some(&error.file) }.note(hint, out),
        _ => {}
    }
    out.push('\n');
}

/// Adds a paragraph with its first line at `first` columns and the others at `hang`.
pub(super) fn wrap(text: &str, first: usize, hang: usize, width: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', first));
    flow(text, first, hang, width, out);
}

/// Adds words that go on from column `at`, with the further lines at `hang`. Words are never broken; what stands between
/// backticks is one, so that commands can be copied.
fn flow(text: &str, at: usize, hang: usize, width: usize, out: &mut String) {
    let width = width.max(40);
    let mut at = at;
    if text.len() + at <= width {
        out.push_str(text);
        out.push('\n');
        return;
    }
    let ascii = text.is_ascii();
    // Where the line and the word begin: the line is added as a whole.
    let (mut start, mut word, mut quoted) = (0, 0, false);
    for end in memchr::memchr2_iter(b' ', b'`', text.as_bytes()).chain([text.len()]) {
        let is_quote = text.as_bytes().get(end) == Some(&b'`');
        quoted ^= is_quote;
        if is_quote || quoted && end < text.len() {
            continue;
        }
        let size = if ascii { end - word } else { visible::text_width(&text[word..end]) };
        if word == 0 {
            at += size;
        } else if at + 1 + size > width {
            out.push_str(&text[start..word - 1]);
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', hang));
            start = word;
            at = hang + size;
        } else {
            at += 1 + size;
        }
        word = end + 1;
    }
    out.push_str(&text[start..]);
    out.push('\n');
}
