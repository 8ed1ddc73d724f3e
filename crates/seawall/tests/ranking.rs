//! What a text shows first, and what it names at the end.

mod common;

use common::Dir;

fn workload(name: &str, pod: &str, container: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: shop, labels: {{app: {name}}}}}\nspec:\n{pod}  containers:\n  - name: app\n    image: registry.example.com/app:1\n{container}"
    )
}

const NAMESPACE: &str = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {pod-security.kubernetes.io/enforce: baseline, pod-security.kubernetes.io/warn: restricted}}\n---\n";

/// The rules of a page in order, each behind how grave it is.
fn shown(page: &str) -> Vec<&str> {
    let lines = page.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    lines.filter_map(|line| Some(line.trim().split_once("]: ")?.0)).collect()
}

#[test]
fn an_object_s_findings_come_by_what_is_to_be_done_first() {
    let pod = "  hostPID: true\n  volumes:\n  - {name: s, hostPath: {path: /var/run/docker.sock}}\n";
    let container = "    ports: [{containerPort: 80, hostPort: 80}]\n    securityContext: {capabilities: {add: [SYS_ADMIN]}}\n";
    let dir = Dir::with(&[("pod.yaml", &format!("{NAMESPACE}{}", workload("web", pod, container)))]);
    dir.write("seawall.yaml", "rules: {severity: {dangerous-capability: high, cpu-request: critical}}\n");
    let rules = "host-pid,host-port,host-path-volume,run-as-non-root,container-socket-mount,cpu-request,added-capability,dangerous-capability,memory-limit,host-aliases";
    let run = dir.run_bare(&["scan", "--select", rules, "pod.yaml"]);
    assert_eq!(
        shown(&run.stdout),
        [
            "error[host-pid",
            "error[host-path-volume",
            "error[added-capability",
            "error[host-port",
            "warning[run-as-non-root",
            "critical[container-socket-mount",
            "high[dangerous-capability",
            "critical[cpu-request",
            "medium[memory-limit",
        ],
        "{}",
        run.stdout
    );
}

/// Seven pods: one with the node's processes, one that is reached from outside, the others by the memory limits they lack.
fn many() -> Vec<(String, String)> {
    let limited = "    resources: {limits: {memory: 1Gi}}\n";
    let mut files: Vec<(String, String)> =
        (0..5).map(|i| (format!("{i}.yaml"), workload(&format!("plain-{i}"), "", ""))).collect();
    files.push(("5.yaml".to_owned(), workload("node", "  hostPID: true\n", limited)));
    let service = "---\napiVersion: v1\nkind: Service\nmetadata: {name: shop, namespace: shop}\nspec: {type: LoadBalancer, selector: {app: open}, ports: [{port: 80}]}\n";
    files.push(("6.yaml".to_owned(), format!("{}{service}", workload("open", "", ""))));
    files
}

fn scan(dir: &Dir, args: &[&str]) -> String {
    // What is reached from outside is known where a check asks for other objects.
    let rules = "memory-limit,host-pid,network-policy-missing";
    let always = ["scan", "--level", "baseline", "--select", rules, "."];
    dir.run_bare(&[&always[..], args].concat()).stdout
}

#[test]
fn the_end_names_the_worst() {
    let files = many();
    let named: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let dir = Dir::with(&named);
    let page = scan(&dir, &[]);
    let list = "worst 5 of 7 workloads with findings\n  Pod shop/node at 5.yaml:1 (host-level, score 85)\n  Pod shop/open at 6.yaml:1 (reached from outside, score 95)\n  Pod shop/plain-0 at 0.yaml:1 (score 95)\n  Pod shop/plain-1 at 1.yaml:1 (score 95)\n  Pod shop/plain-2 at 2.yaml:1 (score 95)\n";
    assert!(page.contains(list), "{page}");
    let files: Vec<&str> =
        page.lines().filter(|line| line.contains(".yaml:1:1")).map(|line| &line[..1]).collect();
    assert_eq!(files, ["0", "1", "2", "3", "4", "5", "6"], "the order of the input stays");
    let without_time =
        |page: &str| page.lines().filter(|line| !line.contains(" s)")).collect::<Vec<_>>().join("\n");
    assert_eq!(
        without_time(&scan(&dir, &["--threads", "1"])),
        without_time(&scan(&dir, &["--threads", "4"]))
    );
    assert!(!scan(&dir, &["--quiet"]).contains("worst"), "quiet has no end");
    let few = Dir::with(&named[..5]);
    assert!(!scan(&few, &[]).contains("worst"), "five can be seen");
}

/// What has the node comes first also where its namespace allows everything.
#[test]
fn a_namespace_that_allows_everything_hides_no_rank() {
    let open = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {pod-security.kubernetes.io/enforce: privileged}}\n---\n";
    let files: Vec<(String, String)> =
        many().into_iter().map(|(name, text)| (name, format!("{open}{text}"))).collect();
    let named: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let dir = Dir::with(&named);
    let page = scan(&dir, &[]);
    let first = "worst 5 of 7 workloads with findings\n  Pod shop/node at 5.yaml:5 (host-level, score 85)\n  Pod shop/open at 6.yaml:5 (reached from outside, score 95)\n";
    assert!(page.contains(first), "{page}");
    assert!(page.contains("lowest 85: Pod shop/node at 5.yaml:5"), "{page}");
}
