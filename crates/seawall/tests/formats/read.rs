//! Every format read back: what findings it holds.

use serde_json::Value;

/// A finding as a format tells it. What a format does not tell is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    pub(crate) rule: String,
    /// `Deployment shop/web`
    pub(crate) object: String,
    pub(crate) container: String,
    pub(crate) path: String,
    pub(crate) line: u64,
    pub(crate) suppressed: bool,
}

/// The findings of a report, and the number of its input errors.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) findings: Vec<Finding>,
    pub(crate) errors: usize,
}

impl Read {
    /// Sorted, since formats may have them in another order; equal ones stay.
    fn sorted(mut self) -> Self {
        self.findings.sort();
        self
    }
}

pub(crate) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// What a report in a format holds. Every format but text is read by a parser.
pub(crate) fn read(format: &str, output: &str) -> Read {
    match format {
        "json" => records(list(&json(output)["records"])),
        "jsonl" => records(&output.lines().map(json).collect::<Vec<_>>()),
        "sarif" => sarif(&json(output)),
        "junit" => junit(output),
        "github" => github(output),
        "gitlab" => gitlab(&json(output)),
        "concise" => concise(output),
        _ => Read::default(),
    }
    .sorted()
}

fn object(value: &Value) -> String {
    let [kind, namespace, name] = ["kind", "namespace", "name"].map(|key| text(&value[key]));
    let slash = if namespace.is_empty() { "" } else { "/" };
    let name = if name.is_empty() { "(no name)" } else { &name };
    format!("{kind} {namespace}{slash}{name}")
}

fn records(records: &[Value]) -> Read {
    let mut read = Read::default();
    for record in records {
        read.errors += usize::from(record["type"] == "error");
        read.findings.extend(list(&record["findings"]).iter().map(|f| Finding {
            rule: text(&f["rule"]),
            object: object(&record["object"]),
            container: text(&f["container"]),
            path: text(&f["path"]),
            line: f["line"].as_u64().unwrap(),
            suppressed: f["suppressed"].is_object(),
        }));
    }
    read
}

fn sarif(document: &Value) -> Read {
    let mut read = Read::default();
    for run in list(&document["runs"]) {
        let notes = list(&run["invocations"][0]["toolExecutionNotifications"]);
        read.errors += notes.iter().filter(|n| n["descriptor"]["id"] == "input-error").count();
        for result in list(&run["results"]) {
            let location = &result["locations"][0];
            let [object, container] = [0, 1].map(|i| text(&location["logicalLocations"][i]["name"]));
            let (kind, name) = object.split_once(' ').unwrap();
            let kind = kind.rsplit('/').next().unwrap();
            let name = if name.ends_with('/') { format!("{name}(no name)") } else { name.to_owned() };
            read.findings.push(Finding {
                rule: text(&result["ruleId"]),
                object: format!("{kind} {}", name.strip_prefix('/').unwrap_or(&name)),
                container,
                path: text(&result["properties"]["path"]),
                line: location["physicalLocation"]["region"]["startLine"].as_u64().unwrap(),
                suppressed: !list(&result["suppressions"]).is_empty(),
            });
        }
    }
    read
}

fn junit(text: &str) -> Read {
    let document = roxmltree::Document::parse(text).unwrap_or_else(|e| panic!("{e}: {text}"));
    let mut read = Read::default();
    for case in document.descendants().filter(|n| n.has_tag_name("testcase")) {
        let Some(outcome) = case.first_element_child() else { continue };
        if outcome.has_tag_name("error") {
            read.errors += 1;
            continue;
        }
        let name = case.attribute("name").unwrap();
        let (rule, container) = name.split_once(", container ").unwrap_or((name, ""));
        let mut lines = outcome.text().unwrap().lines();
        let place = lines.next().unwrap();
        let line = place.rsplit(':').nth(1).unwrap().parse().unwrap();
        let path = if rule == "refused" { "" } else { lines.next().unwrap() };
        read.findings.push(Finding {
            rule: rule.to_owned(),
            object: case.attribute("classname").unwrap().to_owned(),
            container: container.to_owned(),
            path: path.to_owned(),
            line,
            suppressed: outcome.has_tag_name("skipped") && outcome.attribute("type") == Some("suppressed"),
        });
    }
    read
}

/// `rule: Deployment shop/web, container app` apart.
fn titled(title: &str, line: u64) -> Finding {
    let (rule, site) = title.split_once(": ").unwrap();
    let (object, container) = site.split_once(", container ").unwrap_or((site, ""));
    Finding {
        rule: rule.to_owned(),
        object: object.to_owned(),
        container: container.to_owned(),
        line,
        ..Finding::default()
    }
}

fn github(text: &str) -> Read {
    let mut read = Read::default();
    for line in text.lines() {
        let (properties, _) = line[2..].split_once("::").unwrap();
        let (name, properties) = properties.split_once(' ').unwrap();
        let of = |key: &str| {
            let pair = properties.split(',').find_map(|p| p.strip_prefix(key)?.strip_prefix('='));
            pair.map(|v| v.replace("%3A", ":").replace("%2C", ",").replace("%25", "%"))
        };
        let title = of("title").unwrap();
        if title.contains(": ") {
            read.findings.push(titled(&title, of("line").unwrap().parse().unwrap()));
        } else {
            read.errors += usize::from(name == "error");
        }
    }
    read
}

fn gitlab(document: &Value) -> Read {
    let mut read = Read::default();
    for entry in list(document) {
        if entry["check_name"] == "input" {
            read.errors += 1;
            continue;
        }
        let description = text(&entry["description"]);
        let (_, site) = description.rsplit_once(" [").unwrap();
        let title = format!("{}: {}", text(&entry["check_name"]), site.trim_end_matches(']'));
        read.findings.push(titled(&title, entry["location"]["lines"]["begin"].as_u64().unwrap()));
    }
    read
}

fn concise(text: &str) -> Read {
    let mut read = Read::default();
    for line in text.lines() {
        if line.contains(": error input: ") {
            read.errors += 1;
            continue;
        }
        // `file:line:column: word rule: message [site]`
        let mut parts = line.splitn(4, ':');
        let number = parts.nth(1).and_then(|n| n.parse().ok());
        let rest = parts.nth(1).unwrap_or_default().trim_start();
        let (word, rest) = rest.split_once(' ').unwrap_or_default();
        let (rule, message) = rest.split_once(": ").unwrap_or_default();
        if ["error", "warning", "note"].contains(&word) && message.ends_with(']') {
            let (_, site) = message.rsplit_once(" [").unwrap();
            let title = format!("{rule}: {}", site.trim_end_matches(']'));
            read.findings.push(titled(&title, number.unwrap()));
        }
    }
    read
}
