//! `seawall uninstall`: what goes with the webhook, and the commands that remove it.

use std::io::{self, BufWriter, Write as _};

use seawall_admission::{Configuration, GOAL_LABEL, MUTATE_LABEL};
use seawall_check::shell_word;
use seawall_cluster::{Cluster, Collection, Listed, Page};
use seawall_model::review::{PartialObject, PartialObjectList};
use seawall_model::{Level, json};
use seawall_report::visible;

use crate::cli::UninstallArgs;
use crate::live;
use crate::terminal::Failure;

/// The label of the built-in admission, which holds without the webhook.
const BUILT_IN: &str = "pod-security.kubernetes.io/enforce";

/// The label of namespaces whose pods are refused where no replica answers.
const FAIL_CLOSED: &str = "seawall.dev/fail-closed";

/// The namespaces that the webhook is not asked about, beside its own.
const LEFT_ALONE: [&str; 2] = ["kube-node-lease", "kube-system"];

/// Items of a page.
const PAGE: usize = 500;

/// The commands that remove what `seawall install` prints, in their order; the API server asks nobody from the first on.
const REMOVAL: [&str; 7] = [
    "delete validatingwebhookconfiguration seawall",
    "delete mutatingwebhookconfiguration seawall --ignore-not-found",
    "delete namespace ${namespace}",
    "delete validatingadmissionpolicybinding,validatingadmissionpolicy seawall-namespaces",
    "delete clusterrolebinding seawall-webhook",
    "delete clusterrole seawall-webhook seawall-break-glass seawall-exceptions-editor seawall-exceptions-viewer",
    "delete customresourcedefinition podsecurityexceptions.seawall.dev podsecurityexceptionpolicies.seawall.dev podsecuritybreakglasses.seawall.dev",
];

/// The commands that remove what `seawall install --guard-labels` adds.
const GUARD_REMOVAL: [&str; 2] = [
    "delete validatingadmissionpolicybinding,validatingadmissionpolicy seawall-guard-labels",
    "delete clusterrole seawall-levels-lowerer",
];

/// A namespace that is less protected without the webhook.
#[derive(Debug, PartialEq, Eq)]
struct Loss {
    name: String,
    with: Level,
    without: Level,
    /// Whether no label says the level, but the configuration of the webhook.
    by_default: bool,
}

/// Says what removing means; the exit status: 1 if a namespace loses protection, else 0.
pub(crate) fn run(args: &UninstallArgs) -> Result<u8, Failure> {
    let whom = live::as_whom(&args.cluster);
    let cluster = live::connect(&args.cluster, false)?;
    let (configuration, unseen) = configuration(&cluster, &args.namespace)?;
    let (mut losses, mut count, mut unread) = (Vec::new(), 0, None);
    let found =
        list(&cluster, "namespaces", None, |page| match json::decode::<PartialObjectList<'_>>(&page.json) {
            Ok(list) => {
                count += list.items.len();
                let ours = |namespace: &&PartialObject<'_>| *namespace.metadata.name != *args.namespace;
                losses.extend(
                    list.items.iter().filter(ours).filter_map(|namespace| loss_of(namespace, &configuration)),
                );
            }
            Err(error) => unread = Some(error.to_string()),
        })?;
    if let Some(problem) = found.or(unread) {
        let hint = format!("kubectl auth can-i list namespaces{whom}");
        return Err(Failure::Usage(format!("namespaces could not be read: {problem}"), Some(hint)));
    }
    losses.sort_by(|a, b| a.name.cmp(&b.name));
    let mut out = BufWriter::new(io::stdout().lock());
    write(&losses, count, unseen.as_deref(), &args.namespace, &whom, &mut out)?;
    out.flush()?;
    Ok(u8::from(!losses.is_empty()))
}

/// Hands on the pages of a list; why it may not be seen, if so.
fn list(
    cluster: &Cluster,
    resource: &str,
    namespace: Option<&str>,
    each: impl FnMut(Page),
) -> Result<Option<String>, Failure> {
    let collection = Collection { api_version: "v1", resource, namespace, selector: "" };
    match cluster.list(collection, PAGE, each) {
        Ok(Listed::Whole { .. }) => Ok(None),
        Ok(Listed::Forbidden { message }) => Ok(Some(message)),
        Ok(Listed::NotServed) => Ok(Some(format!("the API server has no {resource}"))),
        Err(error) => Err(Failure::Usage(error.to_string(), None)),
    }
}

/// The configuration of the webhook, and why it is not known, if so.
fn configuration(cluster: &Cluster, namespace: &str) -> Result<(Configuration, Option<String>), Failure> {
    let mut text = None;
    let unseen = list(cluster, "configmaps", Some(namespace), |page| {
        text = text.take().or_else(|| text_of(page.json));
    })?;
    let Some(text) = text else {
        let why =
            unseen.unwrap_or_else(|| format!("there is no ConfigMap `seawall` in namespace `{namespace}`"));
        return Ok((Configuration::default(), Some(why)));
    };
    match Configuration::read(text.as_bytes()) {
        Ok(configuration) => Ok((configuration, None)),
        Err(error) => Ok((Configuration::default(), Some(error.to_string()))),
    }
}

/// What the `ConfigMap` of the webhook holds, if it is in a list.
fn text_of(list: Vec<u8>) -> Option<String> {
    for entry in seawall_yaml::read(list) {
        let Some(document) = entry.document else { continue };
        let root = document.root();
        // Large lists come item by item.
        let items: Vec<_> = root.get("items").map_or_else(|| vec![root], |items| items.items().collect());
        for item in items {
            let name = item
                .get("metadata")
                .and_then(|metadata| metadata.get("name"))
                .and_then(seawall_yaml::NodeRef::as_str);
            if name == Some("seawall") {
                return item.get("data")?.get("podsecurity.yaml")?.as_str().map(str::to_owned);
            }
        }
    }
    None
}

