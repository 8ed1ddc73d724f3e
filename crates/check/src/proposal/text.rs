//! The proposal as a commented `seawall.yaml`.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use seawall_manifest::workload::{ConfiguredEntry, Form};
use seawall_model::Level;

use super::{Namespace, Proposal, scopes};
use crate::quoted::quoted;
use crate::quoted::shell_word;

/// Where editors find the schema.
const SCHEMA: &str = "https://seawall.dev/schemas/config-v1.schema.json";

/// Files of a kind that are named; of more the number is told.
const NAMED: usize = 5;

/// A number with its noun.
pub(super) fn count(n: u64, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

impl fmt::Display for Proposal {
    /// A configuration file. Everything from outside stands in double quotes; what is a comment becomes a setting when its
    /// `# ` is taken away.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# yaml-language-server: $schema={SCHEMA}")?;
        writeln!(
            f,
            "# Written by `seawall init`, which found {}. Every setting is optional.",
            self.summary()
        )?;
        writeln!(f, "# What holds for a scan, and where each value comes from: seawall config")?;
        if !self.broken.is_empty() {
            writeln!(f, "#\n# Not all of this could be read, so that workloads may be missing here:")?;
            some(f, self.broken.iter().map(|path| quoted(path)))?;
        }
        writeln!(f, "\n# The version of the cluster. Without it the newest that seawall knows is meant.")?;
        writeln!(f, "# kubernetesVersion: \"1.{}\"", self.kubernetes)?;
        self.levels(f)?;
        self.declared(f)?;
        self.custom_resources(f)?;
        self.scopes(f)?;
        self.templates(f)?;
        f.write_str(
            "\n# What is there today can be passed over, so that only new findings count:\n\
             #   seawall scan --write-baseline seawall-baseline.yaml\n\
             # baseline: \"seawall-baseline.yaml\"\n",
        )
    }
}

