//! `seawall config`: the settings that hold, and where each comes from.

use std::fmt::Write as _;
use std::io::Write as _;

use seawall_check::{Base, FailOn, NamedRules, Part, RuleSettings, quoted};
use seawall_report::visible;

use crate::cli::{ConfigArgs, JudgeArgs};
use crate::settings::{self, Settings};
use crate::terminal::Failure;

/// Prints the settings as a configuration file, each with its origin in a comment.
pub(crate) fn run(args: &ConfigArgs) -> Result<u8, Failure> {
    let settings =
        settings::load(&args.judge, Base::Recommended, &args.bar.fail_on, None).map_err(|errors| {
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

/// A line of the file that would say the same, and where it comes from.
struct Line {
    text: String,
    origin: String,
}

/// Lines wider than this do not move the column of origins.
const WIDE: usize = 60;

/// A rule's name as a file would have it: without quotes where it needs none.
fn plain(name: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic());
    if starts && name.chars().all(is_word) { name.to_owned() } else { quoted(name) }
}

/// The lines, and what is asked of the settings to write them.
struct Page<'s> {
    settings: &'s Settings,
    file: Option<String>,
    lines: Vec<Line>,
}

impl Page<'_> {
    fn add(&mut self, text: impl Into<String>, origin: impl Into<String>) {
        self.lines.push(Line { text: text.into(), origin: origin.into() });
    }

    fn at(&self, line: u32) -> String {
        format!("{}:{line}", self.file.as_deref().unwrap_or_default())
    }

    /// Where a setting comes from: the flag, if one is given.
    fn origin(&self, flag: Option<&str>, setting: &str) -> String {
        let line = || self.settings.places.iter().find(|(name, _)| *name == setting).map(|(_, line)| *line);
        match flag {
            Some(flag) => format!("--{flag}"),
            None => line().map_or_else(|| "default".to_owned(), |line| self.at(line)),
        }
    }

    /// Where a part of a setting stands, if it does.
    fn part(&self, setting: &str, path: &[&str]) -> Option<String> {
        let is = |part: &Part| part.setting == setting && part.path == path;
        self.settings.parts.iter().find(|(part, _)| is(part)).map(|(_, line)| self.at(*line))
    }

    /// Where a field of the profile that holds stands, if it does.
    fn of_profile(&self, field: &str) -> Option<String> {
        let name = self.settings.profile.as_deref()?;
        self.part("profiles", &[name, field]).map(|at| format!("{at} (profile {name})"))
    }

    fn levels(&mut self, judge: &JudgeArgs) {
        let level = judge.level();
        let from = if judge.level.is_some() { "--level" } else { "default" };
        let rules = &self.settings.config.levels;
        if rules.is_empty() {
            self.add(format!("levels: {{\"*\": {level}}}"), from);
            return;
        }
        self.add("levels:", self.origin(None, "levels"));
        for rule in rules {
            let mut modes = vec![format!("enforce: {}", rule.enforce)];
            modes.extend(rule.audit.map(|at| format!("audit: {at}")));
            modes.extend(rule.warn.map(|at| format!("warn: {at}")));
            let origin = self.part("levels", &[&rule.pattern]).unwrap_or_default();
            self.add(format!("  {}: {{{}}}", quoted(&rule.pattern), modes.join(", ")), origin);
        }
        self.add(format!("  # namespaces that no pattern matches: {level}"), from);
    }

    fn fail_on(&mut self, bars: &[FailOn]) {
        let flag = (!bars.is_empty()).then_some("fail-on");
        let of_profile = if bars.is_empty() { self.of_profile("failOn") } else { None };
        let origin = of_profile.unwrap_or_else(|| self.origin(flag, "failOn"));
        let bars: Vec<String> = self.settings.fail_on.iter().map(ToString::to_string).collect();
        self.add(format!("failOn: [{}]", bars.join(", ")), origin);
    }

    fn rules(&mut self) {
        let RuleSettings { select, enable, deselect, severity, .. } = &self.settings.rules;
        // As they were written: a tag stands for many rules.
        let names = |named: &[NamedRules]| {
            let mut names: Vec<&str> = Vec::with_capacity(named.len());
            for NamedRules { name, .. } in named {
                if !names.contains(&name.as_str()) {
                    names.push(name);
                }
            }
            names.into_iter().map(plain).collect::<Vec<_>>().join(", ")
        };
        let mut fields = Vec::new();
        if !select.is_empty() {
            // A profile's selection takes the place of the other.
            let origin = self.of_profile("select").or_else(|| self.part("rules", &["select"]));
            fields.push((format!("  select: [{}]", names(select)), origin.into_iter().collect::<Vec<_>>()));
        }
        let both = |field| self.part("rules", &[field]).into_iter().chain(self.of_profile(field)).collect();
        if !enable.is_empty() {
            fields.push((format!("  enable: [{}]", names(enable)), both("enable")));
        }
        if !deselect.is_empty() {
            fields.push((format!("  deselect: [{}]", names(deselect)), both("deselect")));
        }
        if !severity.is_empty() {
            // Of several severities for a rule the last counts, so what is written stays in its order.
            let mut set: Vec<(&str, String)> = Vec::new();
            for (NamedRules { name, .. }, severity) in severity {
                set.retain(|(known, _)| known != name);
                set.push((name, severity.to_string()));
            }
            let set: Vec<String> =
                set.into_iter().map(|(name, severity)| format!("{}: {severity}", plain(name))).collect();
            fields.push((format!("  severity: {{{}}}", set.join(", ")), both("severity")));
        }
        if !fields.is_empty() {
            self.add("rules:", "");
        }
        for (text, origins) in fields {
            self.add(text, origins.join(", "));
        }
    }

    /// A setting that is a list or a mapping, entry by entry.
    fn entries(&mut self, setting: &str) {
        let entries: Vec<(String, u32)> = self
            .settings
            .parts
            .iter()
            .filter(|(part, _)| part.setting == setting)
            .map(|(part, line)| match part.path.first() {
                Some(key) => (format!("  {key}: {}", part.text), *line),
                None => (format!("- {}", part.text), *line),
            })
            .collect();
        if !entries.is_empty() {
            self.add(format!("{setting}:"), self.origin(None, setting));
        }
        for (text, line) in entries {
            self.add(text, self.at(line));
        }
    }

    fn finish(self) -> String {
        let mut out = self.file.map_or_else(
            || format!("# no {} was found\n", settings::NAME),
            |file| format!("# configuration file: {file}\n"),
        );
        let widths = self.lines.iter().map(|line| line.text.chars().count());
        let width = widths.filter(|width| *width <= WIDE).max().unwrap_or(0);
        for Line { text, origin } in self.lines {
            if origin.is_empty() {
                out.push_str(&text);
            } else {
                let _ = write!(out, "{text:width$}  # {origin}");
            }
            out.push('\n');
        }
        out
    }
}

