//! Objects with very long lists, of so many items and of nearly four times as many: `growth [--quick]`. Time has to grow with the
//! input, not with its square. Memory of the smaller ones has no more than any scan may take; of the larger ones it may grow with
//! the items of an object, not with what is found in them.
//!
//! Two lists that are held against each other (selectors with expressions against pods) are not among them: there every pair
//! is looked at.

use std::fs;
use std::process::ExitCode;
use std::time::Duration;

use seawall_benches::command;
use seawall_benches::disk::{megabytes, memory_bound};
use seawall_benches::floor::Floors;
use seawall_benches::peer::{Side, seawall, target_directory};

/// Items of the smaller input: as many containers as a pod can have that runs. With their status, and with the mount of a token that
/// each gets by default, more do not fit into the 1.5 MiB that etcd takes of an object in k8s.io/api's encoding.
const ITEMS: usize = 4_300;
/// Items of the larger input.
const MANY: usize = 16_000;
/// How many times the CPU time the larger one may take; the square of the items would be 14.
const GROWTH: f64 = 7.4;
/// What memory is measured for: a format for people, and those of machines that take the most.
const FORMATS: [&str; 3] = ["text", "json", "sarif"];
/// Less is measured too coarsely to be compared.
const LEAST: Duration = Duration::from_millis(20);

const ARGS: [&str; 8] = ["scan", "--profile", "strict", "--complete", "--threads", "1", "--fail-on", "never"];

/// A pod in which `LIST` stands for the items, each with `#` for its number.
struct Shape {
    name: &'static str,
    around: &'static str,
    item: &'static str,
    /// Bytes that an item of the larger input may take while its object is looked at, beside what any scan may take: its nodes, the
    /// views of it and its name in the reference's sentences.
    more: u64,
}

const SHAPES: &[Shape] = &[
    pod("containers", "  containers:\nLIST", "  - {name: c#, image: a}\n").and(300),
    pod("containers of one name", "  containers:\nLIST", "  - {name: c, image: a}\n").and(150),
    pod(
        "init containers",
        "  initContainers:\nLIST  containers: [{name: c, image: a}]\n",
        "  - {name: i#, image: a}\n",
    )
    .and(300),
    pod(
        "privileged containers",
        "  containers:\nLIST",
        "  - {name: c#, image: a, securityContext: {privileged: true, capabilities: {add: [SYS_ADMIN]}}}\n",
    )
    .and(700),
    pod(
        "containers that mount one volume",
        "  volumes: [{name: v, hostPath: {path: /}}]\n  containers:\nLIST",
        "  - {name: c#, image: a, volumeMounts: [{name: v, mountPath: /x}]}\n",
    )
    .and(560),
    pod(
        "volumes of the node",
        "  containers: [{name: c, image: a}]\n  volumes:\nLIST",
        "  - {name: v#, hostPath: {path: /etc/#}}\n",
    )
    .and(80),
    pod(
        "mounts",
        "  volumes: [{name: v, emptyDir: {}}]\n  containers:\n  - name: c\n    image: a\n    volumeMounts:\nLIST",
        "    - {name: v, mountPath: /x/#, subPath: a}\n",
    ),
    pod(
        "variables",
        "  containers:\n  - name: c\n    image: a\n    env:\nLIST",
        "    - {name: PASSWORD_#, value: hunter2x#}\n",
    ),
    pod(
        "references to Secrets",
        "  containers:\n  - name: c\n    image: a\n    env:\nLIST",
        "    - {name: P_#, valueFrom: {secretKeyRef: {name: s#, key: a}}}\n",
    ),
    pod(
        "ports",
        "  containers:\n  - name: c\n    image: a\n    ports:\nLIST",
        "    - {name: p#, containerPort: #, hostPort: 80}\n",
    ),
    pod(
        "arguments",
        "  containers:\n  - name: c\n    image: a\n    args:\nLIST",
        "    - --password=hunter2#\n",
    ),
    pod(
        "amounts of resources",
        "  containers:\n  - name: c\n    image: a\n    resources:\n      limits: {a.b/x0: 1}\n      requests:\nLIST",
        "        a.b/x#: 1\n",
    ),
    pod(
        "topology spread constraints",
        "  containers: [{name: c, image: a}]\n  topologySpreadConstraints:\nLIST",
        "  - {maxSkew: 1, topologyKey: k#, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {a: b}}}\n",
    ),
    Shape {
        name: "hosts of an Ingress",
        around: "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: a}\nspec:\n  tls: [{hosts: [b.x]}]\n  rules:\nLIST",
        item: "  - {host: a#.x, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: s#, port: {number: 80}}}}]}}\n",
        more: 150,
    },
    Shape {
        name: "rules of a ClusterRole",
        around: "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: a}\nrules:\nLIST",
        item: "- {apiGroups: ['*'], resources: ['*'], verbs: ['*']}\n",
        more: 0,
    },
    Shape {
        name: "data of a ConfigMap",
        around: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\nLIST",
        item: "  password#: hunter2x#\n",
        more: 0,
    },
    Shape {
        name: "pods of a namespace",
        around: "LIST",
        item: "---\napiVersion: v1\nkind: Pod\nmetadata: {name: a#, namespace: x, labels: {app: b}}\nspec: {containers: [{name: a, image: b}]}\n",
        more: 0,
    },
];

