//! The lockfile on disk: read whole, replaced whole, by one run at a time.

use crate::diag::{Code, Finding};
use crate::ops::files::{TEXT_LIMIT, read};
use crate::ops::write::{replace_one, sweep};
use crate::resolve::Lockfile;
use std::path::Path;

/// Where a lockfile stands.
#[derive(Debug, Clone, Copy)]
pub(in crate::ops) struct Place<'a> {
    path: &'a Path,
}

impl<'a> Place<'a> {
    pub(in crate::ops) fn new(path: &'a Path) -> Self {
        Self { path }
    }

    /// The lockfile; an empty one where there is none yet.
    pub(in crate::ops) fn read(self) -> Result<Lockfile, Vec<Finding>> {
        if !self.path.exists() {
            return Ok(Lockfile::default());
        }
        let source = read(self.path, TEXT_LIMIT).map_err(|finding| vec![finding])?;
        Lockfile::parse(&source)
    }

    /// Puts what `next` makes of the lockfile in its place, and tells whether that is another text. Lookups take time;
    /// what another run has written meanwhile is what `next` gets to see, and no run writes between its look and ours.
    pub(in crate::ops) fn replace(
        self,
        next: impl FnOnce(&Lockfile) -> Lockfile,
    ) -> Result<bool, Vec<Finding>> {
        let _turn = self.turn().map_err(|finding| vec![finding])?;
        let text = next(&self.read()?).render();
        let different = std::fs::read(self.path).map_or(true, |bytes| bytes != text.as_bytes());
        if different {
            replace_one(self.path, &text).map_err(|finding| vec![finding])?;
        }
        Ok(different)
    }

    /// Waits for the right to write here. It is a lock of the folder, since the lockfile itself is replaced, and ends
    /// with the process however that ends.
    fn turn(self) -> Result<Option<std::fs::File>, Finding> {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let failed = |error: &std::io::Error| {
            let message = format!("cannot write `{}`: {}", self.path.display(), error.kind());
            Finding::new(Code::FileWrite, message).help("no file was changed")
        };
        std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
        // Where folders cannot be opened or locked, the last of two runs wins, and each writes a whole lockfile.
        let Ok(handle) = std::fs::File::open(folder) else { return Ok(None) };
        let is_ours = handle.lock().is_ok();
        if is_ours {
            sweep(folder);
        }
        Ok(is_ours.then_some(handle))
    }
}
