//! The command line.

use std::ffi::OsString;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::OnceLock;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;
use seawall_check::scores::ModelName;
use seawall_check::{AskedLevel, Base, FailOn, LevelVersion, NamedRules, shell_word};
use seawall_finding::Date;
use seawall_model::{KubernetesVersion, Level};
use seawall_report::Format;

use crate::known::{self, known};
use crate::serve::{Registration, lifetime};

/// Judges Kubernetes workloads by the Pod Security Standards, exactly as Kubernetes does.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, max_term_width = 100, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Judge manifests in files, directories or standard input, or what runs in a cluster.
    Scan(Box<ScanArgs>),
    /// Write what is judged of a cluster into a file that every command reads.
    Snapshot(SnapshotArgs),
    /// Say whether a namespace of a cluster can enforce a level now, and what would be refused.
    CanEnforce(CanEnforceArgs),
    /// Answer the API server as an admission webhook, as the Pod Security admission of Kubernetes would.
    Serve(ServeArgs),
    /// Print the manifests that put the webhook into a cluster.
    Install(InstallArgs),
    /// Say which namespaces lose protection without the webhook, and how to remove it.
    Uninstall(UninstallArgs),
    /// Repair manifests: show, write or give out the fixes of what a scan finds.
    Fix(Box<FixArgs>),
    /// Print the settings that hold for a scan, and where each comes from.
    Config(Box<ConfigArgs>),
    /// Say what a rule checks, why it matters and how to fix it; or who could use an exception.
    Explain(ExplainArgs),
    /// List all rules.
    Checks(ChecksArgs),
    /// Write a first seawall.yaml from what a directory holds.
    Init(InitArgs),
    /// Translate another tool's configuration into a seawall.yaml.
    ImportConfig(ImportArgs),
    /// Print a script that completes commands, options and their values in a shell.
    Completions(CompletionsArgs),
    /// Print the manual page, or write the pages of all commands into a directory.
    Man(ManArgs),
}

/// What decides how manifests are judged: shared by all commands that judge.
#[derive(Debug, Args)]
pub(crate) struct JudgeArgs {
    /// Files, directories, globs, or `-` for standard input.
    #[arg(value_name = "PATH", default_value = ".", value_hint = ValueHint::AnyPath)]
    pub(crate) paths: Vec<OsString>,

    /// Level to judge at where neither a Namespace in the input nor the configuration says one: privileged, baseline or
    /// restricted, with a policy version if wanted (baseline:v1.30) [default: restricted].
    #[arg(long, value_name = "LEVEL[:VERSION]", value_parser = known::<LevelVersion>(known::levels))]
    #[arg(hide_possible_values = true)]
    pub(crate) level: Option<LevelVersion>,

    /// The target cluster's version: `latest` and newer pins mean this one [default: the newest known].
    #[arg(long, value_name = "VERSION")]
    pub(crate) kubernetes_version: Option<KubernetesVersion>,

    /// Configuration file [default: the first seawall.yaml found upwards from the first path].
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Which rules are reported: pss (the standard alone), recommended, strict (all), cis, nsa, or a profile of the
    /// configuration. strict, cis and nsa fail a run on findings from low on [default: recommended].
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,

    /// Report these rules and no others; a rule, or a tag such as reliability. Can be given several times.
    #[arg(long, value_name = "RULE", value_delimiter = ',', value_parser = known::<RulesArg>(known::selections))]
    #[arg(hide_possible_values = true)]
    pub(crate) select: Vec<RulesArg>,

    /// Report these rules too.
    #[arg(long, value_name = "RULE", value_delimiter = ',', value_parser = known::<RulesArg>(known::selections))]
    #[arg(hide_possible_values = true)]
    pub(crate) enable: Vec<RulesArg>,

    /// Do not report these rules.
    #[arg(long, value_name = "RULE", value_delimiter = ',', value_parser = known::<RulesArg>(known::selections))]
    #[arg(hide_possible_values = true)]
    pub(crate) deselect: Vec<RulesArg>,

    /// Pass over what annotations, comments and files (.trivyignore, .checkov.baseline) tell kube-score, kube-linter, polaris,
    /// checkov, datree and trivy to pass over.
    #[arg(long)]
    pub(crate) compat: bool,

