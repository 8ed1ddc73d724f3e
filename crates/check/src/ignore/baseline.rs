//! The baseline: findings that were there when seawall was introduced, named by what they are and never by line.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::sync::{Arc, OnceLock};

use seawall_finding::{IgnoreSource, Rule};
use seawall_model::ObjectId;
use seawall_yaml::{Document, Kind, NodeRef};

use super::{Flag, Ignore, IgnoredObject, Offence};
use crate::config::{ConfigError, only};
use crate::quoted::quoted;
use crate::reach::{Home, Reach};
use crate::record::{Notice, NoticeKind};
use crate::rules;

/// The version of the file's form.
const VERSION: &str = "1";

/// The fields of a finding.
const FIELDS: [&str; 5] = ["scope", "object", "container", "rule", "path"];

/// One place of one finding.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BaselineEntry {
    /// The scope of the file; empty for none.
    pub scope: String,
    /// The object, as [`object_key`] has it.
    pub object: String,
    /// The container; empty for none.
    pub container: String,
    /// The rule's id.
    pub rule: String,
    /// The field's path in the object.
    pub path: String,
}

/// A baseline file, with what became of its entries in a run.
#[derive(Debug)]
pub struct Baseline {
    pub(super) ignore: Arc<Ignore>,
    entries: HashMap<BaselineEntry, usize>,
    /// The entries of each object, by scope and object.
    objects: HashMap<(String, String), Vec<usize>>,
    /// By entry: where its object was met.
    met: Vec<Met>,
    used: Vec<Flag>,
}

/// Where the object of an entry was met.
#[derive(Debug, Default)]
struct Met {
    /// Its scope and namespace, which are the same wherever it is written.
    home: OnceLock<(u16, Box<str>)>,
    /// Whether pods of it were judged.
    pods: Flag,
}

/// An object as baselines name it: group, kind, namespace and name, without the version of its API.
pub fn object_key(id: &ObjectId) -> String {
    let group = id.api_version.rsplit_once('/').map_or("", |(group, _)| group);
    let slash = if group.is_empty() { "" } else { "/" };
    let begin = if id.name.is_empty() && !id.generate_name.is_empty() { "*" } else { "" };
    format!("{group}{slash}{} {}/{}{}{begin}", id.kind, id.namespace, id.name, id.generate_name)
}

impl Baseline {
    /// The baseline of these entries, from this file.
    pub fn new(file: Arc<str>, entries: impl IntoIterator<Item = BaselineEntry>) -> Self {
        let ignore = Ignore {
            source: IgnoreSource::Baseline,
            rules: Vec::new(),
            reason: "was there when the baseline was written".to_owned(),
            owner: None,
            until: None,
            file,
            region: None,
        };
        let mut by_entry = HashMap::new();
        let mut objects: HashMap<(String, String), Vec<usize>> = HashMap::new();
        for entry in entries {
            let next = by_entry.len();
            let object = (entry.scope.clone(), entry.object.clone());
            if *by_entry.entry(entry).or_insert(next) == next {
                objects.entry(object).or_default().push(next);
            }
        }
        let count = by_entry.len();
        let met = std::iter::repeat_with(Met::default).take(count).collect();
        let used = std::iter::repeat_with(Flag::default).take(count).collect();
        Self { ignore: Arc::new(ignore), objects, met, used, entries: by_entry }
    }

    /// Whether a document looks like a baseline, of whatever version.
    pub fn is_one(root: NodeRef<'_>) -> bool {
        root.get("version").is_some() && root.get("findings").is_some()
    }

    /// The entries of a baseline file, or what is wrong with it.
    pub fn read(document: &Document) -> Result<Vec<BaselineEntry>, Vec<ConfigError>> {
        let root = document.root();
        let mut errors = Vec::new();
        let version = root.get("version").and_then(|v| v.resolved().text());
        if version != Some(VERSION) {
            errors.push(ConfigError::at(
                root.get("version").unwrap_or(root),
                "this is no baseline of a known version",
                Some("write one: seawall scan --write-baseline FILE"),
            ));
            return Err(errors);
        }
        only(root, "a baseline", &["version", "findings"], &mut errors);
        let ids: HashSet<&str> = rules::all().into_iter().map(|rule| rule.id).collect();
        let mut entries = Vec::new();
        let list = root.get("findings").filter(|n| !n.is_null());
        if let Some(list) = list.filter(|n| n.resolved().kind() != Kind::Sequence) {
            errors.push(ConfigError::at(list, "`findings` must be a list", None));
        }
        for item in list.into_iter().flat_map(NodeRef::items) {
            if only(item, "a finding of a baseline", &FIELDS, &mut errors) {
                entries.extend(read_entry(item, &ids).map_err(|error| errors.push(error)));
            }
        }
        if errors.is_empty() { Ok(entries) } else { Err(errors) }
    }

