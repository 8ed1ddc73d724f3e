//! `seawall can-enforce`: whether a namespace can enforce a level now.

use std::io::{self, BufWriter, Write as _};
use std::time::Instant;

use seawall_check::{Enforcement, Enforcing, Mended, NEWEST, Older, Options, Policy, Unseen, shell_word};
use seawall_model::PolicyVersion;
use seawall_report::visible;
use seawall_snapshot::Header;

use crate::cli::{CanEnforceArgs, ReadArgs};
use crate::live;
use crate::terminal::Failure;

/// Not all that decides was seen.
const EXIT_UNKNOWN: u8 = 2;

/// Pods and templates that are named.
const NAMED: usize = 10;

/// Says whether it can; the exit status: 0 if so, 1 if not, 2 if that is not known.
pub(crate) fn run(args: &CanEnforceArgs) -> Result<u8, Failure> {
    let snapshot = if let Some(path) = &args.snapshot {
        live::open_snapshot(path)?
    } else {
        let read = ReadArgs { namespace: vec![args.namespace.clone()], selector: None, include_env: false };
        live::capture(&args.cluster, &read, Instant::now(), args.quiet)?
    };
    let newest = u64::from(NEWEST);
    let options =
        Options { kubernetes: snapshot.header.minor().unwrap_or(newest).min(newest), ..Options::default() };
    let mut enforcement = Enforcement::new(&args.namespace, args.level, &options);
    for frame in &snapshot.frames {
        let text = frame.text().map_err(|e| Failure::Usage(format!("the snapshot is broken: {e}"), None))?;
        enforcement.add(&text);
    }
    let found = enforcement.finish();
    if found.now.is_none() && !found.met && found.unread.is_empty() {
        let message = format!("there is no namespace `{}` in the snapshot", args.namespace);
        return Err(Failure::Usage(message, None));
    }
    // What decides is in pods and templates; what else is there is of no matter here.
    let mut header = snapshot.header;
    header.not_seen.retain(|not_seen| {
        let decides = |resource: &str| resource == "namespaces" || live::WORKLOADS.contains(&resource);
        decides(&not_seen.resource) && not_seen.namespace.as_ref().is_none_or(|name| *name == args.namespace)
    });
    let partial = !header.selector.is_empty()
        || header.not_seen.iter().any(|not_seen| live::WORKLOADS.contains(&not_seen.resource.as_str()));
    let answer = match (found.refuses(), found.is_known() && !partial) {
        (true, _) => Answer::Cannot,
        (false, true) => Answer::Can,
        (false, false) => Answer::Unknown,
    };
    let blind: Vec<String> = live::notices(&header, "")
        .into_iter()
        .filter(|notice| notice.kind == seawall_check::NoticeKind::NotSeen)
        .map(|notice| notice.message)
        .collect();
    let mut out = BufWriter::new(io::stdout().lock());
    write(args, &found, answer, &blind, &header, &mut out)?;
    out.flush()?;
    Ok(match answer {
        Answer::Can => 0,
        Answer::Cannot => 1,
        Answer::Unknown => EXIT_UNKNOWN,
    })
}

/// Whether it can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Can,
    Cannot,
    Unknown,
}

fn write(
    args: &CanEnforceArgs,
    found: &Enforcing,
    answer: Answer,
    blind: &[String],
    header: &Header,
    out: &mut impl io::Write,
) -> io::Result<()> {
    let (namespace, asked) = (&args.namespace, found.asked);
    // The API server's words come first, and only they begin at the margin with `Warning`.
    for warning in &found.warnings {
        writeln!(out, "Warning: {}", visible(warning))?;
    }
    if args.quiet {
        return Ok(());
    }
    if !found.warnings.is_empty() {
        writeln!(out)?;
    }
    let (pods, refused) = (found.pods, found.refused.len());
    let said = match answer {
        Answer::Unknown => "may not be able to",
        Answer::Can => "can",
        Answer::Cannot => "cannot",
    };
    writeln!(
        out,
        "namespace {namespace} {said} enforce {asked}: {} of {pods} {} would be refused at the next restart",
        refused,
        if pods == 1 { "pod" } else { "pods" },
    )?;
    match &found.now {
        Some(Policy { enforce, .. }) => {
            let version = visible(&header.server_version);
            // The API server has a level of its own for who names none.
            let far = if found.named { "" } else { ", as far as its labels say" };
            writeln!(out, "it enforces {enforce} now{far}, in a cluster of {version}")?;
        }
        None => writeln!(out, "what it enforces now was not seen; taken for nothing")?,
    }
    if args.level.version.is_none() && asked.version != PolicyVersion::Latest {
        writeln!(
            out,
            "judged at {}, as its label enforce-version says; {}:latest would change that label",
            asked.version, asked.level
        )?;
    }
    if !found.looks && !found.refused.is_empty() {
        writeln!(out, "the API server would not warn: to it this is no stricter than what is enforced now")?;
    }
    refusing(&found.refusing, out)?;
    unseen(&found.unseen, out)?;
    mended(&found.mended, out)?;
    older(&found.unclear, "whether what replaces it passes is not known", out)?;
    older(&found.replaced, "what replaces it is of the one that is there now, and passes", out)?;
    gone(found, out)?;
    if let Some(beyond) = found.beyond() {
        writeln!(
            out,
            "the API server looks at 3,000 pods and for one second only, so that its own warnings may leave out {beyond} or more; \
             here all pods were looked at"
        )?;
    }
    for message in blind {
        writeln!(out, "not seen: {}", visible(message))?;
    }
    for what in found.unread.iter().take(NAMED) {
        writeln!(out, "not read, and may hold pods that would be refused: {}", visible(what))?;
    }
    if let Some(more) = found.unread.len().checked_sub(NAMED).filter(|more| *more > 0) {
        writeln!(out, "not read, and may hold pods that would be refused: {more} more")?;
    }
    let level = asked.to_string();
    let level = level.trim_end_matches(":latest");
    let whence = args.snapshot.as_ref().map_or_else(
        || format!("--cluster --namespace {}", shell_word(namespace)),
        |path| shell_word(&path.to_string_lossy()).into_owned(),
    );
    let why = format!("why, and what to write: seawall scan {whence} --level {level}");
    if answer == Answer::Unknown {
        writeln!(
            out,
            "nothing that was seen stands against it for certain, and that is not all (exit status 2)"
        )?;
        if !found.unseen.is_empty() {
            writeln!(out, "{why}")?;
        }
    } else if answer == Answer::Can {
        // Without this label the version stays as it is.
        let stays = found.now.map_or(PolicyVersion::Latest, |now| now.enforce.version);
        let version = match args.level.version {
            Some(version) if version != PolicyVersion::Latest || version != stays => {
                format!(" pod-security.kubernetes.io/enforce-version={version}")
            }
            _ => String::new(),
        };
        let label = format!("pod-security.kubernetes.io/enforce={}{version}", asked.level);
        writeln!(out, "kubectl label --overwrite namespace {} {label}", shell_word(namespace))?;
    } else {
        writeln!(out, "{why}")?;
    }
    Ok(())
}

