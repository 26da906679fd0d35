//! Parts of documents that are made: they stand between `<!-- mark -->` and `<!-- /mark -->`.

use crate::blocks::root;
use std::fs;
use std::sync::{Mutex, PoisonError};

/// Held by whoever may write documents anew, so that two tests do not write one at a time.
pub(crate) static WRITING: Mutex<()> = Mutex::new(());

/// A part that is made: its mark, the heading below which it is put where it is missing, and its text.
pub(crate) struct Made {
    pub(crate) mark: &'static str,
    pub(crate) below: &'static str,
    pub(crate) text: String,
}

/// Compares the parts of a document with what they should be, and writes them anew with `UPDATE=1`. Gives what is wrong.
pub(crate) fn check(document: &str, parts: &[Made]) -> Vec<String> {
    let _alone = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let path = root().join(document);
    let before = fs::read_to_string(&path).expect(document);
    let update = std::env::var_os("UPDATE").is_some();
    let (mut text, mut wrong) = (before.clone(), Vec::new());
    for part in parts {
        let (start, end) = (format!("<!-- {} -->\n", part.mark), format!("<!-- /{} -->", part.mark));
        let found = text.split_once(&start).and_then(|(head, rest)| {
            let (body, tail) = rest.split_once(&end)?;
            Some((head.to_owned(), body.to_owned(), tail.to_owned()))
        });
        let made = |head: &str, tail: &str| format!("{head}{start}{}{end}{tail}", part.text);
        match found {
            Some((_, body, _)) if body == part.text => {}
            Some((head, _, tail)) if update => text = made(&head, &tail),
            None if update && !part.below.is_empty() && text.contains(part.below) => {
                let at = text.find(part.below).expect("it is there");
                let at = at + text[at..].find('\n').expect("a heading ends") + 1;
                text = made(&format!("{}\n", &text[..at]), &format!("\n{}", &text[at..]));
            }
            Some(_) => wrong
                .push(format!("{document}: the part `{}` is not up to date: run with UPDATE=1", part.mark)),
            None => wrong.push(format!("{document}: `{}` is missing: run with UPDATE=1", start.trim_end())),
        }
    }
    if text != before {
        fs::write(&path, text).expect("it is written");
    }
    wrong
}
