//! `seawall snapshot`: what engines read of a cluster, in a file.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal as _};
use std::path::Path;
use std::time::Instant;

use seawall_report::visible;

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
        for notice in live::notices(header) {
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

/// Writes beside the file and takes its place at the end: what is there is whole at any time, and only its owner reads it.
fn write(snapshot: &seawall_snapshot::Snapshot, path: &Path) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let beside = path.with_file_name(name);
    let written = create(&beside).and_then(|file| {
        let mut out = BufWriter::new(file);
        snapshot.write(&mut out)?;
        out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
    });
    let placed = written.and_then(|()| std::fs::rename(&beside, path));
    if placed.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    placed
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
