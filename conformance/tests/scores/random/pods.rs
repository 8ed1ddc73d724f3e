//! Random specifications of pods.

use serde_json::{Value, json};

use super::super::rng::Rng;
use super::{Fields, boolean, list, number, selector, text};

const IMAGES: &[&str] = &[
    "nginx",
    "nginx:latest",
    "nginx:1.27",
    "reg.example.com:5000/nginx",
    "reg.example.com:5000/nginx:latest",
    "nginx@sha256:0123",
    "nginx:1@sha256:latest",
    "",
    ":",
    "nginx:",
    "a:b:c",
    "nginx:Latest",
    "nginx@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
];
const AMOUNTS: &[&str] = &[
    "0",
    "0Mi",
    "100m",
    "0.1",
    "1",
    "1000m",
    "1e3",
    "1k",
    "1Gi",
    "1024Mi",
    "1073741824",
    "1.5Gi",
    "1536Mi",
    ".5",
    "500m",
    "1n",
    "0.0000000001",
    "1e-12",
    "1E",
    "8Ei",
    "9223372036854775807",
    "100E",
    "123456789012345678901234567890",
    "-1",
    "-0",
    "+1",
    "5.",
    "1000000001n",
    "1.0000000001",
    "12345678901234567890m",
    "1e19",
    "0.5Ki",
    "0.0001Ki",
];
const PROFILES: &[&str] = &["RuntimeDefault", "Unconfined", "Localhost", "unconfined", ""];
const IDS: &[i64] = &[0, 1, 1000, 9999, 10000, 10001, 65534, -1];

fn id(rng: &mut Rng) -> Value {
    json!(IDS[rng.below(IDS.len())])
}

fn profile(rng: &mut Rng) -> Value {
    Fields::new(rng).mostly(6, "type", text(PROFILES)).value()
}

fn security_context(rng: &mut Rng) -> Value {
    Fields::new(rng)
        .mostly(3, "runAsUser", id)
        .mostly(3, "runAsGroup", id)
        .one_in(3, "runAsNonRoot", boolean)
        .one_in(4, "seccompProfile", profile)
        .one_in(4, "appArmorProfile", profile)
        .value()
}

fn container_context(rng: &mut Rng) -> Value {
    let of_pod = security_context(rng);
    let list_of =
        |from: &'static [&'static str]| move |rng: &mut Rng| list(rng, 2, |rng| json!(rng.pick(from)));
    let capabilities = |rng: &mut Rng| {
        Fields::new(rng)
            .one_in(2, "add", list_of(&["SYS_ADMIN", "CAP_SYS_ADMIN", "NET_RAW", "sys_admin"]))
            .one_in(2, "drop", list_of(&["ALL", "all", "SMALL", "NET_RAW", "<nil>", ""]))
            .value()
    };
    let mut fields = Fields::new(rng)
        .one_in(3, "privileged", boolean)
        .mostly(3, "readOnlyRootFilesystem", boolean)
        .one_in(3, "allowPrivilegeEscalation", boolean)
        .one_in(2, "capabilities", capabilities);
    fields.map.extend(of_pod.as_object().cloned().unwrap_or_default());
    fields.value()
}

pub(super) fn port(rng: &mut Rng) -> Value {
    match rng.below(8) {
        0 => json!("http"),
        1 => json!("80"),
        2 => json!("+80"),
        3 => json!("99999999999999999999"),
        4 => json!(""),
        5 => json!(0),
        6 => json!(8080),
        _ => json!(80),
    }
}

fn probe(rng: &mut Rng) -> Value {
    let http = |rng: &mut Rng| {
        Fields::new(rng).one_in(2, "path", text(&["/", "/", "/live"])).mostly(4, "port", port).value()
    };
    let tcp = |rng: &mut Rng| Fields::new(rng).mostly(5, "port", port).value();
    let exec = |rng: &mut Rng| {
        let command = |rng: &mut Rng| list(rng, 2, |rng| json!(rng.pick(&["true", "cat"])));
        Fields::new(rng).mostly(4, "command", command).value()
    };
    let fields = match rng.below(4) {
        0 => Fields::new(rng).one_in(1, "tcpSocket", tcp),
        1 => Fields::new(rng).one_in(1, "exec", exec),
        2 => Fields::new(rng).one_in(2, "httpGet", http).one_in(2, "tcpSocket", tcp).one_in(3, "exec", exec),
        _ => Fields::new(rng).one_in(1, "httpGet", http),
    };
    fields.one_in(6, "failureThreshold", number(&[1, 3])).value()
}

fn amounts(rng: &mut Rng) -> Value {
    let amount = |rng: &mut Rng| match rng.below(8) {
        0 => json!(rng.below(3)),
        1 => json!(0.5),
        2..=4 => json!(rng.pick(&["1", "1000m", "1Gi", "1024Mi", "0"])),
        _ => json!(rng.pick(AMOUNTS)),
    };
    Fields::new(rng)
        .mostly(4, "cpu", amount)
        .mostly(4, "memory", amount)
        .mostly(3, "ephemeral-storage", amount)
        .value()
}

