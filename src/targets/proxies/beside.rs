//! Files that a configuration names by their path on another machine.

use crate::diag::Source;
use std::sync::Arc;

/// The file that a path means: the one whose name ends most like it, and at least with the same last part. Two that do
/// so alike are no answer.
pub(in crate::targets) fn named<'a>(path: &str, among: &[&'a Arc<Source>]) -> Option<&'a Arc<Source>> {
    let wanted = parts(path);
    let alike = |source: &&&Arc<Source>| {
        let name = parts(source.name());
        wanted.iter().rev().zip(name.iter().rev()).take_while(|(one, other)| one == other).count()
    };
    let most = among.iter().map(|source| alike(&source)).max().filter(|most| *most > 0)?;
    let mut found = among.iter().filter(|source| alike(source) == most);
    let file = found.next()?;
    found.next().is_none().then_some(*file)
}

fn parts(path: &str) -> Vec<&str> {
    path.split('/').filter(|part| !part.is_empty() && *part != ".").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_means_the_file_that_ends_most_like_it() {
        let files = ["out/filter", "other/etc/filter", "list"].map(|name| Arc::new(Source::new(name, "")));
        let among: Vec<&Arc<Source>> = files.iter().collect();
        assert_eq!(named("/etc/filter", &among).map(|file| file.name()), Some("other/etc/filter"));
        assert_eq!(named("/x/list", &among).map(|file| file.name()), Some("list"));
        assert!(named("/x/nothing", &among).is_none() && named("/x/filter", &among).is_none());
    }
}
