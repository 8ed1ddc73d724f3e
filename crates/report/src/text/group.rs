//! One cause, one group: what a person is told together.

use seawall_check::{Located, Mark, Mode, Workload};

/// The basics of restricted that are nearly always missing together.
const BASICS: [&str; 4] =
    ["run-as-non-root", "allow-privilege-escalation", "drop-all-capabilities", "seccomp-profile"];

/// Findings with one cause.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Group {
    /// Whether it counts against what is enforced.
    pub(super) error: bool,
    /// What stands in the brackets: a rule, or `restricted` for the basics.
    pub(super) name: &'static str,
    /// What is wrong.
    pub(super) title: String,
    /// Where, each place once, in the order of the file.
    pub(super) marks: Vec<Mark>,
    /// What to do, each a block of lines.
    pub(super) notes: Vec<String>,
}

/// The groups of a workload's findings, errors first.
pub(super) fn groups(workload: &Workload) -> Vec<Group> {
    let (basics, others): (Vec<&Located>, Vec<&Located>) =
        workload.findings.iter().partition(|f| BASICS.contains(&f.finding.rule.id));
    let mut out = by_rule(&others, workload.refused.is_some());
    let several = basics.windows(2).any(|pair| pair[0].finding.rule.id != pair[1].finding.rule.id);
    if several {
        out.push(four_basics(workload, &basics));
    } else {
        out.extend(by_rule(&basics, false));
    }
    out.sort_by_key(|g| !g.error);
    out
}

