//! Files repaired: what is written where, and what is left.

use std::sync::Arc;

use seawall_check::{Exceptions, FileFix, Images, LevelVersion, Levels, Options, Selection, Source};
use seawall_finding::Rule;

fn selection(likely: bool, decisions: &[(&str, &str)]) -> Selection {
    let rule = |id: &str| -> &'static Rule { seawall_check::rules::find(id)[0] };
    let decisions = decisions.iter().map(|(id, answer)| (rule(id), (*answer).to_owned())).collect();
    Selection { likely, decisions, ..Selection::default() }
}

fn fix(text: &str, selection: &Selection, options: &Options) -> FileFix {
    let (file, bytes): (Arc<str>, Arc<[u8]>) = ("f.yaml".into(), text.as_bytes().into());
    let source = Source::named(&file, &bytes);
    let level: LevelVersion = "restricted".parse().unwrap();
    let (levels, _) = Levels::new(&[], &[], Vec::new(), level);
    let survey = seawall_check::survey(source, options);
    seawall_check::repair(source, &survey, &levels, &Exceptions::default(), options, selection)
}

fn after(fix: &FileFix) -> Option<String> {
    fix.after.as_ref().map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
}

/// The text with the chosen fixes, which has to be the same when it is fixed again.
fn fixed(text: &str, selection: &Selection) -> String {
    let once = fix(text, selection, &Options::default());
    assert_eq!(once.fault, None);
    let text = after(&once).unwrap_or_else(|| text.to_owned());
    let twice = fix(&text, selection, &Options::default());
    assert!(twice.after.is_none() && twice.fault.is_none(), "fixing twice changes nothing:\n{text}");
    text
}

/// `rule@container` and the class of what is left.
fn left(fix: &FileFix) -> Vec<String> {
    let line = |open: &seawall_check::Open| {
        let finding = &open.located.finding;
        let container = finding.container.as_ref().map(|c| format!("@{c}")).unwrap_or_default();
        let class = open.located.fix.as_ref().map_or("none", |fix| fix.safety.as_str());
        format!("{}{container} {class}", finding.rule.id)
    };
    fix.open.iter().map(line).collect()
}

fn pod(body: &str) -> String {
    format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec:\n{body}")
}

const WEB: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: web # the shop
spec:
  template:
    spec:
      containers:
      - name: app
        image: x
      - name: metrics
        image: z:1
        securityContext: {readOnlyRootFilesystem: true}
";

#[test]
fn nothing_is_changed_without_being_asked_for() {
    let fix = fix(WEB, &Selection::default(), &Options::default());
    assert!(fix.after.is_none() && fix.fixed.is_empty());
    assert_eq!(
        left(&fix),
        [
            "allow-privilege-escalation@app likely",
            "allow-privilege-escalation@metrics likely",
            "drop-all-capabilities@app likely",
            "drop-all-capabilities@metrics likely",
            "run-as-non-root@app decision",
            "run-as-non-root@metrics decision",
            "seccomp-profile@app likely",
            "seccomp-profile@metrics likely",
        ]
    );
}

