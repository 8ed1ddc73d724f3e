//! Where kinds keep their pods.

use seawall_model::WorkloadKind;

use crate::types;

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// A mapping with metadata and spec.
    Template,
    /// A pod's specification.
    PodSpec,
    /// A predictor, transformer or explainer of `KServe`: a pod's specification that may name its model server by a field.
    Predictor,
    /// A Tekton task: steps and sidecars that become the containers of a pod. A `TaskRun`'s pod template stands beside it.
    Task,
}

/// A custom resource with a pod template at a fixed place, in any version of its group.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Its API group.
    pub group: &'static str,
    /// Its kind.
    pub kind: &'static str,
    /// Where the template is; `*` stands for every item of a list or every value of a mapping.
    pub path: &'static str,
    /// What is there.
    pub form: Form,
}

/// Where a built-in kind keeps its pod, also in apiVersions that are no longer served.
pub(super) fn built_in(api_version: &str, kind: &str) -> Option<(&'static [&'static str], WorkloadKind)> {
    let path: &[&str] = match (api_version, kind) {
        ("v1", "Pod") => return Some((&[], WorkloadKind::Pod)),
        ("v1", "PodTemplate") => &["template"],
        ("v1", "ReplicationController")
        | ("apps/v1" | "apps/v1beta2" | "extensions/v1beta1", "ReplicaSet" | "DaemonSet")
        | ("apps/v1" | "apps/v1beta1" | "apps/v1beta2" | "extensions/v1beta1", "Deployment")
        | ("apps/v1" | "apps/v1beta1" | "apps/v1beta2", "StatefulSet")
        | ("batch/v1" | "extensions/v1beta1", "Job") => &["spec", "template"],
        ("batch/v1" | "batch/v1beta1" | "batch/v2alpha1", "CronJob") => {
            &["spec", "jobTemplate", "spec", "template"]
        }
        _ => return None,
    };
    Some((path, WorkloadKind::Template))
}

/// Groups of built-in kinds, and those whose custom resources only describe or generate objects.
pub(super) fn is_built_in_group(group: &str) -> bool {
    matches!(
        group,
        "" | "apps"
            | "batch"
            | "extensions"
            | "policy"
            | "kyverno.io"
            | "templates.gatekeeper.sh"
            | "constraints.gatekeeper.sh"
    ) || group.ends_with(".kyverno.io")
        || types::kinds()
            .any(|(version, ..)| version.split_once('/').is_some_and(|(known, _)| known == group))
}

const fn template(group: &'static str, kind: &'static str, path: &'static str) -> Entry {
    Entry { group, kind, path, form: Form::Template }
}

const fn pod_spec(group: &'static str, kind: &'static str, path: &'static str) -> Entry {
    Entry { group, kind, path, form: Form::PodSpec }
}

const fn predictor(path: &'static str) -> Entry {
    Entry { group: "serving.kserve.io", kind: "InferenceService", path, form: Form::Predictor }
}

const fn task(kind: &'static str, path: &'static str) -> Entry {
    Entry { group: "tekton.dev", kind, path, form: Form::Task }
}

/// Well-known custom resources whose types hold a whole `PodTemplateSpec`, `PodSpec` or task.
pub const CUSTOM: &[Entry] = &[
    // Argo Rollouts
    template("argoproj.io", "Rollout", "spec.template"),
    template("argoproj.io", "Experiment", "spec.templates.*.template"),
    template("argoproj.io", "AnalysisTemplate", "spec.metrics.*.provider.job.spec.template"),
    template("argoproj.io", "ClusterAnalysisTemplate", "spec.metrics.*.provider.job.spec.template"),
    // Knative
    template("serving.knative.dev", "Service", "spec.template"),
    template("serving.knative.dev", "Configuration", "spec.template"),
    template("serving.knative.dev", "Revision", ""),
    // KServe
    predictor("spec.predictor"),
    predictor("spec.transformer"),
    predictor("spec.explainer"),
    pod_spec("serving.kserve.io", "InferenceService", "spec.predictor.worker"),
    // OpenKruise
    template("apps.kruise.io", "CloneSet", "spec.template"),
    template("apps.kruise.io", "StatefulSet", "spec.template"),
    template("apps.kruise.io", "DaemonSet", "spec.template"),
    template("apps.kruise.io", "BroadcastJob", "spec.template"),
    template("apps.kruise.io", "AdvancedCronJob", "spec.template.jobTemplate.spec.template"),
    template("apps.kruise.io", "AdvancedCronJob", "spec.template.broadcastJobTemplate.spec.template"),
    template("apps.kruise.io", "UnitedDeployment", "spec.template.statefulSetTemplate.spec.template"),
    template("apps.kruise.io", "UnitedDeployment", "spec.template.advancedStatefulSetTemplate.spec.template"),
    template("apps.kruise.io", "UnitedDeployment", "spec.template.cloneSetTemplate.spec.template"),
    template("apps.kruise.io", "UnitedDeployment", "spec.template.deploymentTemplate.spec.template"),
    // OpenShift
    template("apps.openshift.io", "DeploymentConfig", "spec.template"),
    template("", "DeploymentConfig", "spec.template"),
    // Kubeflow
    template("kubeflow.org", "PyTorchJob", "spec.pytorchReplicaSpecs.*.template"),
    template("kubeflow.org", "TFJob", "spec.tfReplicaSpecs.*.template"),
    template("kubeflow.org", "MPIJob", "spec.mpiReplicaSpecs.*.template"),
    template("kubeflow.org", "XGBoostJob", "spec.xgbReplicaSpecs.*.template"),
    template("kubeflow.org", "PaddleJob", "spec.paddleReplicaSpecs.*.template"),
    template("kubeflow.org", "JAXJob", "spec.jaxReplicaSpecs.*.template"),
    template("kubeflow.org", "Notebook", "spec.template"),
    // Ray
    template("ray.io", "RayCluster", "spec.headGroupSpec.template"),
    template("ray.io", "RayCluster", "spec.workerGroupSpecs.*.template"),
    template("ray.io", "RayJob", "spec.rayClusterSpec.headGroupSpec.template"),
    template("ray.io", "RayJob", "spec.rayClusterSpec.workerGroupSpecs.*.template"),
    template("ray.io", "RayJob", "spec.submitterPodTemplate"),
    template("ray.io", "RayService", "spec.rayClusterConfig.headGroupSpec.template"),
    template("ray.io", "RayService", "spec.rayClusterConfig.workerGroupSpecs.*.template"),
    // Tekton
    task("TaskRun", "spec.taskSpec"),
    task("Task", "spec"),
    task("ClusterTask", "spec"),
    // Batch systems
    template("batch.volcano.sh", "Job", "spec.tasks.*.template"),
    template("jobset.x-k8s.io", "JobSet", "spec.replicatedJobs.*.template.spec.template"),
    template("leaderworkerset.x-k8s.io", "LeaderWorkerSet", "spec.leaderWorkerTemplate.leaderTemplate"),
    template("leaderworkerset.x-k8s.io", "LeaderWorkerSet", "spec.leaderWorkerTemplate.workerTemplate"),
    template("keda.sh", "ScaledJob", "spec.jobTargetRef.template"),
    // Games and runners
    template("agones.dev", "GameServer", "spec.template"),
    template("agones.dev", "GameServerSet", "spec.template.spec.template"),
    template("agones.dev", "Fleet", "spec.template.spec.template"),
    template("actions.github.com", "AutoscalingRunnerSet", "spec.template"),
];
