//! Deployments and StatefulSets (zegl/kube-score `score/deployment`, `score/apps`, `score/disruptionbudget`).

use super::item::Item;
use super::labels::{Labels, Selector, Unusable};
use super::view::{Affinity, AffinityTerm, WorkloadSpec};
use super::{Grade, Sheet, Verdict};

/// A Deployment or StatefulSet, as the checks look at it.
struct Workload<'d> {
    api_version: &'d str,
    kind: &'d str,
    namespace: &'d str,
    name: &'d str,
    spec: WorkloadSpec<'d>,
    labels: Labels,
}

impl<'d> Workload<'d> {
    fn of(item: &Item<'d>) -> Self {
        let spec: WorkloadSpec<'d> = item.spec();
        let labels = Labels::of_metadata(&spec.template.metadata);
        let (namespace, name) = (item.metadata.namespace, item.metadata.name);
        Self { api_version: item.api_version, kind: item.kind_name, namespace, name, spec, labels }
    }

    fn is_served(&self, sheet: &Sheet<'_, '_>) -> bool {
        sheet.facts.is_served(self.namespace, &self.labels)
    }

    /// Whether it says that it has fewer than two replicas.
    fn is_single(&self) -> bool {
        self.spec.replicas.is_some_and(|replicas| replicas < 2)
    }
}

pub(super) fn deployment<'d>(item: &Item<'d>, sheet: &mut Sheet<'_, 'd>) {
    let it = Workload::of(item);
    sheet.add("deployment-strategy", |sheet| strategy(&it, sheet));
    sheet.add("deployment-replicas", |sheet| replicas(&it, sheet));
    let single = "Skipped because the deployment has less than 2 replicas";
    sheet.add("deployment-has-poddisruptionbudget", |sheet| budget(&it, sheet, single));
    sheet.add("deployment-has-host-podantiaffinity", |_| {
        anti_affinity(&it, single, "Deployment does not have a host podAntiAffinity set")
    });
    sheet.add("deployment-targeted-by-hpa-does-not-have-replicas-configured", |sheet| autoscaled(&it, sheet));
    sheet.add("deployment-pod-selector-labels-match-template-metadata-labels", |_| {
        let invalid = "Deployment selector labels are not matching template metadata labels";
        selects_itself(&it, invalid, "Deployment selector labels not matching template metadata labels")
    });
}

pub(super) fn stateful_set<'d>(item: &Item<'d>, sheet: &mut Sheet<'_, 'd>) {
    let it = Workload::of(item);
    let single = "Skipped because the statefulset has less than 2 replicas";
    sheet.add("statefulset-has-poddisruptionbudget", |sheet| budget(&it, sheet, single));
    sheet.add("statefulset-has-host-podantiaffinity", |_| {
        anti_affinity(&it, single, "StatefulSet does not have a host podAntiAffinity set")
    });
    sheet.add("statefulset-has-servicename", |sheet| service_name(&it, sheet));
    sheet.add("statefulset-pod-selector-labels-match-template-metadata-labels", |_| {
        let invalid = "StatefulSet selector labels are not matching template metadata labels";
        selects_itself(&it, invalid, "StatefulSet selector labels not matching template metadata labels")
    });
}

fn strategy(it: &Workload<'_>, sheet: &Sheet<'_, '_>) -> Verdict {
    if !it.is_served(sheet) {
        return Verdict::skipped(None, "Skipped as the Deployment is not targeted by a service");
    }
    let rolling = ["", "RollingUpdate"].contains(&it.spec.strategy.kind);
    Verdict::unless(rolling, Grade::Warning, "Deployment update strategy")
}

fn replicas(it: &Workload<'_>, sheet: &Sheet<'_, '_>) -> Verdict {
    if !it.is_served(sheet) {
        return Verdict::skipped(None, "Skipped as the Deployment is not targeted by service");
    }
    let mut targets = sheet.facts.autoscaled(it.namespace, it.name).iter();
    if targets.any(|[api_version, kind]| **api_version == *it.api_version && **kind == *it.kind) {
        let summary = "Skipped as the Deployment is controlled by a HorizontalPodAutoscaler";
        return Verdict::skipped(None, summary);
    }
    let enough = it.spec.replicas.unwrap_or(1) >= i64::from(sheet.options.min_replicas_deployment);
    Verdict::unless(enough, Grade::Warning, "Deployment few replicas")
}

/// Here the apiVersion of an autoscaler's target does not count, nor does the case of its kind.
fn autoscaled(it: &Workload<'_>, sheet: &Sheet<'_, '_>) -> Verdict {
    let mut targets = sheet.facts.autoscaled(it.namespace, it.name).iter();
    if !targets.any(|[_, kind]| kind.eq_ignore_ascii_case(it.kind)) {
        let summary = "Skipped because the deployment is not targeted by a HorizontalPodAutoscaler";
        return Verdict::skipped(Some(Grade::AllOk), summary);
    }
    let summary =
        "The deployment is targeted by a HPA, but a static replica count is configured in the DeploymentSpec";
    Verdict::unless(it.spec.replicas.is_none(), Grade::Critical, summary)
}

fn budget(it: &Workload<'_>, sheet: &Sheet<'_, '_>, single: &'static str) -> Verdict {
    if it.is_single() {
        return Verdict::skipped(None, single);
    }
    let found = sheet.facts.has_budget(it.namespace, &it.labels);
    Verdict::unless(found, Grade::Critical, "No matching PodDisruptionBudget was found")
}

fn anti_affinity(it: &Workload<'_>, single: &'static str, summary: &'static str) -> Verdict {
    if it.is_single() {
        return Verdict::skipped(None, single);
    }
    let affinity = it.spec.template.spec.affinity.as_ref();
    let apart = affinity.is_some_and(|affinity| keeps_apart(affinity, &it.labels));
    Verdict::unless(apart, Grade::Warning, summary)
}

fn keeps_apart(affinity: &Affinity<'_>, labels: &Labels) -> bool {
    const KEYS: [&str; 5] = [
        "kubernetes.io/hostname",
        "topology.kubernetes.io/region",
        "topology.kubernetes.io/zone",
        "failure-domain.beta.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/zone",
    ];
    let from_itself = |term: &AffinityTerm<'_>| {
        KEYS.contains(&term.topology_key)
            && Selector::of_pointer(term.label_selector).is_ok_and(|selector| selector.matches(labels))
    };
    affinity.pod_anti_affinity.as_ref().is_some_and(|anti| {
        anti.required.iter().any(from_itself)
            || anti.preferred.iter().any(|weighted| from_itself(&weighted.term))
    })
}

fn service_name(it: &Workload<'_>, sheet: &Sheet<'_, '_>) -> Verdict {
    let mut services = sheet.facts.services(it.namespace, it.spec.service_name).iter();
    let found = services.any(|service| {
        service.headless && service.selector.as_ref().is_some_and(|selector| selector.matches(&it.labels))
    });
    Verdict::unless(found, Grade::Critical, "StatefulSet does not have a valid serviceName")
}

fn selects_itself(it: &Workload<'_>, invalid: &'static str, other: &'static str) -> Verdict {
    let (well, summary) = match Selector::of_pointer(it.spec.selector) {
        Ok(selector) => (selector.matches(&it.labels), other),
        Err(Unusable::Nothing) => (false, other),
        Err(Unusable::Invalid) => (false, invalid),
    };
    Verdict::unless(well, Grade::Critical, summary)
}