#[test]
fn what_the_pod_can_say_it_says() {
    let after = fixed(WEB, &selection(true, &[("run-as-non-root", "true")]));
    assert_eq!(
        after,
        "apiVersion: apps/v1
kind: Deployment
metadata:
  name: web # the shop
spec:
  template:
    spec:
      containers:
      - name: app
        image: x
        securityContext:
          allowPrivilegeEscalation: false
          capabilities:
            drop:
            - ALL
      - name: metrics
        image: z:1
        securityContext: {readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
      securityContext:
        runAsNonRoot: true
        seccompProfile:
          type: RuntimeDefault
"
    );
}

#[test]
fn containers_that_differ_are_told_one_by_one() {
    let own = "image: x\n        securityContext:\n          seccompProfile: {type: Localhost, localhostProfile: a}";
    let after = fixed(&WEB.replace("image: x", own), &selection(true, &[]));
    let metrics = "{readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}, seccompProfile: {type: RuntimeDefault}}";
    assert!(after.contains(metrics), "{after}");
    assert!(!after.contains("\n      securityContext:"), "{after}");
}

#[test]
fn evidence_raises_the_class() {
    // Of two containers one is known not to run as root: only for that one it is safe.
    let text = WEB.replace("readOnlyRootFilesystem: true", "runAsUser: 1000");
    let safe = fix(&text, &Selection::default(), &Options::default());
    assert_eq!(safe.fixed.len(), 1);
    let text = after(&safe).unwrap();
    assert!(text.contains("securityContext: {runAsUser: 1000, runAsNonRoot: true}"), "{text}");
    // Where all are, the pod says it.
    let both = pod(
        "  securityContext:\n    runAsUser: 1000\n  containers: [{name: a, image: x}, {name: b, image: x}]\n",
    );
    assert!(fixed(&both, &Selection::default()).contains("    runAsUser: 1000\n    runAsNonRoot: true\n"));
    // Images speak too, if they name the user by number.
    let document = seawall_yaml::read(&b"x: {user: \"1000\"}\n\"z:1\": {user: app}\n"[..]);
    let document = document.into_iter().next().unwrap().document.unwrap();
    let mut images = Images::default();
    images.read(&document).unwrap();
    let options = Options { images: Arc::new(images), ..Options::default() };
    let by_image = fix(WEB, &Selection::default(), &options);
    assert_eq!(by_image.fixed.iter().map(|f| f.container.as_deref()).collect::<Vec<_>>(), [Some("app")]);
}

#[test]
fn what_hinders_a_fix_is_fixed_first() {
    let text =
        pod("  containers:\n  - name: a\n    image: x\n    securityContext:\n      privileged: true\n");
    let none = fix(&text, &selection(true, &[]), &Options::default());
    assert!(left(&none).contains(&"allow-privilege-escalation@a none".to_owned()), "{:?}", left(&none));
    let after = fixed(&text, &selection(true, &[("privileged-container", "remove")]));
    assert!(
        after.contains("allowPrivilegeEscalation: false") && !after.contains("privileged: true"),
        "{after}"
    );
}

#[test]
fn decisions_take_their_own_answers() {
    for (body, rule, answer, gone, written) in [
        ("  hostPID: true\n  containers: []\n", "host-pid", "remove", "hostPID", ""),
        (
            "  containers:\n  - {name: a, image: x, ports: [{containerPort: 80, hostPort: 80}]}\n",
            "host-port",
            "remove",
            "hostPort",
            "{containerPort: 80}",
        ),
        (
            "  containers:\n  - {name: a, image: x, securityContext: {runAsUser: 0}}\n",
            "run-as-root-user",
            "1000",
            "runAsUser: 0",
            "runAsUser: 1000",
        ),
        (
            "  containers:\n  - {name: a, image: x, securityContext: {seccompProfile: {type: Unconfined}}}\n",
            "seccomp-profile",
            "RuntimeDefault",
            "Unconfined",
            "RuntimeDefault",
        ),
        (
            "  containers:\n  - {name: a, image: x, securityContext: {capabilities: {add: [NET_ADMIN, SYS_TIME]}}}\n",
            "added-capability",
            "remove",
            "NET_ADMIN",
            "add: []",
        ),
        (
            "  securityContext:\n    sysctls:\n    - {name: kernel.a, value: \"1\"}\n    - {name: net.ipv4.tcp_syncookies, value: \"1\"}\n  containers: []\n",
            "unsafe-sysctl",
            "remove",
            "kernel.a",
            "tcp_syncookies",
        ),
    ] {
        let text = pod(body);
        let after = fixed(&text, &selection(false, &[(rule, answer)]));
        assert!(!after.contains(gone) && after.contains(written), "{rule}:\n{after}");
        assert_eq!(fixed(&text, &selection(false, &[(rule, "nonsense")])), text, "{rule}");
    }
}

#[test]
fn pods_on_windows_get_no_fields_of_linux() {
    let text = pod("  nodeSelector: {kubernetes.io/os: windows}\n  containers: [{name: a, image: x}]\n");
    let asked = fix(&text, &selection(true, &[("run-as-non-root", "true")]), &Options::default());
    let with = after(&asked).unwrap();
    assert!(!with.contains("capabilities") && !with.contains("seccomp"), "{with}");
    assert!(left(&asked).contains(&"drop-all-capabilities@a decision".to_owned()), "{:?}", left(&asked));
    let with = fixed(&text, &selection(true, &[("drop-all-capabilities", "windows")]));
    assert!(with.contains("  os:\n    name: windows\n") && !with.contains("drop"), "{with}");
}

#[test]
fn rendered_charts_stay_as_they_are() {
    let text = format!("---\n# Source: web/templates/d.yaml\n{WEB}");
    let fix = fix(&text, &selection(true, &[]), &Options::default());
    assert!(fix.after.is_none());
    assert_eq!(fix.open[0].chart.as_deref(), Some("web/templates/d.yaml"));
}

#[test]
fn items_of_lists_and_streams_are_found() {
    let list = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: a}\n  spec: {containers: [{name: a, image: x}]}\n";
    let after =
        fixed(&format!("{list}---\n{WEB}---\n# the end\n"), &selection(true, &[("run-as-non-root", "true")]));
    let pod = "spec: {containers: [{name: a, image: x, securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}], securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}}";
    assert!(after.contains(pod), "{after}");
    assert!(after.ends_with("---\n# the end\n"));
}

