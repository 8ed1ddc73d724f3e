//! JSON lines: one record a line, described by `schemas/scan-v1.schema.json`.

use seawall_check::{
    Evaluation, InputError, Located, Mark, Mode, NamespaceSummary, Notice, ObjectReport, Record, Region,
    Summary, Workload,
};
use seawall_finding::{Answer, Fix, redact};
use seawall_model::{Level, ObjectId};
use seawall_yaml::edit::PatchOperation;

use crate::blocks::Blocks;
use crate::fixes::answer_shown;
use crate::writer::{Writer, object};
use crate::{suppression, visible};

/// The number of the records' schema; raised when a reader of the old one would misread the new one.
pub(crate) const SCHEMA: u64 = 1;

/// Writes a record as one line, without its end.
pub(crate) fn record(out: &mut Blocks, record: &Record) {
    object(out, |w| {
        w.number("schema", SCHEMA);
        match record {
            Record::Workload(workload) => write_workload(w, workload),
            Record::Object(report) => write_object(w, report),
            Record::Error(error) => write_error(w, error),
            Record::Notice(notice) => write_notice(w, notice),
        }
    });
}

/// Writes the summary.
pub(crate) fn summary(out: &mut Blocks, summary: &Summary) {
    object(out, |w| {
        w.number("schema", SCHEMA);
        w.string("type", "summary");
        w.number("files", summary.files);
        w.number("documents", summary.documents);
        w.number("objects", summary.objects);
        w.object("workloads", |w| {
            w.number("total", summary.workloads());
            for (level, count) in Level::ALL.into_iter().zip(summary.by_level) {
                w.number(level.as_str(), count);
            }
            w.number("refused", summary.refused);
            w.number("failing", summary.failing);
            w.number("warned", summary.warned);
            w.number("byException", summary.by_exception);
        });
        w.number("findings", summary.findings);
        w.number("suppressed", summary.suppressed);
        w.number("excepted", summary.excepted);
        w.number("errors", summary.errors);
        w.number("notices", summary.notices);
        if summary.not_seen > 0 {
            w.number("notSeen", summary.not_seen);
        }
        w.optional("target", summary.targets.last().map(|level| level.as_str()));
        w.objects("blockers", &summary.blockers, |w, blocker| {
            w.string("name", blocker.name);
            w.number("workloads", blocker.workloads);
        });
        w.objects("beyond", &summary.beyond, |w, beyond| {
            w.string("rule", beyond.rule);
            w.string("severity", beyond.severity.as_str());
            w.number("objects", beyond.objects);
        });
        w.objects("notEvaluated", &summary.not_evaluated, |w, (rule, reason)| {
            w.string("rule", rule);
            w.string("reason", reason);
        });
        if let Some(score) = &summary.score {
            w.object("score", |w| {
                w.number("mean", score.mean);
                w.string("grade", score.grade.as_str());
                if let Some(lowest) = &score.lowest {
                    w.object("lowest", |w| {
                        w.number("score", lowest.score);
                        w.string("file", &lowest.file);
                        w.number("line", lowest.line.into());
                        write_id(w, &lowest.object);
                    });
                }
            });
        }
        if let Some(all) = &summary.namespaces {
            w.objects("namespaces", all, write_namespace);
        }
        w.string("kubernetesVersion", &format!("v1.{}", summary.kubernetes));
        w.number("exitStatus", u64::from(summary.exit));
    });
}

fn write_namespace(w: &mut Writer<'_>, namespace: &NamespaceSummary) {
    w.string("name", &namespace.name);
    if !namespace.scope.is_empty() {
        w.string("scope", &namespace.scope);
    }
    w.optional("system", namespace.system);
    w.optional("labelsManagedBy", namespace.managed_by);
    match namespace.labels {
        Some(labels) => w.object("labels", |w| {
            for (mode, at) in Mode::ALL.into_iter().zip(labels) {
                w.string(mode.as_str(), &at.to_string());
            }
        }),
        None => w.optional("labels", None),
    }
    w.optional("strictest", namespace.strictest.map(Level::as_str));
    w.boolean("complete", namespace.complete);
    w.number("workloads", namespace.workloads);
    w.objects("blockers", &namespace.blockers, |w, (name, workloads)| {
        w.string("name", name);
        w.number("workloads", *workloads);
    });
    if !namespace.sccs.is_empty() {
        w.objects("securityContextConstraints", &namespace.sccs, |w, (name, pods)| {
            w.string("name", name);
            w.number("pods", *pods);
        });
    }
}

fn write_workload(w: &mut Writer<'_>, workload: &Workload) {
    w.string("type", "workload");
    head(w, &workload.origin.file, workload.document, &workload.object, workload.region);
    if let Some(source) = &workload.chart_source {
        w.string("chartSource", source);
    }
    if !workload.template.0.is_empty() {
        w.string("template", &workload.template.to_string());
    }
    w.boolean("custom", workload.custom);
    w.optional("refused", workload.refused.as_deref().map(redact).as_deref());
    w.objects("evaluations", &workload.evaluations, write_evaluation);
    match &workload.levels_from {
        seawall_check::LevelSource::Namespace => w.string("levelsFrom", "namespace"),
        seawall_check::LevelSource::Lent => w.string("levelsFrom", "namespaces-file"),
        seawall_check::LevelSource::Config(pattern) => w.string("levelsFrom", &format!("config:{pattern}")),
        seawall_check::LevelSource::Flag => w.string("levelsFrom", "flag"),
    }
    w.optional("strictest", workload.strictest.map(Level::as_str));
    let open = Mode::ALL.into_iter().zip(workload.open).filter(|(_, open)| *open);
    w.strings("open", open.map(|(mode, _)| mode.as_str()));
    if let Some((score, grade)) = workload.score.zip(workload.grade()) {
        w.boolean("exposed", workload.exposed);
        w.number("score", score);
        w.string("grade", grade.as_str());
    }
    w.objects("findings", &workload.findings, |w, f| write_finding(w, &workload.origin.file, f));
}

