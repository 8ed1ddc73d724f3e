//! Consoles that hand out the cluster, reached from outside.

use seawall_finding::{Severity, rule};
use seawall_model::image::Image;
use seawall_model::pod::ContainerClass;

use crate::check::{Beside, Check, Cx, Hit, Out, Run, Sight};
use crate::index::Exposure;
use crate::view::ContainerAt;
use crate::workloads::LONG_RUNNING;

rule! {
    /// ## What it does
    /// Reports containers of well-known consoles (Kubernetes Dashboard, Argo CD and Argo Workflows, Jupyter,
    /// Kubeflow, Weave Scope, Headlamp, Rancher, Octant, kube-ops-view, Tiller) whose pods are reached from outside
    /// the cluster: through a node port, a load balancer, an Ingress or a route of the input.
    ///
    /// ## Why it matters
    /// Such consoles start pods and show secrets. Some have no login of their own, or one that is often turned off;
    /// they are looked for by whoever scans the internet for a cluster to mine with.
    ///
    /// ## How to fix
    /// Reach them by `kubectl port-forward`, or put a proxy with a login in front, and allow only that by a
    /// NetworkPolicy.
    ///
    /// ## Example
    /// ```yaml
    /// kind: Service
    /// spec:
    ///   type: ClusterIP
    ///   selector: {k8s-app: kubernetes-dashboard}
    /// ```
    ///
    /// ## Applies to
    /// All containers but ephemeral ones of long-running workloads, recognised by the repository of the image.
    /// Evaluated where the input holds a Service in the same namespace. Off because a login in front of it does not
    /// show in manifests.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/tasks/access-application-cluster/web-ui-dashboard/>
    static RULE = {
        id: "sensitive-dashboard",
        aliases: &[],
        title: "is a console that is reached from outside",
        severity: Severity::Medium,
        level: None,
        off: true,
        tags: &["security", "network"],
    };
}

static BESIDE: Beside = Beside::needs(LONG_RUNNING, &["Service"]);

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Beside(&BESIDE), run: Run::Container(run) };

/// Repositories, whatever their registry, and what they are. One that ends in `/` stands for all below it.
const CONSOLES: &[(&str, &str)] = &[
    ("kubernetesui/dashboard", "Kubernetes Dashboard"),
    ("kubernetesui/dashboard-web", "Kubernetes Dashboard"),
    ("kubernetesui/dashboard-api", "Kubernetes Dashboard"),
    ("argoproj/argocd", "Argo CD"),
    ("argoproj/argocli", "Argo Workflows"),
    ("jupyter/", "Jupyter"),
    ("jupyterhub/", "Jupyter"),
    ("kubeflownotebookswg/", "Kubeflow"),
    ("weaveworks/scope", "Weave Scope"),
    ("headlamp-k8s/headlamp", "Headlamp"),
    ("rancher/rancher", "Rancher"),
    ("antrea/octant", "Octant"),
    ("hjacobs/kube-ops-view", "kube-ops-view"),
    ("kubernetes-helm/tiller", "Tiller"),
    ("helm/tiller", "Tiller"),
];

fn run(at: &ContainerAt<'_, '_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    let Some(image) = at.container.image.filter(|_| at.class != ContainerClass::Ephemeral) else { return };
    let Ok(Image { repository, .. }) = Image::parse(image) else { return };
    let is_it = |(known, _): &&(&str, &str)| {
        repository == *known || (known.ends_with('/') && repository.starts_with(known))
    };
    let Some((_, name)) = CONSOLES.iter().find(is_it) else { return };
    let exposure = cx.near(at.object()).map(|near| near.exposure(&at.at.labels()));
    if exposure != Some(Exposure::External) {
        return;
    }
    out.report(|| {
        Hit::new(
            at.path().key("image"),
            format!("{name}, reached from outside"),
            format!("{} is {name}, which is reached from outside the cluster", at.said()),
            "reach it by kubectl port-forward, or through a proxy with a login",
        )
    });
}

#[cfg(test)]
mod tests {
    use crate::testing::{found, in_every_class};

    const ID: &str = "sensitive-dashboard";

    fn of(image: &str, service: &str) -> Vec<String> {
        found(ID, &format!("kind: Pod\nmetadata: {{labels: {{app: web}}}}\nspec: {{containers: [{{name: a, image: '{image}'}}]}}\n---\nkind: Service\nmetadata: {{name: web}}\nspec: {{selector: {{app: web}}, {service}}}\n"))
    }

    #[test]
    fn known_consoles_must_not_be_reached_from_outside() {
        let dashboard = ["a spec.containers[name=a].image: Kubernetes Dashboard, reached from outside"];
        assert_eq!(of("docker.io/kubernetesui/dashboard:v2.7.0", "type: LoadBalancer"), dashboard);
        assert_eq!(of("registry:5000/kubernetesui/dashboard", "type: NodePort"), dashboard);
        assert_eq!(of("kubernetesui/dashboard", "type: ClusterIP"), [""; 0]);
        assert_eq!(of("kubernetesui/dashboard-metrics-scraper", "type: NodePort"), [""; 0]);
        assert_eq!(of("jupyter/base-notebook", "type: NodePort"), ["a spec.containers[name=a].image: Jupyter, reached from outside"]);
        assert_eq!(of("nginx", "type: NodePort"), [""; 0]);
        assert_eq!(of("Not An Image", "type: NodePort"), [""; 0]);
        let ingress = "type: ClusterIP}\n---\nkind: Ingress\nspec: {defaultBackend: {service: {name: web}}";
        assert_eq!(of("kubernetesui/dashboard", ingress), dashboard);
    }

    #[test]
    fn is_silent_where_nothing_is_shown() {
        assert_eq!(in_every_class(ID, "image: kubernetesui/dashboard"), [false; 3]);
    }
}