    /// The input is all there is in its cluster: what is in none of its files is missing.
    #[arg(long)]
    pub(crate) complete: bool,

    /// File with Namespace objects, such as from `kubectl get namespaces -o yaml`: their labels hold for namespaces that the
    /// input does not declare. `-` for standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) namespaces: Option<PathBuf>,

    /// Pass over the findings that this file names; only others count.
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,

    /// The day that expiries are judged by [default: today].
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) today: Option<Date>,
}

impl JudgeArgs {
    /// What the command line says of how to judge, as words for a shell, each with a blank behind.
    pub(crate) fn flags(&self) -> &'static str {
        // A process has one command line.
        static FLAGS: OnceLock<String> = OnceLock::new();
        let path = |path: &PathBuf| path.to_string_lossy().into_owned();
        let flags = || {
            [
                ("level", self.level.map(|level| level.to_string().trim_end_matches(":latest").to_owned())),
                ("kubernetes-version", self.kubernetes_version.map(|version| version.to_string())),
                ("config", self.config.as_ref().map(path)),
                // Of those that are always there a fix needs none: it leads to a level.
                ("profile", self.profile.clone().filter(|name| Base::called(name).is_none())),
                ("namespaces", self.namespaces.as_ref().map(path)),
                ("baseline", self.baseline.as_ref().map(path)),
                ("today", self.today.map(|day| day.to_string())),
            ]
        };
        FLAGS.get_or_init(|| {
            let mut text = String::new();
            for (name, value) in flags() {
                let Some(value) = value else { continue };
                // A value that looks like an option is tied to its name.
                let tie = if value.starts_with('-') { '=' } else { ' ' };
                text.extend(["--", name, &tie.to_string(), &*shell_word(&value), " "]);
            }
            text
        })
    }

    /// The level where nothing else says one.
    pub(crate) fn level(&self) -> LevelVersion {
        let version = seawall_model::PolicyVersion::Latest;
        self.level.unwrap_or(LevelVersion { level: seawall_model::Level::Restricted, version })
    }
}

/// Which cluster, and as whom: as the options of kubectl.
#[derive(Debug, Args)]
#[command(next_help_heading = "Cluster")]
pub(crate) struct ClusterArgs {
    /// Kubeconfig file [default: those of KUBECONFIG, else ~/.kube/config, else the pod's own service account].
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,

    /// Context of the kubeconfig [default: the current one].
    #[arg(long, value_name = "NAME")]
    pub(crate) context: Option<String>,

    /// User of the kubeconfig [default: the context's].
    #[arg(long, value_name = "NAME")]
    pub(crate) user: Option<String>,

    /// User to act as.
    #[arg(long = "as", value_name = "USER")]
    pub(crate) impersonate: Option<String>,

    /// Group to act as a member of. Can be given several times.
    #[arg(long = "as-group", value_name = "GROUP")]
    pub(crate) impersonate_groups: Vec<String>,
}

impl ClusterArgs {
    /// The first of these that is given.
    fn first(&self) -> Option<&'static str> {
        let Self { kubeconfig, context, user, impersonate, impersonate_groups } = self;
        [
            (kubeconfig.is_some(), "--kubeconfig"),
            (context.is_some(), "--context"),
            (user.is_some(), "--user"),
            (impersonate.is_some(), "--as"),
            (!impersonate_groups.is_empty(), "--as-group"),
        ]
        .into_iter()
        .find_map(|(given, option)| given.then_some(option))
    }
}

/// Whether a namespace can be called so (RFC 1123).
fn can_be_a_namespace(text: &str) -> bool {
    let of_names = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    let is_edge = |c: Option<&u8>| c == Some(&b'-');
    let bytes = text.as_bytes();
    (1..=63).contains(&bytes.len())
        && bytes.iter().copied().all(of_names)
        && !is_edge(bytes.first())
        && !is_edge(bytes.last())
}

/// The name of a namespace, as the API server takes it.
fn namespace(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("it is empty; leave --namespace out for the whole cluster, or name one of: kubectl get namespaces".into());
    }
    if can_be_a_namespace(text) {
        return Ok(text.to_owned());
    }
    Err("no namespace can be called so; list them: kubectl get namespaces".into())
}

