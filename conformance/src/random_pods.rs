//! Random pods: arbitrary ones, and ones that nearly comply with restricted.

use serde_json::{Map, Value, json};

/// A small generator of random numbers (SplitMix64): the same seed gives the same pods everywhere.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// A generator that starts from `seed`.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number from 0 to below `bound`, which is not 0.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }

    /// True once in `n` times.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// One of a list that is not empty.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

const NAMES: &[&str] = &[
    "a",
    "b",
    "app",
    "app",
    "init",
    "",
    "a\"b",
    "a\\b",
    "tab\tnl\n",
    "\u{1}",
    "\u{7f}",
    "ü",
    "日本語",
    "\u{a0}",
    "\u{ad}",
    "\u{200b}",
    "\u{2028}",
    "😀",
    "\u{e000}",
    "\u{feff}",
    "\u{fffd}",
    "<b>&",
    "%s %d",
    "`",
    "'",
    ", ",
    "a, b",
    "localhost/",
    "pod",
];
const CAPABILITIES: &[&str] = &[
    "ALL",
    "all",
    "NET_BIND_SERVICE",
    "CAP_NET_BIND_SERVICE",
    "net_bind_service",
    "CHOWN",
    "AUDIT_WRITE",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
    "SYS_ADMIN",
    "NET_RAW",
    "NET_ADMIN",
    "",
    "Ü\"",
];
const SYSCTLS: &[&str] = &[
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
    "net.ipv4.tcp_slow_start_after_idle",
    "net.ipv4.tcp_notsent_lowat",
    "net/ipv4/tcp_rmem",
    "kernel.msgmax",
    "",
    "a\"b",
];
const VOLUMES: &[&str] = &[
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "gitRepo",
    "nfs",
    "iscsi",
    "glusterfs",
    "rbd",
    "flexVolume",
    "cinder",
    "cephfs",
    "flocker",
    "fc",
    "azureFile",
    "vsphereVolume",
    "quobyte",
    "azureDisk",
    "photonPersistentDisk",
    "portworxVolume",
    "scaleIO",
    "storageos",
    "notAVolume",
    "configmap",
];
const PROFILES: &[&str] = &[
    "RuntimeDefault",
    "RuntimeDefault",
    "Localhost",
    "Unconfined",
    "",
    "runtime/default",
    "runtimedefault",
    "x\"y",
];
const PROFILE_ANNOTATIONS: &[&str] = &[
    "runtime/default",
    "docker/default",
    "localhost/p",
    "localhost/",
    "localhost",
    "unconfined",
    "",
    "RuntimeDefault",
    "a\"b\\c",
    "\u{1}\t\u{b}\u{c}\u{7}\u{8}\r",
    "ü\u{a0}\u{ad}😀",
    "\u{200b}\u{feff}\u{2028}\u{e000}\u{10ffff}",
];
const TYPES: &[&str] = &[
    "",
    "container_t",
    "container_init_t",
    "container_kvm_t",
    "container_engine_t",
    "spc_t",
    "Container_t",
    "a\"b",
];
const HOSTS: &[&str] = &["", "", "127.0.0.1", "localhost", "h", "ü\"\n"];

fn boolean(rng: &mut Rng) -> Value {
    rng.pick(&[json!(true), json!(false), json!(null)].each_ref()).clone()
}

fn text(rng: &mut Rng, from: &[&str]) -> Value {
    if rng.one_in(20) { json!(null) } else { json!(rng.pick(from)) }
}

fn texts(rng: &mut Rng, from: &[&str]) -> Value {
    (0..rng.below(4)).map(|_| json!(rng.pick(from))).collect()
}

/// One member of a security context, of a pod or of a container.
fn context_member(rng: &mut Rng, of_pod: bool) -> (&'static str, Value) {
    match rng.below(if of_pod { 7 } else { 10 }) {
        0 => ("runAsNonRoot", boolean(rng)),
        1 => (
            "runAsUser",
            rng.pick(&[json!(0), json!(1), json!(-1), json!(1000), json!(null)].each_ref()).clone(),
        ),
        2 => ("seccompProfile", json!({"type": text(rng, PROFILES)})),
        3 => ("appArmorProfile", json!({"type": text(rng, PROFILES)})),
        4 => {
            let (user, role) = (text(rng, &["", "", "u"]), text(rng, &["", "", "r"]));
            ("seLinuxOptions", json!({"type": text(rng, TYPES), "user": user, "role": role, "level": "s0"}))
        }
        5 => ("windowsOptions", json!({"hostProcess": boolean(rng)})),
        6 if of_pod => {
            let list: Vec<Value> =
                (0..rng.below(4)).map(|_| json!({"name": rng.pick(SYSCTLS), "value": "1"})).collect();
            ("sysctls", json!(list))
        }
        6 => ("privileged", boolean(rng)),
        7 => ("allowPrivilegeEscalation", boolean(rng)),
        8 => ("procMount", text(rng, &["Default", "Unmasked", "", "default", "ü\""])),
        _ => {
            let mut capabilities = Map::new();
            if !rng.one_in(4) {
                capabilities.insert("drop".into(), texts(rng, &["ALL", "ALL", "all", "NET_RAW", ""]));
            }
            if !rng.one_in(3) {
                capabilities.insert("add".into(), texts(rng, CAPABILITIES));
            }
            ("capabilities", Value::Object(capabilities))
        }
    }
}