impl Proposal {
    fn levels(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "\n# The levels of namespaces that the scanned files do not declare. Each is held to the strictest level that all of\n\
             # its workloads pass today, and warned of what restricted asks for besides. The first pattern that matches decides.\n\
             levels:\n",
        )?;
        let used = || self.namespaces.iter().filter(|(_, namespace)| namespace.declared.is_empty());
        for (name, namespace) in used().filter(|(name, _)| !is_pattern(name)) {
            let level = match namespace.strictest() {
                Level::Restricted => quoted("restricted"),
                level => format!("{{enforce: \"{level}\", warn: \"restricted\"}}"),
            };
            let what = if name.is_empty() { "no namespace is named: " } else { "" };
            writeln!(f, "  {}: {level} # {what}{}", quoted(name), workloads(namespace))?;
        }
        for (name, namespace) in used().filter(|(name, _)| is_pattern(name)) {
            writeln!(f, "  # {} is a pattern and no name: {}", quoted(name), workloads(namespace))?;
        }
        f.write_str("  # All others. Without it `--level` decides, which is restricted unless it is given.\n  # \"*\": \"restricted\"\n")
    }

    fn declared(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let declared = || self.namespaces.iter().filter(|(_, namespace)| !namespace.declared.is_empty());
        if declared().any(|(_, namespace)| namespace.is_labelled()) {
            f.write_str("\n# Declared with pod-security labels, which decide:\n")?;
        }
        for (name, namespace) in declared().filter(|(_, namespace)| namespace.is_labelled()) {
            let enforced = namespace.declared.iter().map(|(_, policy, _)| policy.enforce.to_string());
            let mut levels: Vec<_> = enforced.map(|at| at.trim_end_matches(":latest").to_owned()).collect();
            levels.dedup();
            write!(f, "#   {}: enforce {}, {}", quoted(name), levels.join(" and "), workloads(namespace))?;
            if namespace.failing > 0 {
                let fail = if namespace.failing == 1 { "fails" } else { "fail" };
                let (failing, passed) = (namespace.failing, namespace.strictest());
                write!(f, "; {failing} of them {fail}, all pass {passed}")?;
            }
            f.write_char('\n')?;
        }
        if declared().any(|(_, namespace)| !namespace.is_labelled()) {
            f.write_str(
                "\n# Declared without pod-security labels, which counts as privileged. The label that all workloads pass:\n",
            )?;
        }
        for (name, namespace) in declared().filter(|(_, namespace)| !namespace.is_labelled()) {
            let (level, found) = (namespace.strictest(), workloads(namespace));
            writeln!(f, "#   {}: pod-security.kubernetes.io/enforce: {level}, {found}", quoted(name))?;
        }
        Ok(())
    }

    fn custom_resources(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (described, others): (Vec<_>, Vec<_>) = self.unknown.iter().partition(|u| !u.entries.is_empty());
        if !described.is_empty() {
            f.write_str(
                "\n# Custom resources that look like workloads. They are not judged until they are named here; check the paths:\n\
                 # customResources:\n",
            )?;
        }
        for ConfiguredEntry { api_version, kind, path, form } in described.iter().flat_map(|u| &u.entries) {
            let [api_version, kind, path] = [api_version, kind, path].map(|text| quoted(text));
            let form = if *form == Form::PodSpec { ", form: \"podSpec\"" } else { "" };
            writeln!(f, "# - {{apiVersion: {api_version}, kind: {kind}, path: {path}{form}}}")?;
        }
        if !others.is_empty() {
            f.write_str("\n# Custom resources with containers that cannot be described here; the pods that they make can be judged:\n")?;
            f.write_str("#   kubectl get pods -o yaml | seawall scan -\n")?;
            some(f, others.iter().map(|u| format!("{} {}", quoted(&u.api_version), quoted(&u.kind))))?;
        }
        Ok(())
    }

    fn scopes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let contested = || self.namespaces.iter().filter(|(_, namespace)| namespace.is_contested());
        if contested().next().is_none() {
            return Ok(());
        }
        f.write_str(
            "\n# Declared with different levels in different files, of which the strictest counts:\n",
        )?;
        some(f, contested().map(|(name, _)| quoted(name)))?;
        let files = contested().map(|(_, n)| n.declared.iter().map(|(path, ..)| path.as_str()).collect());
        let directories = scopes::directories(files);
        if !directories.is_empty() {
            f.write_str("# If these directories are clusters of their own, their namespaces should not mix:\n# scopes:\n")?;
        }
        for (name, directory) in directories {
            writeln!(f, "# - {{name: {}, paths: [{}]}}", quoted(&name), quoted(&directory))?;
        }
        Ok(())
    }

    fn templates(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.charts.is_empty() {
            f.write_str("\n# Charts are judged when they are rendered:\n")?;
        }
        for chart in &self.charts {
            writeln!(f, "#   helm template {} | seawall scan -", word(chart))?;
        }
        if !self.templates.is_empty() {
            f.write_str("\n# Templates that are not rendered, so that they are not judged:\n")?;
            some(f, self.templates.iter().map(|path| quoted(path)))?;
        }
        Ok(())
    }
}

fn workloads(namespace: &Namespace) -> String {
    let all = count(namespace.workloads(), "workload");
    if namespace.refused == 0 {
        return all;
    }
    format!("{all}, of which the API server would refuse {}", namespace.refused)
}

/// Whether a name would match others too.
fn is_pattern(name: &str) -> bool {
    name.contains(['*', '?'])
}

/// The first of some texts, one a line, and the number of the others.
fn some(f: &mut fmt::Formatter<'_>, texts: impl Iterator<Item = String>) -> fmt::Result {
    let texts: Vec<String> = texts.collect();
    for text in texts.iter().take(NAMED) {
        writeln!(f, "#   {text}")?;
    }
    match texts.len().saturating_sub(NAMED) {
        0 => Ok(()),
        more => writeln!(f, "#   and {more} more"),
    }
}

/// A word of a shell's command; what no shell should see is shown as a scalar.
fn word(text: &str) -> Cow<'_, str> {
    let scalar = quoted(text);
    // Nothing is escaped in it but what a shell can quote.
    if scalar.contains("\\u") || text.contains(['\n', '\t']) { scalar.into() } else { shell_word(text) }
}
