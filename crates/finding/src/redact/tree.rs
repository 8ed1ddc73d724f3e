//! Finds what may be secret in a document that has been read: nothing depends on how it is laid out.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use seawall_yaml::{Document, Kind, Limits, NodeRef, Reader, Style};

use super::scan;
use super::word::names_secret;

/// The annotation in which kubectl keeps the whole object, its secrets too.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The fields of references: what is written there tells where a value is, never what it is.
const REFERENCES: [(&str, &[&str]); 7] = [
    ("fieldRef", &["apiVersion", "fieldPath"]),
    ("resourceFieldRef", &["containerName", "resource", "divisor"]),
    ("configMapKeyRef", &["name", "key", "optional"]),
    ("secretKeyRef", &["name", "key", "optional"]),
    ("fileKeyRef", &["volumeName", "path", "key", "optional"]),
    ("configMapRef", &["name", "optional"]),
    ("secretRef", &["name", "optional"]),
];

/// What a reference to an object consists of: a mapping with `kind: Secret` and nothing else is no Secret.
const ABOUT_OBJECTS: [&str; 13] = [
    "apiVersion",
    "apiGroup",
    "group",
    "kind",
    "namespace",
    "name",
    "uid",
    "resourceVersion",
    "fieldPath",
    "key",
    "optional",
    "controller",
    "blockOwnerDeletion",
];

/// The byte ranges of a document's source that may be secret, in order and without overlap: what environment variables have
/// beside their names and well-formed references, all of Secrets but what identifies them, commands that are no lists of
/// words, values of keys and flags that name a secret.
pub fn document_secrets(document: &Document) -> Vec<Range<u32>> {
    let mut search = Search {
        document,
        work: vec![(document.root(), Place::Plain)],
        followed: HashSet::new(),
        found: Vec::new(),
    };
    while let Some((node, place)) = search.work.pop() {
        search.visit(node, place);
    }
    merged(search.found)
}

/// As [`document_secrets`], of all documents of a source; and whether all of it could be read: in parts that could not,
/// nothing is found.
pub fn source_secrets(source: &Arc<[u8]>) -> (Vec<Range<u32>>, bool) {
    let mut reader = Reader::new(source.clone(), Limits::default());
    let (mut found, mut whole) = (Vec::new(), true);
    while let Some(entry) = reader.next() {
        whole &= entry.problems.is_empty();
        if let Some(document) = entry.document {
            found.extend(document_secrets(&document));
            reader.recycle(document);
        }
    }
    (found, whole)
}

/// What is known of a node from what it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Place {
    Plain,
    /// A list of environment variables.
    Environment,
    /// One of them.
    Variable,
    /// A list of sources of environment variables, or one of them.
    Sources,
    /// A reference to a value, by the position of its kind in [`REFERENCES`]; before that is known, what holds it.
    Reference(Option<usize>),
    /// A command, or its arguments.
    Words,
    /// A Secret, or a list of them.
    Secret,
    /// The metadata, or the annotations, of a Secret.
    Metadata,
    /// Below a key that names a secret: its `value` is one.
    Named,
    /// All of it.
    Hidden,
}

struct Search<'d> {
    document: &'d Document,
    work: Vec<(NodeRef<'d>, Place)>,
    /// What aliases led to.
    followed: HashSet<(usize, Place)>,
    found: Vec<Range<u32>>,
}

impl<'d> Search<'d> {
    fn visit(&mut self, node: NodeRef<'d>, place: Place) {
        match node.kind() {
            Kind::Alias => {
                let target = node.resolved();
                if place != Place::Plain && self.followed.insert((target.id().index(), place)) {
                    self.work.push((target, place));
                }
            }
            Kind::Mapping => self.mapping(node, place),
            Kind::Sequence if place == Place::Words => self.words(node),
            Kind::Sequence => {
                let inner = match place {
                    Place::Environment => Place::Variable,
                    other => other,
                };
                self.work.extend(node.items().map(|item| (item, inner)));
            }
            _ => match place {
                Place::Hidden
                | Place::Environment
                | Place::Variable
                | Place::Sources
                | Place::Secret
                | Place::Reference(_) => self.hide(node),
                Place::Words => {
                    self.forms(node);
                    self.text(node);
                }
                Place::Plain | Place::Metadata | Place::Named => self.forms(node),
            },
        }
    }

