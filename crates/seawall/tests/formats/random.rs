//! Random manifests with random ignores and exceptions of every kind.

use std::fmt::Write as _;

/// A small generator of numbers that look random (splitmix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    pub(crate) fn chance(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }

    fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[self.below(from.len())]
    }
}

const RULES: [&str; 8] = [
    "host-pid",
    "privileged-container",
    "run-as-non-root",
    "allow-privilege-escalation",
    "host-port",
    "schema-invalid",
    "seccomp-profile",
    "drop-all-capabilities",
];

/// A comment behind a line, sometimes one that ignores.
fn comment(random: &mut Random, out: &mut String) {
    match random.below(8) {
        0 | 1 => {
            let until = random.pick(&["", "until=2020-01-01 ", "until=2026-12-05 ", "until=2099-01-01 "]);
            let container = random.pick(&["", "", "@a"]);
            let _ = writeln!(out, " # seawall: ignore {}{container} {until}known", random.pick(&RULES));
        }
        2 => out.push_str(" # a comment\n"),
        _ => out.push('\n'),
    }
}

fn annotations(random: &mut Random) -> String {
    let mut entries = Vec::new();
    for _ in 0..random.below(3) {
        let container = random.pick(&["", "@a", "@b"]);
        entries.push(format!("{}{container}=known", random.pick(&RULES)));
    }
    format!("{{seawall.dev/ignore: \"{}\"}}", entries.join("; "))
}

/// A pod's fields, behind `pad`.
fn pod(random: &mut Random, pad: &str, out: &mut String) {
    let mut line = |random: &mut Random, of: usize, text: &str| {
        if random.chance(of) {
            let _ = write!(out, "{pad}{text}");
            comment(random, out);
        }
    };
    line(random, 3, "hostPID: true");
    line(random, 5, "hostNetwork: true");
    line(random, 4, "securityContext: {runAsNonRoot: true}");
    line(random, 8, "hostIPC: \"yes\"");
    line(random, 8, "unknownField: 1");
    line(random, 1, "containers:");
    for name in ["a", "b", "c"] {
        if name != "a" && random.chance(2) {
            continue;
        }
        let _ = write!(out, "{pad}- name: {name}");
        comment(random, out);
        let _ = writeln!(out, "{pad}  image: x");
        if random.chance(3) {
            let _ = write!(out, "{pad}  ports: [{{containerPort: 80, hostPort: 80}}]");
            comment(random, out);
        }
        if random.chance(2) {
            let _ = write!(out, "{pad}  securityContext:");
            comment(random, out);
            let _ = write!(out, "{pad}    privileged: {}", random.pick(&["true", "false", "1"]));
            comment(random, out);
            if random.chance(2) {
                let _ = write!(out, "{pad}    allowPrivilegeEscalation: false");
                comment(random, out);
            }
        }
    }
}

/// What a Deployment called `web` made.
const OWNER: &str = ", labels: {pod-template-hash: \"1\"}, ownerReferences: \
                     [{apiVersion: apps/v1, kind: ReplicaSet, name: web-1, uid: u, controller: true}]";

/// The fields of an exception that objects and configurations share.
fn exception(random: &mut Random) -> String {
    let workload = random.pick(&[
        "kind: Pod",
        "kind: Pod, name: x",
        "kind: Deployment",
        "kind: Deployment, name: web",
        "kind: ReplicaSet, name: web-*, labels: {pod-template-hash: \"1\"}",
    ]);
    let mut rules = Vec::new();
    for _ in 0..=random.below(2) {
        let rule =
            random.pick(&["host-pid", "privileged-container", "run-as-non-root", "restricted", "host-port"]);
        let more = random.pick(&["", ", containers: [a]", ", values: ['8*']"]);
        rules.push(format!("{{rule: {rule}{more}}}"));
    }
    let end = random.pick(&[
        "",
        ", expires: 2099-01-01",
        ", expires: 2026-12-05",
        ", expires: 2020-01-01",
        ", expires: 2020-01-01, onExpiry: warn",
    ]);
    format!("workloads: [{{{workload}}}], rules: [{}], reason: r{end}", rules.join(", "))
}

