//! Whether a path stays inside a folder, once links are followed.

use std::path::{Component, Path, PathBuf};

/// Reports whether a path leads into the folder, or into one of those that are allowed besides. What does not exist yet
/// lies where its nearest folder is.
pub fn is_inside(folder: &Path, path: &Path, allowed: &[PathBuf]) -> bool {
    let folders = || std::iter::once(folder).chain(allowed.iter().map(PathBuf::as_path));
    place(path).is_some_and(|place| folders().filter_map(self::place).any(|folder| place.starts_with(folder)))
}

/// Where a path leads, with links followed as far as it exists; nothing when the rest goes up again.
fn place(path: &Path) -> Option<PathBuf> {
    let mut rest = Vec::new();
    for ancestor in path.ancestors() {
        let here = if ancestor.as_os_str().is_empty() { Path::new(".") } else { ancestor };
        if let Ok(mut place) = here.canonicalize() {
            place.extend(rest.iter().rev());
            return Some(place);
        }
        match ancestor.components().next_back()? {
            Component::Normal(name) => rest.push(name),
            Component::Prefix(_) | Component::RootDir | Component::CurDir | Component::ParentDir => {
                return None;
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::is_inside;
    use std::fs::create_dir_all;
    use std::path::Path;

    #[test]
    fn what_goes_up_or_elsewhere_is_outside() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("project");
        create_dir_all(root.join("below")).unwrap();
        let inside = |path: &str| is_inside(&root, &root.join(path), &[]);
        for path in ["", ".", "a", "below/a", "new/a", "below/../a", "../project/a"] {
            assert!(inside(path), "{path}");
        }
        for path in ["..", "../a", "below/../../a", "new/../../a", "/", "/etc/passwd", "../project-two/a"] {
            assert!(!inside(path), "{path}");
        }
        assert!(is_inside(&root, &folder.path().join("b"), &[folder.path().to_owned()]));
        assert!(
            is_inside(Path::new(""), Path::new("a"), &[])
                && !is_inside(Path::new(""), Path::new("../a"), &[])
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_where_it_leads() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("project");
        create_dir_all(root.join("below")).unwrap();
        symlink(folder.path(), root.join("out")).unwrap();
        symlink(root.join("below"), root.join("in")).unwrap();
        assert!(is_inside(&root, &root.join("in/a"), &[]));
        assert!(!is_inside(&root, &root.join("out/a"), &[]));
        assert!(!is_inside(&root, &root.join("out/new/a"), &[]));
    }
}
