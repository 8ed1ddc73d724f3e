//! The Pod Security Standards reference and seawall on all fixtures of the reference, in turns: CPU time per pod and the
//! ratio of both. `side_by_side [--quick]` exits with 1 when a floor is missed.

#![expect(clippy::cast_precision_loss, reason = "measurements are not exact to 52 bits")]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use seawall_benches::cpu::Clock;
use seawall_conformance::{Oracle, module_dir};
use seawall_model::pod::Pod;
use seawall_model::{Level, json, nodes};
use seawall_pss::{NEWEST, allowed, evaluate, forbidden_detail, forbidden_reason, results};
use seawall_yaml::{Limits, Reader};

/// How often each side works on all fixtures between two looks at the clock: so that both take some 50 ms.
#[derive(Clone, Copy)]
struct Rounds {
    reference: u32,
    ours: u32,
}

/// One piece of work, and how many times less CPU time than the reference it may take at least.
struct Work {
    name: &'static str,
    /// What the reference is asked (`conformance/go/cmd/bench`).
    letter: char,
    rounds: Rounds,
    floor: Option<f64>,
    run: fn(&Fixtures) -> usize,
}

const WORK: [Work; 6] = [
    Work {
        name: "evaluate: verdict",
        letter: 'e',
        rounds: Rounds { reference: 3, ours: 80 },
        floor: Some(25.0),
        run: |f| f.decoded().filter(|pod| verdict(pod)).count(),
    },
    Work {
        name: "evaluate: verdict, reasons and details",
        letter: 't',
        rounds: Rounds { reference: 3, ours: 20 },
        floor: None,
        run: |f| f.decoded().filter(|pod| verdict_and_text(pod)).count(),
    },
    Work {
        name: "JSON decode, evaluate",
        letter: 'j',
        rounds: Rounds { reference: 1, ours: 20 },
        floor: Some(12.0),
        run: |f| f.json.iter().filter(|text| verdict(&from_json(text))).count(),
    },
    Work {
        name: "JSON decode, evaluate with text",
        letter: 'j',
        rounds: Rounds { reference: 1, ours: 10 },
        floor: None,
        run: |f| f.json.iter().filter(|text| verdict_and_text(&from_json(text))).count(),
    },
    Work {
        name: "YAML decode, evaluate",
        letter: 'y',
        rounds: Rounds { reference: 1, ours: 6 },
        floor: Some(20.0),
        run: |f| f.each_yaml(verdict),
    },
    Work {
        name: "YAML decode, evaluate with text",
        letter: 'y',
        rounds: Rounds { reference: 1, ours: 6 },
        floor: None,
        run: |f| f.each_yaml(verdict_and_text),
    },
];

struct Fixtures {
    yaml: Vec<Vec<u8>>,
    json: Vec<Vec<u8>>,
    /// Decoded from `json`, which is leaked for it.
    pods: Vec<Pod<'static>>,
}

impl Fixtures {
    fn load(oracle: &mut Oracle) -> Self {
        let mut paths = Vec::new();
        walk(&module_dir("k8s.io/pod-security-admission").join("test/testdata"), &mut paths);
        paths.sort();
        let yaml: Vec<Vec<u8>> = paths.iter().map(|path| std::fs::read(path).expect("a fixture")).collect();
        let requests: Vec<Vec<u8>> = yaml.iter().map(|text| [b"f", text.as_slice()].concat()).collect();
        let json = oracle.ask_all(&requests);
        let pods = json.iter().map(|text| from_json(text.clone().leak())).collect();
        Self { yaml, json, pods }
    }

    fn decoded(&self) -> impl Iterator<Item = &Pod<'static>> {
        self.pods.iter()
    }

    /// The number of pods that `judge` allows, read from YAML one by one as a scan does.
    fn each_yaml(&self, judge: impl Fn(&Pod<'_>) -> bool) -> usize {
        let mut reader = Reader::new(Arc::from([]), Limits::default());
        let mut count = 0;
        for text in &self.yaml {
            reader.restart(Arc::from(text.as_slice()));
            let document = reader.next().and_then(|entry| entry.document).expect("a document");
            count += usize::from(judge(&nodes::decode(document.root()).expect("a pod")));
            reader.recycle(document);
        }
        count
    }
}

