//! One walk over a tree with its shapes. Nothing is allocated for a clean object but the walker's own memory, which is
//! reused; depth costs memory, never stack.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use seawall_model::FieldPath;
use seawall_yaml::{Document, Kind, NodeRef};

use super::keys::Keys;
use super::rank::{self, Rank};
use super::suggest::suggestion;
use super::values::{Fault, byte_fault, fault};
use super::words;
use super::{Answer, SchemaProblem, SchemaProblemKind};
use crate::objects::{Holder, describe};
use crate::types::{self, Shape, TypeId, merge_key};

/// So many problems of one answer are reported of an object; the API server itself stops at 100.
pub const MOST: usize = 100;

/// Checks objects against the type table. Keep one and reuse it.
#[derive(Debug)]
pub struct Walker {
    /// The minor version of Kubernetes that objects are for.
    pub(super) minor: u64,
    work: Vec<Task>,
    /// The collections from the root to the one at hand.
    trail: Vec<Step>,
    keys: Keys,
    /// Targets of aliases that were walked without a problem.
    clean: HashSet<(u32, Shape)>,
    problems: Vec<SchemaProblem>,
    /// Problems by answer.
    counts: [usize; 3],
    /// Whether there were more problems than are reported.
    pub(super) cut: bool,
    /// Unknown fields are passed over.
    lenient: bool,
    /// The objects that the root holds are passed over.
    list: Option<Holder>,
}

#[derive(Clone, Copy, Debug)]
enum Task {
    /// Look into a collection.
    Visit { step: Step, depth: usize },
    /// The target of an alias has been walked, with so many problems before.
    Leave { target: u32, shape: Shape, before: usize },
}

/// What leads to a value, and what it is.
#[derive(Clone, Copy, Debug)]
struct Step {
    edge: Edge,
    /// The value, aliases resolved.
    node: u32,
    shape: Shape,
    /// Whether the API server keeps it as raw JSON, and so does not see what is odd about it.
    raw: bool,
}

#[derive(Clone, Copy, Debug)]
enum Edge {
    Root,
    /// The key's node.
    Key(u32),
    /// The position in a list.
    Item(u32),
}

fn index(node: NodeRef<'_>) -> u32 {
    node.id().index() as u32
}

impl Default for Walker {
    fn default() -> Self {
        Self::of(types::NEWEST)
    }
}

impl Walker {
    /// For objects that a minor version of Kubernetes will be given: it may serve kinds, and know fields, that the newest one does
    /// not. Those of the newest one are always known.
    pub fn of(minor: u64) -> Self {
        Self {
            minor,
            work: Vec::new(),
            trail: Vec::new(),
            keys: Keys::default(),
            clean: HashSet::new(),
            problems: Vec::new(),
            counts: [0; 3],
            cut: false,
            lenient: false,
            list: None,
        }
    }

    /// The problems of the tree at `root`, of type `id` if its kind is known.
    pub(super) fn run(
        &mut self,
        root: NodeRef<'_>,
        id: Option<TypeId>,
        lenient: bool,
        list: Option<Holder>,
    ) -> Vec<SchemaProblem> {
        let document = root.document();
        self.clean.clear();
        self.counts = [0; 3];
        self.lenient = lenient;
        self.list = list;
        let root = root.resolved();
        let shape = id.map_or(Shape::Any, Shape::Struct);
        let step = Step { edge: Edge::Root, node: index(root), shape, raw: false };
        self.work.push(Task::Visit { step, depth: 0 });
        while let Some(task) = self.work.pop() {
            match task {
                Task::Visit { step, depth } => {
                    self.trail.truncate(depth);
                    self.trail.push(step);
                    let Some(node) = document.node(step.node as usize) else { continue };
                    match node.kind() {
                        Kind::Mapping => self.mapping(node, step),
                        Kind::Sequence => self.sequence(node, step),
                        _ => {}
                    }
                }
                Task::Leave { target, shape, before } => {
                    if self.problems.len() == before {
                        self.clean.insert((target, shape));
                    }
                }
            }
        }
        self.cut |= self.counts.iter().any(|count| *count > MOST);
        self.problems.sort_by_key(|p| p.span);
        std::mem::take(&mut self.problems)
    }

