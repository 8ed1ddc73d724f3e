//! `seawall snapshot`: what engines read of a cluster, in a file.

use std::io::{self, BufWriter, IsTerminal as _, Write as _};
use std::path::Path;
use std::time::Instant;

use seawall_report::visible;

use crate::beside::Beside;
use crate::cli::SnapshotArgs;
use crate::live;
use crate::terminal::{self, Failure};

/// Takes a snapshot; the exit status.
pub(crate) fn run(args: &SnapshotArgs) -> Result<u8, Failure> {
    let started = Instant::now();
    let stdout = args.output.as_os_str() == "-";
    if stdout && io::stdout().is_terminal() {
        let hint = "name a file: --output cluster.jsonl.zst".to_owned();
        return Err(Failure::Usage("a snapshot is not for a terminal".to_owned(), Some(hint)));
    }
    let snapshot = live::capture(&args.cluster, &args.read, started, args.quiet)?;
    if stdout {
        let mut out = BufWriter::new(io::stdout().lock());
        snapshot.write(&mut out)?;
    } else {
        write(&snapshot, &args.output).map_err(|error| {
            Failure::Usage(format!("`{}` cannot be written: {error}", args.output.display()), None)
        })?;
    }
    if !args.quiet {
        let objects: u64 = snapshot.frames.iter().map(|frame| u64::from(frame.lines())).sum();
        let header = &snapshot.header;
        terminal::tell(&format!(
            "{objects} objects of a Kubernetes {} cluster in `{}`",
            visible(&header.server_version),
            args.output.display()
        ));
        for notice in live::notices(header, &live::as_whom(&args.cluster)) {
            terminal::tell(&format!("{}: {}", visible(&notice.message), notice.hint.unwrap_or_default()));
        }
        if !stdout {
            terminal::tell(&format!(
                "seawall scan {}",
                seawall_check::shell_word(&args.output.to_string_lossy())
            ));
        }
    }
    Ok(0)
}

/// What is there is whole at any time, and only its owner reads it.
fn write(snapshot: &seawall_snapshot::Snapshot, path: &Path) -> io::Result<()> {
    // To come in the place of a device or pipe would take it away.
    if std::fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        return Err(io::Error::other("it is no regular file; `--output -` writes to standard output"));
    }
    let beside = Beside::create(path)?;
    let mut out = BufWriter::new(&beside.file);
    snapshot.write(&mut out)?;
    out.flush()?;
    drop(out);
    beside.file.sync_all()?;
    beside.replace(path)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn takes_the_place_of_regular_files_alone() {
        let dir = std::env::temp_dir().join(format!("seawall-snapshot-{}", std::process::id()));
        std::fs::create_dir(&dir).expect("a directory");
        let (file, socket) = (dir.join("a.zst"), dir.join("s"));
        let snapshot = seawall_snapshot::Snapshot::default();
        std::fs::write(&file, "old").expect("writes");
        write(&snapshot, &file).expect("writes");
        assert_ne!(std::fs::read(&file).expect("reads"), b"old");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).expect("binds");
        assert!(write(&snapshot, &socket).is_err());
        assert!(write(&snapshot, &dir).is_err());
        assert_eq!(std::fs::read_dir(&dir).expect("lists").count(), 2, "nothing is left beside");
        std::fs::remove_dir_all(&dir).expect("removes");
    }
}