fn text(args: &ConfigArgs, settings: &Settings) -> String {
    let (config, judge) = (&settings.config, &args.judge);
    let file = settings.file.as_ref().map(|f| visible(&f.display().to_string()).into_owned());
    let mut page = Page { settings, file, lines: Vec::new() };

    let newest = u64::from(seawall_check::NEWEST);
    let version =
        judge.kubernetes_version.or(config.kubernetes_version).map_or(newest, |v| v.minor.min(newest));
    let flag = judge.kubernetes_version.is_some().then_some("kubernetes-version");
    page.add(format!("kubernetesVersion: \"1.{version}\""), page.origin(flag, "kubernetesVersion"));

    page.levels(judge);
    if let Some(profile) = &settings.profile {
        // What it changes stands below: as a setting it would be applied twice.
        let flag = judge.profile.is_some().then_some("profile");
        page.add(format!("# profile: {}", quoted(profile)), page.origin(flag, "profile"));
    }
    page.fail_on(&args.bar.fail_on);
    page.rules();
    for (setting, flag, path) in [
        ("namespaces", judge.namespaces.is_some(), &settings.namespaces),
        ("baseline", judge.baseline.is_some(), &settings.baseline),
    ] {
        if let Some(path) = path {
            let flag = flag.then_some(setting);
            let origin = page.origin(flag, setting);
            page.add(format!("{setting}: {}", quoted(&path.display().to_string())), origin);
        }
    }
    for setting in ["parameters", "customResources", "ignores", "exceptions", "scopes"] {
        page.entries(setting);
    }
    page.finish()
}
