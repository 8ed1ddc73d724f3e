//! Scores of other models as JSON, described by `schemas/scores-v1.schema.json`.

use seawall_check::scores::{Check, Comment, Graded, Grades, Lowest, ModelName, Report, Rule, Summary};
use seawall_finding::redact;

use crate::blocks::Blocks;
use crate::jsonl::{SCHEMA, write_id, write_region};
use crate::writer::{Writer, object};

/// Writes an object's scores. What kubesec prints has the keys that kubesec gives it.
pub(crate) fn record(out: &mut Blocks, graded: &Graded) {
    object(out, |w| {
        w.number("schema", SCHEMA);
        w.string("type", "score");
        match &graded.grades {
            Grades::Kubesec(report, refused) => {
                w.string("model", ModelName::Kubesec.as_str());
                write_region(w, graded.region);
                write_kubesec(w, report, refused.is_none(), &graded.file);
            }
            Grades::KubeScore(checks) => {
                w.string("model", ModelName::KubeScore.as_str());
                w.string("file", &graded.file);
                write_region(w, graded.region);
                write_id(w, &graded.object);
                w.number("grade", graded.worst().map_or(0, |grade| grade as u64));
                w.objects("checks", checks, write_check);
            }
        }
    });
}

fn write_kubesec(w: &mut Writer<'_>, report: &Report, valid: bool, file: &str) {
    w.string("object", &report.object);
    w.boolean("valid", valid);
    w.string("fileName", file);
    w.string("message", &redact(&report.message));
    w.integer("score", report.score.into());
    w.object("scoring", |w| {
        let lists = [("critical", &report.critical), ("passed", &report.passed), ("advise", &report.advise)];
        for (key, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
            w.objects(key, list, |w, Rule { id, selector, reason, points }| {
                w.string("id", id);
                w.string("selector", selector);
                w.string("reason", reason);
                w.integer("points", (*points).into());
            });
        }
    });
}

fn write_check(w: &mut Writer<'_>, Check { id, grade, skipped, comments }: &Check) {
    w.string("id", id);
    w.number("grade", grade.map_or(0, |grade| grade as u64));
    w.boolean("skipped", *skipped);
    w.objects("comments", comments, |w, Comment { path, summary }| {
        w.string("path", path);
        w.string("summary", &redact(summary));
    });
}

/// Writes the summary.
pub(crate) fn summary(out: &mut Blocks, summary: &Summary, model: ModelName) {
    object(out, |w| {
        w.number("schema", SCHEMA);
        w.string("type", "summary");
        w.string("model", model.as_str());
        w.number("files", summary.files);
        w.number("documents", summary.size.documents);
        w.number("objects", summary.size.objects);
        w.number("scored", summary.scored);
        w.number("ungraded", summary.size.ungraded);
        w.number("failing", summary.failing);
        match model {
            ModelName::KubeScore => w.object("grades", |w| {
                for (name, count) in ["ok", "warning", "critical"].into_iter().zip(summary.by_grade) {
                    w.number(name, count);
                }
            }),
            ModelName::Kubesec => {
                if let Some(Lowest { score, object, file, line }) = &summary.lowest {
                    w.object("lowest", |w| {
                        w.integer("score", (*score).into());
                        w.string("file", file);
                        w.number("line", (*line).into());
                        write_id(w, object);
                    });
                }
            }
        }
        w.objects("failed", &summary.failed, |w, (id, count)| {
            w.string("id", id);
            w.number("objects", *count);
        });
        w.number("errors", summary.errors);
        w.number("notices", summary.notices);
        w.number("exit", summary.exit().into());
    });
}