    /// The text of a baseline file with these entries, one a line, sorted, each once.
    pub fn write(mut entries: Vec<BaselineEntry>) -> String {
        entries.sort_unstable();
        entries.dedup();
        let mut out = format!(
            "# Findings that seawall passes over because they were there before. Written by `seawall scan --write-baseline`;\n\
             # take a line out to see its finding again.\nversion: {VERSION}\nfindings:"
        );
        if entries.is_empty() {
            out.push_str(" []");
        }
        out.push('\n');
        for entry in &entries {
            out.push_str("- {");
            let fields = [
                ("scope", &entry.scope),
                ("object", &entry.object),
                ("container", &entry.container),
                ("rule", &entry.rule),
                ("path", &entry.path),
            ];
            let mut first = true;
            for (name, value) in fields.into_iter().filter(|(_, value)| !value.is_empty()) {
                let comma = if std::mem::take(&mut first) { "" } else { ", " };
                let _ = write!(out, "{comma}{name}: {}", quoted(value));
            }
            out.push_str("}\n");
        }
        out
    }

    fn entry(object: &IgnoredObject<'_>, offence: &Offence<'_>) -> BaselineEntry {
        BaselineEntry {
            scope: object.scope.to_owned(),
            object: object_key(object.id),
            container: offence.container.unwrap_or_default().to_owned(),
            rule: offence.rule.id.to_owned(),
            path: offence.path.to_string(),
        }
    }

    pub(super) fn covers(&self, object: &IgnoredObject<'_>, offence: &Offence<'_>) -> bool {
        let index = self.entries.get(&Self::entry(object, offence));
        if let Some(flag) = index.and_then(|index| self.used.get(*index)) {
            flag.raise();
        }
        index.is_some()
    }

    pub(super) fn meet(&self, object: &IgnoredObject<'_>, home: &Home) {
        let key = (object.scope.to_owned(), object_key(object.id));
        for index in self.objects.get(&key).into_iter().flatten() {
            if let Some(met) = self.met.get(*index) {
                met.home.get_or_init(|| (home.scope, home.namespace.clone()));
                if home.pods {
                    met.pods.raise();
                }
            }
        }
    }

    /// Every entry with its position, and whether its object was met and its rule judged there.
    fn judged(&self, reach: Reach<'_>) -> impl Iterator<Item = (&BaselineEntry, usize, bool)> {
        let rules: HashMap<&str, &Rule> = rules::all().into_iter().map(|rule| (rule.id, rule)).collect();
        self.entries.iter().map(move |(entry, index)| {
            let home = self.met.get(*index).and_then(|met| {
                let (scope, namespace) = met.home.get()?.clone();
                Some(Home { scope, namespace, pods: met.pods.is_raised() })
            });
            let rule = rules.get(entry.rule.as_str());
            let judged = home.zip(rule).is_some_and(|(home, rule)| reach.includes(rule, &home));
            (entry, *index, judged)
        })
    }

    /// The entries that a run says nothing of.
    pub(super) fn unjudged(&self, reach: Reach<'_>) -> Vec<BaselineEntry> {
        self.judged(reach).filter(|(.., judged)| !judged).map(|(entry, ..)| entry.clone()).collect()
    }

    /// Said of entries that passed over nothing although their rules were judged at their objects.
    pub(super) fn unused(&self, reach: Reach<'_>) -> Option<Notice> {
        let is_used = |index: usize| self.used.get(index).is_some_and(Flag::is_raised);
        let count = self.judged(reach).filter(|(_, index, judged)| *judged && !is_used(*index)).count();
        let (entries, are) = if count == 1 { ("entry", "is") } else { ("entries", "are") };
        (count > 0).then(|| Notice {
            kind: NoticeKind::IgnoreUnused,
            file: Some(self.ignore.file.clone()),
            region: None,
            message: format!("{count} {entries} of the baseline {} {are} fixed", self.ignore.file),
            hint: Some(format!(
                "seawall scan --write-baseline {}",
                crate::quoted::shell_word(&self.ignore.file)
            )),
        })
    }
}

