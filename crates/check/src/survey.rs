//! Phase one: what is in a file, in as few bytes as the judgement needs.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use seawall_finding::exception::{Exception, ExceptionPolicy};
use seawall_hardening::{Fact, Mask, Twins};
use seawall_manifest::defaults::{self, Defaults};
use seawall_manifest::objects::Object;
use seawall_manifest::schema::{self, Definition, Definitions, SchemaProblem, Walker};
use seawall_manifest::workload::{self, ConfiguredEntry, Template};
use seawall_model::WorkloadKind;
use seawall_model::decode::DecodeError;
use seawall_model::pod::Pod;
use seawall_pss::Faults;
use seawall_yaml::{Document, Entry, LineIndex, LineStarts, ListItem, Problem, Reader, Span};
use thin_vec::ThinVec;

use crate::encrypted;
use crate::exceptions::{Declaration, Declared, Exceptions, declaration, holding, unknown};
use crate::foreign::is_foreign;
use crate::harden;
use crate::ignore::{IgnoredObject, carries_ignores};
use crate::levels::NamespaceObject;
use crate::live::{Live, live, managed_by, scc, served_scc};
use crate::locate::{first_token, region};
use crate::namespace;
use crate::options::Options;
use crate::reach::Home;
use crate::record::Region;

/// A file that is being looked at.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Its name for records.
    pub file: &'a Arc<str>,
    /// Its bytes.
    pub bytes: &'a Arc<[u8]>,
    /// Whether it was met in a directory, not named: what is no manifest is a notice then, not an error.
    pub walked: bool,
    /// Where its lines start ([`LineIndex::with`]), if that is known.
    pub lines: Option<&'a LineStarts>,
    /// The Helm chart that it belongs to.
    pub chart: Option<&'a str>,
    /// Its path from the directory of the configuration file.
    pub path: &'a str,
    /// The scope that it belongs to; 0 for none.
    pub scope: u16,
    /// The name of that scope; empty for none.
    pub scope_name: &'a str,
    /// Whether its objects come from a cluster; then how many lines of the snapshot are in front of it.
    pub live: Option<u32>,
}

impl<'a> Source<'a> {
    /// A file that was named, outside of any chart and scope.
    pub fn named(file: &'a Arc<str>, bytes: &'a Arc<[u8]>) -> Self {
        Self {
            file,
            bytes,
            walked: false,
            lines: None,
            chart: None,
            path: file,
            scope: 0,
            scope_name: "",
            live: None,
        }
    }
}

/// What stays of a file after phase one.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// Documents with content.
    pub documents: u32,
    /// Objects, lists expanded.
    pub objects: u32,
    /// Its workloads in order.
    pub workloads: ThinVec<Seen>,
    /// What checks of several objects have to know of its objects.
    pub facts: ThinVec<Fact>,
    /// The documents that hold workloads, or of which something has to be said besides verdicts.
    pub places: ThinVec<Place>,
    /// Apart, as surveys of all files are held at once.
    rare: Option<Box<Rare>>,
}

/// What few files have.
#[derive(Clone, Debug, Default)]
pub struct Rare {
    /// What else is known of its workloads, where they come from a cluster.
    pub(crate) live: Vec<Live>,
    /// Namespaces and the security context constraints by which pods were let in there: how many.
    pub(crate) sccs: BTreeMap<(Box<str>, Box<str>), u64>,
    /// The security context constraints in it.
    pub(crate) served_sccs: Vec<Box<str>>,
    /// Its Namespace objects in order.
    pub namespaces: Vec<NamespaceObject>,
    /// What operators declare in it.
    pub operators: Operators,
    /// Kinds of objects that look like workloads and that nobody described.
    pub unknown: Vec<UnknownKind>,
    /// Whether something in it should be an object and is none.
    pub rejects: bool,
    /// Definitions of custom resources, where objects are held against them.
    pub definitions: Vec<Definition>,
    /// What could not be read.
    pub problems: Vec<Unread>,
    /// The objects that it holds more than once.
    twins: Twins,
}