/// What a namespace loses, if anything.
fn loss_of(namespace: &PartialObject<'_>, configuration: &Configuration) -> Option<Loss> {
    let name = &*namespace.metadata.name;
    if LEFT_ALONE.contains(&name) {
        return None;
    }
    let labels = namespace.metadata.labels.iter().map(|(key, value)| (&**key, &**value));
    let by_default = labels.clone().all(|(key, _)| key != GOAL_LABEL);
    let (with, without) = configuration.enforced(name, labels);
    (with > without).then(|| Loss { name: name.to_owned(), with, without, by_default })
}

fn write(
    losses: &[Loss],
    count: usize,
    unseen: Option<&str>,
    namespace: &str,
    whom: &str,
    out: &mut impl io::Write,
) -> io::Result<()> {
    let noun = if count == 1 { "namespace" } else { "namespaces" };
    let lose = if losses.len() == 1 { "loses" } else { "lose" };
    writeln!(out, "{} of {count} {noun} {lose} protection without the webhook", losses.len())?;
    let width = losses.iter().map(|loss| loss.name.len()).max().unwrap_or_default();
    for Loss { name, with, without, by_default } in losses {
        let why = if *by_default { "  (default of its configuration)" } else { "" };
        writeln!(out, "  {name:width$}  {with} -> {without}{why}")?;
    }
    if let Some(why) = unseen {
        writeln!(
            out,
            "not seen: the configuration, which may have defaults for namespaces without labels: {}",
            visible(why)
        )?;
    }
    if !losses.is_empty() {
        writeln!(
            out,
            "\nto keep it, though workloads with exceptions are refused then at their next restart:"
        )?;
    }
    for Loss { name, with, .. } in losses {
        writeln!(out, "  kubectl label{whom} --overwrite namespace {} {BUILT_IN}={with}", shell_word(name))?;
    }
    writeln!(out, "\nto remove the webhook, its registration first; the last takes all exceptions with it:")?;
    for command in REMOVAL {
        writeln!(out, "  kubectl{whom} {}", command.replace("${namespace}", namespace))?;
    }
    writeln!(out, "  kubectl label{whom} namespaces --all {GOAL_LABEL}- {FAIL_CLOSED}- {}-", MUTATE_LABEL.0)?;
    writeln!(out, "\nthe guard of labels (--guard-labels) needs no webhook and can stay; to remove it too:")?;
    for command in GUARD_REMOVAL {
        writeln!(out, "  kubectl{whom} {command}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(labels: &str, configuration: &str) -> Option<(Level, Level, bool)> {
        let head = "apiVersion: pod-security.admission.config.k8s.io/v1\nkind: PodSecurityConfiguration\n";
        let configuration = Configuration::read(format!("{head}{configuration}\n").as_bytes()).unwrap();
        let text = format!(r#"{{"metadata":{{"name":"shop","labels":{{{labels}}}}}}}"#);
        let namespace = json::decode::<PartialObject<'_>>(text.as_bytes()).unwrap();
        loss_of(&namespace, &configuration).map(|loss| (loss.with, loss.without, loss.by_default))
    }

    #[test]
    fn a_namespace_loses_what_the_built_in_admission_does_not_hold() {
        use Level::{Baseline, Privileged, Restricted};
        let goal = r#""seawall.dev/enforce":"restricted""#;
        let built_in = |level: &str| format!(r#""pod-security.kubernetes.io/enforce":"{level}""#);
        let none = "defaults: {enforce: privileged}";
        let both = |level: &str| format!("{goal},{}", built_in(level));
        assert_eq!(of(goal, none), Some((Restricted, Privileged, false)));
        assert_eq!(of(&both("baseline"), none), Some((Restricted, Baseline, false)));
        assert_eq!(of(&both("restricted"), none), None);
        // No level is the strictest, to Kubernetes.
        assert_eq!(of(&both("x"), none), None);
        assert_eq!(of(&built_in("baseline"), none), None);
        let defaults = "defaults: {enforce: baseline}";
        assert_eq!(of("", defaults), Some((Baseline, Privileged, true)));
        assert_eq!(of(&built_in("privileged"), defaults), None);
        let exempt = "exemptions: {namespaces: [shop]}";
        assert_eq!(of("", &format!("{defaults}\n{exempt}")), None);
        assert_eq!(of(goal, exempt), None, "the webhook refuses nothing there");
    }

    #[test]
    fn the_configuration_is_found_in_a_list() {
        let list = r#"{"kind":"ConfigMapList","items":[{"metadata":{"name":"kube-root-ca.crt"},"data":{"podsecurity.yaml":"x"}},
            {"metadata":{"name":"seawall"},"data":{"podsecurity.yaml":"a: 1\n"}}]}"#;
        assert_eq!(text_of(list.into()).as_deref(), Some("a: 1\n"));
        assert_eq!(text_of(br#"{"kind":"ConfigMapList","items":[]}"#.to_vec()), None);
    }

    #[test]
    fn what_installs_is_what_is_removed() {
        let removed = [&REMOVAL[..], &GUARD_REMOVAL].concat().join("\n");
        for name in crate::install::cluster_scoped() {
            assert!(removed.split_whitespace().any(|word| word == name), "{name}");
        }
    }
}