    /// Checks a value; collections are put aside.
    #[inline]
    fn value(&mut self, value: NodeRef<'_>, edge: Edge, shape: Shape, raw: bool) {
        let step = |node| Step { edge, node: index(node), shape, raw };
        match (value.kind(), shape) {
            (Kind::Null, _) | (Kind::String, Shape::String | Shape::Any) | (Kind::Bool, Shape::Bool) => {}
            (Kind::Alias, _) => {
                let target = value.resolved();
                let collection = matches!(target.kind(), Kind::Mapping | Kind::Sequence);
                if collection && self.clean.contains(&(index(target), shape)) {
                    return;
                }
                if let Some(fault) = fault(target, shape) {
                    self.wrong(&fault, step(target), target);
                } else if collection {
                    let before = self.problems.len();
                    self.work.push(Task::Leave { target: index(target), shape, before });
                    self.work.push(Task::Visit { step: step(target), depth: self.trail.len() });
                }
            }
            (kind, _) => {
                if let Some(fault) = fault(value, shape) {
                    self.wrong(&fault, step(value), value);
                } else if matches!(kind, Kind::Mapping | Kind::Sequence) {
                    self.work.push(Task::Visit { step: step(value), depth: self.trail.len() });
                }
            }
        }
    }

    fn sequence(&mut self, node: NodeRef<'_>, step: Step) {
        let (shape, raw) = match step.shape {
            Shape::List(item, _) => (item.shape(), step.raw),
            Shape::OrList(id) => (Shape::Struct(id), true),
            Shape::OrStrings(_) => (Shape::String, true),
            Shape::Bytes => return self.bytes(node, step),
            _ => (Shape::Any, step.raw),
        };
        for (at, item) in node.items().enumerate() {
            self.value(item, Edge::Item(at as u32), shape, raw);
        }
    }

    fn bytes(&mut self, node: NodeRef<'_>, step: Step) {
        for (at, item) in node.items().enumerate() {
            let item = item.resolved();
            if let Some(fault) = byte_fault(item) {
                self.wrong(&fault, Step { edge: Edge::Item(at as u32), node: index(item), ..step }, item);
            }
        }
    }

    fn mapping(&mut self, node: NodeRef<'_>, step: Step) {
        if node.merges() {
            return self.assigned(node, step);
        }
        let (work, problems, counts) = (self.work.len(), self.problems.len(), self.counts);
        let clean = match step.shape {
            Shape::Struct(id) => self.fields(node, id, step.raw),
            Shape::OrBool(id) | Shape::OrList(id) | Shape::OrStrings(id) => self.fields(node, id, true),
            Shape::Map(value) => self.free(node, value.shape(), step.raw),
            // What is raw here is so because the API server keeps it as it is, but not in objects that are raw as a whole.
            _ => self.free(node, Shape::Any, step.raw || self.is_typed()),
        };
        if !clean {
            // Of equal keys in YAML only the last is ever looked at: once more, slowly.
            self.work.truncate(work);
            self.problems.truncate(problems);
            self.counts = counts;
            self.assigned(node, step);
        }
    }

    fn is_typed(&self) -> bool {
        self.trail.first().is_some_and(|root| root.shape != Shape::Any)
    }

    /// A mapping with known keys. False, having done half of the work, if a key in YAML is there twice.
    fn fields(&mut self, node: NodeRef<'_>, id: TypeId, raw: bool) -> bool {
        let json = node.document().is_json();
        let mut seen = 0_u64;
        let mut unknown = 0;
        for (key, value) in node.pairs() {
            let decoded;
            let text = if let Some(text) = key.as_str_bytes() {
                text
            } else {
                // A number or a boolean.
                let Some(text) = key.key() else { continue };
                decoded = text;
                decoded.as_bytes()
            };
            let Some(field) = id.field(text) else {
                unknown += 1;
                self.other(key, value, id, raw);
                continue;
            };
            let bit = 1 << (field.index % 64);
            if seen & bit != 0 {
                if !json {
                    return false;
                }
                self.json_duplicate(node, key, raw);
            }
            seen |= bit;
            if !self.is_skipped(text) {
                self.value(value, Edge::Key(index(key)), field.shape, raw);
            }
        }
        // The API server reports unknown fields of JSON once each, however often they are there.
        unknown < 2
            || json
            || self.keys.duplicates(node, |text| id.field(text.as_bytes()).is_none()).is_empty()
    }

