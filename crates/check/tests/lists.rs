//! Lists that are read item by item, as whole ones are.

use std::sync::Arc;

use seawall_check::{Exceptions, LevelVersion, Levels, Options, Record, Selection, Source};

/// Objects of a list, as flow mappings that are JSON too: verdicts, schema findings, a namespace, secrets.
const ITEMS: [&str; 6] = [
    r#"{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a", "labels": {"pod-security.kubernetes.io/enforce": "baseline"}}}"#,
    r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "a"}, "spec": {"hostNetwork": true, "containers": [{"name": "c", "image": "i", "env": [{"name": "TOKEN", "value": "hunter2-hunter2"}]}]}}"#,
    r#"{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {"selector": {}, "template": {"spec": {"containers": [{"name": "c", "imagee": "i", "securityContext": {"privileged": true}}]}}}}"#,
    r#"{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"k": 1}}"#,
    r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "q", "annotations": {"seawall.dev/ignore": "host-network=needs it"}}, "spec": {"hostNetwork": true, "containers": [{"name": "c", "securityContext": {"runAsNonRoot": "true"}}]}}"#,
    r#"{"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "j"}, "spec": {"jobTemplate": {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "i"}]}}}}}}"#,
];

/// The list in YAML, its items in block style as far as the list goes, and in JSON.
fn lists() -> [String; 5] {
    let json = format!(r#"{{"apiVersion": "v1", "kind": "List", "items": [{}]}}"#, ITEMS.join(",\n  "));
    let block: Vec<String> = ITEMS.iter().map(|item| format!("- {}\n", &item[1..item.len() - 1])).collect();
    let block = block.concat();
    // The first level of each object in block style: its keys begin lines.
    let block = block
        .replace(r#", "kind""#, "\n  \"kind\"")
        .replace(r#", "metadata""#, "\n  \"metadata\"")
        .replace(r#", "spec": {"hostNetwork""#, "\n  \"spec\": {\"hostNetwork\"")
        .replace(r#", "spec": {"selector""#, "\n  \"spec\": {\"selector\"")
        .replace(r#", "spec": {"jobTemplate""#, "\n  \"spec\": {\"jobTemplate\"")
        .replace(r#", "data""#, "\n  \"data\"");
    let yaml = format!("apiVersion: v1\nitems:\n{block}kind: List\nmetadata:\n  resourceVersion: \"\"\n");
    let stream = format!("a: b\n---\n{yaml}---\napiVersion: v1\nkind: Pod\nmetadata: {{name: last}}\n");
    let pods = ITEMS.iter().filter(|item| item.contains("\"Pod\""));
    let pods: Vec<String> =
        pods.map(|pod| pod.replace(r#""apiVersion": "v1", "kind": "Pod", "#, "")).collect();
    let raw = format!(
        r#"{{"kind":"PodList","apiVersion":"v1","metadata":{{"resourceVersion":"7"}},"items":[{}]}}"#,
        pods.join(",\n  ")
    );
    let block: Vec<String> = pods
        .iter()
        .map(|pod| format!("- {}\n", pod[1..pod.len() - 1].replace(r#", "spec""#, "\n  \"spec\"")))
        .collect();
    let typed = format!(
        "apiVersion: v1\nkind: PodList\nmetadata:\n  resourceVersion: \"7\"\nitems:\n{}",
        block.concat()
    );
    [json, yaml, stream, raw, typed]
}

fn judged(text: &str, cut_lists_from: usize) -> (String, String) {
    let (file, bytes): (Arc<str>, Arc<[u8]>) = ("f.yaml".into(), text.as_bytes().into());
    let source = Source::named(&file, &bytes);
    let options = Options { cut_lists_from, ..Options::default() };
    let survey = seawall_check::survey(source, &options);
    let places = survey.places.iter().filter(|place| place.item.is_some()).count();
    assert_eq!(places > 0, cut_lists_from == 0, "{:?}", survey.problems());
    let level: LevelVersion = "restricted".parse().unwrap();
    let (levels, _) = Levels::new(survey.namespaces(), &[], Vec::new(), level);
    let exceptions = Exceptions::default();
    let items = seawall_check::items(&survey, 0, &levels, &options, true);
    let mut records = seawall_check::judge(source, &survey, &items, &levels, &exceptions, &options);
    for record in &mut records {
        // Values that may be secret are looked for in the document at hand: an item has fewer.
        let of = |origin: &mut seawall_check::Origin| origin.secrets = [].into();
        match record {
            Record::Workload(workload) => {
                of(&mut workload.origin);
            }
            Record::Object(object) => of(&mut object.origin),
            Record::Error(error) => {
                error.origin.as_mut().map(of);
            }
            Record::Notice(_) => {}
        }
    }
    let chosen = Selection { likely: true, ..Selection::default() };
    let fix = seawall_check::repair(source, &survey, &levels, &exceptions, &options, &chosen);
    let after = fix.after.as_ref().map(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
    (format!("{:#?}\n{records:#?}", (survey.documents, survey.objects)), after.unwrap_or_default())
}

#[test]
fn cutting_changes_nothing() {
    for list in lists() {
        let (whole, fixed) = judged(&list, usize::MAX);
        let (cut, fixed_too) = judged(&list, 0);
        assert!(whole.contains("host-network") && fixed.contains("RuntimeDefault"), "{whole}\n{fixed}");
        assert_eq!(whole, cut);
        assert_eq!(fixed, fixed_too);
    }
}
