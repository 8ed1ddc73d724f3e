//! What commands on clusters and snapshots share: connecting, capturing with progress, and what is said of what was not seen.

use std::path::Path;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use seawall_check::{Notice, NoticeKind, shell_word};
use seawall_cluster::{Cluster, Options, Wanted};
use seawall_finding::Date;
use seawall_input::{Input, InputKind, Opened, Origin};
use seawall_snapshot::{Header, NotSeen, Snapshot, holds_header, is_snapshot};

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

/// The cluster that is meant, and as whom; `hurried` where somebody waits for each answer of it.
pub(crate) fn options(args: &ClusterArgs, hurried: bool) -> Options {
    Options {
        kubeconfig: args.kubeconfig.iter().cloned().collect(),
        context: args.context.clone(),
        cluster: None,
        user: args.user.clone(),
        impersonate: args.impersonate.clone(),
        impersonate_groups: args.impersonate_groups.clone(),
        hurried,
    }
}

/// A connection to it for reading.
pub(crate) fn connect(args: &ClusterArgs, hurried: bool) -> Result<Cluster, Failure> {
    Cluster::connect(&options(args, hurried)).map_err(|error| not_connected(&error))
}

/// Why there is no connection.
pub(crate) fn not_connected(error: &seawall_cluster::Error) -> Failure {
    Failure::Usage(error.to_string(), hint(error, &[], ""))
}

/// The options with which kubectl is whom a command is, with a blank before each.
pub(crate) fn as_whom(args: &ClusterArgs) -> String {
    let path = args.kubeconfig.as_ref().map(|path| path.to_string_lossy().into_owned());
    let one = [
        ("kubeconfig", path.as_ref()),
        ("context", args.context.as_ref()),
        ("user", args.user.as_ref()),
        ("as", args.impersonate.as_ref()),
    ];
    let groups = args.impersonate_groups.iter().map(|group| ("as-group", Some(group)));
    one.into_iter()
        .chain(groups)
        .filter_map(|(option, value)| Some(format!(" --{option} {}", shell_word(value?))))
        .collect()
}

/// What to do about an error of a run in these namespaces, with [`as_whom`].
fn hint(error: &seawall_cluster::Error, namespaces: &[String], whom: &str) -> Option<String> {
    use seawall_cluster::Error;
    match error {
        Error::NoCluster => Some("name a kubeconfig: --kubeconfig FILE".to_owned()),
        Error::NothingSeen { .. } => Some(match namespaces.first() {
            None => "name the namespaces that you may look at: --namespace NAME".to_owned(),
            Some(name) => format!(
                "what you may do there: kubectl auth can-i --list --namespace {}{whom}",
                shell_word(name)
            ),
        }),
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
    let mut namespaces = read.namespace.clone();
    namespaces.sort_unstable();
    namespaces.dedup();
    let wanted = Wanted {
        namespaces,
        selector: read.selector.clone().unwrap_or_default(),
        include_env: read.include_env,
        ..Wanted::default()
    };
    capture_wanted(cluster, wanted, started, quiet)
}

/// The same of what is wanted, whose time is now.
pub(crate) fn capture_wanted(
    cluster: &ClusterArgs,
    wanted: Wanted,
    started: Instant,
    quiet: bool,
) -> Result<Snapshot, Failure> {
    let connected = connect(cluster, false)?;
    let wanted = Wanted { time: now(), ..wanted };
    let progress = Progress::counting("listed", "objects", started, quiet);
    let captured = seawall_cluster::capture(&connected, &wanted, &|items| progress.add(items));
    drop(progress);
    captured.map_err(|error| {
        Failure::Usage(error.to_string(), hint(&error, &wanted.namespaces, &as_whom(cluster)))
    })
}

/// What an input turns out to be when it is opened.
pub(crate) enum Opening {
    /// A snapshot, or why it cannot be read.
    Snapshot(Result<Snapshot, String>),
    /// All of what can be read once only.
    Read(Arc<[u8]>),
    /// A file of another kind, or one that cannot be opened: reading it tells.
    File,
    /// What can be read once only and could not be.
    Unreadable(seawall_input::InputError),
}

/// How many bytes tell a snapshot from other files.
const BEGIN: u64 = 64;

/// Opens an input, and reads it if it is a snapshot or can be read once only.
pub(crate) fn open(input: &Input) -> Opening {
    let opened = match Opened::new(input, BEGIN) {
        Ok(opened) => opened,
        Err(_) if input.kind == InputKind::File => return Opening::File,
        Err(error) => return Opening::Unreadable(error),
    };
    if is_snapshot(opened.begin()) {
        return Opening::Snapshot(Snapshot::read(opened).map_err(|error| error.to_string()));
    }
    if input.kind == InputKind::File {
        return Opening::File;
    }
    opened.read_all().map_or_else(Opening::Unreadable, Opening::Read)
}

/// The snapshot that an option names.
pub(crate) fn open_snapshot(path: &Path) -> Result<Snapshot, Failure> {
    match open(&named(path)) {
        Opening::Snapshot(Ok(snapshot)) => Ok(snapshot),
        Opening::Snapshot(Err(problem)) => {
            Err(Failure::Usage(format!("`{}`: {problem}", path.display()), None))
        }
        Opening::Unreadable(error) => {
            Err(Failure::Usage(format!("`{}`: {}", path.display(), error.message), None))
        }
        Opening::File | Opening::Read(_) => {
            let hint = "take one: seawall snapshot --output cluster.jsonl.zst".to_owned();
            Err(Failure::Usage(format!("`{}` is no snapshot that can be read", path.display()), Some(hint)))
        }
    }
}

/// Whether a file that a walk met is a snapshot; `None` for one that could be nothing else and is none.
pub(crate) fn is_walked_snapshot(input: &Input) -> Option<bool> {
    let is = |extension: &str| input.path.extension().is_some_and(|e| e.eq_ignore_ascii_case(extension));
    let compressed = is("zst");
    if !(compressed || is("jsonl") || is("ndjson")) {
        return Some(false);
    }
    let found = Opened::new(input, 0).is_ok_and(holds_header);
    (found || !compressed).then_some(found)
}

/// An input that an option names.
pub(crate) fn named(path: &Path) -> Input {
    let is_stdin = path.as_os_str() == "-";
    let is_file = || std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
    let kind = match is_stdin {
        true => InputKind::Stdin,
        false if is_file() => InputKind::File,
        false => InputKind::Stream,
    };
    Input { path: path.into(), origin: Origin::Named, kind, in_chart: None }
}

/// A snapshot that is an input.
pub(crate) struct Taken {
    pub(crate) name: Arc<str>,
    /// The scope of its file.
    pub(crate) scope: u16,
    pub(crate) header: Header,
    /// With which options kubectl is who took it; nothing for a file.
    pub(crate) whom: String,
}

/// Now in UTC, as in RFC 3339.
pub(crate) fn now() -> String {
    utc(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs())
}

/// A time in UTC, as in RFC 3339, from its seconds since 1970-01-01.
pub(crate) fn utc(since: u64) -> String {
    let (days, second) = (i32::try_from(since / 86_400).unwrap_or(i32::MAX), since % 86_400);
    let day = Date::from_days(days);
    format!("{day}T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

/// What a person should know of how a snapshot was taken, with [`as_whom`].
pub(crate) fn notices(header: &Header, whom: &str) -> Vec<Notice> {
    let mut all: Vec<Notice> = header.not_seen.iter().map(|unseen| not_seen(unseen, whom)).collect();
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
            message: "values of environment variables and arguments, and annotations that may be secret, are masked: what is secret in them was not looked for"
                .to_owned(),
            hint: Some("--include-env keeps them".to_owned()),
        });
    }
    all
}