/// Exceptions and a policy as objects.
pub(crate) fn operators(random: &mut Random) -> String {
    let mut out = String::new();
    let api = "apiVersion: seawall.dev/v1alpha1";
    for _ in 0..=random.below(3) {
        let (namespace, spec) = (random.pick(&["shop", "prod"]), exception(random));
        let _ = writeln!(
            out,
            "---\n{api}\nkind: PodSecurityException\nmetadata: {{name: e, namespace: {namespace}}}\nspec: {{{spec}}}"
        );
    }
    if !random.chance(3) {
        let rules =
            random.pick(&["{rule: host-pid}", "{rule: hostPorts}, {rule: restricted}, {rule: privileged}"]);
        let spec = format!("namespaces: ['*'], rules: [{rules}]");
        let _ = writeln!(
            out,
            "---\n{api}\nkind: PodSecurityExceptionPolicy\nmetadata: {{name: p}}\nspec: {{{spec}}}"
        );
    }
    out
}

/// A file with some documents; objects may be there twice.
pub(crate) fn file(random: &mut Random) -> String {
    let mut out = String::new();
    for _ in 0..=random.below(4) {
        out.push_str("---\n");
        let (name, namespace) = (random.pick(&["x", "y", "z"]), random.pick(&["", "shop", "prod"]));
        let owner = random.pick(&["", OWNER]);
        let metadata = format!(
            "{{name: {name}, namespace: \"{namespace}\", annotations: {}{owner}}}",
            annotations(random)
        );
        match random.below(8) {
            0 => {
                let _ = writeln!(out, "apiVersion: v1\nkind: Service\nmetadata: {metadata}");
                out.push_str("spec: {ports: lots, ports: more}");
                comment(random, &mut out);
            }
            1 => out.push_str("kind: [\n"),
            2..5 => {
                let _ = writeln!(out, "apiVersion: v1\nkind: Pod\nmetadata: {metadata}\nspec:");
                pod(random, "  ", &mut out);
            }
            _ => {
                let _ = writeln!(
                    out,
                    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {metadata}\nspec:\n  template:"
                );
                let _ = writeln!(out, "    metadata: {{annotations: {}}}\n    spec:", annotations(random));
                pod(random, "      ", &mut out);
            }
        }
    }
    out
}

/// Ignores and exceptions of a configuration.
pub(crate) fn ignores(random: &mut Random) -> String {
    let mut out = "ignores:\n".to_owned();
    for _ in 0..random.below(3) {
        let more =
            random.pick(&["", ", kind: Pod", ", container: a", ", namespace: shop", ", expires: 2020-01-01"]);
        let _ = writeln!(out, "- {{rule: {}, reason: known{more}}}", random.pick(&RULES));
    }
    if !random.chance(3) {
        let namespace = random.pick(&["shop", "'*'"]);
        let _ = writeln!(out, "exceptions:\n- {{namespaces: [{namespace}], {}}}", exception(random));
    }
    out
}

/// Levels of a configuration.
pub(crate) fn levels(random: &mut Random) -> String {
    let levels = random.pick(&["baseline", "restricted", "{enforce: baseline, warn: restricted}"]);
    format!("levels: {{shop: {levels}}}\n")
}

/// A baseline without some of its lines.
pub(crate) fn thinned(random: &mut Random, baseline: &str) -> String {
    let kept = baseline.lines().filter(|line| !line.starts_with("- ") || random.chance(2));
    let mut out: String = kept.fold(String::new(), |out, line| out + line + "\n");
    if out.ends_with("findings:\n") {
        out.truncate(out.len() - 1);
        out.push_str(" []\n");
    }
    out
}
