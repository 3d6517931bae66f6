//! One file: what stands at its path decides how it is written.
//!
//! A regular file is replaced by a rename, so that no reader sees half of it. Everything else that can be written to (a device,
//! a pipe) would be destroyed by a rename, and is written to directly.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Links that are followed before a chain of them counts as a circle, as in Linux.
const MOST_LINKS: usize = 40;

/// Writes a text to a path. Links are followed, regular files keep their mode and, where the system allows, their owner.
pub(super) fn write_file(path: &Path, text: &str) -> io::Result<()> {
    match destination(path)? {
        Destination::Regular(path) => replace(&path, text.as_bytes()),
        Destination::Stream(path) => {
            // At the end: a stream may be a file that others have written to before.
            let mut stream = OpenOptions::new().append(true).open(path)?;
            stream.write_all(text.as_bytes()).and_then(|()| stream.flush())
        }
    }
}

/// What a path leads to.
enum Destination {
    /// A regular file, or a place where nothing stands yet; links are resolved.
    Regular(PathBuf),
    /// A device, a pipe, or an open file of a process.
    Stream(PathBuf),
}

fn destination(path: &Path) -> io::Result<Destination> {
    let is_folder = || io::Error::new(io::ErrorKind::IsADirectory, "it is a folder; name a file in it");
    if path.as_os_str().is_empty() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the name is empty"));
    }
    let mut path = path.to_owned();
    for _ in 0..=MOST_LINKS {
        let found = match fs::symlink_metadata(&path) {
            Ok(found) => found,
            // A name that ends with a separator is a folder's, also where there is none yet.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let ends_as_folder = path
                    .as_os_str()
                    .to_string_lossy()
                    .ends_with(std::path::is_separator);
                return if ends_as_folder {
                    Err(is_folder())
                } else {
                    Ok(Destination::Regular(path))
                };
            }
            Err(error) => return Err(error),
        };
        if found.is_dir() {
            return Err(is_folder());
        }
        if !found.is_symlink() {
            return Ok(if found.is_file() {
                Destination::Regular(path)
            } else {
                Destination::Stream(path)
            });
        }
        if names_an_open_file(&path) {
            return Ok(Destination::Stream(path));
        }
        let target = fs::read_link(&path)?;
        path = match path.parent() {
            Some(parent) => parent.join(target),
            None => target,
        };
    }
    let message = "it is a link into a circle of links";
    Err(io::Error::new(io::ErrorKind::InvalidInput, message))
}

/// Whether a link is one of those below `/proc` that stand for open files, such as `/dev/stdout` leads to: what such a link reads
/// as need not be a path.
fn names_an_open_file(link: &Path) -> bool {
    link.parent()
        .and_then(|parent| parent.canonicalize().ok())
        .is_some_and(|parent| parent.starts_with("/proc"))
}

/// Writes under a temporary name in the same folder, and renames.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let before = match fs::metadata(path) {
        Ok(before) => Some(before),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let (mut file, temporary) = create_beside(path, before.is_some())?;
    let written = file
        .write_all(bytes)
        .map(|()| before.iter().for_each(|before| keep_access(&file, before)))
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// A new file in the folder of another. Its name does not depend on the other's, which may be as long as names can be.
fn create_beside(path: &Path, private: bool) -> io::Result<(File, PathBuf)> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if private {
        // Nobody may read it before it has the mode of what it replaces.
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    #[cfg(not(unix))]
    let _ = private;
    let mut attempt = 0_u32;
    loop {
        let temporary = path.with_file_name(format!(".delever.{}.{attempt}.tmp", std::process::id()));
        match options.open(&temporary) {
            // What an interrupted run of the same number left behind stays as it is.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < 100 => attempt += 1,
            opened => return opened.map(|file| (file, temporary)),
        }
    }
}

/// Gives a file the owner and the mode of the one that it replaces, as far as that is allowed.
#[cfg(unix)]
fn keep_access(file: &File, before: &fs::Metadata) {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
    // Only some may give files away; the group alone is often allowed.
    let kept = fchown(file, Some(before.uid()), Some(before.gid())).is_ok();
    if !kept {
        let _ = fchown(file, None, Some(before.gid()));
    }
    // A program that runs as its owner must not become one that runs as another. A change of owner clears these bits, so it is first.
    let bits = if kept { 0o7777 } else { 0o777 };
    // Some file systems have no modes: there the file is as accessible as all others.
    let _ = file.set_permissions(fs::Permissions::from_mode(before.mode() & bits));
}

#[cfg(not(unix))]
fn keep_access(file: &File, before: &fs::Metadata) {
    let _ = file.set_permissions(before.permissions());
}
