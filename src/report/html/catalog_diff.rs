//! What differs between two catalogs, as a page: the traffic first, then the entries.

use super::{code, diff, items, page};
use crate::catalog::EntryKind;
use crate::report::catalog_diff::{CatalogRevision, change, telling};
use crate::syntax::html::escaped;
use std::fmt::Write as _;

/// The report.
pub fn catalog_diff_html(revision: &CatalogRevision<'_>) -> String {
    let mut body = diff::body(&revision.traffic, "Traffic of the catalog");
    // Writing to a string cannot fail.
    let _ = writeln!(body, "<section>\n<h2>Entries: {}</h2>", escaped(&revision.summary()));
    for (section, entries) in revision.sections() {
        let _ = write!(
            body,
            "<div class=\"wide\"><table>\n<thead><tr><th scope=\"col\">{section}</th><th scope=\"col\">change</th>\
             <th scope=\"col\">what</th></tr></thead>\n<tbody>\n"
        );
        for entry in entries {
            let what: Vec<String> = match &entry.kind {
                EntryKind::Added(fields) | EntryKind::Removed(fields) => vec![telling(fields)],
                EntryKind::Changed(fields) => {
                    fields.iter().map(|field| format!("{}: {}", field.field, change(field))).collect()
                }
            };
            let what = items(what.iter().map(|line| code(line)));
            let effect = revision.effect(entry).map_or(String::new(), |effect| format!(", traffic {effect}"));
            let _ = writeln!(
                body,
                "<tr><th scope=\"row\">{}</th><td>{}{effect}</td><td><ul>{what}</ul></td></tr>",
                code(&entry.id),
                entry.kind.as_str()
            );
        }
        body.push_str("</tbody>\n</table></div>\n");
    }
    if let Some(line) = revision.idle() {
        let _ = writeln!(body, "<p>{}</p>", escaped(&line));
    }
    body.push_str("</section>\n");
    page(&format!("Catalog: {}", revision.traffic.verdict()), &body)
}
