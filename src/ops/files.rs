//! Reading files.

use crate::diag::{Code, Finding, Source, bound, suggest};
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The most bytes of a catalog, lockfile or template that are read.
pub const TEXT_LIMIT: u64 = 32 << 20;
/// The most bytes of a rule file that are read.
pub const RULES_LIMIT: u64 = 512 << 20;

/// Reads a text file, or standard input for `-`.
pub fn read(path: &Path, limit: u64) -> Result<Arc<Source>, Finding> {
    let name = path.display().to_string();
    let failed = |message: String| Finding::new(Code::FileRead, message);
    String::from_utf8(bytes(path, limit)?).map(|text| Arc::new(Source::new(name.clone(), text))).map_err(
        |error| {
            let before = error.as_bytes().iter().take(error.utf8_error().valid_up_to());
            let line = before.filter(|byte| **byte == b'\n').count();
            failed(format!("`{name}` is not UTF-8 text: line {} holds other bytes", line + 1))
        },
    )
}

/// Reads a file when it is text, and nothing when it is something else.
pub fn read_text(path: &Path, limit: u64) -> Result<Option<Arc<Source>>, Finding> {
    let text = String::from_utf8(bytes(path, limit)?).ok();
    Ok(text.map(|text| Arc::new(Source::new(path.display().to_string(), text))))
}

fn bytes(path: &Path, limit: u64) -> Result<Vec<u8>, Finding> {
    let name = path.display().to_string();
    let failed = |message: String| Finding::new(Code::FileRead, message);
    let limit = usize::try_from(limit)
        .map(bound::of)
        .ok()
        .and_then(|limit| u64::try_from(limit).ok())
        .unwrap_or(limit);
    let mut bytes = Vec::new();
    let outcome = if name == "-" {
        std::io::stdin().lock().take(limit.saturating_add(1)).read_to_end(&mut bytes)
    } else {
        let metadata = fs::metadata(path).map_err(|error| {
            let finding = failed(format!("cannot read `{name}`: {}", why(&error)));
            match near(path).filter(|_| error.kind() == std::io::ErrorKind::NotFound) {
                Some(near) => finding.help(format!("did you mean `{}`?", near.display())),
                None => finding,
            }
        })?;
        if metadata.is_dir() {
            let help = "name a file in it";
            return Err(failed(format!("`{name}` is a folder, a file is needed")).help(help));
        }
        fs::File::open(path).and_then(|file| file.take(limit.saturating_add(1)).read_to_end(&mut bytes))
    };
    outcome.map_err(|error| failed(format!("cannot read `{name}`: {}", why(&error))))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
        return Err(failed(format!("`{name}` is larger than {} MiB", limit >> 20)).help(bound::FLAG));
    }
    Ok(bytes)
}

/// What lies beside a path that does not exist and is called almost the same; where its folder does not exist either,
/// the path in a folder that does.
fn near(path: &Path) -> Option<PathBuf> {
    const MOST: usize = 10_000;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
        return near(folder).map(|folder| folder.join(path.file_name().unwrap_or_default()));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let entries = fs::read_dir(folder).ok()?.take(MOST).flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    let name = path.file_name()?.to_str()?;
    let near = suggest(name, names.iter().map(String::as_str).filter(|near| *near != name))?;
    Some(path.with_file_name(near))
}

/// The files below a folder, in the order of their paths. Hidden files and folders are left out, and so are links to
/// folders, which can lead in circles.
pub fn below(folder: &Path) -> Result<Vec<PathBuf>, Finding> {
    let failed = |path: &Path, error: &std::io::Error| {
        Finding::new(Code::FileRead, format!("cannot read the folder `{}`: {}", path.display(), why(error)))
    };
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| failed(&folder, &error))? {
            let entry = entry.map_err(|error| failed(&folder, &error))?;
            let kind = entry.file_type().map_err(|error| failed(&entry.path(), &error))?;
            let is_file = kind.is_file() || (kind.is_symlink() && entry.path().is_file());
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            if kind.is_dir() {
                folders.push(entry.path());
            } else if is_file {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}

/// The names of the files in a folder itself, in order; hidden ones are left out.
pub fn names_in(folder: &Path) -> Result<Vec<String>, Finding> {
    let failed = |error: &std::io::Error| {
        let message = format!("cannot read the folder `{}`: {}", folder.display(), why(error));
        let finding = Finding::new(Code::FileRead, message);
        match near(folder).filter(|_| error.kind() == std::io::ErrorKind::NotFound) {
            Some(near) => finding.help(format!("did you mean `{}`?", near.display())),
            None => finding,
        }
    };
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| failed(&error))? {
        let entry = entry.map_err(|error| failed(&error))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') && !entry.path().is_dir() {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// The operating system's reason without its number.
pub(super) fn why(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "it does not exist".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        kind => kind.to_string(),
    }
}