/// A name in a certificate, of characters that mean nothing to YAML.
fn client_name(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-._:/@*".contains(c);
    if text.is_empty() || !text.chars().all(fits) {
        return Err("a name is made of letters, digits and `-._:/@*`".to_owned());
    }
    Ok(text.to_owned())
}

/// The name of a namespace that may not be there yet.
fn own_namespace(text: &str) -> Result<String, String> {
    // A webhook there would stand in the way of its own pods, and of what it needs.
    if ["kube-system", "kube-public", "kube-node-lease", "default"].contains(&text) {
        return Err("the webhook wants a namespace of its own, such as seawall".into());
    }
    if can_be_a_namespace(text) {
        return Ok(text.to_owned());
    }
    Err("no namespace can be called so; up to 63 of a-z, 0-9 and -, such as seawall".into())
}

/// The reference of an image.
fn image(text: &str) -> Result<String, String> {
    let of_references = |c: char| c.is_ascii_alphanumeric() || "-_./:@".contains(c);
    if !text.is_empty() && text.chars().all(of_references) {
        return Ok(text.to_owned());
    }
    Err("no image can be called so; such as registry.example.com/seawall:0.1.0".into())
}

/// What of a cluster is read.
#[derive(Debug, Args)]
#[command(next_help_heading = "Cluster")]
pub(crate) struct ReadArgs {
    /// Only this namespace, and nothing that is in none; rights in it are enough. Can be given several times.
    #[arg(long, short, value_name = "NAME", value_delimiter = ',', value_parser = namespace)]
    pub(crate) namespace: Vec<String>,

    /// Only workloads and pods with these labels, such as app=web.
    #[arg(long, short = 'l', value_name = "SELECTOR")]
    pub(crate) selector: Option<String>,

    /// Keep values of environment variables, arguments and what was last applied, which may hold secrets.
    #[arg(long)]
    pub(crate) include_env: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  seawall snapshot                                     the whole cluster into cluster.jsonl.zst
  seawall snapshot --context prod -o prod.jsonl.zst    another cluster, another file
  seawall snapshot -n shop -o shop.jsonl.zst           one namespace: rights in it are enough
  seawall scan cluster.jsonl.zst                       judge it, anywhere
  zstdcat cluster.jsonl.zst | less                     read it: an object a line

Exit status:
  0  written    2  usage, no cluster, or a list that could not be brought to its end; then nothing is written")]
pub(crate) struct SnapshotArgs {
    /// File to write, for its owner alone; `-` for standard output.
    #[arg(long, short, value_name = "FILE", default_value = "cluster.jsonl.zst", value_hint = ValueHint::FilePath)]
    pub(crate) output: PathBuf,

    #[command(flatten)]
    pub(crate) read: ReadArgs,

    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,

    /// Print errors only.
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  seawall can-enforce shop restricted
  seawall can-enforce shop baseline:v1.30 --context prod
  seawall can-enforce shop restricted --snapshot cluster.jsonl.zst    without the cluster

Lines that begin with `Warning:` are what the API server's own dry run would say:
  kubectl label --dry-run=server --overwrite namespace shop pod-security.kubernetes.io/enforce=restricted

Exit status:
  0  it can    1  it cannot: pods would be refused    2  not known, or usage, or no cluster, snapshot or namespace")]
pub(crate) struct CanEnforceArgs {
    /// The namespace.
    #[arg(value_name = "NAMESPACE", value_parser = namespace)]
    pub(crate) namespace: String,

    /// The level, with a policy version if wanted (baseline:v1.30); without, at that of the namespace's label.
    #[arg(value_name = "LEVEL[:VERSION]", value_parser = known::<AskedLevel>(known::levels))]
    #[arg(hide_possible_values = true)]
    pub(crate) level: AskedLevel,

    /// Look into this snapshot, not at a cluster; `-` for standard input.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    #[arg(conflicts_with_all = ["kubeconfig", "context", "user", "impersonate", "impersonate_groups"])]
    pub(crate) snapshot: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,