    fn mapping(&mut self, node: NodeRef<'d>, place: Place) {
        let kind = node.get("kind").filter(|_| place == Place::Plain).and_then(NodeRef::as_str);
        let is_kind = |wanted: &str| kind.is_some_and(|kind| kind.eq_ignore_ascii_case(wanted));
        let place = if is_kind("Secret") && self.is_object(node) { Place::Secret } else { place };
        let is_list = is_kind("SecretList");
        for (key, value) in node.pairs() {
            let Some(key) = key.key() else { continue };
            let inner = match place {
                Place::Hidden => Place::Hidden,
                _ if key == "<<" => place,
                Place::Variable if key == "valueFrom" => Place::Reference(None),
                Place::Variable if key == "name" && is_scalar(value) => Place::Plain,
                Place::Sources if key == "prefix" && is_scalar(value) => Place::Plain,
                Place::Sources | Place::Reference(None) => reference(&key),
                Place::Reference(Some(at)) if is_about(at, &key, value) => Place::Plain,
                // A misspelt `value` is none, and as secret as one; a command is a list of words and nothing else.
                Place::Variable | Place::Environment | Place::Reference(_) | Place::Words => Place::Hidden,
                Place::Named if key == "value" => Place::Hidden,
                Place::Metadata if key == "annotations" => Place::Hidden,
                _ if key == LAST_APPLIED => Place::Hidden,
                Place::Secret => of_secret(&key, value),
                _ if is_list && key == "items" => Place::Secret,
                _ => by_name(&key, value),
            };
            self.work.push((value, inner));
        }
    }

    /// Whether a mapping with a kind is an object, and not a reference to one.
    fn is_object(&self, node: NodeRef<'d>) -> bool {
        let about = |key: NodeRef<'_>| key.key().is_none_or(|key| ABOUT_OBJECTS.contains(&&*key));
        node == self.document.root() || !node.pairs().all(|(key, _)| about(key))
    }

    /// Words of a command: what follows a flag that takes a secret is one.
    fn words(&mut self, node: NodeRef<'d>) {
        let mut flag = Flag::None;
        for item in node.items() {
            let target = item.resolved();
            let text = target.text().unwrap_or_default();
            if std::mem::replace(&mut flag, Flag::None).takes(text) {
                self.work.push((item, Place::Hidden));
                continue;
            }
            flag = Flag::of(text);
            let holds_password = is_short(text) && text.len() > 2 && !text.contains([' ', '\n']);
            if target.kind() != Kind::String || holds_password {
                self.work.push((item, Place::Hidden));
            } else {
                self.work.push((item, Place::Words));
            }
        }
    }

    /// A text with words of a command, such as a script: all of it is hidden where escapes stand for some of its letters.
    fn text(&mut self, node: NodeRef<'d>) {
        let Range { start, end } = content(node);
        let Some(raw) = self.document.source().get(start as usize..end as usize) else { return };
        let read = node.text().unwrap_or_default().as_bytes();
        let is_block = matches!(node.style(), Style::Literal | Style::Folded);
        if is_block || read == raw {
            self.found
                .extend(in_script(raw).into_iter().map(|r| start + r.start as u32..start + r.end as u32));
        } else if !in_script(read).is_empty() {
            self.hide(node);
        }
    }

    /// A text that may hold what is secret by its form, or by a name inside of it. Where it is not written as it is read, on
    /// one line, all of it is hidden.
    fn forms(&mut self, node: NodeRef<'d>) {
        const LEAST: usize = 8;
        let Some(text) = node.text().filter(|text| text.len() >= LEAST) else { return };
        let Range { start, end } = content(node);
        let as_read = self.document.source().get(start as usize..end as usize) == Some(text.as_bytes());
        if as_read && !text.contains('\n') {
            self.found
                .extend(scan::text(text).into_iter().map(|r| start + r.start as u32..start + r.end as u32));
        } else if !scan::text(text).is_empty() {
            self.hide(node);
        }
    }

