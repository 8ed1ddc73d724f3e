//! `seawall explain exception`: who could use a `PodSecurityException`.

use std::collections::BTreeSet;
use std::io::{self, BufWriter, Write};
use std::time::Instant;

use seawall_check::access::{Access, Answer, CONTROLLERS, Held, May, Names, RESOURCES, Usable};
use seawall_check::rules;
use seawall_cluster::Wanted;
use seawall_finding::Date;
use seawall_finding::exception::{EXCEPTION_KIND, Grant, OnExpiry, POLICY_KIND, WorkloadSelector};
use seawall_report::visible;
use seawall_snapshot::Header;

use crate::cli::ExplainArgs;
use crate::live;
use crate::terminal::{self, Failure};

/// Not all that decides was seen.
const EXIT_UNKNOWN: u8 = 2;

/// Columns of a line.
const WIDTH: usize = 100;

/// Says who could; the exit status: 0, or 2 if not all that decides was seen.
pub(super) fn run(args: &ExplainArgs) -> Result<u8, Failure> {
    let snapshot = if let Some(path) = &args.snapshot {
        live::open_snapshot(path)?
    } else {
        let wanted = Wanted { resources: RESOURCES.to_vec(), ..Wanted::default() };
        live::capture_wanted(&args.cluster, wanted, Instant::now(), false)?
    };
    let mut access = Access::default();
    for frame in &snapshot.frames {
        let text = frame.text().map_err(|e| Failure::Usage(format!("the snapshot is broken: {e}"), None))?;
        access.add(&text);
    }
    let asked = args.exception.as_deref();
    let blind = blind(&snapshot.header, asked);
    let names = access.names();
    if let Some(name) = asked.filter(|name| !names.contains(name)) {
        return Err(unknown(name, &names, &blind));
    }
    let today = Date::from_days(terminal::today());
    let answer = access.answer(asked, today);
    let mut out = BufWriter::new(io::stdout().lock());
    write(&answer, today, &blind, &mut out)?;
    out.flush()?;
    let unknown_kinds = answer.exceptions.iter().any(|usable| !usable.unknown_kinds.is_empty());
    let whole =
        blind.is_empty() && answer.unreadable.is_empty() && answer.unread.is_empty() && !unknown_kinds;
    Ok(if whole { 0 } else { EXIT_UNKNOWN })
}

/// What decides and was not seen.
fn blind(header: &Header, asked: Option<&str>) -> Vec<String> {
    let mut header = header.clone();
    let namespace = asked.and_then(|name| name.split_once('/')).map(|(namespace, _)| namespace);
    header.not_seen.retain(|not_seen| {
        let of = not_seen.namespace.as_deref();
        let concerns = of.is_none() || namespace.is_none() || of == namespace || of == Some(CONTROLLERS);
        RESOURCES.contains(&&*not_seen.resource) && concerns
    });
    // No workload decides, and nothing that is masked.
    header.selector.clear();
    header.of_several_moments.retain(|resource| RESOURCES.contains(&&**resource));
    header.includes_env = true;
    let mut all: Vec<String> = live::notices(&header, "").into_iter().map(|notice| notice.message).collect();
    if !header.namespaces.is_empty() {
        all.push(format!(
            "the snapshot is of namespaces alone ({}): ClusterRoles, ClusterRoleBindings, {POLICY_KIND} objects and other \
             namespaces are not in it",
            header.namespaces.join(", ")
        ));
    }
    all
}

/// Nothing is called so.
fn unknown(name: &str, names: &[&str], blind: &[String]) -> Failure {
    let message = format!("there is no {EXCEPTION_KIND} `{name}`");
    if !blind.is_empty() {
        return Failure::Usage(format!("{message} in what was seen; not seen: {}", blind.join("; ")), None);
    }
    let exceptions: Vec<&str> = names.iter().copied().filter(|name| name.contains('/')).collect();
    // A name without its namespace, or almost this one.
    let near = |known: &&&str| {
        known.rsplit_once('/').is_some_and(|(_, own)| own == name)
            || rules::distance(known, name) <= 2.max(known.len() / 4)
    };
    let mut nearest: Vec<&&str> = exceptions.iter().filter(near).collect();
    nearest.sort_by_key(|known| rules::distance(known, name));
    let hint = match &*nearest {
        [] if exceptions.is_empty() => "there are none at all".to_owned(),
        [] => "all of them: seawall explain exception".to_owned(),
        nearest => {
            let named: Vec<String> = nearest.iter().take(3).map(|known| format!("`{known}`")).collect();
            format!("did you mean {}?", named.join(" or "))
        }
    };
    Failure::Usage(message, Some(hint))
}

fn write(answer: &Answer, today: Date, blind: &[String], out: &mut impl Write) -> io::Result<()> {
    if answer.exceptions.is_empty() && answer.unreadable.is_empty() {
        writeln!(out, "there are no {EXCEPTION_KIND} objects")?;
    }
    for usable in &answer.exceptions {
        exception(usable, today, out)?;
        writeln!(out)?;
    }
    for (name, why) in &answer.unreadable {
        line("", &format!("{name} cannot be read, and counts as none: {why}"), out)?;
    }
    if !answer.exceptions.is_empty() {
        held("Who could act as a controller, or as one of these", &answer.impersonators, out)?;
        if !answer.stand_ins.is_empty() {
            held("Who could come by the account of a controller", &answer.stand_ins, out)?;
        }
        held("Who could change what exceptions may grant", &answer.policy_editors, out)?;
        writeln!(out)?;
        line(
            "",
            "Not told by roles: system:masters may do all of this, and other authorizers than RBAC may allow more.",
            out,
        )?;
        if answer.left_out > 0 {
            let noun = if answer.left_out == 1 { "account" } else { "accounts" };
            line(
                "",
                &format!(
                    "Left out: {} {noun} of Kubernetes' own controllers and components.",
                    answer.left_out
                ),
                out,
            )?;
        }
    }
    for message in blind {
        line("", &format!("not seen: {message}"), out)?;
    }
    for what in &answer.unread {
        line("", &format!("not read: {what}"), out)?;
    }
    if !(blind.is_empty() && answer.unread.is_empty()) {
        line("", "there may be more who could: this is not all that decides (exit status 2)", out)?;
    }
    Ok(())
}

