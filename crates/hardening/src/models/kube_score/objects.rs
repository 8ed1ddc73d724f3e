//! Checks of single objects and of what leads to pods (zegl/kube-score `score/{meta,stable,ingress,service,networkpolicy,
//! cronjob,hpa,disruptionbudget}`).

use super::item::Item;
use super::labels::{Labels, Selector, is_label_value};
use super::view::{
    AutoscalerSpec, BudgetSpec, HttpPath, IngressSpec, IntOrString, PolicySpec, ServiceSpec, Template,
};
use super::{Comment, Grade, Sheet, Verdict};

/// What every object has to meet.
pub(super) fn meta(item: &Item<'_>, sheet: &mut Sheet<'_, '_>) {
    sheet.add("stable-version", |sheet| stable_version(item, sheet));
    sheet.add("label-values", |_| {
        let labels = Labels::of_metadata(&item.metadata).0;
        let bad = labels.iter().filter(|(_, value)| !is_label_value(value));
        let comments = bad.map(|(key, _)| Comment::new(key, "Invalid label value")).collect();
        Verdict::of(Grade::Critical, comments)
    });
}

fn stable_version(item: &Item<'_>, sheet: &Sheet<'_, '_>) -> Verdict {
    let (api_version, kind) = (item.api_version, item.kind_name);
    let since = match (api_version, kind) {
        ("extensions/v1beta1", "Deployment" | "DaemonSet")
        | ("apps/v1beta1", "Deployment" | "StatefulSet")
        | ("apps/v1beta2", "Deployment" | "StatefulSet" | "DaemonSet") => (1, 9),
        ("extensions/v1beta1" | "networking.k8s.io/v1beta1", "Ingress") => (1, 19),
        ("batch/v1beta1", "CronJob") | ("policy/v1beta1", "PodDisruptionBudget") => (1, 21),
        _ => return Verdict::ok(),
    };
    if sheet.options.kubernetes < since {
        return Verdict::ok();
    }
    let summary = format!("The apiVersion and kind {api_version}/{kind} is deprecated");
    Verdict::of(Grade::Warning, vec![Comment::new("", summary)])
}

pub(super) fn service(item: &Item<'_>, sheet: &mut Sheet<'_, '_>) {
    let spec: ServiceSpec<'_> = item.spec();
    sheet.add("service-targets-pod", |sheet| {
        let selects = |selector| sheet.facts.has_pods(item.metadata.namespace, &selector);
        let well = spec.kind == "ExternalName" || Selector::of_labels(spec.selector).is_ok_and(selects);
        Verdict::unless(well, Grade::Critical, "The services selector does not match any pods")
    });
    sheet.add("service-type", |_| {
        Verdict::unless(spec.kind != "NodePort", Grade::Warning, "The service is of type NodePort")
    });
}

pub(super) fn network_policy(item: &Item<'_>, sheet: &mut Sheet<'_, '_>) {
    let spec: PolicySpec<'_> = item.spec();
    sheet.add("networkpolicy-targets-pod", |sheet| {
        let selects = |selector| sheet.facts.has_pods(item.metadata.namespace, &selector);
        let well = Selector::of(spec.pod_selector).is_ok_and(selects);
        Verdict::unless(well, Grade::Critical, "The NetworkPolicys selector doesn't match any pods")
    });
}

pub(super) fn ingress(item: &Item<'_>, stable: bool, sheet: &mut Sheet<'_, '_>) {
    let spec: IngressSpec<'_> = item.spec();
    sheet.add("ingress-targets-service", |sheet| {
        let paths = spec.rules.iter().filter_map(|rule| rule.http.as_ref()).flat_map(|http| &http.paths);
        let lost = paths.filter(|path| !leads_somewhere(path, stable, item.metadata.namespace, sheet));
        let comments = lost.map(|path| Comment::new(path.path, "No service match was found")).collect();
        Verdict::of(Grade::Critical, comments)
    });
}

/// Whether a path leads to a port of a Service. A port without a name is the same as any other without one, whatever its number.
fn leads_somewhere(path: &HttpPath<'_>, stable: bool, namespace: &str, sheet: &Sheet<'_, '_>) -> bool {
    let backend = &path.backend;
    let (service, port_name, number) = match (stable, &backend.service, &backend.service_port) {
        (true, None, _) => return false,
        (true, Some(service), _) => (service.name, service.port.name, service.port.number),
        (false, _, IntOrString::Int(number)) => (backend.service_name, "", *number),
        (false, _, IntOrString::Text(name)) => (backend.service_name, *name, 0),
    };
    sheet.facts.services(namespace, service).iter().any(|service| {
        service.ports.iter().any(|(name, port)| (number > 0 && *port == number) || **name == *port_name)
    })
}

pub(super) fn cron_job(item: &Item<'_>, template: Option<&Template<'_>>, sheet: &mut Sheet<'_, '_>) {
    sheet.add("cronjob-has-deadline", |_| {
        let summary = "The CronJob should have startingDeadlineSeconds configured";
        Verdict::unless(item.has_in_spec("startingDeadlineSeconds"), Grade::Critical, summary)
    });
    sheet.add("cronjob-restartpolicy", |_| {
        let policy = template.map(|template| template.spec.restart_policy).unwrap_or_default();
        let summary = match policy {
            "" => "The CronJob is missing a valid RestartPolicy",
            _ => "The CronJob must have a valid RestartPolicy configured",
        };
        Verdict::unless(["Never", "OnFailure"].contains(&policy), Grade::Critical, summary)
    });
}

pub(super) fn autoscaler(item: &Item<'_>, sheet: &mut Sheet<'_, '_>) {
    let spec: AutoscalerSpec<'_> = item.spec();
    sheet.add("horizontalpodautoscaler-has-target", |sheet| {
        let found = sheet.facts.has_object(item.metadata.namespace, &spec.target);
        Verdict::unless(found, Grade::Critical, "The HPA target does not match anything")
    });
    sheet.add("horizontalpodautoscaler-replicas", |sheet| {
        let enough = spec.min_replicas.unwrap_or(1) >= i64::from(sheet.options.min_replicas_hpa);
        Verdict::unless(enough, Grade::Warning, "HPA few replicas")
    });
}

pub(super) fn budget(item: &Item<'_>, sheet: &mut Sheet<'_, '_>) {
    let spec: BudgetSpec<'_> = item.spec();
    sheet.add("poddisruptionbudget-has-policy", |_| {
        let well = spec.min_available.is_some() || spec.max_unavailable.is_some();
        Verdict::unless(well, Grade::Critical, "PodDisruptionBudget missing policy")
    });
}