    /// A mapping with free keys. False, having done nothing, if a key in YAML is there twice.
    fn free(&mut self, node: NodeRef<'_>, shape: Shape, raw: bool) -> bool {
        let duplicates = self.keys.duplicates(node, |_| true);
        if !duplicates.is_empty() {
            if !node.document().is_json() {
                return false;
            }
            self.duplicates(node.document(), &duplicates, raw);
        }
        for (key, value) in node.pairs() {
            if self.list.is_some() && key.as_str_bytes().is_some_and(|text| self.is_skipped(text)) {
                continue;
            }
            self.value(value, Edge::Key(index(key)), shape, raw);
        }
        true
    }

    /// A mapping of YAML with merge keys or equal keys: every key's last assignment.
    fn assigned(&mut self, node: NodeRef<'_>, step: Step) {
        let duplicates = self.keys.duplicates(node, |_| true);
        self.duplicates(node.document(), &duplicates, step.raw);
        let entries = || node.entries().filter_map(|(k, v)| Some((k.key()?, k, v)));
        let last: HashMap<Cow<'_, str>, u32> = entries().map(|(text, key, _)| (text, index(key))).collect();
        let mut done = HashSet::new();
        for (text, key, value) in entries() {
            if last.get(&text) != Some(&index(key))
                || self.is_skipped(text.as_bytes())
                || !done.insert(index(key))
            {
                continue;
            }
            let edge = Edge::Key(index(key));
            match step.shape {
                Shape::Struct(id) | Shape::OrBool(id) | Shape::OrList(id) | Shape::OrStrings(id) => {
                    let raw = step.raw || !matches!(step.shape, Shape::Struct(_));
                    match id.field(text.as_bytes()) {
                        Some(field) => self.value(value, edge, field.shape, raw),
                        None => self.other(key, value, id, raw),
                    }
                }
                Shape::Map(shape) => self.value(value, edge, shape.shape(), step.raw),
                _ => self.value(value, edge, Shape::Any, step.raw || self.is_typed()),
            }
        }
    }

    fn is_skipped(&self, key: &[u8]) -> bool {
        let Some(keys) = self.list.map(Holder::keys) else { return false };
        self.trail.len() == keys.len() && keys.last().is_some_and(|last| key == last.as_bytes())
    }

    /// A field given twice in JSON; the first such key is looked for only now.
    #[cold]
    fn json_duplicate(&mut self, node: NodeRef<'_>, key: NodeRef<'_>, raw: bool) {
        let text = key.key();
        let first = node.pairs().find(|(k, _)| k.key() == text);
        if let Some((first, _)) = first {
            self.duplicates(node.document(), &[(index(first), index(key))], raw);
        }
    }

    /// Reports keys that are there twice: (first, later) by node.
    fn duplicates(&mut self, document: &Document, pairs: &[(u32, u32)], raw: bool) {
        for (first, later) in pairs {
            let answer = if raw || !document.is_json() { Answer::Silent } else { Answer::Strict };
            let node = |at: &u32| document.node(*at as usize);
            if let (Some(first), Some(later)) = (node(first), node(later))
                && self.has_room(answer)
            {
                let text = later.key().unwrap_or_default();
                let step = Step { edge: Edge::Key(index(later)), node: index(later), shape: Shape::Any, raw };
                let go_path = self.go_path(document, step);
                self.problems.push(SchemaProblem {
                    kind: SchemaProblemKind::DuplicateKey { first: first.span() },
                    answer,
                    path: self.path(document, step),
                    node: later.id(),
                    span: later.span(),
                    key_span: Some(later.span()),
                    message: format!("`{text}` is already set in this mapping; only the last value counts"),
                    message_value: None,
                    reason_value: None,
                    reason: if document.is_json() {
                        format!("duplicate field {}", seawall_model::gotext::quote(&go_path))
                    } else {
                        format!("key {} already set in map", seawall_model::gotext::quote(&text))
                    },
                    go_path,
                    hint: Some("keep one of the two".to_owned()),
                    rank: Rank { goes_on: true, way: Vec::new() },
                });
            }
        }
    }

