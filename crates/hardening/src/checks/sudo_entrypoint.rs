//! Containers that start by taking more rights.

use seawall_finding::{Severity, rule};

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::view::ContainerAt;

rule! {
    /// ## What it does
    /// Reports containers whose `command` and `args` run `sudo`, or `su` with an option as in `su -`: as their program, behind `env`, `exec` or a
    /// small init, or in a script that they hand to a shell with `-c`.
    ///
    /// ## Why it matters
    /// A container that needs `sudo` has root within reach, and so has whoever gets code to run in it. With
    /// `allowPrivilegeEscalation: false` it does not work at all.
    ///
    /// ## How to fix
    /// Do what needs root when the image is built, or in an init container, and start the program as the user it shall run as.
    ///
    /// ## Example
    /// ```yaml
    /// spec:
    ///   securityContext: {runAsUser: 10001}
    ///   containers:
    ///   - name: app
    ///     command: [/usr/bin/app]
    /// ```
    ///
    /// ## Applies to
    /// All containers. Scripts in files, in the image or a ConfigMap, are not read.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/>
    static RULE = {
        id: "sudo-entrypoint",
        aliases: &[],
        title: "starts by taking more rights",
        severity: Severity::Low,
        level: None,
        tags: &["security"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Container(run) };

fn run(at: &ContainerAt<'_, '_>, _: &Cx<'_>, out: &mut Out<'_>) {
    let (command, args) = (&at.container.command, &at.container.args);
    if !command.iter().chain(args).any(|text| text.contains("su")) {
        return;
    }
    let words: Vec<&str> = command.iter().chain(args).copied().collect();
    let Some((index, tool)) = raises(&words) else { return };
    out.report(|| {
        let list = if index < command.len() { "command" } else { "args" };
        let index = if index < command.len() { index } else { index - command.len() };
        Hit::new(
            at.path().key(list).index(index),
            format!("runs {tool}"),
            format!("{} takes more rights when it starts: it runs {tool}", at.said()),
            format!("start the program as the user it shall run as, without {tool}"),
        )
    });
}

/// What only starts what is behind it, and words of shells in front of commands.
const STARTERS: [&str; 18] = [
    "!", "{", "catatonit", "do", "dumb-init", "elif", "else", "env", "exec", "if", "nice", "nohup", "then", "time", "tini", "until",
    "while", "setsid",
];

const SHELLS: [&str; 7] = ["ash", "bash", "busybox", "dash", "ksh", "sh", "zsh"];

/// Which word of a command raises rights, and by what.
fn raises<W: AsRef<str>>(words: &[W]) -> Option<(usize, &'static str)> {
    let word = |index: usize| words.get(index).map(AsRef::as_ref);
    let mut first = 0;
    while STARTERS.contains(&program(word(first)?)) {
        first += 1;
        while word(first)?.starts_with('-') || is_assignment(word(first)?) {
            first += 1;
        }
    }
    while is_assignment(word(first)?) {
        first += 1;
    }
    match program(word(first)?) {
        "sudo" => return Some((first, "sudo")),
        "su" if word(first + 1).is_some_and(|option| option.starts_with('-')) => return Some((first, "su")),
        // Where the image names the program it may be a shell.
        name if SHELLS.contains(&name) || name.starts_with('-') => {}
        _ => return None,
    }
    let option = (first..words.len()).find(|index| word(*index).is_some_and(is_script_option))?;
    let script = option + 1;
    commands(word(script)?).iter().find_map(|command| raises(command)).map(|(_, tool)| (script, tool))
}

fn program(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or_default()
}

/// `NAME=value`, as in front of a command.
fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
}

/// `-c`, alone or behind other letters: `-euxc`.
fn is_script_option(word: &str) -> bool {
    let letters = word.strip_prefix('-').and_then(|word| word.strip_suffix('c'));
    letters.is_some_and(|letters| letters.bytes().all(|letter| letter.is_ascii_lowercase()))
}

/// The simple commands of a shell script, word by word, as far as quotes and separators tell.
fn commands(script: &str) -> Vec<Vec<String>> {
    let mut all: Vec<Vec<String>> = vec![Vec::new()];
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut letters = script.chars();
    while let Some(letter) = letters.next() {
        if quote == Some(letter) {
            quote = None;
            continue;
        }
        match letter {
            '\\' if quote != Some('\'') => {
                if let Some(next) = letters.next().filter(|next| *next != '\n') {
                    word.get_or_insert_default().push(next);
                }
            }
            _ if quote.is_some() => word.get_or_insert_default().push(letter),
            '\'' | '"' => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            '#' if word.is_none() => {
                letters.by_ref().find(|letter| *letter == '\n');
                all.push(Vec::new());
            }
            ' ' | '\t' => all.last_mut().into_iter().for_each(|command| command.extend(word.take())),
            '\n' | ';' | '&' | '|' | '(' | ')' | '`' => {
                all.last_mut().into_iter().for_each(|command| command.extend(word.take()));
                all.push(Vec::new());
            }
            _ => word.get_or_insert_default().push(letter),
        }
    }
    all.last_mut().into_iter().for_each(|command| command.extend(word.take()));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{found, in_every_class, in_every_kind};

    const ID: &str = "sudo-entrypoint";

    fn script(text: &str) -> Option<(usize, &'static str)> {
        raises(&["/bin/bash", "-euo", "pipefail", "-c", text])
    }

    #[test]
    fn finds_the_program_that_is_run() {
        for words in [
            &["sudo", "x"][..], &["/usr/bin/sudo"], &["env", "-i", "A=b", "sudo"], &["tini", "--", "su", "-", "app"], &["su", "-c", "x"],
            &["-c", "sudo x"], &["sh", "-ec", "sudo x"],
        ] {
            assert!(raises(words).is_some(), "{words:?}");
        }
        for words in [
            &["app", "sudo"][..], &["su"], &["su", "app"], &["sudoku"], &["su-exec", "-"], &["sh", "sudo"], &["app", "-c", "sudo x"],
            &["sh", "-c"], &["env"], &["grep", "-c", "sudo"], &[], &["", ""],
        ] {
            assert_eq!(raises(words), None, "{words:?}");
        }
    }

    #[test]
    fn reads_scripts() {
        for text in [
            "sudo x", "x; sudo y", "x && /bin/su - app", "if sudo -n true; then x; fi", "A=$(sudo id)", "x |sudo tee y", "A=1 B='c d' sudo x",
            "cd /\n\tsudo x", "sh -c 'exec sudo x'", "{ sudo x; }", "# no\nsudo x", "x \\\n&& su\\do x",
        ] {
            assert_eq!(script(text).map(|(index, _)| index), Some(4), "{text}");
        }
        for text in [
            "echo sudo", "echo 'x; sudo y'", "# sudo x", "which sudo && x", "apt install sudo", "x # then; sudo y", "echo \"a\\\"; sudo\"", "'", "\\", "",
            "su app", "x > sudo", "sh -c",
        ] {
            assert_eq!(script(text), None, "{text}");
        }
    }

    #[test]
    fn says_where_and_nothing_of_the_script() {
        let pod = |fields| format!("kind: Pod\nspec:\n  containers: [{{name: a, {fields}}}]\n");
        let at = "a spec.containers[name=a]";
        assert_eq!(found(ID, &pod("command: [env, sudo, x]")), [format!("{at}.command[1]: runs sudo")]);
        assert_eq!(found(ID, &pod("command: [sh, -c], args: [su - app]")), [format!("{at}.args[0]: runs su")]);
        for fields in ["command: sudo", "command: null, args: [null, 1, {}]", "args: [app, sudo]", "image: sudo"] {
            assert_eq!(found(ID, &pod(fields)), [""; 0], "{fields}");
        }
    }

    #[test]
    fn looks_into_every_class_and_every_kind() {
        assert_eq!(in_every_class(ID, "args: [sudo, x]"), [true; 3]);
        let kinds = in_every_kind(ID, "containers: [{name: a, command: [sudo]}]\n");
        assert!(kinds.len() == 9 && kinds.iter().all(|found| found.len() == 1), "{kinds:?}");
    }
}
