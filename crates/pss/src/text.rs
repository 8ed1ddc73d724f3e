//! Parts that the reference's sentences share.

use std::collections::BTreeSet;

use seawall_model::gotext::{plural, quote, quoted_list};
use seawall_model::pod::ContainerClass;

use crate::offender::{Offender, Site, Value};

/// The names of the containers among the offenders, each container once, as often as a name occurs.
pub(crate) fn container_names<'o, 'p: 'o>(
    offenders: impl IntoIterator<Item = &'o Offender<'p>, IntoIter: Clone>,
) -> impl Iterator<Item = &'p str> + Clone {
    let mut last = None;
    let in_containers = offenders.into_iter().filter(|o| o.container().is_some());
    in_containers.filter(move |o| last.replace(o.site) != Some(o.site)).map(|o| o.name)
}

/// `container "a"`, `containers "a", "b"`; `None` if no container offends.
pub(crate) fn containers<'o, 'p: 'o>(
    offenders: impl IntoIterator<Item = &'o Offender<'p>, IntoIter: Clone>,
) -> Option<String> {
    let names = container_names(offenders);
    let noun = match names.clone().take(2).count() {
        0 => return None,
        count => plural("container", "containers", count),
    };
    Some(format!("{noun} {}", quoted_list(names)))
}

/// `pod and containers "a", "b"`: who sets something, annotations left out.
pub(crate) fn setters(offenders: &[Offender<'_>]) -> String {
    let pod = offenders.iter().any(|o| o.site == Site::Pod).then(|| "pod".to_owned());
    let all: Vec<String> = pod.into_iter().chain(containers(offenders)).collect();
    all.join(" and ")
}

/// The distinct texts found, in byte order.
pub(crate) fn texts<'o, 'p: 'o>(offenders: impl IntoIterator<Item = &'o Offender<'p>>) -> BTreeSet<&'p str> {
    // One by one: collected, all are sorted at once, and most are the same.
    let mut texts = BTreeSet::new();
    texts.extend(offenders.into_iter().map(Offender::text));
    texts
}

/// The distinct texts found, quoted.
pub(crate) fn quoted_texts<'o, 'p: 'o>(offenders: impl IntoIterator<Item = &'o Offender<'p>>) -> String {
    quoted_list(&texts(offenders))
}

/// What a person calls the offender's place: `container "app"`, `init container "setup"`, `the pod`.
pub(crate) fn place(offender: &Offender<'_>) -> String {
    let class = match offender.container() {
        None => return "the pod".to_owned(),
        Some((ContainerClass::Init, _)) => "init container",
        Some((ContainerClass::Main, _)) => "container",
        Some((ContainerClass::Ephemeral, _)) => "ephemeral container",
    };
    format!("{class} {}", quote(offender.name))
}

/// The distinct texts of references to offenders, quoted as in `"a", "b"`.
pub(crate) fn listed(offenders: &[&Offender<'_>]) -> String {
    let texts: BTreeSet<&str> = offenders.iter().map(|o| o.text()).collect();
    let quoted: Vec<String> = texts.into_iter().map(quote).collect();
    quoted.join(", ")
}

/// The names of references to offenders, quoted, in their order.
pub(crate) fn names(offenders: &[&Offender<'_>]) -> String {
    let quoted: Vec<String> = offenders.iter().map(|o| quote(o.name)).collect();
    quoted.join(", ")
}

/// The offenders that set something, without those that leave it out.
pub(crate) fn explicit<'p>(offenders: &[Offender<'p>]) -> Vec<Offender<'p>> {
    offenders.iter().filter(|o| o.value != Value::Missing).copied().collect()
}
