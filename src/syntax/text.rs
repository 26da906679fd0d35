//! Plain text: what may stand in a comment, whoever wrote it.

/// The text on one line and without characters that could end a comment, hide text or reverse its order: control,
/// bidirectional, zero-width and line-separator characters become a space, and runs of white space become one.
pub fn one_line(text: &str) -> String {
    let visible = text.chars().map(|char| if is_hidden(char) { ' ' } else { char }).collect::<String>();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text with every character replaced that `allowed` refuses, and cut to `limit` characters. A cut text ends in
/// `...`.
pub fn fit(text: &str, limit: usize, allowed: impl Fn(char) -> bool, replacement: char) -> String {
    let line = one_line(text);
    let clean = line.chars().map(|char| if allowed(char) { char } else { replacement });
    if line.chars().count() <= limit {
        return clean.collect();
    }
    let kept: String = clean.take(limit.saturating_sub(3)).collect();
    format!("{}...", kept.trim_end())
}

fn is_hidden(char: char) -> bool {
    char.is_control()
        || matches!(char,
            '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}