    /// A field that the newest version does not have.
    #[cold]
    fn other(&mut self, key: NodeRef<'_>, value: NodeRef<'_>, id: TypeId, raw: bool) {
        match key.key().and_then(|text| id.gone(text.as_bytes(), self.minor)) {
            Some(shape) => self.value(value, Edge::Key(index(key)), shape, raw),
            None => self.unknown(key, value, id, raw),
        }
    }

    fn unknown(&mut self, key: NodeRef<'_>, value: NodeRef<'_>, id: TypeId, raw: bool) {
        // Nobody looks into it, but what is there twice is there twice.
        self.value(value, Edge::Key(index(key)), Shape::Any, true);
        let answer = if raw { Answer::Silent } else { Answer::Strict };
        if self.lenient || !self.has_room(answer) {
            return;
        }
        let text = key.key().unwrap_or_default();
        let suggestion = suggestion(id, &text);
        let document = key.document();
        let step = Step { edge: Edge::Key(index(key)), node: index(key), shape: Shape::Any, raw };
        let go_path = self.go_path(document, step);
        let hint = suggestion.as_ref().map(|name| {
            if name.contains('.') {
                format!("it belongs into `{name}`")
            } else {
                format!("did you mean `{name}`?")
            }
        });
        self.problems.push(SchemaProblem {
            answer,
            path: self.path(document, step),
            node: key.id(),
            span: key.span(),
            key_span: Some(key.span()),
            message: format!("unknown field `{text}`; it has no effect"),
            message_value: None,
            reason: format!("unknown field {}", seawall_model::gotext::quote(&go_path)),
            reason_value: None,
            go_path,
            kind: SchemaProblemKind::UnknownField { suggestion },
            hint,
            rank: Rank { goes_on: true, way: Vec::new() },
        });
    }

    #[cold]
    fn wrong(&mut self, fault: &Fault, step: Step, node: NodeRef<'_>) {
        if !self.has_room(Answer::Refused) {
            return;
        }
        let document = node.document();
        let key = match step.edge {
            Edge::Key(at) => document.node(at as usize),
            _ => None,
        };
        let name = match step.edge {
            Edge::Key(_) => key.and_then(NodeRef::key).unwrap_or_default().into_owned(),
            Edge::Item(at) => {
                let list = self.trail.last().and_then(|s| match s.edge {
                    Edge::Key(at) => document.node(at as usize)?.key(),
                    _ => None,
                });
                format!("{}[{at}]", list.unwrap_or_default())
            }
            Edge::Root => "the object".to_owned(),
        };
        let place = self.go_place(document, step);
        let place = place.as_ref().map(|(name, fields)| (*name, fields.as_str()));
        let go_type = self.go_type(document, step);
        let kind = match fault {
            Fault::Type { .. } => SchemaProblemKind::WrongType {
                expected: words::expected(step.shape),
                found: describe(node.kind()),
            },
            Fault::Value(_) => SchemaProblemKind::InvalidValue,
        };
        let aliased = self.is_aliased(document, step);
        let (message, message_value) = words::wrong_value(&name, step.shape, node, aliased);
        let (reason, reason_value) = words::reason(fault, go_type, step.shape, place);
        self.problems.push(SchemaProblem {
            kind,
            answer: Answer::Refused,
            path: self.path(document, step),
            go_path: self.go_path(document, step),
            node: node.id(),
            span: node.span(),
            key_span: key.map(NodeRef::span),
            message,
            message_value,
            reason,
            reason_value,
            hint: words::hint(step.shape, node).map(str::to_owned),
            rank: self.rank(document, step),
        });
    }

    /// Whether an alias leads to a value, or to a collection that it is in.
    fn is_aliased(&self, document: &Document, last: Step) -> bool {
        self.steps(last).any(|(parent, step)| {
            let parent = document.node(parent.node as usize);
            let direct = match step.edge {
                Edge::Root => true,
                Edge::Key(at) => parent.is_some_and(|p| {
                    p.pairs().any(|(key, value)| index(key) == at && index(value) == step.node)
                }),
                Edge::Item(at) => parent
                    .is_some_and(|p| p.items().nth(at as usize).is_some_and(|item| index(item) == step.node)),
            };
            !direct
        })
    }

    fn has_room(&mut self, answer: Answer) -> bool {
        let count = &mut self.counts[answer as usize];
        *count += 1;
        *count <= MOST
    }

