//! One file: its text on disk beside the destination, with the mode of what it will replace.

use std::fs::{self, File, OpenOptions};
use std::io::{Result, Write as _};
use std::path::Path;

/// Writes a new file that looks like another one: the same mode and, where we may, the same owner. Where there is no
/// other, the file creation mask of the process applies, as for any program.
pub(super) fn stage(new: &Path, like: &Path, text: &[u8]) -> Result<()> {
    let before = fs::metadata(like).ok();
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        // Nobody may look into the file before it has the mode of the one it replaces.
        options.mode(if before.is_some() { 0o600 } else { 0o666 });
    }
    let mut file = options.open(new)?;
    if let Some(before) = &before {
        resemble(&file, before)?;
    }
    file.write_all(text)?;
    file.sync_all()
}

/// How the temporary files of single replacements begin.
const SINGLE: &str = ".egressor-one-";

/// Removes what single replacements left that were interrupted. Whoever calls it has the folder to themselves.
pub(super) fn sweep_singles(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().as_encoded_bytes().starts_with(SINGLE.as_bytes())) {
        // It is in nobody's way.
        let _ = fs::remove_file(entry.path());
    }
}

/// Replaces one file that belongs to nobody else's journal: a temporary file, then one renaming.
pub(super) fn single(path: &Path, text: &str) -> Result<()> {
    let folder = folder_of(path);
    fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(SINGLE);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut temporary = builder.tempfile_in(folder)?;
    if let Ok(before) = fs::metadata(path) {
        resemble(temporary.as_file(), &before)?;
    }
    temporary.write_all(text.as_bytes())?;
    temporary.as_file().sync_all()?;
    temporary.persist(path).map_err(|error| error.error)?;
    settle(folder);
    Ok(())
}

/// The folder that a file lies in.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes the names in a folder outlive a loss of power, where the system can.
pub(super) fn settle(folder: &Path) {
    // A system that cannot do it keeps the names in an order of its own; a killed process does not depend on it.
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}

fn resemble(file: &File, before: &fs::Metadata) -> Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt as _, fchown};
        let now = file.metadata()?;
        if (now.uid(), now.gid()) != (before.uid(), before.gid()) {
            // Only root may give files away; for others the file becomes theirs, as when any editor saves it.
            let _ = fchown(file, Some(before.uid()), Some(before.gid()));
        }
    }
    file.set_permissions(before.permissions())
}
