//! What files of other tools pass over, read as ignores: trivy's `.trivyignore` and `.trivyignore.yaml`, checkov's
//! `.checkov.baseline`.
//!
//! Sources: `aquasecurity/trivy:pkg/result/ignore.go`, `bridgecrewio/checkov:checkov/common/output/baseline.py`.

use std::sync::Arc;

use globset::{GlobBuilder, GlobMatcher};
use seawall_finding::{Date, IgnoreSource};
use seawall_yaml::{Document, LineIndex, NodeRef, Span};

use super::{EntryScope, Ignore, IgnoreEntry};
use crate::config::ConfigError;
use crate::locate::region;
use crate::record::{Notice, NoticeKind};
use crate::rules::{self, Tool};

/// A file of another tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForeignFile {
    /// `.trivyignore`: an id a line.
    TrivyIgnore,
    /// `.trivyignore.yaml`, of which the misconfigurations count.
    TrivyIgnoreYaml,
    /// `.checkov.baseline`: ids by file and resource, in JSON.
    CheckovBaseline,
}

impl ForeignFile {
    /// All, in the order in which they are read.
    pub const ALL: [Self; 3] = [Self::TrivyIgnore, Self::TrivyIgnoreYaml, Self::CheckovBaseline];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TrivyIgnore => ".trivyignore",
            Self::TrivyIgnoreYaml => ".trivyignore.yaml",
            Self::CheckovBaseline => ".checkov.baseline",
        }
    }
}

/// What files of other tools say.
#[derive(Debug, Default)]
pub struct ForeignIgnores {
    /// What they pass over.
    pub entries: Vec<IgnoreEntry>,
    /// Said of ids that no rule here is known by.
    pub unknown: Vec<Notice>,
}

/// Where something stands, and the tool that it is for.
struct At<'a> {
    tool: Tool,
    file: &'a Arc<str>,
    lines: &'a LineIndex<'a>,
}

