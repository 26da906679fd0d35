//! The shape of the house: layers, strangers, sizes, templates and the registry, read from the sources.
//!
//! Each check is a function over text, so that each is also shown to refuse a bad text.

#[cfg(test)]
mod layers;
#[cfg(test)]
mod registry;
#[cfg(test)]
mod rust;
#[cfg(test)]
mod templates;
#[cfg(test)]
mod vendors;

#[cfg(test)]
mod tree {
    use std::fs;
    use std::path::{Path, PathBuf};

    /// Every file below a folder of the repository: path from the root with `/`, and text. Sorted by path.
    pub(crate) fn files(folder: &str) -> Vec<(String, String)> {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let mut found = Vec::new();
        walk(&root, &root.join(folder), &mut found);
        found.sort();
        found
    }

    fn walk(root: &Path, folder: &Path, found: &mut Vec<(String, String)>) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                walk(root, &path, found);
            } else if let Ok(text) = fs::read_to_string(&path) {
                let parts: Vec<_> =
                    path.strip_prefix(root).unwrap().iter().map(|part| part.to_string_lossy()).collect();
                found.push((parts.join("/"), text));
            }
        }
    }
}