    fn hide(&mut self, node: NodeRef<'d>) {
        let range = content(node);
        if !node.is_null() && range.start < range.end {
            self.found.push(range);
        }
    }
}

/// What may be secret in a script: what follows a flag that takes a secret.
fn in_script(raw: &[u8]) -> Vec<Range<usize>> {
    let breaks =
        |b: &u8| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b';' | b'|' | b'&' | b'(' | b')');
    let mut found = Vec::new();
    let mut flag = Flag::None;
    let mut at = 0;
    while at < raw.len() {
        if breaks(&raw[at]) {
            if !matches!(raw[at], b' ' | b'\t' | b'"' | b'\'') {
                flag = Flag::None;
            }
            at += 1;
            continue;
        }
        let len = raw[at..].iter().position(breaks).unwrap_or(raw.len() - at);
        let word = std::str::from_utf8(&raw[at..at + len]).unwrap_or_default();
        if std::mem::replace(&mut flag, Flag::None).takes(word) {
            found.push(at..at + len);
        } else {
            if is_short(word) && word.len() > 2 {
                found.push(at + 2..at + len);
            }
            flag = Flag::of(word);
        }
        at += len;
    }
    found
}

/// What a key says of its value.
fn by_name(key: &str, value: NodeRef<'_>) -> Place {
    let kind = value.resolved().kind();
    match key {
        // A misspelt `env` is none, and as secret as one.
        _ if key.eq_ignore_ascii_case("env") || key == "envs" => Place::Environment,
        "envFrom" => Place::Sources,
        "args" | "command" if kind == Kind::Sequence => Place::Words,
        "args" | "command" => Place::Hidden,
        _ if kind == Kind::Bool || !names_secret(key) => Place::Plain,
        _ if kind == Kind::Mapping => Place::Named,
        _ => Place::Hidden,
    }
}

/// What a key of a Secret says of its value: what is written at the wrong depth, or under a misspelt key, was meant as data.
fn of_secret(key: &str, value: NodeRef<'_>) -> Place {
    match key {
        "apiVersion" | "kind" => Place::Plain,
        "metadata" => Place::Metadata,
        "type" if value.resolved().kind() == Kind::String => Place::Plain,
        _ => Place::Hidden,
    }
}

/// What a key says of its value where a reference has to stand.
fn reference(key: &str) -> Place {
    let at = REFERENCES.iter().position(|(name, _)| *name == key);
    at.map_or(Place::Hidden, |at| Place::Reference(Some(at)))
}

/// Whether a field of the reference at this position only tells where a value is.
fn is_about(at: usize, key: &str, value: NodeRef<'_>) -> bool {
    let known = REFERENCES.get(at).is_some_and(|(_, fields)| fields.contains(&key));
    let value = value.resolved();
    let is_quantity = || value.text().is_none_or(|text| text.starts_with(|c: char| c.is_ascii_digit()));
    known
        && match key {
            "optional" => value.kind() == Kind::Bool,
            "divisor" => is_scalar(value) && is_quantity(),
            _ => is_scalar(value),
        }
}

fn is_scalar(value: NodeRef<'_>) -> bool {
    !matches!(value.resolved().kind(), Kind::Mapping | Kind::Sequence)
}

/// Whether the next word is the value of a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flag {
    None,
    /// `-p` or the like: what follows is a password with some clients.
    Short,
    /// Its name says that a secret follows.
    Long,
}

impl Flag {
    fn of(word: &str) -> Self {
        if is_short(word) && word.len() == 2 {
            Self::Short
        } else if word.starts_with('-') && !word.contains(['=', ' ', '\n']) && names_secret(word) {
            Self::Long
        } else {
            Self::None
        }
    }

    fn takes(self, word: &str) -> bool {
        match self {
            Self::None => false,
            // Not the directory of `mkdir -p`, or a port.
            Self::Short => {
                !word.starts_with(['/', '.', '$', '-'])
                    && !word.bytes().all(|b| b.is_ascii_digit() || b == b':')
            }
            Self::Long => !word.starts_with('-'),
        }
    }
}

