//! Rules of Suricata: `pass tls any any -> any 443 (tls.sni; content:"api.example.com"; sid:1;)`.
//!
//! Suricata's documentation, "Rules Format": an action, a header, and options in brackets, each ended by a semicolon. A
//! backslash stands before a quote, a semicolon or a backslash within an option, and before the end of a line that goes on.

/// One rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statement {
    /// `pass`, `drop`, `alert`.
    pub action: String,
    /// `tcp`, `ip`, `tls`.
    pub protocol: String,
    /// Where connections come from: addresses.
    pub source: String,
    /// Where they come from: ports.
    pub source_port: String,
    /// `->` or `<>`.
    pub arrow: String,
    /// Where they go: addresses.
    pub destination: String,
    /// Where they go: ports.
    pub destination_port: String,
    /// The options, in their order.
    pub options: Vec<Setting>,
}

/// An option of a rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Setting {
    /// The keyword.
    pub name: String,
    /// What follows its colon, without quotes around it; empty when nothing does.
    pub value: String,
    /// Reports whether quotes stood around it.
    pub quoted: bool,
}

/// The rules of a text, each with the line that it begins in, or why it is none. Comments are left out.
pub fn read(text: &str) -> Vec<(usize, Result<Statement, String>)> {
    let mut rules = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (number, line) in (1..).zip(text.lines()) {
        let (begun, mut whole) = open.take().unwrap_or_else(|| (number, String::new()));
        if whole.is_empty() && (line.trim().is_empty() || line.trim_start().starts_with('#')) {
            continue;
        }
        if let Some(part) = line.trim_end().strip_suffix('\\') {
            whole.push_str(part);
            open = Some((begun, whole));
        } else {
            whole.push_str(line);
            rules.push((begun, statement(&whole)));
        }
    }
    rules.extend(open.map(|(number, whole)| (number, statement(&whole))));
    rules
}

/// The text within the quotes of an option.
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for char in text.chars() {
        if matches!(char, '"' | ';' | '\\') {
            quoted.push('\\');
        }
        quoted.push(if char.is_control() { ' ' } else { char });
    }
    quoted.push('"');
    quoted
}

fn statement(text: &str) -> Result<Statement, String> {
    let text = text.trim();
    let (head, rest) = text.split_once('(').ok_or("a rule has options in brackets")?;
    let rest = rest.trim_end().strip_suffix(')').ok_or("the options of the rule do not end with `)`")?;
    let words = words(head);
    let [action, protocol, source, source_port, arrow, destination, destination_port] = words.as_slice()
    else {
        return Err(format!("the head of the rule has {} words, seven are needed", words.len()));
    };
    if !matches!(arrow.as_str(), "->" | "<>") {
        return Err(format!("`{arrow}` stands where `->` or `<>` is needed"));
    }
    Ok(Statement {
        action: action.to_ascii_lowercase(),
        protocol: protocol.to_ascii_lowercase(),
        source: source.clone(),
        source_port: source_port.clone(),
        arrow: arrow.clone(),
        destination: destination.clone(),
        destination_port: destination_port.clone(),
        options: settings(rest)?,
    })
}

/// The words of a head; a list in brackets is one word.
fn words(head: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut depth) = (String::new(), 0_usize);
    for char in head.chars() {
        match char {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if !char.is_whitespace() {
            word.push(char);
        } else if depth == 0 && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
    }
    words.extend(Some(word).filter(|word| !word.is_empty()));
    words
}

fn settings(text: &str) -> Result<Vec<Setting>, String> {
    let mut settings = Vec::new();
    let (mut raw, mut quotes) = (String::new(), false);
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' => {
                raw.push(char);
                raw.extend(chars.next());
            }
            '"' => {
                quotes = !quotes;
                raw.push(char);
            }
            ';' if !quotes => settings.extend(setting(&std::mem::take(&mut raw))),
            _ => raw.push(char),
        }
    }
    if quotes || !raw.trim().is_empty() {
        return Err("the last option of the rule does not end with `;`".to_owned());
    }
    Ok(settings)
}

fn setting(raw: &str) -> Option<Setting> {
    let raw = raw.trim();
    let (name, value) = raw.split_once(':').unwrap_or((raw, ""));
    let value = value.trim();
    let inner = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let value = inner.map_or_else(|| value.to_owned(), unescaped);
    (!raw.is_empty()).then(|| Setting { name: name.trim().to_owned(), value, quoted: inner.is_some() })
}

/// The text without the backslashes that protect a quote, a semicolon, a colon or a backslash.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        let protects = char == '\\' && matches!(chars.peek(), Some('"' | ';' | ':' | '\\'));
        plain.extend(if protects { chars.next() } else { Some(char) });
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_its_head_and_its_options() {
        let text = "# one\n\npass tls [10.0.0.0/8, 192.0.2.1] any -> any [443,8000:8100] \\\n  (tls.sni; content:\"a.example\"; msg:\"x\\;y \\\"z\\\" (1)\"; sid:7;)\n";
        let rules = read(text);
        let (line, Ok(rule)) = &rules[0] else { panic!("{rules:?}") };
        assert_eq!((*line, rules.len()), (3, 1));
        assert_eq!(rule.source, "[10.0.0.0/8,192.0.2.1]");
        assert_eq!(rule.destination_port, "[443,8000:8100]");
        let names: Vec<(&str, &str)> =
            rule.options.iter().map(|one| (one.name.as_str(), one.value.as_str())).collect();
        let msg = ("msg", "x;y \"z\" (1)");
        assert_eq!(names, [("tls.sni", ""), ("content", "a.example"), msg, ("sid", "7")]);
    }

    #[test]
    fn what_is_quoted_reads_back_and_ends_nothing() {
        for text in ["", "a", "x\"; sid:2;) drop", "\\", "\\\"", "a:b", "(;)"] {
            let rule = format!("pass ip any any -> any any (msg:{}; sid:1;)", quote(text));
            let Some((_, Ok(read))) = read(&rule).pop() else { panic!("{rule}") };
            assert_eq!((read.options.len(), read.options[0].value.as_str()), (2, text));
        }
    }

    #[test]
    fn what_is_no_rule_says_why() {
        for text in ["pass", "pass tls any any -> any any", "pass tls any any >> any any (sid:1;)"] {
            assert!(read(text)[0].1.is_err(), "{text}");
        }
        for text in ["pass ip any any -> any any (sid:1)", "pass ip any any -> any any (msg:\"x; sid:1;)"] {
            assert!(read(text)[0].1.is_err(), "{text}");
        }
    }
}