    /// Print the API server's warnings only.
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  seawall serve --config podsecurity.yaml
  seawall serve --tls-cert-file tls.crt --tls-private-key-file tls.key --secure-port 10250

The configuration is the PodSecurityConfiguration of Kubernetes' own admission. It and the certificate are read again when they
change. Without a certificate it makes its own, and the replica that leads has the API server trust those of all. /livez, /readyz
and /metrics answer on the same port; every other path is the webhook.

Exit status:
  0  it was told to end (SIGTERM, SIGINT)    2  usage, or no cluster, certificate or port")]
pub(crate) struct ServeArgs {
    /// `PodSecurityConfiguration` file: what namespaces without labels ask for, and who is exempt [default: nothing, nobody].
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,

    /// Certificate that the API server is to trust, with its chain, as PEM [default: one that is made and renewed].
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "tls_private_key_file")]
    pub(crate) tls_cert_file: Option<PathBuf>,

    /// Private key of the certificate, as PEM.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "tls_cert_file")]
    pub(crate) tls_private_key_file: Option<PathBuf>,

    /// Service that the API server asks.
    #[arg(long, value_name = "NAME", default_value = "seawall-webhook", value_parser = namespace)]
    pub(crate) service_name: String,

    /// Namespace of the service, and of the Leases by which replicas agree [default: `POD_NAMESPACE`, else the pod's or the context's].
    #[arg(long, short, value_name = "NAME", value_parser = namespace)]
    pub(crate) namespace: Option<String>,

    /// Webhook configuration that is to trust certificates that are made: a name, or mutating/ with a name. Can be given several
    /// times [default: the service's name].
    #[arg(long, value_name = "[KIND/]NAME", value_delimiter = ',', conflicts_with = "tls_cert_file")]
    pub(crate) webhook_configuration: Vec<Registration>,

    /// Name or address that certificates are made for beside the service's. Can be given several times.
    #[arg(long, value_name = "NAME", value_delimiter = ',', conflicts_with = "tls_cert_file")]
    pub(crate) certificate_name: Vec<String>,

    /// How long certificates that are made are valid, such as 90d, 36h, 30m; after two thirds of it comes the next one.
    #[arg(long, value_name = "TIME", default_value = "90d", value_parser = lifetime)]
    #[arg(conflicts_with = "tls_cert_file")]
    pub(crate) certificate_lifetime: Duration,

    /// Authorities (PEM) that sign the certificate of the API server as a client: then only what it sends with one counts by namespace.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) client_ca_file: Option<PathBuf>,

    /// Common or alternative name that this certificate has to have. Can be given several times [default: any].
    #[arg(long, value_name = "NAME", value_delimiter = ',', requires = "client_ca_file")]
    pub(crate) client_name: Vec<String>,

    /// Write what workloads violate as `Report` objects of `OpenReports`, one per namespace; needs --client-ca-file.
    #[arg(long)]
    pub(crate) reports: bool,

    /// Write events of violations on what makes the pods; needs --client-ca-file.
    #[arg(long)]
    pub(crate) events: bool,

    /// Address to listen on.
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0")]
    pub(crate) bind_address: IpAddr,

    /// Port to listen on.
    #[arg(long, value_name = "PORT", default_value_t = 8443)]
    pub(crate) secure_port: u16,

    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

/// Who runs a cluster: what its control plane and its nodes ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Provider {
    /// Any cluster that needs nothing special.
    Generic,
    /// Amazon EKS; with another network plugin than Amazon's add --host-network.
    Eks,
    /// Google GKE: a quota for the priority of the pods.
    Gke,
    /// Azure AKS: the selectors of its admissions enforcer.
    Aks,
    /// That of Red Hat: users from the range of the namespace.
    Openshift,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  seawall install | kubectl apply --server-side -f -
  seawall install --provider gke --config podsecurity.yaml > seawall.yaml
  seawall install --provider eks --host-network             where nodes are on a network of their own
  seawall install --guard-labels > seawall.yaml             namespaces keep their levels, too
  seawall install --guard-labels-only | kubectl apply -f -  that alone, without the webhook
  seawall install --crds-only | kubectl apply -f -          the definitions of exceptions alone

It prints and connects to nothing. As long as no replica answers, requests pass; for pods to be refused then, label a namespace:
  kubectl label namespace shop seawall.dev/fail-closed=true

Exit status:
  0  printed    2  usage, or a configuration that the webhook would not take")]
pub(crate) struct InstallArgs {
    /// Who runs the cluster.
    #[arg(long, value_name = "NAME", default_value = "generic")]
    pub(crate) provider: Provider,

