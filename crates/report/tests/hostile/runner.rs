//! Workflow commands as GitHub's runner reads them: `ActionCommand.TryParseV2` in github.com/actions/runner.

use std::collections::BTreeMap;

/// A command as the runner understands it.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) name: String,
    pub(crate) properties: BTreeMap<String, String>,
    pub(crate) data: String,
}

/// The command of a line; `None` where it is only text.
pub(crate) fn parse(line: &str) -> Option<Command> {
    let rest = line.trim_start().strip_prefix("::")?;
    let (info, data) = rest.split_once("::")?;
    let (name, list) = info.split_once(' ').unwrap_or((info, ""));
    if !["error", "warning", "notice"].contains(&name) {
        return None;
    }
    let pairs = list.trim().split(',').filter_map(|pair| pair.split_once('='));
    let properties = pairs.map(|(key, value)| {
        let value = value.replace("%0D", "\r").replace("%0A", "\n").replace("%3A", ":").replace("%2C", ",");
        (key.to_owned(), value.replace("%25", "%"))
    });
    Some(Command {
        name: name.to_owned(),
        properties: properties.collect(),
        data: data.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%"),
    })
}
