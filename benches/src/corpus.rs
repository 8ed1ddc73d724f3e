//! Generated manifests that look like a company's monorepo: twelve documents an application.
//!
//! About two thirds of the workloads lack the four basics of the restricted level and a few ask for the host, as in
//! public repositories. The same seed gives the same bytes, whatever the number of documents.

mod other;
mod workload;

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

/// What to generate.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Documents in all.
    pub documents: usize,
    /// Files that they are spread over evenly.
    pub files: usize,
    /// What makes another corpus of the same shape.
    pub seed: u64,
}

impl Plan {
    /// `documents` documents, four a file: 11 MB in 2,500 files for 10,000 documents.
    pub fn of(documents: usize) -> Self {
        Self { documents, files: documents.div_ceil(4).max(1), seed: 1 }
    }
}

/// What was generated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Bytes in all.
    pub bytes: u64,
    /// Bytes of the largest file.
    pub largest: u64,
    /// Files written.
    pub files: usize,
    /// Documents with a pod template.
    pub workloads: usize,
}

/// Writes the corpus below `directory`, which is made if need be, and returns its size.
pub fn write(plan: Plan, directory: &Path) -> io::Result<Size> {
    let mut size = Size::default();
    for file in 0..plan.files {
        let start = file * plan.documents / plan.files;
        let end = (file + 1) * plan.documents / plan.files;
        let mut text = String::new();
        for index in start..end {
            if index > start {
                text.push_str("---\n");
            }
            text.push_str(&document(plan.seed, index));
            size.workloads += usize::from(index % DOCUMENTS_PER_APP < workload::KINDS);
        }
        let app = App::new(plan.seed, start / DOCUMENTS_PER_APP);
        let folder = directory.join(&app.namespace);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(format!("{}-{file}.yaml", app.name)), &text)?;
        size.bytes += text.len() as u64;
        size.largest = size.largest.max(text.len() as u64);
        size.files += 1;
    }
    Ok(size)
}

/// Deployment, `StatefulSet` and `CronJob`, then nine kinds without pods.
pub const DOCUMENTS_PER_APP: usize = 12;

/// The document at `index` of the corpus with this seed.
pub fn document(seed: u64, index: usize) -> String {
    let app = App::new(seed, index / DOCUMENTS_PER_APP);
    let mut random = Random::new(seed, index as u64 + (1 << 32));
    let mut text = Text::default();
    match index % DOCUMENTS_PER_APP {
        0 => workload::deployment(&mut text, &app, &mut random),
        1 => workload::stateful_set(&mut text, &app, &mut random),
        2 => workload::cron_job(&mut text, &app, &mut random),
        3 => other::service(&mut text, &app, &mut random),
        4 => other::ingress(&mut text, &app, &mut random),
        5 if app.number.is_multiple_of(3) => other::secret(&mut text, &app),
        5 => other::network_policy(&mut text, &app),
        6 => other::config_map(&mut text, &app, &mut random),
        7 => other::service_account(&mut text, &app),
        8 => other::role(&mut text, &app, &mut random),
        9 => other::role_binding(&mut text, &app),
        10 => other::disruption_budget(&mut text, &app),
        _ => other::autoscaler(&mut text, &app, &mut random),
    }
    text.0
}

/// An application: the names that its documents share.
struct App {
    number: usize,
    name: String,
    namespace: String,
    team: &'static str,
    image: String,
    port: u32,
}

impl App {
    fn new(seed: u64, number: usize) -> Self {
        let mut random = Random::new(seed, number as u64);
        let team = random.pick(&["payments", "search", "checkout", "identity", "media", "platform"]);
        let noun = random.pick(&["api", "web", "worker", "gateway", "indexer", "mailer", "sync", "reports"]);
        let stage = random.pick(&["prod", "staging", "dev"]);
        Self {
            number,
            name: format!("{team}-{noun}-{number}"),
            namespace: format!("{team}-{stage}"),
            team,
            image: format!("registry.example.com/{team}/{noun}"),
            port: 8000 + random.below(2000),
        }
    }
}

