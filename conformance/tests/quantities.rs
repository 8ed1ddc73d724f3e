//! Quantities against the package that the API server reads them with.

use std::cmp::Ordering;

use seawall_conformance::Oracle;
use seawall_model::quantity::Quantity;

/// Random pairs in the ordinary run; `SEAWALL_QUANTITIES` changes the number.
const PAIRS: usize = 100_000;

/// Texts that are held against one another, each with each.
const PICKED: &str = "0 -0 +0 00 000.000 -0.0 0. .0 . + - +. -. 1 -1 +1 01 0001 1. 1.0 1.000 .1 .5 0.5 -.5 +.5 00.5 0.50 \
    1.5 1.05 1.005 1.0005 10 100 1000 1001 999 1023 1024 1025 2048 1000000 1048576 1073741824 \
    n u m k M G T P E Ki Mi Gi Ti Pi Ei e E i K .m .Ki .Pi -k -Ei 1n 1u 1m 1k 1M 1G 1T 1P 1E 1Ki 1Mi 1Gi 1Ti 1Pi 1Ei \
    0n 0Ei 0.0Pi 00k 10n 100n 1000n 1000u 1000m 1000k 1000M 1000G 1000T 1000P 1000E 1024Ki 1024Mi 1024Gi 1024Ti 1024Pi 1024Ei \
    7Ei 8Ei 9Ei 7.9Ei 7.99999999999999999999Ei 8191Pi 8192Pi 8193Pi -8Ei -9Ei 1.5n 0.1n 0.9n 0.5u 0.0005u 1.0001u 0.1m 0.0000001m \
    1.5Ki 1.5Mi 1.5Gi 1.5Ti 1.5Pi 1.5Ei 0.5Ki 0.1Ki 0.001Ki 0.0000000001Ki 0.1Mi 0.3Gi 1.1Ei .5Gi 0.25Ti 1.Gi 1.Ki \
    99Ti 100Ti 999Ti 12345678901Ki 123456789012Ki 1234567890123Ki 12345678Mi 123456789Mi 12345Gi 123456Gi 12Ti 123Ti \
    1e0 1e1 1e2 1e3 1E3 1e+3 1e-3 1E-3 1E+3 1e03 1e-03 1e9 1e18 1e19 1e20 1e27 1e30 1e-9 1e-10 1e-11 1e-400 1e400 9e-10 \
    1.5e3 1.5e-3 15e2 0.0015e6 1500e0 -1e3 -1e-12 0e5 0e-50 e5 E5 e-5 e-20 .e-20 .e2 0.e-20 -e-20 1.23456789e-3 123e-11 1ee3 1eE3 1e3e3 \
    1e 1E1 1Ee 1e+ 1e- 1e+-3 1e3.5 1e3m 1e3Ki 1Ki3 1m3 1k-3 1e99999999999999999999 1e9223372036854775807 1e9223372036854775808 \
    1K 1KI 1kI 1ki 1mi 1MI 1gi 1g 1t 1p 1B 1KB 1Kib 1MB 1GiB 1Gb 1im 1iK 1nn 1uu 1mm 1kk 1MM 1Mim 1EiEi 1\u{b5} 1\u{3bc} \
    123456789012345678 1234567890123456789 12345678901234567890 123456789012345678901234567890 -123456789012345678901234567890 \
    999999999999999999 9223372036854775806 9223372036854775807 9223372036854775808 9223372036854775809 -9223372036854775808 \
    18446744073709551615 18446744073709551616 100000000000000000 1000000000000000000 10000000000000000000 \
    0.123456789 0.1234567891 0.999999999 0.9999999991 0.9999999999 9.9999999999 999999999.9999999999 0.000000001 0.0000000001 -0.0000000001 \
    0.000000000000000000000 0.0000000000000000000001 000000000000000000000000001 1.000000000000000000000 1.00000000000000000001 \
    0.1234567890123456789k 1234567890.123456789 12345678901.123456789 1234567890123456789m 1234567890123456789n 12345678901234567890123n \
    1.2.3 1..2 ..1 1-2 1+2 --1 +-1 -+1 ++1 - 1_000 1,5 1'000 0x10 0b1 1e0x1 NaN nan Inf inf -inf infinity true null ~ abc a1 1a 1% \
    \u{661} \u{ff11} 1\u{ff2d} \u{2212}1 1\u{fffd} 500m 250m 0.25 0.250 128Mi 134217728 134217.728k 64Mi 1.5G 1500M 1.5e9 2Gi 2G 4Gi 16Gi";

/// What cannot be compared in reasonable time upstream, and what has spaces.
const ALONE: &[&str] = &[
    "",
    " ",
    "1 ",
    " 1",
    "1 Gi",
    "1\n",
    "\t1",
    "1e2147483647",
    "1e4294967296",
    "1e4294967299",
    "1e-4294967297",
    "1.5e2147483647",
    "1.5e-2147483648",
    "12345e1000000",
    "1e-100000",
    "1e-4294967396",
];