impl ForeignIgnores {
    /// Adds what the lines of a `.trivyignore` say.
    pub fn add_lines(&mut self, file: &Arc<str>, lines: &LineIndex<'_>) -> Result<(), Vec<ConfigError>> {
        let at = At { tool: Tool::Trivy, file, lines };
        let mut errors = Vec::new();
        for number in 1..=lines.count() {
            let text = String::from_utf8_lossy(lines.line(number));
            let start = lines.range(number).start as u32;
            let span = Span::new(start, start + lines.line(number).trim_ascii_end().len() as u32);
            let mut words = text.split_whitespace().take_while(|word| !word.starts_with('#'));
            let Some(id) = words.next() else { continue };
            let until = words.find_map(|word| word.strip_prefix("exp:")).map(str::parse::<Date>);
            match until.transpose() {
                Ok(until) => self.add(&at, id, span, None, until, EntryScope::default()),
                Err(error) => errors.push(ConfigError {
                    span,
                    message: format!("the day behind `exp:` {error}"),
                    hint: None,
                }),
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    /// Adds what a `.trivyignore.yaml` or a `.checkov.baseline` says.
    pub fn add_document(
        &mut self,
        which: ForeignFile,
        document: &Document,
        file: &Arc<str>,
        lines: &LineIndex<'_>,
    ) -> Result<(), Vec<ConfigError>> {
        let tool = if which == ForeignFile::CheckovBaseline { Tool::Checkov } else { Tool::Trivy };
        let (at, mut errors) = (At { tool, file, lines }, Vec::new());
        if tool == Tool::Checkov {
            self.add_baseline(&at, document.root(), &mut errors);
        } else {
            self.add_misconfigurations(&at, document.root(), &mut errors);
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    fn add_misconfigurations(&mut self, at: &At<'_>, root: NodeRef<'_>, errors: &mut Vec<ConfigError>) {
        for item in items(root, "misconfigurations") {
            let Some(id) = text(item, "id") else {
                errors.push(ConfigError::at(item, "an entry needs an `id`", Some("- id: KSV-0014")));
                continue;
            };
            let until = match text(item, "expired_at").map(str::parse::<Date>).transpose() {
                Ok(until) => until,
                Err(error) => {
                    errors.push(ConfigError::at(item, format!("`expired_at` {error}"), None));
                    continue;
                }
            };
            let paths: Vec<&str> = items(item, "paths").filter_map(NodeRef::as_str).collect();
            let mut add = |path| {
                let scope = EntryScope { path, ..EntryScope::default() };
                self.add(at, id, item.span(), text(item, "statement"), until, scope);
            };
            if paths.is_empty() {
                add(None);
            }
            for path in paths {
                match glob(path) {
                    Ok(glob) => add(Some(glob)),
                    Err(message) => errors.push(ConfigError::at(item, &message, None)),
                }
            }
        }
    }

    fn add_baseline(&mut self, at: &At<'_>, root: NodeRef<'_>, errors: &mut Vec<ConfigError>) {
        if root.get("failed_checks").is_none() {
            let hint = Some("write one: checkov --create-baseline");
            errors.push(ConfigError::at(root, "a baseline of checkov has `failed_checks`", hint));
        }
        for checked in items(root, "failed_checks") {
            let Some(path) = text(checked, "file") else { continue };
            // It begins at the directory that was scanned.
            let path = match glob(&globset::escape(path.trim_start_matches('/'))) {
                Ok(glob) => glob,
                Err(message) => {
                    errors.push(ConfigError::at(checked, &message, None));
                    continue;
                }
            };
            for finding in items(checked, "findings") {
                // `Deployment.default.web`, with the namespace that is meant where none is written.
                let mut parts = text(finding, "resource").unwrap_or_default().splitn(3, '.');
                let (Some(kind), Some(namespace), Some(name)) = (parts.next(), parts.next(), parts.next())
                else {
                    continue;
                };
                for id in items(finding, "check_ids").filter_map(NodeRef::as_str) {
                    let scope = EntryScope {
                        path: Some(path.clone()),
                        namespace: (namespace != "default").then(|| namespace.to_owned()),
                        kind: Some(kind.to_owned()),
                        name: Some(name.to_owned()),
                        container: None,
                    };
                    self.add(at, id, finding.span(), None, None, scope);
                }
            }
        }
    }

    fn add(
        &mut self,
        at: &At<'_>,
        id: &str,
        span: Span,
        reason: Option<&str>,
        until: Option<Date>,
        scope: EntryScope,
    ) {
        let region = Some(region(at.lines, span));
        let called = rules::called(Some(at.tool), id);
        if called.is_empty() {
            // Most of what such files pass over is no matter of manifests.
            if is_of_kubernetes(id) {
                self.unknown.push(Notice {
                    kind: NoticeKind::IgnoreUnused,
                    file: Some(at.file.clone()),
                    region,
                    message: format!(
                        "no rule is known as `{id}` of {}: nothing is passed over for it",
                        at.tool.as_str()
                    ),
                    hint: Some("name the rule that is meant in `ignores` of seawall.yaml".to_owned()),
                });
            }
            return;
        }
        let ignore = Ignore {
            source: IgnoreSource::Compat,
            rules: rules::all().into_iter().filter(|rule| called.contains(&rule.id)).collect(),
            reason: reason.map_or_else(|| id.to_owned(), str::to_owned),
            owner: None,
            until,
            file: at.file.clone(),
            region,
        };
        self.entries.push(IgnoreEntry::new(ignore, scope));
    }
}

/// Whether an id is one of the checks of manifests that trivy and checkov have.
fn is_of_kubernetes(id: &str) -> bool {
    let id = id.to_ascii_uppercase();
    let id = id.strip_prefix("AVD-").unwrap_or(&id);
    ["KSV", "KCV", "CKV_K8S_", "CKV2_K8S_"].iter().any(|prefix| id.starts_with(prefix))
}

/// A glob for paths as trivy has them: for the whole path, `*` within one name, `**` for any number of directories.
fn glob(pattern: &str) -> Result<GlobMatcher, String> {
    let built = GlobBuilder::new(pattern).literal_separator(true).build();
    built.map(|glob| glob.compile_matcher()).map_err(|e| format!("`{pattern}` is no glob: {}", e.kind()))
}

fn items<'d>(node: NodeRef<'d>, key: &str) -> impl Iterator<Item = NodeRef<'d>> {
    node.get(key).into_iter().flat_map(NodeRef::items)
}

fn text<'d>(node: NodeRef<'d>, key: &str) -> Option<&'d str> {
    node.get(key)?.text()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(which: ForeignFile, text: &str) -> (Vec<String>, Vec<String>, Vec<String>) {
        let lines = LineIndex::new(text.as_bytes());
        let (mut out, file) = (ForeignIgnores::default(), which.name().into());
        let read = if which == ForeignFile::TrivyIgnore {
            out.add_lines(&file, &lines)
        } else {
            let document = seawall_yaml::read(text.as_bytes()).pop().and_then(|e| e.document).unwrap();
            out.add_document(which, &document, &file, &lines)
        };
        let entry = |entry: &IgnoreEntry| {
            let Ignore { rules, reason, until, region, .. } = &*entry.ignore;
            let EntryScope { path, namespace, kind, name, .. } = &entry.scope;
            let ids: Vec<_> = rules.iter().map(|rule| rule.id).collect();
            let limits: Vec<String> = [kind, namespace, name].into_iter().flatten().cloned().collect();
            let path = path.as_ref().map(|glob| glob.glob().to_string()).unwrap_or_default();
            let until = until.map(|until| until.to_string()).unwrap_or_default();
            let line = region.map(|region| region.line).unwrap_or_default();
            format!("{line}|{}|{reason}|{until}|{path}|{}", ids.join(","), limits.join(" "))
        };
        (
            out.entries.iter().map(entry).collect(),
            out.unknown.iter().map(|notice| notice.message.clone()).collect(),
            read.err().into_iter().flatten().map(|error| error.message).collect(),
        )
    }

    #[test]
    fn lines_of_trivy() {
        let text =
            "# why\nAVD-KSV-0017 # a driver\n\nCVE-2024-1\nKSV014 exp:2027-01-31\r\nKSV-9999\nDS-0002\n";
        let (entries, unknown, errors) = read(ForeignFile::TrivyIgnore, text);
        assert_eq!(
            entries,
            ["2|privileged-container|AVD-KSV-0017|||", "5|read-only-root-filesystem|KSV014|2027-01-31||"]
        );
        assert_eq!(unknown, ["no rule is known as `KSV-9999` of trivy: nothing is passed over for it"]);
        assert_eq!(errors, [""; 0]);
        let (_, _, errors) = read(ForeignFile::TrivyIgnore, "KSV014 exp:soon\n");
        assert!(errors.len() == 1 && errors[0].starts_with("the day behind `exp:` "), "{errors:?}");
    }

    #[test]
    fn misconfigurations_of_trivy() {
        let text = "vulnerabilities:\n- id: CVE-2024-1\nmisconfigurations:\n- id: KSV-0017\n  paths: [legacy/**, a/web.yaml]\n  statement: a driver\n  expired_at: 2027-01-31\n- id: KSV-0010\n- id: AVD-AWS-0001\n";
        let (entries, unknown, errors) = read(ForeignFile::TrivyIgnoreYaml, text);
        assert_eq!(
            entries,
            [
                "4|privileged-container|a driver|2027-01-31|legacy/**|",
                "4|privileged-container|a driver|2027-01-31|a/web.yaml|",
                "8|host-pid|KSV-0010|||"
            ]
        );
        assert_eq!((unknown.len(), errors.len()), (0, 0));
        for (bad, error) in [
            ("- statement: x", "an entry needs an `id`"),
            ("- {id: KSV-0010, expired_at: soon}", "`expired_at` "),
            ("- {id: KSV-0010, paths: ['a/[']}", "`a/[` is no glob"),
        ] {
            let (_, _, errors) = read(ForeignFile::TrivyIgnoreYaml, &format!("misconfigurations:\n{bad}\n"));
            assert!(errors.len() == 1 && errors[0].starts_with(error), "{bad}: {errors:?}");
        }
    }

    #[test]
    fn baselines_of_checkov() {
        let text = r#"{"failed_checks": [{"file": "/a/[b].yaml", "findings": [
            {"resource": "Deployment.default.web", "check_ids": ["CKV_K8S_16", "CKV_K8S_9999", "CKV_AWS_1"]},
            {"resource": "Pod.shop.a.b", "check_ids": ["CKV_K8S_17"]}, {"resource": "x", "check_ids": ["CKV_K8S_17"]}]}]}"#;
        let (entries, unknown, errors) = read(ForeignFile::CheckovBaseline, text);
        assert_eq!(
            entries,
            [
                "2|privileged-container|CKV_K8S_16||a/[[]b[]].yaml|Deployment web",
                "3|host-pid|CKV_K8S_17||a/[[]b[]].yaml|Pod shop a.b"
            ]
        );
        assert_eq!((unknown.len(), errors.len()), (1, 0));
        let (_, _, errors) = read(ForeignFile::CheckovBaseline, "{}");
        assert_eq!(errors, ["a baseline of checkov has `failed_checks`"]);
    }
}