    /// Namespace to install into. It should hold nothing else.
    #[arg(long, short, value_name = "NAME", default_value = "seawall", value_parser = own_namespace)]
    pub(crate) namespace: String,

    /// Pods of the webhook, 2 to 50.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(2..=50))]
    pub(crate) replicas: u8,

    /// Image to run [default: seawall.dev/seawall, at the version of this program].
    #[arg(long, value_name = "IMAGE", value_parser = image)]
    pub(crate) image: Option<String>,

    /// `PodSecurityConfiguration` file [default: nothing is enforced but what labels say, nobody is exempt].
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,

    /// Put the pods on the network of their nodes, where the control plane does not reach that of pods.
    #[arg(long)]
    pub(crate) host_network: bool,

    /// Port that the pods listen on [default: 10250, which control planes may connect to; 8443 with --host-network].
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1024..))]
    pub(crate) port: Option<u16>,

    /// Refuse changes that lower what the labels of a namespace ask for, but of those who have the right to. The API server
    /// does that by itself, by a `ValidatingAdmissionPolicy`.
    #[arg(long)]
    pub(crate) guard_labels: bool,

    /// Register the webhook to set what new pods leave out, in namespaces with the label seawall.dev/mutate=enabled, and the
    /// levels of new namespaces by the setting `namespaceDefaults`.
    #[arg(long)]
    pub(crate) mutate: bool,

    /// Authorities (PEM) of the certificate that the API server shows to webhooks: only what it sends is kept.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) client_ca_file: Option<PathBuf>,

    /// Common or alternative name that this certificate has to have. Can be given several times [default: any].
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = client_name, requires = "client_ca_file")]
    pub(crate) client_name: Vec<String>,

    /// Write what workloads violate as `Report` objects of `OpenReports`; needs --client-ca-file.
    #[arg(long)]
    pub(crate) reports: bool,

    /// Write events of violations on what makes the pods; needs --client-ca-file.
    #[arg(long)]
    pub(crate) events: bool,

    /// Print what --guard-labels adds and nothing else: it needs no webhook.
    #[arg(long, conflicts_with_all = ["provider", "namespace", "replicas", "image", "config", "host_network", "port"])]
    #[arg(conflicts_with_all = ["guard_labels", "mutate", "crds_only", "client_ca_file", "reports", "events"])]
    pub(crate) guard_labels_only: bool,

    /// Print the definitions of the custom resources and nothing else: exceptions, their policies, break-glass.
    #[arg(long, conflicts_with_all = ["provider", "namespace", "replicas", "image", "config", "host_network", "port"])]
    #[arg(conflicts_with_all = ["guard_labels", "mutate", "client_ca_file", "reports", "events"])]
    pub(crate) crds_only: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  seawall uninstall
  seawall uninstall --context prod --namespace seawall

It reads and changes nothing: the commands that it prints remove the webhook, its registration first.

Exit status:
  0  no namespace loses protection    1  some do    2  usage, or no cluster, or not all namespaces could be read")]
pub(crate) struct UninstallArgs {
    /// Namespace that it is installed in.
    #[arg(long, short, value_name = "NAME", default_value = "seawall", value_parser = own_namespace)]
    pub(crate) namespace: String,

    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

/// How a run goes: shared by all commands that read many files.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// When to use colours.
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,

    /// Threads to work with [default: as many as there are processors].
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
}

impl RunArgs {
    /// The threads to work with.
    pub(crate) fn threads(&self) -> NonZeroUsize {
        self.threads.unwrap_or_else(|| std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN))
    }
}

