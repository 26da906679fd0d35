//! Reports as one file for a browser: nothing is loaded from anywhere, and all is there without a script.
//!
//! A policy inside the page names the digests of its own style and script, so that a browser takes no others and asks
//! nobody for anything.

mod catalog_diff;
mod diff;
mod flow;
mod map;

pub use catalog_diff::catalog_diff_html;
pub use diff::diff_html;

use crate::syntax::html::escaped;
use data_encoding::BASE64;
use sha2::{Digest as _, Sha256};

const STYLE: &str = include_str!("report.css");
const SCRIPT: &str = include_str!("report.js");

/// A page with this title, which is a text, and this body, which is markup.
fn page(title: &str, body: &str) -> String {
    let digest = |text: &str| BASE64.encode(&Sha256::digest(text));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        digest(STYLE),
        digest(SCRIPT),
    );
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"generator\" content=\"egressor {}\">\n\
         <title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}<script>{SCRIPT}</script>\n</body>\n</html>\n",
        env!("CARGO_PKG_VERSION"),
        escaped(title),
    )
}

/// Text as code.
fn code(text: &str) -> String {
    let text = escaped(text);
    if text.is_empty() { text } else { format!("<code>{text}</code>") }
}

/// Pieces of markup as the items of a list.
fn items(pieces: impl IntoIterator<Item = String>) -> String {
    let mut text = String::new();
    for piece in pieces {
        text.push_str("<li>");
        text.push_str(&piece);
        text.push_str("</li>");
    }
    text
}

/// A number with the word for what it counts.
fn counted(number: usize, one: &str, several: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { several })
}
