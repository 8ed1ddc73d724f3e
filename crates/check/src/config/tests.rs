//! Tests of the configuration file.

use super::*;

fn read(text: &str) -> Result<Config, Vec<String>> {
    let source: Arc<[u8]> = text.as_bytes().into();
    let lines = LineIndex::new(&source);
    let document = seawall_yaml::read(source.clone()).pop().and_then(|e| e.document).expect("a document");
    Config::from_document(&document, &"seawall.yaml".into(), &lines).map_err(|errors| {
        let line = |e: &ConfigError| format!("{}: {}", lines.position(e.span.start).line, e.message);
        errors.iter().map(line).collect()
    })
}

#[test]
fn every_setting_is_read() {
    let config = read(
        "kubernetesVersion: \"1.36\"
levels: {\"prod-*\": restricted}
customResources: [{apiVersion: e.com/v1, kind: W, path: spec.t}]
rules: {deselect: [host-port], severity: {hostNamespaces: critical}}
parameters: {minimumReplicas: 3, registries: [r.example.com]}
profile: strict
profiles: {strict: {failOn: [warn, high], select: [run-as-non-root]}}
failOn: audit
ignores: [{rule: [host-pid, host-ipc], path: legacy/, namespace: a, kind: Pod, name: x-*, container: c, reason: r, owner: o, expires: 2027-01-31}]
exceptions: [{namespaces: [shop], workloads: [{kind: Pod}], rules: [{rule: hostNamespaces}], reason: r}]
scopes: [{name: prod, paths: [clusters/prod/]}]
namespaces: ns.yaml
baseline: base.yaml
",
    )
    .unwrap();
    assert_eq!(config.places.len(), SETTINGS.len());
    let [(named, _)] = &config.rules.severity[..] else { panic!("{:?}", config.rules.severity) };
    assert_eq!((&named.name[..], named.rules.len()), ("hostNamespaces", 3), "an alias names three rules");
    assert_eq!(config.profile_called("strict").unwrap().fail_on.len(), 2);
    assert_eq!((config.parameters.minimum_replicas, config.parameters.registries.len()), (3, 1));
    assert_eq!(config.fail_on, [FailOn::Audit]);
    assert_eq!(config.ignores[0].ignore.rules.len(), 2);
    assert_eq!(config.exceptions[0].what.grants.len(), 3);
    assert_eq!(config.exceptions[0].what.name, "seawall.yaml:10");
    assert_eq!((config.scope_of("clusters/prod/x.yaml"), config.scope_of("x.yaml")), (1, 0));
    assert_eq!((config.scope_name(1), config.scope_name(0)), ("prod", ""));
}

#[test]
fn every_error_has_a_place() {
    for (text, error) in [
        ("a: 1\n", "1: unknown setting `a`"),
        ("baseline: a\nbaseline: b\n", "2: `baseline` is set twice"),
        ("levels:\n  a: baseline\n  a: restricted\n", "3: the pattern `a` is given twice"),
        ("\nprofile: x\n", "2: no profile is called `x`"),
        ("rules:\n  deselect: [host-prot]\n", "2: no rule is called `host-prot`"),
        (
            "rules: {severity: {host-pid: grave}}\n",
            "1: a severity must be one of info, low, medium, high, critical",
        ),
        ("rules: {x: 1}\n", "1: unknown field `x` of `rules`"),
        ("rules: {severity: high}\n", "1: `severity` must map rules to severities"),
        (
            "failOn: [sometimes]\n",
            "1: `sometimes` must be enforce, audit, warn, info, low, medium, high, critical or never",
        ),
        ("ignores:\n- {rule: host-pid}\n", "2: an ignore needs a `reason`"),
        ("ignores:\n- {reason: r}\n", "2: an ignore needs a `rule`"),
        ("ignores:\n- {rule: [], reason: r}\n", "2: an ignore needs a `rule`"),
        (
            "ignores: [{rule: host-pid, reason: r, expires: soon}]\n",
            "1: `expires` must be a date such as 2027-03-31",
        ),
        (
            "ignores: [{rule: host-pid, reason: r, path: \"[\"}]\n",
            "1: `[` is no glob: unclosed character class; missing ']'",
        ),
        ("ignores: [{rule: host-pid, reason: r, container: ''}]\n", "1: `container` names no container"),
        ("ignores: {rule: host-pid}\n", "1: `ignores` must be a list"),
        ("exceptions: [{reason: r}]\n", "1: an exception needs `namespaces`"),
        ("scopes: [{name: a}]\n", "1: a scope needs a `name` and `paths`"),
        ("scopes: [{name: a, paths: []}]\n", "1: a scope needs a `name` and `paths`"),
        ("scopes: [{name: a, paths: {b: c}}]\n", "1: `paths` must be a list of strings"),
        (
            "customResources: [{apiVersion: a/v1, kind: B, paths: c}]\n",
            "1: unknown field `paths` of a custom resource",
        ),
        ("namespaces: [a]\n", "1: `namespaces` must be a string"),
        ("- a\n", "1: the configuration must be a mapping"),
    ] {
        assert_eq!(read(text).unwrap_err(), [error], "{text}");
    }
    assert!(read("{}\n").is_ok() && read("levels:\n").is_ok());
}

#[test]
fn profiles_go_on_top() {
    let config = read("rules: {select: [host-pid], deselect: [host-ipc]}\nprofiles: {p: {select: [host-ipc, host-network]}}\n").unwrap();
    let rule = |id: &str| crate::rules::find(id)[0];
    assert!(config.rules.selects(rule("host-pid")) && !config.rules.selects(rule("host-network")));
    let with = config.rules.clone().with(&config.profiles[0]);
    assert!(
        with.selects(rule("host-network"))
            && !with.selects(rule("host-ipc"))
            && !with.selects(rule("host-pid"))
    );
}