/// What counts as a failure: shared by all commands whose exit status tells of findings.
#[derive(Debug, Args)]
pub(crate) struct BarArgs {
    /// What makes the exit status 1: enforce, audit, warn, a severity (info, low, medium, high, critical), or never.
    /// Can be given several times [default: enforce].
    #[arg(long, value_name = "BAR", value_delimiter = ',', value_parser = known::<FailOn>(known::bars))]
    #[arg(hide_possible_values = true)]
    pub(crate) fail_on: Vec<FailOn>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  seawall scan                                     everything below the current directory
  seawall scan deploy/ web.yaml 'apps/*/*.yaml'    files, directories and globs
  helm template ./chart | seawall scan -           a rendered chart
  seawall scan --level baseline:v1.30 deploy/      at another level and version
  seawall scan -f text -f sarif=seawall.sarif .    text for people, a file for code scanning
  seawall scan --write-baseline base.yaml          only what is new counts from now on: --baseline base.yaml
  seawall scan --profile strict --complete all/    all checks; what is in no file is missing
  seawall scan --schema --kubernetes-version 1.34 deploy/    fields and values of that version
  seawall scan --score-model kube-score deploy/    the grades that kube-score would give
  seawall scan --watch deploy/                     again on every change
  seawall scan --cluster                           what runs in the cluster of the current context
  seawall scan --cluster -n shop --level restricted    what would fail if shop enforced restricted
  seawall scan cluster.jsonl.zst                   a snapshot (seawall snapshot); `-` reads one too

Exit status:
  0  nothing at the bar    1  findings at the bar (see --fail-on)    2  usage, or input that could not be read")]
pub(crate) struct ScanArgs {
    #[command(flatten)]
    pub(crate) judge: JudgeArgs,

    #[command(flatten)]
    pub(crate) bar: BarArgs,

    /// Output format: text, concise, markdown, json, jsonl, sarif, junit, github or gitlab; with =FILE into a file. Can be given
    /// several times.
    #[arg(long = "format", short = 'f', value_name = "FORMAT[=FILE]")]
    #[arg(value_parser = known::<FormatArg>(known::formats), hide_possible_values = true)]
    pub(crate) formats: Vec<FormatArg>,

    /// Print the reference's own sentences instead of explanations.
    #[arg(long)]
    pub(crate) exact: bool,

    /// Hold objects against the whole schema of the target version (from v1.32 on), and custom resources against their
    /// definitions in the input: missing fields, fields and kinds of other versions, values that are not allowed.
    #[arg(long)]
    pub(crate) schema: bool,

    /// Print what kubesec or kube-score would say of each object, in place of findings; as text, json or jsonl. Of the rules that
    /// are named, --enable and --deselect take kube-score's checks.
    #[arg(long, value_name = "MODEL", value_parser = known::<ModelName>(known::models))]
    #[arg(conflicts_with_all = [
        "level", "profile", "select", "compat", "complete", "namespaces", "baseline", "fail_on", "exact", "schema",
        "no_defaults", "write_baseline", "show_suppressed",
    ])]
    pub(crate) score_model: Option<ModelName>,

    /// Judge objects as written, without the defaults that the API server would fill in.
    #[arg(long)]
    pub(crate) no_defaults: bool,

    /// Print findings at the bar and errors only.
    #[arg(long, short)]
    pub(crate) quiet: bool,

    #[command(flatten)]
    pub(crate) how: RunArgs,

    /// Write the findings there are into a baseline file; they do not count in this run.
    #[arg(long, value_name = "FILE")]
    pub(crate) write_baseline: Option<PathBuf>,

    /// List findings that do not count, each with the reason.
    #[arg(long)]
    pub(crate) show_suppressed: bool,

    /// Judge what is in a cluster, at what its namespaces enforce, audit and warn of; with --level all at that level.
    #[arg(long, conflicts_with_all = ["paths", "watch", "complete", "namespaces", "score_model"])]
    pub(crate) cluster: bool,

    #[command(flatten)]
    pub(crate) read: ReadArgs,

    #[command(flatten)]
    pub(crate) connect: ClusterArgs,

    /// Judge again whenever a file, the configuration, the baseline or the namespaces file changes, until interrupted.
    #[arg(long, conflicts_with = "write_baseline")]
    pub(crate) watch: bool,
}