/// One member of a container.
fn container_member(rng: &mut Rng) -> (&'static str, Value) {
    let handler = |rng: &mut Rng| {
        let mut handler = Map::new();
        for action in ["httpGet", "tcpSocket", "exec", "grpc"] {
            if rng.one_in(2) {
                let host = text(rng, HOSTS);
                let fields = match action {
                    "exec" => json!({"command": ["x"]}),
                    "grpc" => json!({"port": 1, "service": "h"}),
                    "tcpSocket" => json!({"host": host, "port": 1}),
                    _ => json!({"host": host, "port": "p", "httpHeaders": [{"name": "Host", "value": "h"}]}),
                };
                handler.insert(action.into(), fields);
            }
        }
        Value::Object(handler)
    };
    match rng.below(6) {
        0 => ("livenessProbe", handler(rng)),
        1 => ("readinessProbe", handler(rng)),
        2 => ("startupProbe", handler(rng)),
        3 => ("lifecycle", json!({"postStart": handler(rng), "preStop": null})),
        4 => ("lifecycle", json!({"preStop": handler(rng)})),
        _ => {
            let port = |rng: &mut Rng| {
                let host = rng.pick(&[0, 0, 80, 443, 8080, -1, i32::MAX]);
                json!({"containerPort": rng.pick(&[80, 8080]), "hostPort": host})
            };
            ("ports", (0..rng.below(4)).map(|_| port(rng)).collect())
        }
    }
}

fn volume(rng: &mut Rng) -> Value {
    let mut volume = Map::new();
    volume.insert("name".into(), json!(rng.pick(NAMES)));
    for _ in 0..rng.pick(&[0, 1, 1, 1, 1, 2]) {
        let source = if rng.one_in(15) { json!(null) } else { json!({}) };
        volume.insert(rng.pick(VOLUMES).into(), source);
    }
    Value::Object(volume)
}

fn annotation(rng: &mut Rng) -> (String, Value) {
    let prefix = rng.pick(&[
        "container.apparmor.security.beta.kubernetes.io/",
        "container.seccomp.security.alpha.kubernetes.io/",
        "seccomp.security.alpha.kubernetes.io/",
        "container.apparmor.security.beta.kubernetes.io",
        "x/",
    ]);
    let name = if prefix.starts_with("seccomp") { rng.pick(&["pod", "pod", "Pod"]) } else { rng.pick(NAMES) };
    (format!("{prefix}{name}"), text(rng, PROFILE_ANNOTATIONS))
}

/// The object at a key, made if it is not there.
fn object<'v>(of: &'v mut Value, key: &str) -> &'v mut Value {
    if !of[key].is_object() {
        of[key] = json!({});
    }
    &mut of[key]
}

fn push(of: &mut Value, key: &str, item: Value) {
    match &mut of[key] {
        Value::Array(list) => list.push(item),
        other => *other = json!([item]),
    }
}

/// A container that meets restricted by itself.
fn good_container(rng: &mut Rng) -> Value {
    json!({"name": rng.pick(NAMES), "securityContext": {
        "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": true,
        "seccompProfile": {"type": "RuntimeDefault"}}})
}

const CLASSES: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

/// Changes one thing in a pod.
fn change(rng: &mut Rng, pod: &mut Value) {
    let spec = &mut pod["spec"];
    match rng.below(16) {
        0 => {
            let field =
                rng.pick(&["hostNetwork", "hostPID", "hostIPC", "hostUsers", "hostUsers", "hostUsers"]);
            spec[field] = boolean(rng);
        }
        1 => spec["os"] = json!({"name": text(rng, &["windows", "windows", "linux", "Windows"])}),
        2 | 3 => push(spec, "volumes", volume(rng)),
        4 | 5 => {
            let (key, value) = context_member(rng, true);
            object(spec, "securityContext")[key] = value;
        }
        6 => {
            let (key, value) = annotation(rng);
            object(object(pod, "metadata"), "annotations")[&key] = value;
        }
        7 => {
            let container =
                if rng.one_in(3) { json!({"name": rng.pick(NAMES)}) } else { good_container(rng) };
            push(spec, rng.pick(&CLASSES), container);
        }
        choice => {
            let class = rng.pick(&CLASSES);
            let count = spec[class].as_array().map_or(0, Vec::len);
            if count == 0 {
                return push(spec, class, good_container(rng));
            }
            let container = &mut spec[class][rng.below(count)];
            match choice {
                8 | 9 => {
                    let (key, value) = container_member(rng);
                    container[key] = value;
                }
                10 if rng.one_in(3) => {
                    container["securityContext"] = rng.pick(&[json!(null), json!({})].each_ref()).clone();
                }
                10 => {
                    // Leaves one thing out.
                    let key = rng.pick(&[
                        "allowPrivilegeEscalation",
                        "capabilities",
                        "runAsNonRoot",
                        "seccompProfile",
                    ]);
                    if let Value::Object(context) = object(container, "securityContext") {
                        context.remove(key);
                    }
                }
                _ => {
                    let (key, value) = context_member(rng, false);
                    object(container, "securityContext")[key] = value;
                }
            }
        }
    }
}

/// A pod that meets restricted but for a few changes.
pub fn near(rng: &mut Rng) -> Value {
    let mut pod = json!({"metadata": {"name": "p"}, "spec": {"containers": [good_container(rng)]}});
    if rng.one_in(2) {
        pod["spec"]["securityContext"] =
            json!({"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}});
    }
    for _ in 0..rng.below(4) {
        change(rng, &mut pod);
    }
    pod
}

/// A pod with nothing good about it in particular.
pub fn arbitrary(rng: &mut Rng) -> Value {
    let mut pod = json!({"metadata": {"name": "p"}, "spec": {}});
    for class in CLASSES {
        for _ in 0..rng.pick(&[0, 1, 1, 2]) {
            push(&mut pod["spec"], class, json!({"name": rng.pick(NAMES)}));
        }
    }
    for _ in 0..rng.below(20) {
        change(rng, &mut pod);
    }
    pod
}