/// An entry of a file, whose rule must have one of these ids.
fn read_entry(item: NodeRef<'_>, ids: &HashSet<&str>) -> Result<BaselineEntry, ConfigError> {
    let text = |key: &str| {
        let node = item.get(key).filter(|node| !node.is_null());
        node.map_or(Ok(None), |node| match node.as_str() {
            Some(text) => Ok(Some((text.to_owned(), node))),
            None => Err(ConfigError::at(node, format!("`{key}` must be a string"), Some("put it in quotes"))),
        })
    };
    let needed = |key: &str| {
        text(key)?.ok_or_else(|| {
            ConfigError::at(
                item,
                "a finding of a baseline needs the strings `rule`, `object` and `path`",
                Some("write the file again: seawall scan --write-baseline FILE"),
            )
        })
    };
    let optional = |key: &str| text(key).map(|text| text.map(|(text, _)| text).unwrap_or_default());
    let (rule, node) = needed("rule")?;
    if !ids.contains(rule.as_str()) {
        let (message, hint) = match rules::resolve(&rule) {
            Ok(named) => {
                let named: Vec<String> = named.iter().map(|rule| format!("`{}`", rule.id)).collect();
                (format!("`{rule}` is no rule's id"), format!("write {}", named.join(" or ")))
            }
            Err(error) => error,
        };
        return Err(ConfigError::at(node, message, Some(&hint)));
    }
    Ok(BaselineEntry {
        rule,
        object: needed("object")?.0,
        path: needed("path")?.0,
        scope: optional("scope")?,
        container: optional("container")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str) -> BaselineEntry {
        BaselineEntry {
            scope: String::new(),
            object: "apps/Deployment shop/web".into(),
            container: "app".into(),
            rule: "host-port".into(),
            path: path.into(),
        }
    }

    fn read(text: &str) -> Result<Vec<BaselineEntry>, Vec<ConfigError>> {
        let document =
            seawall_yaml::read(text.as_bytes()).pop().and_then(|e| e.document).expect("a document");
        Baseline::read(&document)
    }

    #[test]
    fn what_is_written_is_read() {
        let hostile = BaselineEntry {
            scope: "prod".into(),
            container: "a\"b\\\u{1}\u{85}\u{2028}: #\n".into(),
            ..entry("spec.x")
        };
        let entries = vec![entry("spec.b"), hostile.clone(), entry("spec.a"), entry("spec.b")];
        let text = Baseline::write(entries);
        assert_eq!(read(&text), Ok(vec![entry("spec.a"), entry("spec.b"), hostile]));
        assert_eq!(text.lines().count(), 7);
        assert_eq!(read(&Baseline::write(Vec::new())), Ok(Vec::new()));
    }

    #[test]
    fn what_is_no_baseline_says_so() {
        assert!(read("levels: {}\n").unwrap_err()[0].message.contains("no baseline"));
        let errors = read("version: 1\nfindings: [{rule: host-port}]\n").unwrap_err();
        assert!(errors[0].message.contains("needs the strings"));
    }

    #[test]
    fn what_is_unknown_in_a_baseline_is_an_error_at_its_place() {
        let error = |text: &str| {
            let text = format!("version: 1\n{text}\n");
            let errors = read(&text).unwrap_err();
            assert_eq!(errors.len(), 1, "{errors:?}");
            let at = &text[errors[0].span.range()];
            format!("{at}: {} ({})", errors[0].message, errors[0].hint.as_deref().unwrap_or_default())
        };
        let of = |fields: &str| error(&format!("findings:\n- {{object: Pod /p, path: spec, {fields}}}"));
        assert_eq!(
            of("rule: host-prot"),
            "host-prot: no rule is called `host-prot` (did you mean `host-port`? all rules: seawall checks)"
        );
        assert_eq!(of("rule: hostPorts"), "hostPorts: `hostPorts` is no rule's id (write `host-port`)");
        assert_eq!(of("rule: 7"), "7: `rule` must be a string (put it in quotes)");
        assert_eq!(
            of("rule: host-port, container: [a]"),
            "[a]: `container` must be a string (put it in quotes)"
        );
        assert_eq!(
            of("rule: host-port, pth: spec"),
            "pth: unknown field `pth` of a finding of a baseline (known fields: scope, object, container, rule, path)"
        );
        assert_eq!(
            error("finding: []"),
            "finding: unknown field `finding` of a baseline (known fields: version, findings)"
        );
        assert_eq!(
            error("findings: [a]"),
            "a: a finding of a baseline must be a mapping (with scope, object, container, rule, path)"
        );
    }

    #[test]
    fn versions_of_an_api_do_not_matter() {
        let id = |api_version: &str| ObjectId {
            api_version: api_version.into(),
            kind: "Deployment".into(),
            namespace: "shop".into(),
            name: "web".into(),
            generate_name: String::new(),
        };
        assert_eq!(object_key(&id("apps/v1")), "apps/Deployment shop/web");
        assert_eq!(object_key(&id("apps/v1")), object_key(&id("apps/v1beta1")));
        assert_eq!(object_key(&id("v1")), "Deployment shop/web");
    }
}