/// `-p`, by which clients take passwords, alone or with what follows, and its like.
fn is_short(word: &str) -> bool {
    (word.starts_with("-p") && !word.contains('=')) || matches!(word, "-u" | "-a" | "-P")
}

/// The bytes of a scalar's content: without quotes, or the line that begins a block.
fn content(node: NodeRef<'_>) -> Range<u32> {
    let span = node.span();
    let raw = node.raw();
    match node.style() {
        Style::SingleQuoted | Style::DoubleQuoted if raw.len() >= 2 => span.start + 1..span.end - 1,
        Style::Literal | Style::Folded => {
            let head = raw.iter().position(|b| *b == b'\n').map_or(raw.len(), |at| at + 1);
            span.start + head as u32..span.end
        }
        _ => span.start..span.end,
    }
}

/// The ranges in order, joined where they overlap.
fn merged(mut found: Vec<Range<u32>>) -> Vec<Range<u32>> {
    found.sort_unstable_by_key(|r| (r.start, r.end));
    found.dedup_by(|next, last| {
        let overlaps = next.start < last.end;
        if overlaps {
            last.end = last.end.max(next.end);
        }
        overlaps
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The source with `*` for what may be secret.
    fn masked(source: &str) -> String {
        let mut bytes = source.as_bytes().to_vec();
        assert!(seawall_yaml::read(source.as_bytes()).iter().all(|e| e.problems.is_empty()), "{source}");
        for range in source_secrets(&source.as_bytes().into()).0 {
            bytes[range.start as usize..range.end as usize].fill(b'*');
        }
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn layout_does_not_matter() {
        for (source, shown) in [
            ("{\"kind\": \"Secret\",\n\"stringData\": {\n\"a\": \"CANARY\"}}", "\"a\": \"******\"}}"),
            ("env:\n- name: A\n  value:\n    CANARY\n", "value:\n    ******"),
            (
                "{\"env\": [{\"name\": \"A\",\n\"value\": \"X\", \"value\": \"CANARY\"}]}",
                "\"*\", \"value\": \"******\"",
            ),
            ("env:\n- {name: A, valeu: [CANARY, {x: CANARY}]}", "valeu: [******, {x: ******}]"),
            (
                "env:\n- name: A\n  value: |\n    CANARY\n    CANARY\nb: c",
                "value: |\n*********************\nb: c",
            ),
            ("args: [login, -p, CANARY]", "[login, -p, ******]"),
            ("command: [mysql, -pCANARY]", "[mysql, ********]"),
            ("args: [--password, CANARY, --x]", "[--password, ******, --x]"),
            ("args: ['mysql -pCANARY -p CANARY --token CANARY']", "-p****** -p ****** --token ******'"),
            ("x: &v CANARY\nenv: [{name: A, value: *v}]", "x: &v ******\nenv"),
            ("password: {value: CANARY, x: y}", "{value: ******, x: y}"),
            ("password: [CANARY]", "[******]"),
            ("metadata: {annotations: {kubectl.kubernetes.io/last-applied-configuration: '{x}'}}", "'***'"),
            (
                "kind: Secret\nmetadata: {name: a, annotations: {b: CANARY}}",
                "{name: a, annotations: {b: ******}}",
            ),
            ("kind: secret\ndata: &d {a: &x CANARY}\n", "{a: &x ******}"),
            ("x: &e [{name: A, value: CANARY}]\nenv: *e", "value: ******"),
            ("x: &e {value: CANARY}\nenv: [{<<: *e, name: A}]", "value: ******"),
            ("env: {A: CANARY}", "{A: ******}"),
            ("kind: Secret\nstringData:\nconn: CANARY\n", "conn: ******"),
            ("kind: Secret\ntype: Opaque\nData: {a: CANARY}\n", "type: Opaque\nData: {a: ******}"),
            ("kind: Secret\nimmutable: CANARY\ntype: {x: CANARY}\n", "immutable: ******\ntype: {x: ******}"),
            ("items: [{kind: Secret, type: a, foo: [CANARY]}]", "type: a, foo: [******]"),
            ("kind: Secret\n<<: {conn: CANARY, type: Opaque}\n", "<<: {conn: ******, type: Opaque}"),
            ("kind: SecretList\nitems: [{metadata: {name: a}, conn: CANARY}]", "{name: a}, conn: ******}"),
            (
                "Env: [{name: A, value: CANARY}]\nenvs: [{name: A, value: CANARY}]",
                "envs: [{name: A, value: ******}]",
            ),
            ("env: [{valueFrom: {resourceFieldRef: {divisor: CANARY}}}]", "{divisor: ******}"),
            ("env: [{name: A, valueFrom: CANARY}]", "{name: A, valueFrom: ******}"),
            ("env: [{name: [CANARY], valueFrom: {secretKeyRef: CANARY}}]", "secretKeyRef: ******}"),
            (
                "env: [{valueFrom: {secretKeyRef: {name: a, kee: CANARY, key: {x: CANARY}, optional: CANARY}}}]",
                "{name: a, kee: ******, key: {x: ******}, optional: ******}",
            ),
            ("env: [{valueFrom: {name: CANARY, fieldRef: [CANARY]}}]", "{name: ******, fieldRef: [******]}"),
            ("env: [{valueFrom: &r CANARY}, {valueFrom: *r}]", "&r ******}"),
            ("env: [{name: A, key: CANARY}]", "{name: A, key: ******}"),
            ("envFrom: CANARY", "envFrom: ******"),
            ("envFrom: [CANARY, {secretRef: CANARY, x: CANARY}]", "[******, {secretRef: ******, x: ******}]"),
            ("args: CANARY", "args: ******"),
            ("a: 'db://u:CANARY@h/x'", "a: 'db://u:******@h/x'"),
            ("args: [--set, 'db.password=CANARY']", "'db.password=******'"),
            (
                "data:\n  a.properties: |\n    x=y\n    password = CANARY\nb: c",
                "|\n*****************************\nb: c",
            ),
            ("data: {a.json: '{\"password\": \"CANARY\"}'}", "'{\"password\": \"******\"}'"),
            ("a: \"x\\npassword=\\\n  CANARY\"", "a: \"**"),
            ("annotations: {a: 'x: y, token: CANARY'}", "token: ******'"),
            (
                "a: |\n  -----BEGIN EC PRIVATE KEY-----\n  CANARY\nb: c",
                "a: |\n*****************************************\nb",
            ),
            ("command: [sqlcmd, -P, CANARY]", "-P, ******]"),
            ("command: {a: CANARY}", "{a: ******}"),
            ("args: [{a: CANARY}, [CANARY], b]", "[{a: ******}, [******], b]"),
        ] {
            let all = masked(source);
            assert!(all.contains(shown) && !all.contains("CANARY"), "{all}");
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        for source in [
            "kind: Pod\nspec: {containers: [{name: a, image: b, securityContext: {privileged: true}}]}",
            "volumes: [{secret: {secretName: web, items: [{key: password, path: p}]}}]",
            "env: [{name: A, valueFrom: {secretKeyRef: {name: db, key: password, optional: true}}}]",
            "automountServiceAccountToken: false",
            "args: ['mkdir -p /var/x', --port=80, -v, -p, '80:80']",
            "kind: ConfigMap\ndata: {a: b}",
            "apiVersion: v1\nkind: Secret\nmetadata: {name: a, labels: {b: c}}\ntype: Opaque",
            "subject: {apiGroup: '', kind: Secret, name: a, namespace: b, optional: true}",
            "env: [{name: A, valueFrom: {fieldRef: {apiVersion: v1, fieldPath: metadata.name}}}]",
            "env: [{name: A, valueFrom: {resourceFieldRef: {containerName: a, resource: b, divisor: 1}}}]",
            "envFrom: [{prefix: P_, configMapRef: {name: a}}, {secretRef: {name: b, optional: true}}]",
        ] {
            assert_eq!(masked(source), source);
        }
    }
}
