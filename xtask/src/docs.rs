//! `cargo xtask docs`: what is made from the code: the pages of the book on rules, the settings of `seawall.yaml` and what differs
//! from other tools, and the Helm chart.

mod chart;
mod differences;
mod rules;
mod settings;
mod yaml;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::run::root;

/// Says in every page that it is not written by hand.
const MADE: &str = "<!-- Made by `cargo xtask docs`. Do not edit. -->\n\n";

/// Writes the pages and takes away those that are no longer made.
pub(crate) fn write() -> Result<(), String> {
    let pages = pages()?;
    for path in left_over(&pages)? {
        fs::remove_file(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        println!("removed {}", path.display());
    }
    for (path, text) in &pages {
        if fs::read_to_string(path).is_ok_and(|old| old == *text) {
            continue;
        }
        let directory = path.parent().unwrap_or(path);
        fs::create_dir_all(directory).map_err(|e| format!("{}: {e}", directory.display()))?;
        fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))?;
        println!("wrote {}", path.display());
    }
    Ok(())
}

/// Fails unless the pages are what [`write`] would write.
pub(crate) fn check() -> Result<(), String> {
    let pages = pages()?;
    let mut stale = left_over(&pages)?;
    let differs = |path: &PathBuf, text: &String| fs::read_to_string(path).is_ok_and(|old| old == *text);
    stale.extend(pages.iter().filter(|(path, text)| !differs(path, text)).map(|(path, _)| path.clone()));
    if stale.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = stale.iter().map(|path| path.display().to_string()).collect();
    Err(format!("not what the code says: {}\nmake them anew: cargo xtask docs", names.join(", ")))
}

fn source() -> PathBuf {
    root().join("docs/src")
}

/// All pages with their text.
fn pages() -> Result<BTreeMap<PathBuf, String>, String> {
    let book = source();
    let mut pages: BTreeMap<PathBuf, String> =
        rules::pages().into_iter().map(|(name, text)| (book.join("rules").join(name), text)).collect();
    pages.insert(book.join("settings.md"), settings::page()?);
    pages.extend(differences::pages().map(|(name, text)| (book.join(name), text)));
    let summary = book.join("SUMMARY.md");
    let old = fs::read_to_string(&summary).map_err(|e| format!("{}: {e}", summary.display()))?;
    pages.insert(summary, rules::in_summary(&old));
    pages.extend(chart::files()?.into_iter().map(|(name, text)| (root().join(name), text)));
    Ok(pages)
}

/// Pages of rules that there are no more.
fn left_over(pages: &BTreeMap<PathBuf, String>) -> Result<Vec<PathBuf>, String> {
    let directory = source().join("rules");
    if !directory.is_dir() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(&directory).map_err(|e| format!("{}: {e}", directory.display()))?;
    let paths = entries.map(|entry| entry.map(|e| e.path()).map_err(|e| e.to_string()));
    let old: Vec<PathBuf> = paths.collect::<Result<_, _>>()?;
    let is_page = |path: &Path| path.extension().is_some_and(|e| e == "md");
    Ok(old.into_iter().filter(|path| is_page(path) && !pages.contains_key(path)).collect())
}
