//! Which catalogs are meant: files, and shipped ones by their ids.

use super::files::{TEXT_LIMIT, read};
use crate::catalog::{Id, SHIPPED};
use crate::diag::{Code, Finding, Source, suggest, suggest_or_list};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The ids of all shipped catalogs, the default one first, as they are named on the command line.
pub fn shipped() -> Vec<PathBuf> {
    SHIPPED.iter().map(|(id, _)| PathBuf::from(id)).collect()
}

/// The text of the catalog that is meant when none is named.
pub(super) fn default() -> Option<Arc<Source>> {
    SHIPPED.first().map(|(id, text)| source(id, text))
}

/// The text of a catalog. An id of a shipped catalog means that one: a file of the same name is `./NAME`.
pub(super) fn named(name: &Path) -> Result<Arc<Source>, Finding> {
    let text = name.to_string_lossy();
    if let Some((id, text)) = SHIPPED.iter().find(|(id, _)| *id == text) {
        return Ok(source(id, text));
    }
    read(name, TEXT_LIMIT).map_err(|finding| {
        // What looks like an id and is no file was meant as one.
        let is_id = text.parse::<Id>().is_ok();
        if finding.code != Code::FileRead || !is_id || name.exists() {
            return finding;
        }
        let ids = SHIPPED.iter().map(|(id, _)| *id);
        if finding.help.is_some() && suggest(&text, ids.clone()).is_none() {
            return finding;
        }
        let help = suggest_or_list(&text, "shipped are", ids.clone());
        finding.help(help)
    })
}

fn source(id: &str, text: &str) -> Arc<Source> {
    Arc::new(Source::new(format!("{id} (shipped)"), text))
}
