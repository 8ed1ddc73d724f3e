//! What commands on clusters and snapshots share: connecting, capturing with progress, and what is said of what was not seen.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use seawall_check::{Notice, NoticeKind, shell_word};
use seawall_cluster::{Cluster, Options, Wanted};
use seawall_finding::Date;
use seawall_snapshot::{Header, NotSeen, Snapshot, is_snapshot};

use crate::cli::{ClusterArgs, ReadArgs};
use crate::progress::Progress;
use crate::terminal::Failure;

/// What a cluster is called where files have names.
pub(crate) const CLUSTER: &str = "<cluster>";

/// The resources that have pods or templates of pods.
pub(crate) const WORKLOADS: [&str; 9] = [
    "pods",
    "podtemplates",
    "replicationcontrollers",
    "deployments",
    "replicasets",
    "statefulsets",
    "daemonsets",
    "cronjobs",
    "jobs",
];

fn connect(args: &ClusterArgs) -> Result<Cluster, Failure> {
    let options = Options {
        kubeconfig: args.kubeconfig.iter().cloned().collect(),
        context: args.context.clone(),
        cluster: None,
        user: args.user.clone(),
        impersonate: args.impersonate.clone(),
        impersonate_groups: args.impersonate_groups.clone(),
    };
    Cluster::connect(&options).map_err(|error| Failure::Usage(error.to_string(), hint(&error)))
}

/// What to do about an error.
fn hint(error: &seawall_cluster::Error) -> Option<String> {
    use seawall_cluster::Error;
    match error {
        Error::NoCluster => Some("name a kubeconfig: --kubeconfig FILE".to_owned()),
        Error::NothingSeen { .. } => {
            Some("name the namespaces that you may look at: --namespace NAME".to_owned())
        }
        Error::Interrupted { .. } => Some("nothing was written; run it again".to_owned()),
        _ => None,
    }
}

/// Everything that the arguments ask for, or an error: never a part that could be taken for all.
pub(crate) fn capture(
    cluster: &ClusterArgs,
    read: &ReadArgs,
    started: Instant,
    quiet: bool,
) -> Result<Snapshot, Failure> {
    let connected = connect(cluster)?;
    let mut namespaces = read.namespace.clone();
    namespaces.sort_unstable();
    namespaces.dedup();
    let wanted = Wanted {
        namespaces,
        selector: read.selector.clone().unwrap_or_default(),
        include_env: read.include_env,
        time: now(),
    };
    let progress = Progress::counting("listed", "objects", started, quiet);
    let captured = seawall_cluster::capture(&connected, &wanted, &|items| progress.add(items));
    drop(progress);
    captured.map_err(|error| Failure::Usage(error.to_string(), hint(&error)))
}

/// The snapshot in a file, if it is one.
pub(crate) fn open(path: &Path) -> Option<Result<Snapshot, String>> {
    let mut file = File::open(path).ok()?;
    let mut begin = [0; 64];
    let mut length = 0;
    while let Ok(more @ 1..) = file.read(&mut begin[length..]) {
        length += more;
    }
    let begin = &begin[..length];
    if !is_snapshot(begin) {
        return None;
    }
    let read = || Snapshot::read(File::open(path)?);
    Some(read().map_err(|error: seawall_snapshot::Error| error.to_string()))
}

/// Now in UTC, as in RFC 3339.
pub(crate) fn now() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let (days, second) = (i32::try_from(since / 86_400).unwrap_or(i32::MAX), since % 86_400);
    let day = Date::from_days(days);
    format!("{day}T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

/// What a person should know of how a snapshot was taken.
pub(crate) fn notices(header: &Header) -> Vec<Notice> {
    let mut all: Vec<Notice> = header.not_seen.iter().map(not_seen).collect();
    if !header.selector.is_empty() {
        all.push(Notice {
            kind: NoticeKind::NotSeen,
            file: None,
            region: None,
            message: format!(
                "workloads and pods that the selector `{}` does not match were not seen and not judged",
                header.selector
            ),
            hint: Some("leave `--selector` out".to_owned()),
        });
    }
    if !header.of_several_moments.is_empty() {
        all.push(Notice {
            kind: NoticeKind::NotEvaluated,
            file: None,
            region: None,
            message: format!(
                "listing {} took so long that it is of several moments: what came or went meanwhile may be missing",
                header.of_several_moments.join(", ")
            ),
            hint: Some("scan it by --namespace".to_owned()),
        });
    }
    if !header.includes_env {
        all.push(Notice {
            kind: NoticeKind::NotEvaluated,
            file: None,
            region: None,
            message: "values of environment variables and arguments are masked: what is secret in them was not looked for"
                .to_owned(),
            hint: Some("--include-env keeps them".to_owned()),
        });
    }
    all
}

/// Whether no kind of workload could be seen in a namespace.
pub(crate) fn is_blind(headers: &[Header], namespace: &str) -> bool {
    let covers = |names: &[String]| names.is_empty() || names.iter().any(|name| name == namespace);
    let unseen = |header: &Header, resource: &str| {
        let here = |n: &NotSeen| n.namespace.as_ref().is_none_or(|name| name == namespace);
        header.not_seen.iter().any(|n| n.resource == resource && here(n))
    };
    let mut covering = headers.iter().filter(|header| covers(&header.namespaces)).peekable();
    covering.peek().is_some()
        && covering.all(|header| WORKLOADS.iter().all(|resource| unseen(header, resource)))
}

fn not_seen(not_seen: &NotSeen) -> Notice {
    let NotSeen { resource, namespace, message, .. } = not_seen;
    let place = namespace.as_ref().map_or(String::new(), |name| format!(" in namespace `{name}`"));
    let allow = match namespace {
        Some(name) => format!("kubectl auth can-i list {resource} --namespace {}", shell_word(name)),
        None => format!("kubectl auth can-i list {resource} --all-namespaces"),
    };
    Notice {
        kind: NoticeKind::NotSeen,
        file: None,
        region: None,
        message: format!("{resource}{place} were not seen and not judged: {message}"),
        hint: Some(allow),
    }
}