impl Survey {
    /// What few files have; `None` for the many.
    pub fn rare(&self) -> Option<&Rare> {
        self.rare.as_deref()
    }

    /// What could not be read.
    pub fn problems(&self) -> &[Unread] {
        self.rare().map_or(&[], |rare| &rare.problems)
    }

    /// The objects that it holds more than once.
    pub(crate) fn twins(&self) -> &Twins {
        static NONE: LazyLock<Twins> = LazyLock::new(Twins::default);
        self.rare().map_or(&NONE, |rare| &rare.twins)
    }

    /// Its Namespace objects in order.
    pub fn namespaces(&self) -> &[NamespaceObject] {
        self.rare().map_or(&[], |rare| &rare.namespaces)
    }

    /// Its definitions of custom resources, which it then has no more.
    pub fn take_definitions(&mut self) -> Vec<Definition> {
        self.rare.as_mut().map(|rare| std::mem::take(&mut rare.definitions)).unwrap_or_default()
    }

    /// What else is known of its workloads, which it then does not know any more.
    pub(crate) fn take_live(&mut self) -> Vec<Live> {
        self.rare.as_mut().map(|rare| std::mem::take(&mut rare.live)).unwrap_or_default()
    }

    /// The security context constraints in it.
    pub(crate) fn served_sccs(&self) -> impl Iterator<Item = &str> {
        self.rare().into_iter().flat_map(|rare| &rare.served_sccs).map(|name| &**name)
    }

    fn rare_mut(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }
}

/// A document, or a part of one, that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// The position in the file that the document would have.
    pub index: u32,
    /// Why.
    pub problem: Problem,
    /// Whether a directory happened to hold it and nothing in it speaks of a Kubernetes object: it is passed over then.
    pub foreign: bool,
}

/// A kind that looks like a workload and that nobody described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownKind {
    /// Its apiVersion.
    pub api_version: String,
    /// Its kind.
    pub kind: String,
    /// What a configuration would have to say; empty where that cannot be said.
    pub entries: Vec<ConfiguredEntry>,
}

/// Exceptions and their policies, in the order of the file.
#[derive(Clone, Debug, Default)]
pub struct Operators {
    /// `PodSecurityException` objects.
    pub exceptions: Vec<Declared<Exception>>,
    /// `PodSecurityExceptionPolicy` objects.
    pub policies: Vec<Declared<ExceptionPolicy>>,
}

impl Operators {
    fn add(&mut self, declaration: Declaration, scope: u16, file: Arc<str>, region: Region) {
        match declaration {
            Declaration::Exception(what) => self.exceptions.push(Declared { what, scope, file, region }),
            Declaration::Policy(what) => self.policies.push(Declared { what, scope, file, region }),
        }
    }
}

/// A document that is worth reading again.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its position in the file.
    pub index: u32,
    /// Its bytes.
    pub range: Span,
    /// Whether it is read by JSON's rules.
    pub json: bool,
    /// Its place, if it was cut out of a list.
    pub item: Option<ListItem>,
    /// How many of the file's workloads are in it.
    pub workloads: u32,
    /// Whether something has to be said besides verdicts: schema findings, documents that are no objects.
    pub speaks: bool,
    /// The checks beyond the standard that have something to say of its objects by themselves.
    pub speaking: Mask,
    /// Whether checks of several objects look at one of them.
    pub concerned: bool,
    /// How many of the file's facts are of its objects.
    pub facts: u32,
}

/// Documents of a small file that are kept from one look at it to the next, by their positions.
#[derive(Debug, Default)]
pub(crate) struct Documents(Option<BTreeMap<u32, Document>>);

impl Documents {
    /// Bytes of files whose documents are kept.
    const SMALL: usize = 1 << 20;

    /// Keeps nothing.
    pub(crate) const fn none() -> Self {
        Self(None)
    }