impl ScanArgs {
    /// The first option that says something of a cluster.
    pub(crate) fn first_of_cluster(&self) -> Option<&'static str> {
        let ReadArgs { namespace, selector, include_env } = &self.read;
        let read = [
            (!namespace.is_empty(), "--namespace"),
            (selector.is_some(), "--selector"),
            (*include_env, "--include-env"),
        ];
        let first = || read.into_iter().find_map(|(given, option)| given.then_some(option));
        self.connect.first().or_else(first)
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  seawall fix deploy/                                    show the safe fixes as a diff; nothing is changed
  seawall fix --likely --write deploy/                   write safe and likely ones
  seawall fix --decide run-as-non-root=true web.yaml     with an answer to a question
  seawall fix --interactive deploy/                      one by one
  helm template ./chart | seawall fix --likely --output kustomize -
  seawall fix --check                                    fail while a safe fix is open

Exit status:
  0  done    1  a chosen fix is open (--check)    2  usage, or a file that could not be read, repaired or written")]
pub(crate) struct FixArgs {
    #[command(flatten)]
    pub(crate) judge: JudgeArgs,

    /// Repair up to this level, whatever namespaces and configuration ask for.
    #[arg(long, value_name = "LEVEL[:VERSION]", value_parser = known::<LevelVersion>(known::levels))]
    #[arg(hide_possible_values = true, conflicts_with = "level")]
    pub(crate) to: Option<LevelVersion>,

    /// Write the files; a patch that undoes it is written beside.
    #[arg(long, conflicts_with_all = ["check", "output", "interactive"])]
    pub(crate) write: bool,

    /// Fixes too that may break a few workloads; each says which, and how to tell.
    #[arg(long)]
    pub(crate) likely: bool,

    /// The answer to what a rule's fix asks. Can be given several times.
    #[arg(long, value_name = "RULE=ANSWER")]
    pub(crate) decide: Vec<DecideArg>,

    /// Ask for each fix, whatever its class; a changed file is shown before it is written.
    #[arg(long, conflicts_with_all = ["check", "output"])]
    pub(crate) interactive: bool,

    /// Exit with 1 if a chosen fix is open.
    #[arg(long, conflicts_with = "output")]
    pub(crate) check: bool,

    /// Fixes of this rule only. Can be given several times.
    #[arg(long, value_name = "RULE", value_delimiter = ',', value_parser = known::<RulesArg>(known::findings))]
    #[arg(hide_possible_values = true)]
    pub(crate) only: Vec<RulesArg>,

    /// Print patches: for what must not be edited, such as rendered charts, or standard input.
    #[arg(long, value_name = "FORMAT")]
    pub(crate) output: Option<PatchFormat>,

    /// What is known of images: the output of `docker image inspect`, or a mapping of images to their configurations.
    #[arg(long, value_name = "FILE")]
    pub(crate) images: Vec<PathBuf>,

    /// Print numbers and errors only.
    #[arg(long, short)]
    pub(crate) quiet: bool,

    #[command(flatten)]
    pub(crate) how: RunArgs,
}

/// How patches are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PatchFormat {
    /// A line for each object, with a JSON Patch (RFC 6902).
    JsonPatch,
    /// A YAML document for each object: a strategic merge patch.
    Strategic,
    /// A file for kustomize, with `patches`.
    Kustomize,
}

/// Rules by a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RulesArg(pub(crate) NamedRules);

impl FromStr for RulesArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        NamedRules::of(text).map(Self).map_err(|(message, hint)| format!("{message}; {hint}"))
    }
}

/// An answer to what the fix of a rule asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DecideArg {
    pub(crate) rules: RulesArg,
    pub(crate) answer: String,
}

impl FromStr for DecideArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (rule, answer) =
            text.split_once('=').ok_or("must be RULE=ANSWER, such as run-as-non-root=true")?;
        Ok(Self { rules: rule.parse()?, answer: answer.to_owned() })
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  seawall config                        what holds for a scan of the current directory
  seawall config --profile strict a/    with a profile, for another directory")]
pub(crate) struct ConfigArgs {
    #[command(flatten)]
    pub(crate) judge: JudgeArgs,

    #[command(flatten)]
    pub(crate) bar: BarArgs,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    Always,
    Never,
}

/// A format and where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FormatArg {
    pub(crate) format: Format,
    /// `None` for standard output.
    pub(crate) file: Option<PathBuf>,
}