/// Templates whose pods nobody has seen.
fn unseen(all: &[Unseen], out: &mut impl io::Write) -> io::Result<()> {
    if !all.is_empty() {
        writeln!(
            out,
            "{}, which the API server does not look at; no pod shows whether admission changes what {}:",
            by_itself(all.len()),
            if all.len() == 1 { "it makes" } else { "they make" }
        )?;
    }
    for Unseen { called, because, reason } in all.iter().take(NAMED) {
        writeln!(out, "  {} ({because}): {}", visible(called), visible(reason))?;
    }
    more(all.len(), out)
}

/// Templates whose pods come out better than they are.
fn mended(all: &[Mended], out: &mut impl io::Write) -> io::Result<()> {
    if !all.is_empty() {
        writeln!(
            out,
            "warning: {}, and {} pods pass: admission changes these, and has to go on doing so:",
            by_itself(all.len()),
            if all.len() == 1 { "its" } else { "their" }
        )?;
    }
    for Mended { called, pods, by, reason } in all.iter().take(NAMED) {
        let by = if by.is_empty() { String::new() } else { format!(", changed by {}", by.join(", ")) };
        let noun = if *pods == 1 { "pod passes" } else { "pods pass" };
        writeln!(out, "  {} ({pods} {noun}{}): {}", visible(called), visible(&by), visible(reason))?;
    }
    more(all.len(), out)
}

/// Templates whose pods have ended, and would be refused.
fn refusing(all: &[Unseen], out: &mut impl io::Write) -> io::Result<()> {
    if !all.is_empty() {
        writeln!(
            out,
            "{} {} pods that would be refused, as those of it that have ended show:",
            templates(all.len()),
            if all.len() == 1 { "makes" } else { "make" }
        )?;
    }
    for Unseen { called, reason, .. } in all.iter().take(NAMED) {
        writeln!(out, "  {}: {}", visible(called), visible(reason))?;
    }
    more(all.len(), out)
}

/// Pods that violate it and are of an older template than there is now.
fn older(all: &[Older], then: &str, out: &mut impl io::Write) -> io::Result<()> {
    let pods = all.iter().map(|older| older.pods).sum();
    if pods > 0 {
        let is = if pods == 1 { "violates it and is" } else { "violate it and are" };
        writeln!(out, "{} {is} of an older template; {then}:", counted(pods))?;
    }
    for Older { called, pods, reason } in all.iter().take(NAMED) {
        writeln!(out, "  {} ({}): {}", visible(called), counted(*pods), visible(reason))?;
    }
    more(all.len(), out)
}

/// What the API server warns of and no restart brings back.
fn gone(found: &Enforcing, out: &mut impl io::Write) -> io::Result<()> {
    if found.ended > 0 {
        let (violate, are) = if found.ended == 1 { ("violates", "it is") } else { ("violate", "they are") };
        let has = if found.ended == 1 { "has" } else { "have" };
        writeln!(out, "{} {violate} it and {has} ended: {are} not started again", counted(found.ended))?;
    }
    if !found.ephemeral.is_empty() {
        let pods = found.ephemeral.len();
        let violate = if pods == 1 { "violates" } else { "violate" };
        let mut named = found.ephemeral.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
        if let Some(more @ 1..) = pods.checked_sub(NAMED) {
            named = format!("{named} and {more} more");
        }
        writeln!(
            out,
            "{} {violate} it by ephemeral containers alone, which no restart brings back: {}",
            counted(pods as u64),
            visible(&named)
        )?;
    }
    Ok(())
}

fn counted(pods: u64) -> String {
    format!("{pods} pod{}", if pods == 1 { "" } else { "s" })
}

fn by_itself(n: usize) -> String {
    let violate = if n == 1 { "violates it by itself" } else { "violate it by themselves" };
    format!("{} {violate}", templates(n))
}

fn templates(n: usize) -> String {
    format!("{n} template{}", if n == 1 { "" } else { "s" })
}

fn more(all: usize, out: &mut impl io::Write) -> io::Result<()> {
    match all.checked_sub(NAMED) {
        Some(more @ 1..) => writeln!(out, "  and {more} more"),
        _ => Ok(()),
    }
}