    /// Keeps those of a file, if it is small.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self((bytes.len() < Self::SMALL).then(BTreeMap::new))
    }

    /// The document at a place, which is read if it is not here; it is here no more.
    pub(crate) fn take(&mut self, place: &Place, reader: &mut Reader) -> Option<Document> {
        let kept =
            self.0.as_mut().filter(|_| place.item.is_none()).and_then(|kept| kept.remove(&place.index));
        kept.or_else(|| reader.reread(place.range, place.json, place.item.clone()))
    }

    /// Keeps the document at a place, or gives its memory back.
    pub(crate) fn keep(&mut self, place: &Place, document: Document, reader: &mut Reader) {
        match &mut self.0 {
            Some(kept) if place.item.is_none() => drop(kept.insert(place.index, document)),
            _ => reader.recycle(document),
        }
    }
}

/// A workload after phase one.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Its namespace; empty where none is written.
    pub namespace: Box<str>,
    /// What its pods fail, as the API server would make them.
    pub pod: Faults,
    /// What its template fails as it stands; the same as `pod` for pods.
    pub template: Faults,
    /// Whether it is a template.
    pub is_template: bool,
    /// Whether the API server would refuse the object.
    pub refused: bool,
    /// Whether another workload of the run speaks for it: it is not judged by itself.
    pub covered: bool,
    /// What pod and template fail where exceptions hold for them.
    pub excepted: Option<Box<[Faults; 2]>>,
}

impl Seen {
    /// What pod and template fail when exceptions are taken into account.
    pub fn faults(&self) -> [Faults; 2] {
        self.excepted.as_deref().copied().unwrap_or([self.pod, self.template])
    }
}

/// Files of so many bytes may hold very many documents.
const LARGE: usize = 1 << 16;

impl Survey {
    /// Makes room for what is in so many documents: lists that grow would be held twice each time. What is not used of it is never
    /// touched, and given back in the end.
    fn reserve(&mut self, documents: usize) {
        self.places.reserve(documents);
        self.workloads.reserve(documents);
        self.facts.reserve(documents);
    }

    fn add_unknown(&mut self, object: &Object<'_>) {
        // A mistake in a name is not to be configured.
        if workload::is_misnamed(object) {
            return;
        }
        let entries = workload::likely_entries(object);
        let same = |u: &&mut UnknownKind| u.api_version == object.api_version && u.kind == object.kind;
        let unknown = &mut self.rare_mut().unknown;
        match unknown.iter_mut().find(same) {
            Some(known) => {
                let new: Vec<_> = entries.into_iter().filter(|e| !known.entries.contains(e)).collect();
                known.entries.extend(new);
            }
            None => unknown.push(UnknownKind {
                api_version: object.api_version.to_owned(),
                kind: object.kind.to_owned(),
                entries,
            }),
        }
    }
}

/// One pod or pod template with the verdicts on it.
pub(crate) struct Judged<'d> {
    pub(crate) template: Template<'d>,
    /// As its pods would be when admission sees them; why not, if the object does not decode.
    pub(crate) pod: Result<Pod<'d>, DecodeError>,
    /// As the template stands when admission sees it, where its pods differ.
    pub(crate) as_template: Option<Pod<'d>>,
    /// What is wrong with the pod of a custom resource, whose own schema is not known.
    pub(crate) problems: Vec<SchemaProblem>,
}

impl<'d> Judged<'d> {
    fn new(template: Template<'d>, options: &Options) -> Self {
        let mut pod = match template.pod() {
            Ok(pod) => pod,
            Err(error) => {
                return Self { template, pod: Err(error), as_template: None, problems: Vec::new() };
            }
        };
        let mut as_template = None;
        if options.defaults {
            defaults::apply(&mut pod, Defaults::Template, options.kubernetes);
            // Copied only where the pods may come to differ.
            let before = (template.kind == WorkloadKind::Template && may_differ(&pod)).then(|| pod.clone());
            let applied = defaults::apply(&mut pod, Defaults::Pod, options.kubernetes);
            as_template = before.filter(|_| applied.host_ports || applied.app_armor);
        }
        Self { template, pod: Ok(pod), as_template, problems: Vec::new() }
    }