impl FormatArg {
    /// The names of all formats.
    pub(crate) fn names() -> Vec<&'static str> {
        Format::ALL.iter().map(|format| format.as_str()).collect()
    }
}

impl FromStr for FormatArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, file) = text.split_once('=').map_or((text, None), |(n, f)| (n, Some(f)));
        let Some(format) = Format::ALL.into_iter().find(|format| format.as_str() == name) else {
            let known: Vec<&str> = Format::ALL.iter().map(|format| format.as_str()).collect();
            return Err(format!("known formats: {}", known.join(", ")));
        };
        match file {
            Some("") => Err(format!("no file behind `{name}=`")),
            file => Ok(Self { format, file: file.filter(|file| *file != "-").map(PathBuf::from) }),
        }
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  seawall explain run-as-non-root
  seawall explain capabilities_restricted     a check id of Kubernetes' own implementation
  seawall explain CKV_K8S_16                  what checkov, trivy, kube-score and others call a rule
  seawall explain exception shop/mesh         who could use a PodSecurityException, by the cluster's roles
  seawall explain exception --snapshot cluster.jsonl.zst    all exceptions, without the cluster

Exit status:
  0  answered    2  usage, or no cluster or snapshot, or not all that decides was seen")]
pub(crate) struct ExplainArgs {
    /// A rule's id, or another name for it; `seawall checks` lists them. Or `exception`: who could use it.
    #[arg(value_name = "RULE", value_parser = known::<String>(known::explained), hide_possible_values = true)]
    pub(crate) rule: String,

    /// The exception; without, all of the cluster.
    #[arg(value_name = "NAMESPACE/NAME")]
    pub(crate) exception: Option<String>,

    /// Look for exceptions and roles in this snapshot, not in a cluster; `-` for standard input.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    #[arg(conflicts_with_all = ["kubeconfig", "context", "user", "impersonate", "impersonate_groups"])]
    pub(crate) snapshot: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

impl ExplainArgs {
    /// The first of what is for exceptions alone.
    pub(crate) fn first_of_exceptions(&self) -> Option<&str> {
        if let Some(name) = &self.exception {
            return Some(name);
        }
        self.snapshot.as_ref().map(|_| "--snapshot").or_else(|| self.cluster.first())
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  seawall checks                     all rules, with the least strict level that forbids each
  seawall checks --level baseline    the rules of one level")]
pub(crate) struct ChecksArgs {
    /// Only rules that this level of the Pod Security Standards includes.
    #[arg(long, value_name = "LEVEL", value_parser = known::<Level>(known::levels))]
    pub(crate) level: Option<Level>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  seawall init                           write seawall.yaml for the current directory
  seawall init --dry-run                 print it
  seawall init --force clusters/prod     take the place of clusters/prod/seawall.yaml

Exit status:
  0  written    2  the file is there already, or input that could not be read; what was read is written")]
pub(crate) struct InitArgs {
    /// The directory that is looked through, and that the file is written into.
    #[arg(value_name = "DIR", default_value = ".", value_hint = ValueHint::DirPath)]
    pub(crate) directory: PathBuf,

    /// Write over a file that is there.
    #[arg(long)]
    pub(crate) force: bool,

    /// Print the file and write nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  seawall import-config .kube-linter.yaml > seawall.yaml
  seawall import-config polaris.yaml                      checks, severities and exemptions
  seawall import-config .github/workflows/lint.yaml       the flags of kube-score in it")]
pub(crate) struct ImportArgs {
    /// The configuration of kube-linter or polaris, or a script or pipeline that calls kube-score.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  source <(seawall completions bash)                               in this shell
  seawall completions bash > ~/.local/share/bash-completion/completions/seawall
  seawall completions zsh > ~/.zfunc/_seawall                      with ~/.zfunc in fpath
  seawall completions fish > ~/.config/fish/completions/seawall.fish")]
pub(crate) struct CompletionsArgs {
    /// The shell.
    #[arg(value_name = "SHELL")]
    pub(crate) shell: Shell,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  seawall man | man -l -                               read the main page
  seawall man --out ~/.local/share/man/man1            install all pages, for `man seawall-scan`")]
pub(crate) struct ManArgs {
    /// Write one page for each command into this directory; it is made if it is not there.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) out: Option<PathBuf>,
}
