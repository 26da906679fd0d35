//! The files of one configuration: which of them others name, and which one a path in the configuration means.

use super::lines::lines;
use crate::diag::Source;
use crate::syntax::glob::fits;
use std::sync::Arc;

/// The files that are read together.
#[derive(Debug)]
pub(super) struct Files {
    sources: Vec<Arc<Source>>,
    roots: Vec<Arc<Source>>,
    /// How many folders the names of all files begin with alike: the folder that was copied from a proxy.
    common: usize,
}

impl Files {
    pub(super) fn new(sources: &[Arc<Source>]) -> Self {
        let mut files =
            Self { sources: sources.to_vec(), roots: Vec::new(), common: common_folders(sources) };
        let mut named: Vec<Arc<Source>> = Vec::new();
        for source in sources {
            for path in references(source) {
                named.extend(files.matching(&path).into_iter().filter(|file| !Arc::ptr_eq(file, source)));
            }
        }
        let is_named = |source: &Arc<Source>| named.iter().any(|file| Arc::ptr_eq(file, source));
        files.roots = sources.iter().filter(|source| !is_named(source)).cloned().collect();
        if files.roots.is_empty() {
            // Files that name each other in a circle: reading the first one finds the circle.
            files.roots.extend(sources.first().cloned());
        }
        files
    }

    /// The files that no other file names, in the order given.
    pub(super) fn roots(&self) -> Vec<Arc<Source>> {
        self.roots.clone()
    }

    /// The files that a path or a glob means, sorted by name: those whose name ends with it, or, when a file was
    /// given by a shorter path, those with which it ends. Where the folder of all files stands does not matter.
    pub(super) fn matching(&self, path: &str) -> Vec<Arc<Source>> {
        let wanted = parts(path);
        let mut found: Vec<Arc<Source>> =
            self.sources.iter().filter(|source| self.is_meant(&wanted, source)).cloned().collect();
        found.sort_by(|a, b| a.name().cmp(b.name()));
        if !path.contains(['*', '?', '[']) {
            found.truncate(1);
        }
        found
    }

    fn is_meant(&self, wanted: &[&str], source: &Source) -> bool {
        let name = parts(source.name());
        ends_alike(wanted, &name) || ends_alike(wanted, name.get(self.common..).unwrap_or_default())
    }
}

/// How many folders all names begin with alike.
fn common_folders(sources: &[Arc<Source>]) -> usize {
    let folders = |source: &Arc<Source>| {
        let mut parts: Vec<String> = parts(source.name()).into_iter().map(str::to_owned).collect();
        parts.pop();
        parts
    };
    let mut all = sources.iter().map(folders);
    let first = all.next().unwrap_or_default();
    all.fold(first.len(), |common, other| {
        first.iter().zip(&other).take(common).take_while(|(one, other)| one == other).count()
    })
}

/// The paths that a configuration names: what it includes, and the lists of its ACLs.
pub(super) fn references(source: &Arc<Source>) -> Vec<String> {
    let mut paths = Vec::new();
    for line in lines(source, &mut Vec::new()) {
        let Some((directive, rest)) = line.words.split_first() else { continue };
        for word in rest {
            let quoted = || word.text.strip_prefix(['"', '\''])?.split(['"', '\'']).next();
            let path = match directive.text.as_str() {
                "include" => Some(word.text.as_str()),
                "acl" => quoted(),
                _ => None,
            };
            paths.extend(path.map(str::to_owned));
        }
    }
    paths
}

fn parts(path: &str) -> Vec<&str> {
    path.split('/').filter(|part| !part.is_empty() && *part != ".").collect()
}

fn ends_alike(wanted: &[&str], name: &[&str]) -> bool {
    // A glob must meet a folder too, or every file beside the configuration would be one that it means.
    let met = if wanted.last().is_some_and(|last| last.contains(['*', '?', '['])) {
        wanted.len().min(2)
    } else {
        1
    };
    let mut pairs = wanted.iter().rev().zip(name.iter().rev());
    !wanted.is_empty() && name.len() >= met && pairs.all(|(pattern, part)| fits(pattern, part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_means_the_file_that_ends_with_it() {
        let source = |name: &str| {
            Arc::new(Source::new(name, "acl a src \"/etc/squid/list\"\ninclude conf.d/*.conf\n"))
        };
        let sources = [
            source("t/squid.conf"),
            source("t/etc/squid/list"),
            source("t/conf.d/b.conf"),
            source("conf.d/a.conf"),
        ];
        let files = Files::new(&sources);
        let names =
            |path: &str| files.matching(path).iter().map(|file| file.name().to_owned()).collect::<Vec<_>>();
        assert_eq!(names("/etc/squid/list"), ["t/etc/squid/list"]);
        assert_eq!(names("/x/conf.d/*.conf"), ["conf.d/a.conf"]);
        assert_eq!(names("conf.d/*.conf"), ["conf.d/a.conf", "t/conf.d/b.conf"]);
        assert_eq!(names("/etc/squid/other"), Vec::<String>::new());
        assert_eq!(files.roots().len(), 1);
    }

    #[test]
    fn a_copied_folder_may_stand_anywhere() {
        let source = |name: &str| Arc::new(Source::new(name, "acl a src \"/etc/squid/lists/a\"\n"));
        for folder in ["", "copy/", "hosts/proxy/", "/tmp/x/squid/"] {
            let sources = [source(&format!("{folder}squid.conf")), source(&format!("{folder}lists/a"))];
            let files = Files::new(&sources);
            assert_eq!(files.matching("/etc/squid/lists/a").len(), 1, "{folder}");
            assert_eq!(files.roots().len(), 1, "{folder}");
            assert!(files.matching("/etc/squid/other/a").is_empty(), "{folder}");
        }
    }
}