    /// Lets go of what was looked at, as the checks beyond the standard have views of their own and pods may be large.
    pub(crate) fn forget(&mut self) {
        self.pod = self.pod.as_ref().map(|_| Pod::default()).map_err(Clone::clone);
        self.as_template = None;
    }

    /// What its pods fail, and what the template fails.
    pub(crate) fn faults(&self) -> [Faults; 2] {
        self.faults_by(seawall_pss::evaluate)
    }

    fn faults_by(&self, evaluate: impl Fn(&Pod<'_>) -> Faults) -> [Faults; 2] {
        let pod = self.pod.as_ref().map_or(Faults::NONE, &evaluate);
        [pod, self.as_template.as_ref().map_or(pod, evaluate)]
    }
}

/// Whether there is anything that the API server defaults in pods and not in templates.
fn may_differ(pod: &Pod<'_>) -> bool {
    pod.spec.host_network
        || pod.metadata.annotations.iter().any(|(key, _)| key.starts_with(defaults::APP_ARMOR_PREFIX))
}

/// An object with what its schema says and its pods.
pub(crate) struct Examined<'d> {
    pub(crate) object: Object<'d>,
    pub(crate) problems: Vec<SchemaProblem>,
    pub(crate) judged: Vec<Judged<'d>>,
}

impl Examined<'_> {
    /// Whether the API server would refuse the object, or this pod of it cannot be judged.
    pub(crate) fn refused(&self, judged: &Judged<'_>) -> bool {
        schema::refused(&self.problems) || judged.pod.is_err()
    }
}

/// Looks at one object: schema, templates, defaults. Without a walker its schema is known to be fine.
pub(crate) fn examine<'d>(
    object: Object<'d>,
    walker: Option<&mut Walker>,
    options: &Options,
) -> Examined<'d> {
    let templates = workload::templates(&object, &options.custom_resources);
    let mut judged: Vec<_> = templates.into_iter().map(|template| Judged::new(template, options)).collect();
    let mut problems = Vec::new();
    if let Some(walker) = walker {
        problems = walker.check(&object);
        for judged in judged.iter_mut().filter(|judged| judged.template.custom) {
            let wrong = judged.pod.as_ref().err().map(|error| error.offset);
            judged.problems = walker.check_template(&judged.template, wrong);
        }
    }
    if encrypted::is_encrypted(&object) {
        encrypted::forgive(&object, &mut problems);
        // What its pods will be is not known.
        if judged.iter().any(|judged| judged.pod.is_err()) {
            judged.clear();
        }
    }
    Examined { object, problems, judged }
}

/// What is in a file.
pub fn survey(source: Source<'_>, options: &Options) -> Survey {
    survey_read(source, options, Vec::new(), &mut Documents::none())
}

/// As [`survey`]; those of its documents that were [read fast](Document::is_plain) already need not be read again, and those
/// at its places are kept.
pub(crate) fn survey_read(
    source: Source<'_>,
    options: &Options,
    read: Vec<Document>,
    documents: &mut Documents,
) -> Survey {
    let mut read: BTreeMap<Span, Document> =
        read.into_iter().map(|document| (document.range(), document)).collect();
    let mut survey = Survey::default();
    let mut walker = Walker::of(options.kubernetes);
    let mut lines = None;
    let mut reader =
        Reader::new(source.bytes.clone(), seawall_yaml::Limits::default()).by_items(options.cut_lists_from);
    if source.bytes.len() >= LARGE {
        survey.reserve(reader.likely_documents());
    }
    loop {
        let entry = match reader.pass_known(|range| read.contains_key(&range)) {
            Some((index, range)) => {
                Some(Entry { index, range, document: read.remove(&range), problems: Vec::new() })
            }
            None => reader.next(),
        };
        let Some(entry) = entry else { break };
        let (index, range) = (entry.index, entry.range);
        let text = source.bytes.get(range.range()).unwrap_or_default();
        for problem in entry.problems {
            let foreign = source.walked && is_foreign(&problem, text);
            survey.rare_mut().problems.push(Unread { index, problem, foreign });
        }
        let Some(document) = entry.document else { continue };
        let first = document.list_item().is_none_or(|item| item.position == 0);
        survey.documents += u32::from(first);
        if first && document.list_item().is_some() {
            survey.reserve(reader.items_left());
        }
        let (before, known) = (survey.workloads.len(), survey.facts.len());
        let (speaks, speaking) =
            survey_document(&document, source, &mut lines, &mut walker, options, &mut survey);
        let workloads = (survey.workloads.len() - before) as u32;
        let facts = (survey.facts.len() - known) as u32;
        if speaks || !speaking.is_empty() || workloads > 0 || facts > 0 {
            let (range, json, item) = (document.range(), document.is_json(), document.list_item().cloned());
            let place = Place {
                index: entry.index,
                range,
                json,
                item,
                workloads,
                speaks,
                speaking,
                concerned: false,
                facts,
            };
            documents.keep(&place, document, &mut reader);
            survey.places.push(place);
        } else {
            reader.recycle(document);
        }
    }
    find_twins(&mut survey);
    // Surveys of all files are held at once.
    survey.workloads.shrink_to_fit();
    survey.places.shrink_to_fit();
    survey.facts.shrink_to_fit();
    survey
}

