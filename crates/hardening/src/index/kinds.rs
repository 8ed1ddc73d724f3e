//! Kinds by number, and names by hash.

use std::hash::{DefaultHasher, Hasher as _};

/// What stands in a table of kinds for every object that is a pod or makes pods, of built-in and custom kinds.
pub const PODS: &str = "pods";

/// A kind that checks ask for; [`Kind::OTHER`] is any that none asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Kind(u8);

/// Names, with the groups that a kind is or was served in, today's first, and whether its objects have no namespace.
const KINDS: &[(&str, &[&str], bool)] = &[
    (PODS, &["-"], false),
    ("Pod", &[""], false),
    ("PodTemplate", &[""], false),
    ("ReplicationController", &[""], false),
    ("ReplicaSet", &["apps", "extensions"], false),
    ("Deployment", &["apps", "extensions"], false),
    ("StatefulSet", &["apps"], false),
    ("DaemonSet", &["apps", "extensions"], false),
    ("Job", &["batch", "extensions"], false),
    ("CronJob", &["batch"], false),
    ("Rollout", &["argoproj.io"], false),
    ("Service", &[""], false),
    ("Ingress", &["networking.k8s.io", "extensions"], false),
    ("NetworkPolicy", &["networking.k8s.io", "extensions"], false),
    ("AdminNetworkPolicy", &["policy.networking.k8s.io"], true),
    ("BaselineAdminNetworkPolicy", &["policy.networking.k8s.io"], true),
    ("ClusterNetworkPolicy", &["policy.networking.k8s.io"], true),
    ("CiliumNetworkPolicy", &["cilium.io"], false),
    ("CiliumClusterwideNetworkPolicy", &["cilium.io"], true),
    ("NetworkPolicy", &["crd.projectcalico.org", "projectcalico.org"], false),
    ("GlobalNetworkPolicy", &["crd.projectcalico.org", "projectcalico.org"], true),
    ("PodDisruptionBudget", &["policy"], false),
    ("HorizontalPodAutoscaler", &["autoscaling"], false),
    ("ScaledObject", &["keda.sh"], false),
    ("ServiceAccount", &[""], false),
    ("ConfigMap", &[""], false),
    ("Secret", &[""], false),
    ("SealedSecret", &["bitnami.com"], false),
    ("ExternalSecret", &["external-secrets.io"], false),
    ("Certificate", &["cert-manager.io"], false),
    ("Namespace", &[""], true),
    ("ResourceQuota", &[""], false),
    ("LimitRange", &[""], false),
    ("Role", &["rbac.authorization.k8s.io"], false),
    ("ClusterRole", &["rbac.authorization.k8s.io"], true),
    ("RoleBinding", &["rbac.authorization.k8s.io"], false),
    ("ClusterRoleBinding", &["rbac.authorization.k8s.io"], true),
    ("HTTPRoute", &["gateway.networking.k8s.io"], false),
    ("GRPCRoute", &["gateway.networking.k8s.io"], false),
    ("TLSRoute", &["gateway.networking.k8s.io"], false),
    ("TCPRoute", &["gateway.networking.k8s.io"], false),
    ("UDPRoute", &["gateway.networking.k8s.io"], false),
    ("ServiceMonitor", &["monitoring.coreos.com"], false),
    ("PersistentVolume", &[""], true),
    ("Node", &[""], true),
    ("PodSecurityPolicy", &["policy", "extensions"], true),
    ("PriorityClass", &["scheduling.k8s.io"], true),
    ("StorageClass", &["storage.k8s.io"], true),
    ("CustomResourceDefinition", &["apiextensions.k8s.io"], true),
    ("APIService", &["apiregistration.k8s.io"], true),
    ("ValidatingWebhookConfiguration", &["admissionregistration.k8s.io"], true),
    ("MutatingWebhookConfiguration", &["admissionregistration.k8s.io"], true),
];

impl Kind {
    /// Everything that holds pods.
    pub(crate) const PODS: Self = Self(0);
    /// A kind that no check asks for.
    pub(crate) const OTHER: Self = Self(u8::MAX);