    /// The steps from below the root to `last`.
    fn steps(&self, last: Step) -> impl Iterator<Item = (Step, Step)> {
        let ends = self.trail.iter().skip(1).copied().chain([last]);
        self.trail.iter().copied().zip(ends)
    }

    fn path(&self, document: &Document, last: Step) -> FieldPath {
        self.steps(last).fold(FieldPath::root(), |path, (parent, step)| match step.edge {
            Edge::Root => path,
            Edge::Key(at) => path.key(document.node(at as usize).and_then(NodeRef::key).unwrap_or_default()),
            Edge::Item(at) => match item_key(document, parent, at) {
                Some((key, value)) => path.item(key, value),
                None => path.index(at as usize),
            },
        })
    }

    fn go_path(&self, document: &Document, last: Step) -> String {
        let mut path = String::new();
        for (_, step) in self.steps(last) {
            match step.edge {
                Edge::Root => {}
                Edge::Key(at) => {
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(&document.node(at as usize).and_then(NodeRef::key).unwrap_or_default());
                }
                Edge::Item(at) => {
                    path.push('[');
                    path.push_str(&at.to_string());
                    path.push(']');
                }
            }
        }
        path
    }

    /// When the API server's decoder meets a wrong value.
    fn rank(&self, document: &Document, last: Step) -> Rank {
        let own_decoder = matches!(
            last.shape,
            Shape::Quantity | Shape::IntOrString | Shape::Time | Shape::MicroTime | Shape::OrBool(_)
        );
        let node = |at: u32| document.node(at as usize);
        let way = if document.is_json() {
            vec![rank::Step::At(node(last.node).map_or(0, |n| n.span().start))]
        } else {
            let steps = self.steps(last).filter_map(|(_, step)| match step.edge {
                Edge::Root => None,
                Edge::Key(at) => Some(rank::Step::Key(node(at)?.key()?.into())),
                Edge::Item(at) => Some(rank::Step::At(at)),
            });
            steps.collect()
        };
        Rank { goes_on: !own_decoder, way }
    }

    /// The Go type of a value where it is not what `OpenAPI` makes believe.
    fn go_type(&self, document: &Document, last: Step) -> Option<&'static str> {
        let mut go_type: Option<&'static str> = None;
        for (parent, step) in self.steps(last) {
            go_type = match (parent.shape, step.edge) {
                (Shape::Struct(id), Edge::Key(at)) => {
                    let key = document.node(at as usize).and_then(NodeRef::key)?;
                    id.go_field(key.as_bytes()).0
                }
                (Shape::List(..), Edge::Item(_)) => go_type.and_then(|t| t.strip_prefix("[]")),
                (Shape::Map(_), Edge::Key(_)) => {
                    go_type.and_then(|t| t.strip_prefix("map[")?.split_once(']').map(|(_, value)| value))
                }
                _ => None,
            };
        }
        go_type.map(|t| t.strip_prefix('*').unwrap_or(t))
    }

    /// The innermost Go struct around a value and the struct fields that lead to it, in which Go leaves out positions and
    /// free keys, and puts in the structs that it embeds.
    fn go_place(&self, document: &Document, last: Step) -> Option<(&'static str, String)> {
        let mut place: Option<(&'static str, String)> = None;
        for (parent, step) in self.steps(last) {
            if let (Shape::Struct(id), Edge::Key(at)) = (parent.shape, step.edge) {
                let key = document.node(at as usize).and_then(NodeRef::key).unwrap_or_default();
                let mut fields = place.map(|(_, fields)| fields + ".").unwrap_or_default();
                if let Some(embedded) = id.go_field(key.as_bytes()).1 {
                    fields = fields + embedded + ".";
                }
                place = Some((id.go_struct(), fields + &key));
            }
        }
        place
    }
}

/// The merge key of a list's item and its value, if no earlier item has the same.
fn item_key<'d>(document: &'d Document, list: Step, at: u32) -> Option<(&'static str, Cow<'d, str>)> {
    let Shape::List(_, key) = list.shape else { return None };
    let key = merge_key(key)?;
    let list = document.node(list.node as usize)?;
    let value = |item: NodeRef<'d>| item.get(key).and_then(NodeRef::key);
    let own = value(list.items().nth(at as usize)?)?;
    let taken = list.items().take(at as usize).any(|earlier| value(earlier).is_some_and(|v| v == own));
    (!taken).then_some((key, own))
}