/// Marks the documents that hold objects which the file holds more than once.
fn find_twins(survey: &mut Survey) {
    let twins = Twins::of(&mut survey.facts);
    if twins.is_empty() {
        return;
    }
    let mut facts = survey.facts.iter();
    for place in &mut survey.places {
        let mine = facts.by_ref().take(place.facts as usize);
        place.concerned |= mine.filter(|fact| twins.holds(fact)).count() > 0;
    }
    survey.rare_mut().twins = twins;
}

/// What pods and templates of a file fail where exceptions hold for them, by the position of the workload.
pub fn excepted(
    source: Source<'_>,
    survey: &Survey,
    exceptions: &Exceptions,
    options: &Options,
) -> Vec<(usize, [Faults; 2])> {
    let mut out = Vec::new();
    let mut reader = Reader::new(source.bytes.clone(), seawall_yaml::Limits::default());
    let mut position = 0;
    for place in survey.places.iter().filter(|place| place.workloads > 0) {
        let Some(document) = reader.reread(place.range, place.json, place.item.clone()) else { return out };
        for object in seawall_manifest::objects::objects(&document).objects {
            let examined = examine(object, None, options);
            for judged in &examined.judged {
                let mine = exceptions.of(source.scope, &examined.object, &judged.template);
                if !mine.is_empty() {
                    let evaluate = |pod: &Pod<'_>| {
                        seawall_pss::evaluate_except(pod, &|rule, offender| {
                            let container = offender.container().map(|_| offender.name);
                            holding(&mine, rule, container, &offender.subject(pod), options.today)
                                .next()
                                .is_some()
                        })
                    };
                    out.push((position, judged.faults_by(evaluate)));
                }
                position += 1;
            }
        }
        reader.recycle(document);
    }
    out
}