    /// The kind of an object.
    pub(crate) fn of(group: &str, kind: &str) -> Self {
        let at = KINDS.iter().position(|(name, groups, _)| *name == kind && groups.contains(&group));
        at.map_or(Self::OTHER, |at| Self(at as u8))
    }

    /// The kinds of these names, whatever their groups.
    pub(crate) fn called<'k>(names: &'k [&'k str]) -> impl Iterator<Item = Self> + 'k {
        let named = |(_, (name, ..)): &(usize, &(&str, &[&str], bool))| names.contains(name);
        KINDS.iter().enumerate().filter(named).map(|(at, _)| Self(at as u8))
    }

    /// The bit that stands for it in a set of kinds; none for [`Kind::OTHER`].
    pub(crate) fn bit(self) -> u64 {
        1_u64.checked_shl(self.0.into()).unwrap_or_default()
    }

    /// The set of the kinds of these names.
    pub(crate) fn set(names: &[&str]) -> u64 {
        Self::called(names).fold(0, |set, kind| set | kind.bit())
    }

    /// Its name; empty for [`Kind::OTHER`].
    pub(crate) fn name(self) -> &'static str {
        KINDS.get(usize::from(self.0)).map_or("", |(name, ..)| name)
    }

    /// Whether its objects belong to no namespace.
    pub(crate) fn is_cluster_scoped(self) -> bool {
        KINDS.get(usize::from(self.0)).is_some_and(|(_, _, cluster)| *cluster)
    }

    /// The group that says the same in every apiVersion of the kind: `apps` for a Deployment of `extensions`.
    pub(crate) fn group(self, written: &str) -> &str {
        KINDS.get(usize::from(self.0)).and_then(|(_, groups, _)| groups.first().copied()).unwrap_or(written)
    }
}

/// Operators' kinds that make pods of fields of their own, by group; all kinds of a group where none is named.
const OPERATORS: &[(&str, &[&str])] = &[
    ("monitoring.coreos.com", &["Prometheus", "PrometheusAgent", "Alertmanager", "ThanosRuler"]),
    ("operator.victoriametrics.com", &[]),
    ("postgresql.cnpg.io", &["Cluster", "Pooler"]),
    ("acid.zalan.do", &["postgresql"]),
    ("postgres-operator.crunchydata.com", &[]),
    ("mysql.oracle.com", &["InnoDBCluster"]),
    ("k8s.mariadb.com", &["MariaDB", "MaxScale"]),
    ("pxc.percona.com", &[]),
    ("ps.percona.com", &[]),
    ("psmdb.percona.com", &[]),
    ("pgv2.percona.com", &[]),
    ("mongodbcommunity.mongodb.com", &[]),
    ("mongodb.com", &[]),
    ("kafka.strimzi.io", &[]),
    ("rabbitmq.com", &["RabbitmqCluster"]),
    ("redis.redis.opstreelabs.in", &[]),
    ("databases.spotahome.com", &["RedisFailover"]),
    ("elasticsearch.k8s.elastic.co", &[]),
    ("kibana.k8s.elastic.co", &[]),
    ("logstash.k8s.elastic.co", &[]),
    ("apm.k8s.elastic.co", &[]),
    ("agent.k8s.elastic.co", &[]),
    ("beat.k8s.elastic.co", &[]),
    ("opensearch.opster.io", &["OpenSearchCluster"]),
    ("cassandra.datastax.com", &["CassandraDatacenter"]),
    ("scylla.scylladb.com", &["ScyllaCluster"]),
    ("crdb.cockroachlabs.com", &["CrdbCluster"]),
    ("clickhouse.altinity.com", &["ClickHouseInstallation"]),
    ("minio.min.io", &["Tenant"]),
    ("k8s.keycloak.org", &["Keycloak"]),
    ("grafana.integreatly.org", &["Grafana"]),
    ("tempo.grafana.com", &[]),
    ("loki.grafana.com", &["LokiStack"]),
    ("opentelemetry.io", &["OpenTelemetryCollector"]),
    ("jaegertracing.io", &["Jaeger"]),
    ("argoproj.io", &["ArgoCD", "Workflow", "CronWorkflow", "EventBus", "EventSource", "Sensor"]),
    ("gateway.networking.k8s.io", &["Gateway"]),
    ("ray.io", &[]),
    ("flink.apache.org", &[]),
    ("sparkoperator.k8s.io", &[]),
    ("solr.apache.org", &[]),
    ("kubevirt.io", &["VirtualMachine", "VirtualMachineInstance"]),
    ("vault.banzaicloud.com", &["Vault"]),
    ("helm.toolkit.fluxcd.io", &["HelmRelease"]),
    ("helm.cattle.io", &["HelmChart"]),
];