/// Text in the making, line by line.
#[derive(Default)]
struct Text(String);

impl Text {
    /// Adds `lines`, each indented by `indent` blanks.
    fn lines(&mut self, indent: usize, lines: &str) {
        for line in lines.lines() {
            if line.is_empty() {
                self.0.push('\n');
            } else {
                let _ = writeln!(self.0, "{:indent$}{line}", "");
            }
        }
    }

    /// Adds the top of an object: apiVersion, kind, metadata with labels.
    fn head(&mut self, app: &App, api_version: &str, kind: &str, name: &str) {
        let App { namespace, team, number, .. } = app;
        if number % 5 < 2 {
            self.lines(0, &format!("# {kind} of {}, owned by {team}.", app.name));
        }
        self.lines(
            0,
            &format!(
                "apiVersion: {api_version}
kind: {kind}
metadata:
  name: {name}
  namespace: {namespace}
  labels:
    app.kubernetes.io/name: {}
    app.kubernetes.io/part-of: {team}
    app.kubernetes.io/version: \"1.{}.{}\"",
                app.name,
                number % 30,
                number % 7
            ),
        );
        if number.is_multiple_of(4) {
            self.lines(
                2,
                &format!("annotations:\n  example.com/owner: '{team}@example.com' # who is called at night"),
            );
        }
    }
}

/// A small generator of numbers that look random (splitmix64).
struct Random(u64);

impl Random {
    fn new(seed: u64, stream: u64) -> Self {
        let mut random =
            Self(seed.wrapping_mul(0xA076_1D64_78BD_642F) ^ stream.wrapping_mul(0xE703_7ED1_A0B4_28DB));
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `bound`.
    fn below(&mut self, bound: u32) -> u32 {
        (self.next() % u64::from(bound.max(1))) as u32
    }

    /// True `percent` times of a hundred.
    fn chance(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u32) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corpus(documents: usize) -> Vec<String> {
        (0..documents).map(|index| document(1, index)).collect()
    }

    #[test]
    fn ten_thousand_documents_are_eleven_megabytes() {
        let bytes: usize = corpus(10_000).iter().map(String::len).sum();
        assert!((10_500_000..11_500_000).contains(&bytes), "{bytes}");
    }

    #[test]
    fn a_third_of_the_workloads_is_restricted_and_few_ask_for_the_host() {
        let workloads: Vec<String> = (0..12_000)
            .filter(|index| index % DOCUMENTS_PER_APP < workload::KINDS)
            .map(|index| document(1, index))
            .collect();
        let share =
            |text: &str| workloads.iter().filter(|w| w.contains(text)).count() * 100 / workloads.len();
        assert!((28..40).contains(&share("RuntimeDefault")), "{}", share("RuntimeDefault"));
        assert!((2..7).contains(&share("hostPath")), "{}", share("hostPath"));
        assert!((1..5).contains(&share("privileged: true")), "{}", share("privileged: true"));
        assert!((1..4).contains(&share("hostNetwork")), "{}", share("hostNetwork"));
    }

    #[test]
    fn the_seed_decides_everything() {
        assert_eq!(document(7, 24), document(7, 24));
        assert_ne!(document(7, 24), document(8, 24));
    }

    #[test]
    fn files_hold_all_documents() {
        let directory = std::env::temp_dir().join(format!("seawall-corpus-{}", std::process::id()));
        let size = write(Plan { documents: 30, files: 7, seed: 1 }, &directory).expect("writable");
        let mut text = String::new();
        for folder in fs::read_dir(&directory).expect("a directory") {
            for file in fs::read_dir(folder.expect("an entry").path()).expect("a directory") {
                text += &fs::read_to_string(file.expect("an entry").path()).expect("readable");
            }
        }
        fs::remove_dir_all(&directory).expect("ours");
        assert_eq!(text.matches("apiVersion: ").count() - text.matches("  apiVersion: ").count(), 30);
        assert_eq!((size.files, size.bytes, size.workloads), (7, text.len() as u64, 9));
    }
}
