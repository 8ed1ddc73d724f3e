//! What a file has besides its text: owner, mode, extended attributes, access control lists.

use std::fs::{File, Metadata};
use std::io;

/// Gives a new file what the old one in whose place it comes has besides its text. What cannot be given, if so.
pub(super) fn keep(old: &File, was: &Metadata, new: &File, is: &Metadata) -> Result<(), String> {
    owner(was, new, is).map_err(|error| format!("its owner or group cannot be kept: {error}"))?;
    // Behind the owner, whose change takes special bits away; before the lists, whose mask is the group's part of the mode.
    new.set_permissions(was.permissions()).map_err(|error| format!("its mode cannot be kept: {error}"))?;
    extended(old, new)
}

#[cfg(unix)]
fn owner(was: &Metadata, new: &File, is: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    if (is.uid(), is.gid()) == (was.uid(), was.gid()) {
        return Ok(());
    }
    std::os::unix::fs::fchown(new, Some(was.uid()), Some(was.gid()))
}

#[cfg(not(unix))]
fn owner(_: &Metadata, _: &File, _: &Metadata) -> io::Result<()> {
    Ok(())
}

/// Makes the extended attributes the same, POSIX access control lists among them; those that the system assigns as far as it
/// lets.
#[cfg(unix)]
fn extended(old: &File, new: &File) -> Result<(), String> {
    use std::ffi::OsString;

    use xattr::FileExt as _;

    let names = |file: &File| -> Result<Vec<OsString>, String> {
        match file.list_xattr() {
            Ok(names) => Ok(names.collect()),
            Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(Vec::new()),
            Err(error) => Err(format!("its extended attributes cannot be read: {error}")),
        }
    };
    let (wanted, had) = (names(old)?, names(new)?);
    // A directory may give lists to what is made in it.
    let surplus = had.iter().filter(|name| !wanted.contains(name) && !is_of_system(name));
    for name in surplus {
        new.remove_xattr(name)
            .map_err(|error| format!("the attribute `{}` cannot be kept away: {error}", name.display()))?;
    }
    for name in wanted.iter().filter(|name| !is_of_text(name)) {
        let kept = old.get_xattr(name).and_then(|value| {
            let Some(value) = value else { return Ok(()) };
            if had.contains(name) && new.get_xattr(name)?.as_ref() == Some(&value) {
                return Ok(());
            }
            new.set_xattr(name, &value)
        });
        kept.or_else(|error| match error {
            _ if is_of_system(name) => Ok(()),
            error => Err(format!("its attribute `{}` cannot be kept: {error}", name.display())),
        })?;
    }
    Ok(())
}

/// Whether the system assigns an attribute: labels of security modules, and where a file comes from.
#[cfg(unix)]
fn is_of_system(name: &std::ffi::OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b"security.") || name == "com.apple.provenance"
}

/// Whether an attribute is a measure of the text (or of the other attributes), so that the old one would be wrong.
#[cfg(unix)]
fn is_of_text(name: &std::ffi::OsStr) -> bool {
    name == "security.ima" || name == "security.evm"
}

#[cfg(not(unix))]
fn extended(_: &File, _: &File) -> Result<(), String> {
    Ok(())
}