/// What random texts are made of.
const PARTS: [&str; 40] = [
    "0",
    "0",
    "0",
    "1",
    "1",
    "2",
    "5",
    "7",
    "9",
    "9",
    "10",
    "99",
    "000",
    "1024",
    "123456789",
    ".",
    ".",
    "-",
    "+",
    "e",
    "E",
    "n",
    "u",
    "m",
    "k",
    "M",
    "G",
    "T",
    "P",
    "Ki",
    "Mi",
    "Gi",
    "Ti",
    "Pi",
    "Ei",
    "i",
    "K",
    "g",
    " ",
    "ü",
];

const SUFFIXES: [&str; 28] = [
    "", "", "n", "u", "m", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "e0", "e1",
    "e3", "e-3", "e-9", "E2", "e+4", "e17", "e-12", "e30",
];

fn ours(texts: &[&str]) -> String {
    let all: Vec<_> = texts.iter().map(|text| Quantity::parse(text)).collect();
    let mut lines: Vec<String> = all
        .iter()
        .map(|quantity| match quantity {
            Ok(q) => {
                let sign = if q.is_zero() { 0 } else { 1 - 2 * i32::from(q.is_negative()) };
                format!("{q} {sign}")
            }
            Err(_) => "error".to_owned(),
        })
        .collect();
    if let [Ok(a), Ok(b)] = all.as_slice() {
        let order = a.cmp(b);
        assert_eq!(order == Ordering::Equal, a == b, "{texts:?}");
        lines.push((order as i8).to_string());
    }
    lines.join("\n")
}

/// Holds requests against upstream; returns how many texts were accepted.
fn hold(requests: &[String]) -> usize {
    let answers = Oracle::start("quantities").ask_all(requests);
    let mut accepted = 0;
    for (request, answer) in requests.iter().zip(answers) {
        let theirs = String::from_utf8(answer).expect("text");
        let texts: Vec<&str> = request.split('\0').collect();
        assert_eq!(ours(&texts), theirs, "{texts:?}");
        accepted += theirs.lines().filter(|line| line.contains(' ')).count();
    }
    accepted
}

#[test]
fn picked_texts_each_with_each() {
    let picked: Vec<&str> = PICKED.split_whitespace().collect();
    assert!(picked.len() + ALONE.len() >= 200, "{}", picked.len());
    let mut requests: Vec<String> = ALONE.iter().map(|text| (*text).to_owned()).collect();
    requests.extend(picked.iter().flat_map(|a| picked.iter().map(move |b| format!("{a}\0{b}"))));
    let accepted = hold(&requests);
    println!(
        "{} texts, {} pairs, {accepted} accepted",
        picked.len() + ALONE.len(),
        requests.len() - ALONE.len()
    );
    assert!(accepted > requests.len(), "too few were good");
}

#[test]
fn random_pairs() {
    let count = std::env::var("SEAWALL_QUANTITIES").map_or(PAIRS, |n| n.parse().expect("a number"));
    let mut state: u64 = 7;
    let mut below = |bound: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % bound
    };
    let mut text = |wild: bool| -> String {
        if wild {
            return (0..=below(6)).map(|_| PARTS[below(PARTS.len())]).collect();
        }
        // Few digits, so that equal values are met.
        let sign = ["", "", "", "-", "+"][below(5)];
        let digits = |below: &mut dyn FnMut(usize) -> usize, most: usize| -> String {
            (0..below(most)).map(|_| char::from(b"0000124589"[below(10)])).collect()
        };
        let most = if below(8) == 0 { 25 } else { 5 };
        let whole = digits(&mut below, most);
        let fraction = if below(2) == 0 { format!(".{}", digits(&mut below, most)) } else { String::new() };
        format!("{sign}{whole}{fraction}{}", SUFFIXES[below(SUFFIXES.len())])
    };
    let requests: Vec<String> =
        (0..count).map(|at| format!("{}\0{}", text(at % 4 == 0), text(at % 8 == 0))).collect();
    // A wild exponent may be too large to be compared upstream.
    let far = |text: &str| {
        let exponent = text.rsplit(['e', 'E']).next().unwrap_or_default().trim_start_matches(['+', '-']);
        text.contains(['e', 'E']) && exponent.len() > 4
    };
    let requests: Vec<String> = requests.into_iter().filter(|r| !r.split('\0').any(far)).collect();
    let accepted = hold(&requests);
    println!("{} pairs, {accepted} texts accepted", requests.len());
    assert!(requests.len() * 10 > count * 9 && accepted > requests.len(), "too few were good");
}