fn container(rng: &mut Rng) -> Value {
    let resources = |rng: &mut Rng| {
        let same = amounts(rng);
        let other = amounts(rng);
        let other = if rng.one_in(2) { same.clone() } else { other };
        Fields::new(rng).mostly(5, "limits", |_| same).mostly(5, "requests", |_| other).value()
    };
    let ports = |rng: &mut Rng| {
        let port = |rng: &mut Rng| {
            Fields::new(rng)
                .mostly(6, "containerPort", number(&[80, 80, 443, 0]))
                .one_in(
                    2,
                    "name",
                    text(&["http", "https", "a-name-of-15-ch", "a-name-of-16-chr", "Http", "8080", ""]),
                )
                .value()
        };
        list(rng, 3, port)
    };
    let env = |rng: &mut Rng| {
        let source =
            |rng: &mut Rng| Fields::new(rng).one_in(2, "secretKeyRef", |_| json!({"key": "k"})).value();
        let variable = |rng: &mut Rng| {
            Fields::new(rng)
                .mostly(15, "name", text(&["A", "B", "C", "a", ""]))
                .one_in(3, "value", text(&["", "x", "$(A)", "$(B) $(C)"]))
                .one_in(3, "valueFrom", source)
                .value()
        };
        list(rng, 3, variable)
    };
    Fields::new(rng)
        .mostly(15, "name", text(&["web", "web", "app", "side-car", ""]))
        .mostly(15, "image", text(IMAGES))
        .one_in(2, "imagePullPolicy", text(&["Always", "Always", "IfNotPresent", "Never", ""]))
        .mostly(4, "resources", resources)
        .mostly(4, "securityContext", container_context)
        .one_in(3, "readinessProbe", probe)
        .one_in(3, "livenessProbe", probe)
        .one_in(3, "ports", ports)
        .one_in(3, "env", env)
        .one_in(8, "restartPolicy", text(&["Always", "Always", "OnFailure", ""]))
        .one_in(8, "envFrom", |rng| list(rng, 2, |_| json!({"secretRef": {"name": "s"}})))
        .value()
}

fn anti_affinity(rng: &mut Rng) -> Value {
    let term = |rng: &mut Rng| {
        let keys =
            &["kubernetes.io/hostname", "kubernetes.io/hostname", "topology.kubernetes.io/zone", "rack", ""];
        Fields::new(rng).mostly(10, "topologyKey", text(keys)).mostly(8, "labelSelector", selector).value()
    };
    let weighted = |rng: &mut Rng| json!({"weight": 1, "podAffinityTerm": term(rng)});
    let anti = |rng: &mut Rng| {
        Fields::new(rng)
            .one_in(2, "requiredDuringSchedulingIgnoredDuringExecution", |rng| list(rng, 2, term))
            .one_in(2, "preferredDuringSchedulingIgnoredDuringExecution", |rng| list(rng, 2, weighted))
            .value()
    };
    Fields::new(rng).mostly(6, "podAntiAffinity", anti).value()
}

fn spread(rng: &mut Rng) -> Value {
    Fields::new(rng)
        .mostly(8, "labelSelector", selector)
        .mostly(12, "maxSkew", number(&[1, 1, 1, 2, 0]))
        .one_in(4, "minDomains", number(&[1, 2, 0]))
        .mostly(12, "topologyKey", text(&["zone", "zone", "zone", ""]))
        .mostly(12, "whenUnsatisfiable", text(&["DoNotSchedule", "ScheduleAnyway", "Never"]))
        .value()
}

pub(super) fn pod_spec(rng: &mut Rng) -> Value {
    let volumes = |rng: &mut Rng| {
        let path = text(&["/var/run/docker.sock", "/proc", "/data/process", "/tmp", "/var/run"]);
        let host_path = |rng: &mut Rng| Fields::new(rng).mostly(8, "path", path).value();
        list(rng, 2, |rng| Fields::new(rng).mostly(3, "hostPath", host_path).value())
    };
    Fields::new(rng)
        .one_in(4, "initContainers", |rng| list(rng, 2, container))
        .mostly(20, "containers", |rng| list(rng, 3, container))
        .one_in(12, "ephemeralContainers", |rng| list(rng, 1, container))
        .mostly(3, "securityContext", security_context)
        .one_in(2, "affinity", anti_affinity)
        .one_in(3, "topologySpreadConstraints", |rng| list(rng, 2, spread))
        .one_in(2, "restartPolicy", text(&["Always", "Never", "OnFailure", "", "never"]))
        .one_in(12, "os", |rng| json!({"name": rng.pick(&["linux", "windows"])}))
        .one_in(12, "resources", |rng| json!({"limits": amounts(rng), "requests": amounts(rng)}))
        .one_in(6, "hostNetwork", boolean)
        .one_in(6, "hostPID", boolean)
        .one_in(6, "hostIPC", boolean)
        .one_in(8, "hostUsers", boolean)
        .one_in(8, "hostAliases", |rng| list(rng, 1, |_| json!({"ip": "127.0.0.1"})))
        .one_in(3, "serviceAccountName", text(&["web", "default", "", "<nil>"]))
        .one_in(3, "automountServiceAccountToken", boolean)
        .one_in(3, "volumes", volumes)
        .value()
}