fn exception(usable: &Usable, today: Date, out: &mut impl Write) -> io::Result<()> {
    let exception = &usable.exception;
    let subjects: BTreeSet<_> = usable.users.iter().map(|held| &held.subject).collect();
    let count = subjects.len();
    let could = format!("{count} {} could use it", if count == 1 { "subject" } else { "subjects" });
    let ended = exception.expires.filter(|last| *last < today);
    let state = match (exception.expires, ended) {
        _ if usable.granted.is_empty() => {
            format!("lets nothing pass, as no policy allows it; {could} if one did")
        }
        (_, Some(last)) if exception.on_expiry == OnExpiry::Refuse => {
            format!("ended with {last} and lets nothing pass; {could} if it were renewed")
        }
        (_, Some(last)) => format!("ended with {last} and goes on to hold; {could}"),
        (Some(last), None) => format!("holds until {last}; {could}"),
        (None, None) => format!("holds without an end; {could}"),
    };
    line("", &format!("{} {state}", exception.name), out)?;
    for (grant, policies) in &usable.granted {
        line("  lets pass ", &format!("{} (policy {})", granted(grant), policies.join(", ")), out)?;
    }
    for (grant, why) in &usable.refused {
        line("  not allowed ", &format!("{}: {why}", granted(grant)), out)?;
    }
    for workload in &exception.workloads {
        line("  for ", &selected(workload), out)?;
    }
    line("  because ", &exception.reason, out)?;
    if let Some(owner) = &exception.owner {
        line("  owner ", owner, out)?;
    }
    let namespace = exception.namespaces.first().map_or("", String::as_str);
    held(&format!("Who could use it in {namespace}"), &usable.users, out)?;
    for kind in &usable.unknown_kinds {
        line(
            "  ",
            &format!(
                "not known: who makes {kind} objects. Their pods pass where the webhook's settings trust an account with them \
                 (exit status 2)"
            ),
            out,
        )?;
    }
    held("Who could change it", &usable.editors, out)
}

/// What is granted: `added-capability of NET_ADMIN in istio-init`.
fn granted(grant: &Grant) -> String {
    let of = if grant.values.is_empty() { String::new() } else { format!(" of {}", grant.values.join(", ")) };
    let within = match &*grant.containers {
        [] => String::new(),
        containers => format!(" in {}", containers.join(", ")),
    };
    format!("{}{of}{within}", grant.rule)
}

fn selected(workload: &WorkloadSelector) -> String {
    let name = if workload.name.is_empty() { "of any name" } else { &workload.name };
    let labels: Vec<String> = workload.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let labels = if labels.is_empty() { String::new() } else { format!(", pods with {}", labels.join(", ")) };
    format!("{} {name}{labels}", workload.kind)
}

fn held(title: &str, all: &[Held], out: &mut impl Write) -> io::Result<()> {
    if all.is_empty() {
        return line("", &format!("{title}: nobody"), out);
    }
    line("", &format!("{title}:"), out)?;
    for Held { subject, may, binding, role } in all {
        let may: Vec<String> = may.iter().map(said).collect();
        line("  ", &format!("{subject}: {}, by {binding} ({role})", may.join("; ")), out)?;
    }
    Ok(())
}

/// `create, update, patch deployments named web-eu in kube-system`
fn said(may: &May) -> String {
    let place = may.namespace.as_ref().map_or(String::new(), |namespace| format!(" in {namespace}"));
    if may.is_everything() {
        return format!("everything{place}");
    }
    let names = match &may.names {
        Names::All => String::new(),
        Names::Only(names) => {
            format!(" named {}", names.iter().map(String::as_str).collect::<Vec<_>>().join(", "))
        }
    };
    format!("{} {}{names}{place}", may.verbs.join(", "), may.resources.join(", "))
}

/// A line, with what goes on of it under it.
fn line(lead: &str, text: &str, out: &mut impl Write) -> io::Result<()> {
    let text = visible(text);
    let mut column = lead.chars().count();
    write!(out, "{lead}")?;
    for (i, word) in text.split(' ').enumerate() {
        let width = word.chars().count();
        if i > 0 && column + 1 + width > WIDTH {
            write!(out, "\n      {word}")?;
            column = 6 + width;
        } else if i > 0 {
            write!(out, " {word}")?;
            column += 1 + width;
        } else {
            write!(out, "{word}")?;
            column += width;
        }
    }
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use seawall_check::access;

    /// What the webhook believes of owners and who could use an exception for them go together.
    #[test]
    fn all_kinds_of_owners_are_known() {
        for owner in seawall_admission::owner_kinds() {
            assert!(access::leads_to(owner.kind).any(|resource| resource == owner.resource), "{owner:?}");
        }
    }
}