const fn pod(name: &'static str, around: &'static str, item: &'static str) -> Shape {
    Shape { name, around, item, more: 0 }
}

impl Shape {
    const fn and(self, more: u64) -> Self {
        Self { more, ..self }
    }

    fn is_one_object(&self) -> bool {
        !self.item.starts_with("---")
    }

    fn text(&self, items: usize) -> String {
        let head = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: x}\nspec:\n";
        let head = if self.around.starts_with("  ") { head } else { "" };
        let list: Vec<String> = (1..=items).map(|i| self.item.replace('#', &i.to_string())).collect();
        head.to_owned() + &self.around.replace("LIST", &list.concat())
    }
}

fn main() -> ExitCode {
    command::run("growth", measure)
}

fn measure(quick: bool) -> Result<Floors, String> {
    let runs = if quick { 1 } else { 3 };
    let program = seawall()?;
    let file = target_directory()?.join("growth.yaml");
    let mut floors = Floors::default();
    for shape in SHAPES {
        let cpu = |items| {
            fs::write(&file, shape.text(items)).map_err(|e| format!("{}: {e}", file.display()))?;
            let scan = Side::new(&program, &ARGS, [file.clone()]);
            scan.output()?;
            scan.cpu(runs)
        };
        let (few, many) = (cpu(ITEMS)?, cpu(MANY)?);
        let growth = many.as_secs_f64() / few.max(LEAST).as_secs_f64();
        floors.add(
            format!("CPU time, {} {}, vs {ITEMS}", MANY, shape.name),
            format!("{:.2} s, {growth:.1} x more", many.as_secs_f64()),
            format!("<= {GROWTH} x more"),
            growth <= GROWTH,
        );
        for items in [ITEMS, MANY] {
            let text = shape.text(items);
            fs::write(&file, &text).map_err(|e| format!("{}: {e}", file.display()))?;
            let (size, count) = (text.len() as u64, items as u64);
            let bound = match (shape.is_one_object(), items) {
                (false, _) => memory_bound(size, count),
                (true, ITEMS) => memory_bound(size, 1),
                (true, _) => memory_bound(size, 1) + shape.more * count,
            };
            for format in FORMATS {
                let scan = Side::new(&program, &[&ARGS[..], &["--format", format]].concat(), [file.clone()]);
                let peak = scan.peak_memory()?;
                floors.add(
                    format!("memory, {items} {}, {format}", shape.name),
                    megabytes(peak),
                    format!("<= {}", megabytes(bound)),
                    peak <= bound,
                );
            }
        }
    }
    let _ = fs::remove_file(&file);
    Ok(floors)
}
