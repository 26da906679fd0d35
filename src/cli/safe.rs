//! The last look at a text before it reaches a terminal.

use crate::syntax::text::is_hidden;
use std::borrow::Cow;

/// What a text may tell a terminal beside its letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Allowed {
    /// The colours that reports use.
    pub(super) styles: bool,
    /// Hyperlinks to files and to pages over TLS.
    pub(super) links: bool,
}

// INVARIANT: a terminal gets no command but the colours and links that this program writes. Whoever draws a text makes
// words of others visible before; this is for the case that one of them forgot.
/// The text with all other control characters, and those that hide text or turn it round, replaced.
pub(super) fn shown(text: &str, allowed: Allowed) -> Cow<'_, str> {
    if !text.chars().any(is_foreign) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(char) = rest.chars().next() {
        let length = match char {
            '\u{1b}' => sequence(rest, allowed),
            _ => None,
        };
        let (taken, after) = rest.split_at_checked(length.unwrap_or(char.len_utf8())).unwrap_or((rest, ""));
        if length.is_none() && is_foreign(char) {
            shown.push(char::REPLACEMENT_CHARACTER);
        } else {
            shown.push_str(taken);
        }
        rest = after;
    }
    Cow::Owned(shown)
}

fn is_foreign(char: char) -> bool {
    !matches!(char, '\n' | '\t') && is_hidden(char)
}

/// How long the sequence is that the text begins with, when it is one of ours.
fn sequence(text: &str, allowed: Allowed) -> Option<usize> {
    if let Some(rest) = text.strip_prefix("\u{1b}[").filter(|_| allowed.styles) {
        let (numbers, _) = rest.split_once('m')?;
        return is_style(numbers).then(|| numbers.len().saturating_add(3));
    }
    let rest = text.strip_prefix(LINK).filter(|_| allowed.links)?;
    let (target, _) = rest.split_once(END)?;
    let length = LINK.len().saturating_add(target.len()).saturating_add(END.len());
    (target.is_empty() || is_target(target)).then_some(length)
}

const LINK: &str = "\u{1b}]8;;";
const END: &str = "\u{1b}\\";

/// Bold, dimmed, underlined and coloured letters, and the end of all; nothing that hides, blinks or moves.
fn is_style(numbers: &str) -> bool {
    let palette = numbers.strip_prefix("38;5;").and_then(|number| number.parse::<u8>().ok());
    let plain =
        numbers.parse::<u8>().is_ok_and(|number| matches!(number, 0..=2 | 4 | 22 | 30..=37 | 39 | 90..=97));
    palette.is_some() || plain || numbers.is_empty()
}

fn is_target(target: &str) -> bool {
    let known = target.starts_with("https://") || target.starts_with("file:///");
    known && target.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A text as a link, where links are taken and the target is fit to be one.
pub(super) fn link(target: &str, text: &str, linked: bool) -> String {
    if linked && is_target(target) {
        format!("{LINK}{target}{END}{text}{LINK}{END}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Allowed = Allowed { styles: true, links: true };
    const NONE: Allowed = Allowed { styles: false, links: false };

    #[test]
    fn our_own_sequences_pass_and_no_others() {
        let own = format!(
            "\u{1b}[1mbold\u{1b}[0m \u{1b}[38;5;9mred\u{1b}[0m {}",
            link("https://a.example/b", "b", true)
        );
        assert_eq!(shown(&own, ALL), own);
        for text in [
            "\u{1b}[2J",
            "\u{1b}[8mhidden",
            "\u{1b}[5m",
            "\u{1b}[1;31m",
            "\u{1b}]0;title\u{7}",
            "\u{1b}]8;;javascript:x\u{1b}\\",
            "\u{1b}]8;id=1;https://a.example\u{1b}\\",
            "\u{1b}]52;c;eA==\u{7}",
            "\u{9b}31m",
            "a\rb",
            "a\u{8}b",
            "\u{202e}x",
            "\u{1b}",
            "\u{7f}",
            "\u{1b}]8;;https://a.example/\u{7}\u{1b}\\",
        ] {
            for allowed in [ALL, NONE] {
                assert!(!shown(text, allowed).chars().any(is_foreign), "{text:?}");
            }
        }
        assert!(!shown(&own, NONE).contains('\u{1b}'));
    }

    #[test]
    fn what_is_plain_stays_as_it_is() {
        for text in ["", "a\n\tb", "日本語 é 😀"] {
            assert_eq!(shown(text, NONE), text);
        }
    }

    #[test]
    fn only_pages_over_tls_and_files_are_linked() {
        for target in [
            "http://a.example",
            "javascript:alert(1)",
            "https://a b",
            "https://a\u{1b}\\x",
            "https://é",
            "file://h/x",
        ] {
            assert_eq!(link(target, "text", true), "text", "{target}");
        }
        assert_eq!(link("https://a.example", "text", false), "text");
    }
}