fn walk(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|e| e == "yaml") {
            files.push(path);
        }
    }
}

fn from_json(text: &[u8]) -> Pod<'_> {
    json::decode(text).expect("a pod")
}

fn verdict(pod: &Pod<'_>) -> bool {
    allowed(evaluate(black_box(pod)), Level::Restricted, u64::from(NEWEST))
}

fn verdict_and_text(pod: &Pod<'_>) -> bool {
    let allowed = verdict(pod);
    if !allowed {
        let results = results(pod, Level::Restricted, u64::from(NEWEST));
        black_box((forbidden_reason(&results), forbidden_detail(&results)));
    }
    allowed
}

/// Nanoseconds of CPU time a pod, of each pass.
#[derive(Default)]
struct Times(Vec<f64>);

impl Times {
    fn min(&self) -> f64 {
        self.0.iter().copied().fold(f64::INFINITY, f64::min)
    }

    fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    }
}

/// Runs both sides in turns. They must agree on how many pods are allowed.
fn measure(work: &Work, passes: u32, fixtures: &Fixtures, oracle: &mut Oracle) -> (Times, Times) {
    let (mut reference, mut ours) = (Times::default(), Times::default());
    let pods = fixtures.yaml.len();
    let clock = Clock::start();
    let Rounds { reference: theirs, ours: rounds } = work.rounds;
    for _ in 0..passes {
        let answer = oracle.ask(format!("{}{theirs}", work.letter).as_bytes());
        let answer = String::from_utf8_lossy(&answer);
        let (nanoseconds, their_count) = answer.split_once(' ').expect("two numbers");
        let nanoseconds: f64 = nanoseconds.parse().expect("nanoseconds");
        reference.0.push(nanoseconds / f64::from(theirs) / pods as f64);

        let start = clock.now();
        let count: usize = (0..rounds).map(|_| (work.run)(black_box(fixtures))).sum();
        let time = clock.now().checked_sub(start).unwrap_or_default();
        ours.0.push(time.as_secs_f64() * 1e9 / f64::from(rounds) / pods as f64);

        let their_count: usize = their_count.parse().expect("a count");
        assert_eq!(
            count * theirs as usize,
            their_count * rounds as usize,
            "both sides judge alike: {}",
            work.name
        );
    }
    (reference, ours)
}

fn main() -> ExitCode {
    let passes = match std::env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [] => 15,
        [option] if option == "--quick" => 4,
        _ => {
            eprintln!("usage: side_by_side [--quick]");
            return ExitCode::from(2);
        }
    };
    let mut oracle = Oracle::start("bench");
    let fixtures = Fixtures::load(&mut oracle);
    let mean = |texts: &[Vec<u8>]| texts.iter().map(Vec::len).sum::<usize>() / texts.len().max(1);
    println!(
        "{} fixture pods, restricted:latest; {} bytes of JSON and {} of YAML on average",
        fixtures.yaml.len(),
        mean(&fixtures.json),
        mean(&fixtures.yaml)
    );
    println!("CPU time in nanoseconds a pod, least (median) of {passes} passes; ratio of the least");
    println!("{:<40} {:>17} {:>15} {:>7} {:>7}", "work", "reference", "seawall", "ratio", "floor");
    let mut missed = false;
    for work in &WORK {
        let (reference, ours) = measure(work, passes, &fixtures, &mut oracle);
        let ratio = reference.min() / ours.min();
        let verdict = match work.floor {
            None => "",
            Some(floor) if ratio >= floor => "met",
            Some(_) => {
                missed = true;
                "MISSED"
            }
        };
        let both = |t: &Times| format!("{:.0} ({:.0})", t.min(), t.median());
        let floor = work.floor.map_or_else(|| "-".to_owned(), |f| format!("{f}x"));
        println!(
            "{:<40} {:>17} {:>15} {ratio:>6.1}x {floor:>7} {verdict}",
            work.name,
            both(&reference),
            both(&ours)
        );
    }
    ExitCode::from(u8::from(missed))
}