#[test]
fn aliases_change_only_where_they_are_used() {
    let text = pod(
        "  containers:\n  - name: a\n    image: x\n    securityContext: &sc\n      allowPrivilegeEscalation: false\n      capabilities: {drop: [ALL]}\n  - name: b # seawall: ignore run-as-non-root it may\n    image: x\n    securityContext: *sc\n",
    );
    let after = fixed(&text, &selection(true, &[("run-as-non-root", "true")]));
    assert!(after.contains("securityContext: *sc\n"), "{after}");
}

#[test]
fn what_runs_as_root_is_not_told_to_run_as_another() {
    let pod = |context: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec:\n  containers:\n  - name: c\n    image: i\n    securityContext: {{{context}}}\n"
        )
    };
    let decided = [("run-as-non-root", "true")];
    for root in ["runAsUser: 0", "runAsNonRoot: false, runAsUser: 0"] {
        let fix = fix(&pod(root), &selection(false, &decided), &Options::default());
        assert_eq!(after(&fix), None, "the kubelet would start it no more");
    }
    let both = [("run-as-non-root", "true"), ("run-as-root-user", "1000")];
    let text = fixed(&pod("runAsNonRoot: false, runAsUser: 0"), &selection(false, &both));
    assert!(text.contains("{runAsNonRoot: true, runAsUser: 1000}"), "{text}");
}

#[test]
fn the_status_of_a_pod_is_evidence() {
    let pod = |uid: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec:\n  containers:\n  - {{name: c, image: i}}\nstatus:\n  containerStatuses:\n  - {{name: d, user: {{linux: {{uid: 5}}}}}}\n  - {{name: c, user: {{linux: {{uid: {uid}}}}}}}\n"
        )
    };
    assert!(fixed(&pod("1000"), &Selection::default()).contains("runAsNonRoot: true"));
    for none in ["0", "x"] {
        assert!(!fixed(&pod(none), &Selection::default()).contains("runAsNonRoot"), "{none}");
    }
}

#[test]
fn what_injectors_add_is_not_for_the_manifest() {
    let pod = |annotation: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p, annotations: {{{annotation}: x}}}}\nspec:\n  securityContext: {{runAsNonRoot: true, seccompProfile: {{type: RuntimeDefault}}}}\n  containers:\n  - {{name: istio-proxy, image: i}}\n"
        )
    };
    let all = selection(true, &[]);
    let injected = fix(&pod("sidecar.istio.io/status"), &all, &Options::default());
    assert_eq!((after(&injected), injected.open.len()), (None, 2));
    let note = &injected.open[0].located.fix.as_ref().unwrap().note;
    assert!(note.starts_with("Istio's injector adds this container"), "{note}");
    assert!(
        fixed(&pod("other"), &all).contains("allowPrivilegeEscalation: false"),
        "a name alone says nothing"
    );
}
