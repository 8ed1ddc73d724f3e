//! `--interactive`: every fix a question.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, Write};

use seawall_check::{FindingKey, Open, Selection};
use seawall_finding::{Answer, Fix, Safety};
use seawall_report::{fixes, visible};

use crate::terminal::Failure;

/// What a person says to a fix.
#[derive(Clone)]
enum Said {
    No,
    /// With the answer, where one is needed.
    Yes(Option<String>),
}

/// What a person has said so far.
#[derive(Default)]
pub(super) struct Asked {
    /// Rules that the person said yes or no to once and for all, with the answer where one is needed.
    settled: BTreeMap<&'static str, Said>,
    /// Whether the person has had enough.
    stopped: bool,
}

impl Asked {
    /// The fixes of a file that the person wants.
    pub(super) fn pick(
        &mut self,
        file: &str,
        open: &[Open],
        selection: &Selection,
        out: &mut impl Write,
    ) -> Result<BTreeMap<FindingKey, Option<String>>, Failure> {
        let mut picked = BTreeMap::new();
        for open in open.iter().filter(|open| open.chart.is_none()) {
            let rule = open.located.finding.rule;
            let wanted = |fix: &&Fix| selection.includes(rule) && fix.answer != Some(Answer::Elsewhere);
            let Some(fix) = open.located.fix.as_ref().filter(wanted) else { continue };
            if self.stopped {
                break;
            }
            let said = match self.settled.get(rule.id) {
                Some(settled) => settled.clone(),
                None => self.ask(file, open, fix, out)?,
            };
            // What settles a rule need not be an answer to this finding's question.
            let Said::Yes(answer) = said else { continue };
            if fix.changes(false, answer.as_deref()).is_some() {
                picked.insert(open.key.clone(), answer);
            }
        }
        Ok(picked)
    }

    /// Whether a file is to be written.
    pub(super) fn confirms(file: &str, out: &mut impl Write) -> Result<bool, Failure> {
        loop {
            write!(out, "write {}? [y,n] ", visible(file))?;
            match line(out)?.as_deref() {
                Some("y" | "yes") => return Ok(true),
                Some("n" | "no" | "q") | None => return Ok(false),
                Some(_) => {}
            }
        }
    }

    /// What the person says to one fix.
    fn ask(&mut self, file: &str, open: &Open, fix: &Fix, out: &mut impl Write) -> Result<Said, Failure> {
        let finding = &open.located.finding;
        let rule = finding.rule.id;
        let region = open.located.primary.region;
        let class = match fix.safety {
            Safety::Safe => "safe",
            Safety::Likely => "likely safe",
            Safety::Decision => "a person decides",
        };
        let whose = fixes::whose(&open.object, finding.container.as_deref());
        writeln!(out, "{}:{}:{}  {whose}", visible(file), region.line, region.column)?;
        writeln!(out, "  {rule} ({class}): {}", visible(&fix.note))?;
        let number = fix.answer == Some(Answer::User);
        loop {
            write!(out, "  fix it? [{},n,a,d,q,?] ", if number { "<user id>" } else { "y" })?;
            let Some(said) = line(out)? else {
                self.stopped = true;
                return Ok(Said::No);
            };
            let yes = match fix.answer {
                Some(Answer::Text(text)) => Some(text.to_owned()),
                Some(Answer::User | Answer::Elsewhere) | None => None,
            };
            let id = said.strip_prefix("a ").unwrap_or(&said);
            match said.as_str() {
                "n" | "no" => return Ok(Said::No),
                "q" => {
                    self.stopped = true;
                    return Ok(Said::No);
                }
                "d" => {
                    self.settled.insert(rule, Said::No);
                    return Ok(Said::No);
                }
                "y" | "yes" if !number => return Ok(Said::Yes(yes)),
                "a" if !number => {
                    self.settled.insert(rule, Said::Yes(yes.clone()));
                    return Ok(Said::Yes(yes));
                }
                _ if number && fix.changes(false, Some(id)).is_some() => {
                    let answer = Some(id.to_owned());
                    if id != said {
                        self.settled.insert(rule, Said::Yes(answer.clone()));
                    }
                    return Ok(Said::Yes(answer));
                }
                _ => {
                    let all = if number { "a <user id>" } else { "a" };
                    writeln!(
                        out,
                        "    n: not this one   {all}: this and all others of {rule}   d: none of {rule}   q: ask no more"
                    )?;
                }
            }
        }
    }
}

/// The next line of standard input; `None` at its end.
fn line(out: &mut impl Write) -> Result<Option<String>, Failure> {
    out.flush()?;
    let mut line = String::new();
    let read = io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|error| Failure::Usage(format!("standard input cannot be read: {error}"), None))?;
    if read == 0 {
        writeln!(out)?;
        return Ok(None);
    }
    Ok(Some(line.trim().to_owned()))
}