/// Whether the pods of a custom resource are known by its controller alone.
pub(crate) fn makes_pods(group: &str, kind: &str) -> bool {
    let is_it = |(of, kinds): &(&str, &[&str])| *of == group && (kinds.is_empty() || kinds.contains(&kind));
    OPERATORS.iter().any(is_it)
}

/// A hash of texts. Texts with the same hash are taken to be the same: of a million different ones two are, by chance, in
/// one run of 40 million.
pub(crate) fn hash(parts: &[&str]) -> u64 {
    let mut hasher = DefaultHasher::new();
    let mut room = [0; 128];
    let mut used = 0;
    for part in parts {
        // No text has this byte.
        let end = used + part.len() + 1;
        if end > room.len() {
            hasher.write(&room[..used]);
            hasher.write(part.as_bytes());
            hasher.write_u8(0xFF);
            used = 0;
            continue;
        }
        // One write for all of them costs less than several.
        room[used..end - 1].copy_from_slice(part.as_bytes());
        room[end - 1] = 0xFF;
        used = end;
    }
    hasher.write(&room[..used]);
    hasher.finish()
}

/// The identity of an object in its namespace; that of its kind where the name is empty.
pub(crate) fn identity(group: &str, kind: &str, name: &str) -> u64 {
    hash(&[Kind::of(group, kind).group(group), kind, name])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_tell_parts_apart_whatever_their_length() {
        let long = "x".repeat(200);
        let all: [&[&str]; 9] = [
            &[],
            &[""],
            &["a"],
            &["", "a"],
            &["a", ""],
            &["ab", "c"],
            &["a", "bc"],
            &[&long],
            &["a", &long, "b"],
        ];
        let hashes: std::collections::HashSet<u64> = all.iter().map(|parts| hash(parts)).collect();
        assert_eq!(hashes.len(), all.len());
        // As if each part were written by itself.
        for parts in all {
            let mut hasher = DefaultHasher::new();
            for part in parts {
                hasher.write(part.as_bytes());
                hasher.write_u8(0xFF);
            }
            assert_eq!(hash(parts), hasher.finish(), "{parts:?}");
        }
    }

    #[test]
    fn an_object_is_the_same_in_every_version_of_its_api() {
        assert_eq!(identity("extensions", "Ingress", "a"), identity("networking.k8s.io", "Ingress", "a"));
        assert_ne!(
            identity("projectcalico.org", "NetworkPolicy", "a"),
            identity("extensions", "NetworkPolicy", "a")
        );
        assert_ne!(identity("serving.knative.dev", "Service", "a"), identity("", "Service", "a"));
        assert_ne!(hash(&["ab", "c"]), hash(&["a", "bc"]));
    }

    #[test]
    fn names_stand_for_all_groups() {
        assert!(KINDS.len() <= 64, "a bit for each");
        assert_eq!(Kind::OTHER.bit(), 0);
        assert_eq!(Kind::set(&["NetworkPolicy", "Pod"]).count_ones(), 3);
        assert_eq!(Kind::called(&["NetworkPolicy"]).count(), 2);
        assert_eq!(Kind::of("", "Deployment"), Kind::OTHER);
        assert!(Kind::of("", "Namespace").is_cluster_scoped() && !Kind::OTHER.is_cluster_scoped());
    }
}
