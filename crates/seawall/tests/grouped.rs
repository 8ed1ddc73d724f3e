//! What people read of several containers with one mistake: a sentence for every rule.

mod common;

use common::Dir;

/// A rule that speaks of containers: what offends in one container, and in another one in the same and in another way.
struct Case {
    rule: &'static str,
    first: &'static str,
    other: &'static str,
    /// What is said of the first alone.
    one: &'static str,
    /// What is said of two like the first.
    same: &'static str,
    /// What is said of the first and the other.
    different: &'static str,
}

const fn case(
    rule: &'static str,
    [first, other]: [&'static str; 2],
    [one, same, different]: [&'static str; 3],
) -> Case {
    Case { rule, first, other, one, same, different }
}

const CASES: &[Case] = &[
    case(
        "added-capability",
        ["securityContext: {capabilities: {add: [A]}}", "securityContext: {capabilities: {add: [B, C]}}"],
        [
            r#"container "a" adds the capability "A""#,
            r#"each of the containers "a", "b" adds the capability "A""#,
            r#"each of the containers "a", "b" adds Linux capabilities that a container does not have by default"#,
        ],
    ),
    case(
        "allow-privilege-escalation",
        [
            "securityContext: {capabilities: {drop: [ALL]}, allowPrivilegeEscalation: true}",
            "securityContext: {capabilities: {drop: [ALL]}}",
        ],
        [
            r#"container "a" lets its processes gain privileges, as through set-user-ID programs"#,
            r#"each of the containers "a", "b" lets its processes gain privileges, as through set-user-ID programs"#,
            r#"each of the containers "a", "b" lets its processes gain privileges, as through set-user-ID programs"#,
        ],
    ),
    case(
        "apparmor-profile",
        [
            "securityContext: {appArmorProfile: {type: Unconfined}}",
            "securityContext: {appArmorProfile: {type: x}}",
        ],
        [
            r#"container "a" asks for the AppArmor profile "Unconfined""#,
            r#"each of the containers "a", "b" asks for the AppArmor profile "Unconfined""#,
            r#"each of the containers "a", "b" sets an AppArmor profile that lifts the runtime's confinement"#,
        ],
    ),
    case(
        "drop-all-capabilities",
        [
            "securityContext: {allowPrivilegeEscalation: false}",
            "securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [A]}}",
        ],
        [
            r#"container "a" does not drop all capabilities"#,
            r#"each of the containers "a", "b" does not drop all capabilities"#,
            r#"each of the containers "a", "b" does not drop all capabilities"#,
        ],
    ),
    case(
        "duplicate-key",
        ["tty: true, tty: false", "stdin: true, stdin: false"],
        [
            "`tty` is already set in this mapping; only the last value counts",
            r#"in each of the containers "a", "b": `tty` is already set in this mapping; only the last value counts"#,
            r#"in the containers "a", "b": `tty` is already set in this mapping; only the last value counts (and 1 more like it)"#,
        ],
    ),
    case(
        "host-port",
        [
            "ports: [{containerPort: 1, hostPort: 1}]",
            "ports: [{containerPort: 2, hostPort: 2}, {containerPort: 3, hostPort: 3}]",
        ],
        [
            r#"container "a" takes port 1 of the node"#,
            r#"each of the containers "a", "b" takes port 1 of the node"#,
            r#"each of the containers "a", "b" takes a port of the node"#,
        ],
    ),
    case(
        "host-process",
        ["securityContext: {windowsOptions: {hostProcess: true}}"; 2],
        [
            r#"container "a" runs as a process of the Windows node, outside any container"#,
            r#"each of the containers "a", "b" runs as a process of the Windows node, outside any container"#,
            r#"each of the containers "a", "b" runs as a process of the Windows node, outside any container"#,
        ],
    ),
    case(
        "privileged-container",
        ["securityContext: {privileged: true}"; 2],
        [
            r#"container "a" is privileged: it is root on the node in all but name"#,
            r#"each of the containers "a", "b" is privileged: it is root on the node in all but name"#,
            r#"each of the containers "a", "b" is privileged: it is root on the node in all but name"#,
        ],
    ),
    case(
        "probe-host",
        [
            "livenessProbe: {httpGet: {host: a.example, port: 1}}",
            "readinessProbe: {tcpSocket: {host: b.example, port: 1}}",
        ],
        [
            r#"container "a" has the kubelet connect to "a.example""#,
            r#"each of the containers "a", "b" has the kubelet connect to "a.example""#,
            r#"each of the containers "a", "b" sends the kubelet to another host by a probe or lifecycle handler"#,
        ],
    ),
    case(
        "proc-mount",
        ["securityContext: {procMount: Unmasked}", "securityContext: {procMount: x}"],
        [
            r#"container "a" sets procMount to "Unmasked": kernel settings in /proc lie open"#,
            r#"each of the containers "a", "b" sets procMount to "Unmasked": kernel settings in /proc lie open"#,
            r#"each of the containers "a", "b" lays open parts of /proc that the runtime masks"#,
        ],
    ),
    case(
        "run-as-non-root",
        ["securityContext: {runAsNonRoot: false, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}";
            2],
        [
            r#"container "a" allows itself to run as root"#,
            r#"each of the containers "a", "b" allows itself to run as root"#,
            r#"each of the containers "a", "b" allows itself to run as root"#,
        ],
    ),
    case(
        "run-as-root-user",
        ["securityContext: {runAsUser: 0}"; 2],
        [
            r#"container "a" asks to run as root (user 0)"#,
            r#"each of the containers "a", "b" asks to run as root (user 0)"#,
            r#"each of the containers "a", "b" asks to run as root (user 0)"#,
        ],
    ),
    case(
        "schema-invalid",
        ["tty: 'true'", "stdin: 'true'"],
        [
            r#"`tty` must be true or false, not the string "true""#,
            r#"in each of the containers "a", "b": `tty` must be true or false, not the string "true""#,
            r#"in the containers "a", "b": `tty` must be true or false, not the string "true" (and 1 more like it)"#,
        ],
    ),
    case(
        "seccomp-profile",
        [
            "securityContext: {seccompProfile: {type: Unconfined}}",
            "securityContext: {seccompProfile: {type: x}}",
        ],
        [
            r#"container "a" asks for the seccomp profile "Unconfined""#,
            r#"each of the containers "a", "b" asks for the seccomp profile "Unconfined""#,
            r#"each of the containers "a", "b" runs without a seccomp profile"#,
        ],
    ),
    case(
        "selinux-options",
        ["securityContext: {seLinuxOptions: {type: t}}", "securityContext: {seLinuxOptions: {user: u}}"],
        [
            r#"container "a" sets the SELinux type "t""#,
            r#"each of the containers "a", "b" sets the SELinux type "t""#,
            r#"each of the containers "a", "b" sets SELinux options that lift the confinement of containers"#,
        ],
    ),
];

/// Rules that speak of the pod, or of volumes: what offends, and what is said.
const POD_CASES: &[(&str, &str, &str)] = &[
    (
        "host-network",
        "hostNetwork: true",
        "the pod shares the node's network: it sees all traffic and reaches services bound to localhost",
    ),
    (
        "host-pid",
        "hostPID: true",
        "the pod shares the node's process ids: it sees all processes and may signal or trace them",
    ),
    (
        "host-ipc",
        "hostIPC: true",
        "the pod shares the node's inter-process communication: it reaches the shared memory of the node's processes",
    ),
    (
        "host-path-volume",
        "volumes: [{name: v, hostPath: {path: /a}}, {name: w, hostPath: {path: /b}}]",
        r#"volumes "v", "w" mount the node's file system"#,
    ),
    (
        "volume-types",
        "volumes: [{name: v, nfs: {server: a, path: /b}}, {name: w, nfs: {server: a, path: /b}}]",
        r#"volumes "v" (nfs), "w" (nfs) are of a type that restricted does not allow"#,
    ),
    (
        "unsafe-sysctl",
        "securityContext: {sysctls: [{name: kernel.a, value: '1'}, {name: kernel.b, value: '1'}]}",
        r#"the pod sets the kernel parameters "kernel.a", "kernel.b""#,
    ),
];

/// The sentences of a rule in a report for people, on one line each.
fn sentences(spec: &str, rule: &str) -> Vec<String> {
    let text = format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {spec}");
    let run = Dir::with(&[("p.yaml", &text)]).run(&["scan", "p.yaml"]);
    let mut found = Vec::new();
    let mut lines = run.stdout.lines().peekable();
    while let Some(line) = lines.next() {
        let Some((_, message)) = line.trim_start().split_once(&format!("[{rule}]: ")) else { continue };
        let mut message = message.to_owned();
        while let Some(more) = lines.next_if(|line| line.starts_with("      ") && !line.contains('|')) {
            message = format!("{message} {}", more.trim_start());
        }
        found.push(message);
    }
    found
}

const BASICS: &str = "securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}";

/// A pod with fields of its own and containers.
fn pod(fields: &str, containers: &[(&str, &str)]) -> String {
    let container = |(name, fields): &(&str, &str)| format!("{{name: {name}, image: x, {fields}}}");
    let containers: Vec<String> = containers.iter().map(container).collect();
    format!("{{{fields}, containers: [{}]}}\n", containers.join(", "))
}

#[test]
fn one_container_and_several_make_a_sentence() {
    for Case { rule, first, other, one, same, different } in CASES {
        let said = |containers: &[(&str, &str)]| sentences(&pod(BASICS, containers), rule);
        assert_eq!(said(&[("a", first)]), [*one], "{rule}");
        assert_eq!(said(&[("a", first), ("b", first)]), [*same], "{rule}");
        assert_eq!(said(&[("a", first), ("b", other)]), [*different], "{rule}");
    }
    for (rule, fields, one) in POD_CASES {
        assert_eq!(sentences(&pod(fields, &[("a", "")]), rule), [*one], "{rule}");
    }
}

#[test]
fn several_fields_of_one_container_are_counted() {
    let said = sentences(&pod(BASICS, &[("a", "tty: 'true', stdin: 'true'")]), "schema-invalid");
    assert_eq!(said, [r#"`tty` must be true or false, not the string "true" (and 1 more like it)"#]);
}

#[test]
fn every_rule_of_the_standard_has_a_case() {
    let told: Vec<&str> = CASES.iter().map(|c| c.rule).chain(POD_CASES.iter().map(|c| c.0)).collect();
    for rule in seawall_check::rules::all().into_iter().filter(|rule| rule.level.is_some()) {
        assert!(told.contains(&rule.id), "{}", rule.id);
    }
}
