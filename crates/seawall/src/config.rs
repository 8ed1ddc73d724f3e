//! `seawall config`: the settings that hold, and where each comes from.

use std::io::Write as _;

use seawall_check::quoted;
use seawall_finding::Rule;

use crate::cli::ConfigArgs;
use crate::settings::{self, Settings};
use crate::terminal::Failure;

/// Prints the settings as a configuration file, each with its origin in a comment.
pub(crate) fn run(args: &ConfigArgs) -> Result<u8, Failure> {
    let settings = settings::load(&args.judge, &args.bar.fail_on, None).map_err(|errors| {
        let text = errors.iter().map(|e| {
            let place = e.region.map(|r| format!(":{}:{}", r.line, r.column)).unwrap_or_default();
            format!("{}{place}: {}", e.file, e.message)
        });
        Failure::Usage(text.collect::<Vec<_>>().join("\n"), errors.first().and_then(|e| e.hint.clone()))
    })?;
    let mut out = std::io::stdout().lock();
    out.write_all(text(args, &settings).as_bytes())?;
    Ok(0)
}

/// A setting's text, and where it comes from.
struct Line {
    text: String,
    origin: String,
}

fn text(args: &ConfigArgs, settings: &Settings) -> String {
    let config = &settings.config;
    let file = settings.file.as_ref().map(|f| f.display().to_string());
    let of_file = |setting: &str| {
        let line = settings.places.iter().find(|(name, _)| *name == setting).map(|(_, line)| *line);
        line.zip(file.as_deref()).map(|(line, file)| format!("{file}:{line}"))
    };
    let origin = |flag: Option<&str>, setting: &str| match flag {
        Some(flag) => format!("--{flag}"),
        None => of_file(setting).unwrap_or_else(|| "default".to_owned()),
    };
    let mut lines = Vec::new();
    let mut add = |text: String, origin: String| lines.push(Line { text, origin });
    let judge = &args.judge;

    let newest = u64::from(seawall_check::NEWEST);
    let version =
        judge.kubernetes_version.or(config.kubernetes_version).map_or(newest, |v| v.minor.min(newest));
    let flag = judge.kubernetes_version.is_some().then_some("kubernetes-version");
    add(format!("kubernetesVersion: \"1.{version}\""), origin(flag, "kubernetesVersion"));

    let level = judge.level();
    let flag = judge.level.is_some().then_some("level");
    if config.levels.is_empty() {
        let origin = flag.map_or_else(|| "default".to_owned(), |flag| format!("--{flag}"));
        add(format!("levels: {{\"*\": {level}}}"), origin);
    } else {
        add("levels:".to_owned(), origin(None, "levels"));
        for rule in &config.levels {
            let mut modes = vec![format!("enforce: {}", rule.enforce)];
            modes.extend(rule.audit.map(|at| format!("audit: {at}")));
            modes.extend(rule.warn.map(|at| format!("warn: {at}")));
            add(format!("  {}: {{{}}}", quoted(&rule.pattern), modes.join(", ")), String::new());
        }
        let origin = flag.map_or_else(|| "default".to_owned(), |flag| format!("--{flag}"));
        add(format!("  # namespaces that no pattern matches: {level}"), origin);
    }

    if let Some(profile) = &settings.profile {
        let flag = judge.profile.is_some().then_some("profile");
        add(format!("profile: {}", quoted(profile)), origin(flag, "profile"));
    }
    let bars: Vec<String> = settings.fail_on.iter().map(ToString::to_string).collect();
    let by_profile = settings.profile.as_ref().and_then(|name| config.profile_called(name));
    let of_profile = by_profile.filter(|p| !p.fail_on.is_empty()).map(|p| format!("profile {}", p.name));
    let flag = (!args.bar.fail_on.is_empty()).then_some("fail-on");
    let from = match (flag, of_profile) {
        (None, Some(profile)) => profile,
        (flag, _) => origin(flag, "failOn"),
    };
    add(format!("failOn: [{}]", bars.join(", ")), from);

    let rules = &settings.rules;
    if *rules != seawall_check::RuleSettings::default() {
        let with = settings.profile.as_ref().map(|name| format!(" with profile {name}")).unwrap_or_default();
        add("rules:".to_owned(), format!("{}{with}", origin(None, "rules")));
        for (name, list) in [("select", &rules.select), ("deselect", &rules.deselect)] {
            if !list.is_empty() {
                add(format!("  {name}: [{}]", ids(list)), String::new());
            }
        }
        for (rule, severity) in &rules.severity {
            add(format!("  # {} is of severity {severity}", rule.id), String::new());
        }
    }
    for (setting, flag, path) in [
        ("namespaces", judge.namespaces.is_some(), &settings.namespaces),
        ("baseline", judge.baseline.is_some(), &settings.baseline),
    ] {
        if let Some(path) = path {
            let flag = flag.then_some(setting);
            add(format!("{setting}: {}", quoted(&path.display().to_string())), origin(flag, setting));
        }
    }
    for (setting, count) in [
        ("customResources", config.custom_resources.len()),
        ("ignores", settings.ignores.entries.len()),
        ("exceptions", config.exceptions.len()),
        ("scopes", config.scopes.len()),
    ] {
        if count > 0 {
            let entries = if count == 1 { "entry" } else { "entries" };
            add(format!("# {setting}: {count} {entries}"), origin(None, setting));
        }
    }

    let head = file.map_or_else(
        || format!("# no {} was found\n", settings::NAME),
        |file| format!("# configuration file: {file}\n"),
    );
    let width = lines.iter().map(|line| line.text.chars().count()).max().unwrap_or(0);
    let line = |Line { text, origin }: Line| {
        if origin.is_empty() { format!("{text}\n") } else { format!("{text:width$}  # {origin}\n") }
    };
    head + &lines.into_iter().map(line).collect::<String>()
}

fn ids(rules: &[&'static Rule]) -> String {
    rules.iter().map(|rule| rule.id).collect::<Vec<_>>().join(", ")
}