/// The findings of something without pods.
pub(super) fn by_rule(findings: &[&Located], refused: bool) -> Vec<Group> {
    let mut out: Vec<(&'static str, Vec<&Located>)> = Vec::new();
    for &located in findings {
        let id = located.finding.rule.id;
        match out.iter_mut().find(|(known, _)| *known == id) {
            Some((_, members)) => members.push(located),
            None => out.push((id, vec![located])),
        }
    }
    out.into_iter().map(|(name, members)| of_rule(name, &members, refused)).collect()
}

fn of_rule(name: &'static str, members: &[&Located], refused: bool) -> Group {
    let mut title = members.first().map_or_else(String::new, |m| m.finding.message.clone());
    let mut more: Vec<&str> = members.iter().skip(1).filter_map(|m| m.finding.container.as_deref()).collect();
    more.dedup();
    if members.len() > 1 {
        if more.len() == members.len() - 1 {
            title = format!("{title}; the same in {}", containers(&more));
        } else {
            title = format!("{title}; and {} more like it", members.len() - 1);
        }
    }
    let mut notes: Vec<String> = Vec::new();
    for member in members {
        if !notes.contains(&member.finding.advice) && !member.finding.advice.is_empty() && notes.len() < 3 {
            notes.push(member.finding.advice.clone());
        }
    }
    notes.push(format!("why: seawall explain {name}"));
    let error = members.iter().any(|m| is_error(m)) || (refused && name == "schema-invalid");
    Group { error, name, title, marks: marks(members), notes }
}

fn is_error(located: &Located) -> bool {
    located.modes.contains(&Mode::Enforce)
}

fn four_basics(workload: &Workload, members: &[&Located]) -> Group {
    let has = |id: &str| members.iter().any(|m| m.finding.rule.id == id);
    let mut order: Vec<&str> = Vec::new();
    for name in members.iter().filter_map(|m| m.finding.container.as_deref()) {
        if !order.contains(&name) {
            order.push(name);
        }
    }
    let who = if order.is_empty() { "the pod".to_owned() } else { containers(&order) };
    let verb = if order.len() > 1 { "do" } else { "does" };
    let missing: Vec<&str> = [
        ("run-as-non-root", "runAsNonRoot"),
        ("allow-privilege-escalation", "allowPrivilegeEscalation"),
        ("drop-all-capabilities", "capabilities"),
        ("seccomp-profile", "seccompProfile"),
    ]
    .into_iter()
    .filter_map(|(id, field)| has(id).then_some(field))
    .collect();
    let title = if missing.len() == BASICS.len() {
        format!("{who} {verb} not meet the four basics of restricted")
    } else {
        format!(
            "{who} {verb} not meet {} of the four basics of restricted: {}",
            missing.len(),
            missing.join(", ")
        )
    };
    let mut notes = vec![what_to_write(workload, members, &order)];
    if has("run-as-non-root") {
        notes.push("a person decides: does the image run as a user other than root?".to_owned());
    }
    notes.push(format!(
        "why: seawall explain {}",
        members.first().map_or("run-as-non-root", |m| m.finding.rule.id)
    ));
    Group {
        error: members.iter().any(|m| is_error(m)),
        name: "restricted",
        title,
        marks: marks(members),
        notes,
    }
}

/// The fields to write: at the pod where every container lacks them, at the containers else.
fn what_to_write(workload: &Workload, members: &[&Located], order: &[&str]) -> String {
    const POD: [(&str, &str); 2] = [
        ("run-as-non-root", "runAsNonRoot: true"),
        ("seccomp-profile", "seccompProfile: {type: RuntimeDefault}"),
    ];
    const CONTAINER: [(&str, &str); 2] = [
        ("allow-privilege-escalation", "allowPrivilegeEscalation: false"),
        ("drop-all-capabilities", "capabilities: {drop: [\"ALL\"]}"),
    ];
    let of = |id: &str| members.iter().filter(|m| m.finding.rule.id == id).copied().collect::<Vec<_>>();
    let mut pod = Vec::new();
    let mut container: Vec<(String, Vec<&str>)> = Vec::new();
    let mut add = |names: Vec<&str>, text| {
        let who = if names.len() == order.len() && order.len() > 1 {
            "every container named".to_owned()
        } else {
            containers(&names)
        };
        match container.iter_mut().find(|(known, _)| *known == who) {
            Some((_, fields)) => fields.push(text),
            None => container.push((who, vec![text])),
        }
    };
    for (id, text) in POD {
        let found = of(id);
        // What a container says itself stands above what the pod says.
        let own: Vec<&str> =
            found.iter().filter(|m| !m.missing).filter_map(|m| m.finding.container.as_deref()).collect();
        if found.iter().any(|m| m.missing || m.finding.container.is_none()) {
            pod.push(text);
        }
        if !own.is_empty() {
            add(own, text);
        }
    }
    for (id, text) in CONTAINER {
        let found: Vec<&str> = of(id).iter().filter_map(|m| m.finding.container.as_deref()).collect();
        if !found.is_empty() {
            add(found, text);
        }
    }
    let mut lines = Vec::new();
    if !pod.is_empty() {
        let spec = workload.template.clone().key("spec");
        lines.push(format!("write under {spec}:"));
        lines.push(format!("    securityContext: {{{}}}", pod.join(", ")));
    }
    for (who, fields) in container {
        let lead = if lines.is_empty() { "write" } else { "and" };
        lines.push(format!("{lead} in {who}:"));
        lines.push(format!("    securityContext: {{{}}}", fields.join(", ")));
    }
    lines.join("\n")
}

/// `container "a"`, `containers "a", "b" and 3 more`.
fn containers(names: &[&str]) -> String {
    const SHOWN: usize = 4;
    let quoted: Vec<String> = names.iter().take(SHOWN).map(|n| format!("\"{n}\"")).collect();
    let list = quoted.join(", ");
    match names.len() {
        1 => format!("container {list}"),
        n if n > SHOWN => format!("containers {list} and {} more", n - SHOWN),
        _ => format!("containers {list}"),
    }
}

/// The places of some findings, each once with all that is to be seen there.
fn marks(members: &[&Located]) -> Vec<Mark> {
    let mut out: Vec<Mark> = Vec::new();
    for mark in members.iter().flat_map(|m| std::iter::once(&m.primary).chain(&m.related)) {
        match out.iter_mut().find(|known| known.region == mark.region) {
            Some(known) if known.label == mark.label || mark.label.is_empty() => {}
            Some(known) if known.label.is_empty() => known.label.clone_from(&mark.label),
            Some(known) if known.label.split(", ").any(|l| l == mark.label) => {}
            Some(known) => {
                known.label.push_str(", ");
                known.label.push_str(&mark.label);
            }
            None => out.push(mark.clone()),
        }
    }
    out.sort_by_key(|m| (m.region.line, m.region.column));
    out
}