fn survey_document<'a>(
    document: &Document,
    source: Source<'a>,
    lines: &mut Option<LineIndex<'a>>,
    walker: &mut Walker,
    options: &Options,
    survey: &mut Survey,
) -> (bool, Mask) {
    let read = seawall_manifest::objects::objects(document);
    if read.rejects.iter().any(|reject| !(source.walked && reject.kind.is_foreign())) {
        survey.rare_mut().rejects = true;
    }
    let mut speaks = !read.rejects.is_empty()
        || carries_ignores(document, options)
        || read.lists.iter().any(|(_, l)| !walker.check_list(l).is_empty());
    let mut speaking = Mask::default();
    for (_, list) in &read.lists {
        meet(list, false, source, options);
    }
    for object in read.objects {
        survey.objects += 1;
        if let Some(declared) = declaration(&object) {
            let lines = lines.get_or_insert_with(|| LineIndex::new(source.bytes));
            let (scope, file) = (source.scope, source.file.clone());
            let region = region(lines, first_token(object.node));
            match declared {
                Ok(what) => survey.rare_mut().operators.add(what, scope, file, region),
                Err(_) => speaks = true,
            }
        }
        speaks |= unknown(&object).is_some() || encrypted::is_encrypted(&object);
        // One without a name gets its name later, or none: it is nobody's, least of all that of workloads without one.
        let is_namespace = namespace::is_namespace(&object);
        speaks |= is_namespace && namespace::is_wrong(&object, options);
        if is_namespace && !object.name.is_empty() {
            let lines = lines.get_or_insert_with(|| LineIndex::new(source.bytes));
            survey.rare_mut().namespaces.push(namespace(&object, source, lines));
        }
        if source.live.is_some() {
            if let Some(scc) = scc(&object) {
                let at = (object.namespace.into(), scc.into());
                *survey.rare_mut().sccs.entry(at).or_default() += 1;
            }
            survey.rare_mut().served_sccs.extend(served_scc(&object).map(Into::into));
        }
        let mut examined = examine(object, Some(walker), options);
        speaks |= !examined.problems.is_empty()
            || examined.judged.iter().any(|judged| !judged.problems.is_empty())
            || workload::is_misplaced(&examined.object)
            || workload::finds_nothing(&examined.object, &options.custom_resources).is_some();
        // Definitions may come later than what they define.
        speaks |= options.schema
            && (!is_built_in(&examined.object, options) || strict_problems(&examined.object, options));
        if let Some(definition) = options.schema.then(|| Definition::of(&examined.object)).flatten() {
            speaks |= !definition.unheld().is_empty();
            survey.rare_mut().definitions.push(definition);
        }
        if workload::looks_like_workload(&examined.object, &options.custom_resources).is_some() {
            speaks = true;
            survey.add_unknown(&examined.object);
        }
        let is_judged = examined.judged.iter().any(|judged| !examined.refused(judged));
        meet(&examined.object, is_judged, source, options);
        speaks |= !options.hardening.enabled.is_empty() && harden::is_part(&examined.judged);
        for judged in &examined.judged {
            speaks |= workload::lacks_template(&examined.object, &judged.template);
            let [pod, template] = judged.faults();
            survey.workloads.push(Seen {
                namespace: examined.object.namespace.into(),
                pod,
                template,
                is_template: judged.template.kind == WorkloadKind::Template,
                refused: examined.refused(judged),
                covered: false,
                excepted: None,
            });
            if source.live.is_some() {
                survey.rare_mut().live.push(live(&examined.object, judged.pod.as_ref().ok()));
            }
        }
        examined.judged.iter_mut().for_each(Judged::forget);
        speaking = speaking.join(harden::survey(&examined, &source, options, &mut survey.facts));
    }
    (speaks, speaking)
}

/// Whether the schema of a built-in kind has something against an object.
fn strict_problems(object: &Object<'_>, options: &Options) -> bool {
    let held = schema::strict(object, options.kubernetes, &Definitions::default());
    !held.problems.is_empty() || !held.complete
}

/// Whether an object is of a kind that Kubernetes itself has, in the target version or later.
pub(crate) fn is_built_in(object: &Object<'_>, options: &Options) -> bool {
    let served = seawall_manifest::types::served_in(object.api_version, object.kind);
    served.is_some_and(|served| options.kubernetes <= *served.end())
}

/// Tells the ignores of an object, and whether pods of it will be judged.
fn meet(object: &Object<'_>, pods: bool, source: Source<'_>, options: &Options) {
    if !options.ignores.is_empty() {
        let home = Home { scope: source.scope, namespace: object.namespace.into(), pods };
        let (path, scope) = (source.path, source.scope_name);
        options.ignores.meet(&IgnoredObject { path, scope, id: &object.id() }, &home);
    }
}

fn namespace(object: &Object<'_>, source: Source<'_>, lines: &LineIndex<'_>) -> NamespaceObject {
    NamespaceObject {
        name: object.name.to_owned(),
        labels: namespace::labels(object),
        managed_by: managed_by(object),
        scope: source.scope,
        file: source.file.clone(),
        region: region(lines, first_token(object.node)),
    }
}