fn write_object(w: &mut Writer<'_>, report: &ObjectReport) {
    w.string("type", "object");
    head(w, &report.origin.file, report.document, &report.object, report.region);
    if let Some(source) = &report.chart_source {
        w.string("chartSource", source);
    }
    w.optional("refused", report.refused.as_deref().map(redact).as_deref());
    w.objects("findings", &report.findings, |w, f| write_finding(w, &report.origin.file, f));
}

fn head(w: &mut Writer<'_>, file: &str, document: u32, id: &ObjectId, region: Region) {
    w.string("file", file);
    w.number("document", document.into());
    w.number("line", region.line.into());
    w.number("column", region.column.into());
    write_id(w, id);
}

pub(crate) fn write_id(w: &mut Writer<'_>, id: &ObjectId) {
    w.object("object", |w| {
        w.string("apiVersion", &id.api_version);
        w.string("kind", &id.kind);
        w.string("namespace", &id.namespace);
        w.string("name", &id.name);
        if !id.generate_name.is_empty() {
            w.string("generateName", &id.generate_name);
        }
    });
}

fn write_evaluation(w: &mut Writer<'_>, evaluation: &Evaluation) {
    w.string("subject", evaluation.subject.as_str());
    w.string("level", evaluation.level.as_str());
    w.string("version", &evaluation.version.to_string());
    w.string("evaluatedAs", &format!("v1.{}", evaluation.evaluated_as));
    w.strings("modes", evaluation.modes.iter().map(Mode::as_str));
    w.boolean("allowed", evaluation.allowed);
    w.string("forbiddenReason", &evaluation.forbidden_reason);
    w.string("forbiddenDetail", &redact(&evaluation.forbidden_detail));
}

fn write_finding(w: &mut Writer<'_>, file: &str, located: &Located) {
    let finding = &located.finding;
    w.string("rule", finding.rule.id);
    w.strings("aliases", finding.rule.aliases.iter().copied());
    w.string("severity", finding.severity.as_str());
    w.string("message", &redact(&finding.message));
    w.string("advice", &redact(&finding.advice));
    w.optional("container", finding.container.as_deref());
    w.string("path", &visible::path(located));
    w.string("file", file);
    write_mark(w, &located.primary);
    w.strings("modes", located.modes.iter().map(Mode::as_str));
    w.objects("related", &located.related, write_mark);
    if located.left_out > 0 {
        w.number("placesLeftOut", located.left_out);
    }
    w.string("fingerprint", &located.fingerprint());
    if let Some(fix) = &located.fix {
        w.object("fix", |w| write_fix(w, finding.rule.id, fix));
    }
    if let Some(suppressed) = &located.suppressed {
        w.object("suppressed", |w| suppression::write(w, suppressed));
    }
}

fn write_fix(w: &mut Writer<'_>, rule: &str, fix: &Fix) {
    w.string("safety", fix.safety.as_str());
    w.string("note", &fix.note);
    if let Some(answer) = fix.answer.filter(|answer| *answer != Answer::Elsewhere) {
        w.string("decide", &format!("{rule}={}", answer_shown(answer)));
    }
    if let Some(patch) = fix.patch.as_ref().filter(|patch| !patch.operations.is_empty()) {
        let operations: Vec<String> = patch.operations.iter().map(PatchOperation::to_json).collect();
        let patch = format!("[{}]", operations.join(","));
        // A patch that is masked would be another one.
        if redact(&patch) == patch {
            w.raw("patch", &patch);
        }
    }
}

fn write_mark(w: &mut Writer<'_>, mark: &Mark) {
    write_region(w, mark.region);
    w.string("label", &redact(&mark.label));
}

pub(crate) fn write_region(w: &mut Writer<'_>, region: Region) {
    w.number("line", region.line.into());
    w.number("column", region.column.into());
    w.number("endLine", region.end_line.into());
    w.number("endColumn", region.end_column.into());
}

fn write_error(w: &mut Writer<'_>, error: &InputError) {
    w.string("type", "error");
    w.string("file", &error.file);
    if let Some(region) = error.region {
        write_region(w, region);
    }
    w.string("message", &redact(&error.message));
    w.optional("hint", error.hint.as_deref().map(redact).as_deref());
}

fn write_notice(w: &mut Writer<'_>, notice: &Notice) {
    w.string("type", "notice");
    w.string("kind", notice.kind.as_str());
    w.optional("file", notice.file.as_deref());
    if let Some(region) = notice.region {
        write_region(w, region);
    }
    w.string("message", &redact(&notice.message));
    w.optional("hint", notice.hint.as_deref().map(redact).as_deref());
}