/// Whether all workloads of a namespace of a scope were looked at.
pub(crate) fn is_complete(taken: &[Taken], scope: u16, namespace: &str) -> bool {
    let complete = |header: &Header| {
        let covers = header.namespaces.is_empty() || header.namespaces.iter().any(|name| name == namespace);
        let here = |n: &NotSeen| n.namespace.as_ref().is_none_or(|name| name == namespace);
        let mut unseen = header.not_seen.iter().filter(|n| WORKLOADS.contains(&&*n.resource));
        covers && header.selector.is_empty() && !unseen.any(here)
    };
    taken.iter().any(|taken| taken.scope == scope && complete(&taken.header))
}

fn not_seen(not_seen: &NotSeen, whom: &str) -> Notice {
    let NotSeen { resource, namespace, message, .. } = not_seen;
    let place = namespace.as_ref().map_or(String::new(), |name| format!(" in namespace `{name}`"));
    let allow = match namespace {
        // It is asked for by its name, and is in no namespace.
        Some(name) if resource == "namespaces" => {
            format!("kubectl auth can-i get namespaces/{}", shell_word(name))
        }
        Some(name) => format!("kubectl auth can-i list {resource} --namespace {}", shell_word(name)),
        None => format!("kubectl auth can-i list {resource} --all-namespaces"),
    };
    Notice {
        kind: NoticeKind::NotSeen,
        file: None,
        region: None,
        message: format!("{resource}{place} were not seen and not judged: {message}"),
        hint: Some(format!("{allow}{whom}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_do_is_for_who_asked_and_where() {
        let args = ClusterArgs {
            kubeconfig: None,
            context: Some("prod".to_owned()),
            user: None,
            impersonate: Some("dev team".to_owned()),
            impersonate_groups: vec!["a".to_owned(), "b".to_owned()],
        };
        let whom = as_whom(&args);
        assert_eq!(whom, " --context prod --as 'dev team' --as-group a --as-group b");
        let of = |resource: &str, namespace: Option<&str>| {
            let (resource, namespace) = (resource.to_owned(), namespace.map(str::to_owned));
            not_seen(&NotSeen { resource, namespace, ..NotSeen::default() }, " --as x").hint.unwrap()
        };
        assert_eq!(of("pods", None), "kubectl auth can-i list pods --all-namespaces --as x");
        assert_eq!(of("pods", Some("shop")), "kubectl auth can-i list pods --namespace shop --as x");
        assert_eq!(of("namespaces", Some("shop")), "kubectl auth can-i get namespaces/shop --as x");
        let nothing = seawall_cluster::Error::NothingSeen { message: String::new() };
        let to_do = |namespaces: &[String]| hint(&nothing, namespaces, " --as x").unwrap();
        assert_eq!(to_do(&[]), "name the namespaces that you may look at: --namespace NAME");
        assert_eq!(
            to_do(&["shop".to_owned()]),
            "what you may do there: kubectl auth can-i --list --namespace shop --as x"
        );
    }
}
