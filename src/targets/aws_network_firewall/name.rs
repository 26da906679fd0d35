//! How rules say a name, and what name some options say.
//!
//! Suricata's documentation, "TLS Keywords", "HTTP Keywords", "Payload Keywords": `dotprefix` puts a dot before what is
//! looked at, so that with it a content that begins with one matches the name itself, too.

use crate::packet::{Hostname, NamePattern};
use crate::syntax::suricata::{Setting, quote};

/// The options behind `tls.sni` or `http.host` for a pattern; nothing where rules cannot say it.
pub(super) fn options(pattern: &NamePattern) -> Option<String> {
    let ends = |host: &Hostname| format!("content:{}; nocase; endswith;", quote(&format!(".{host}")));
    Some(match pattern {
        NamePattern::Host(host) => {
            format!("content:{}; startswith; nocase; endswith;", quote(host.as_str()))
        }
        NamePattern::Tree(host) => format!("dotprefix; {}", ends(host)),
        NamePattern::Below(host) => ends(host),
        NamePattern::OneBelow(host) => {
            let escaped = host.as_str().replace('.', "\\.");
            format!("{} pcre:\"{ONE_LABEL}{escaped}$/i\";", ends(host))
        }
        NamePattern::Any | NamePattern::Path(..) => return None,
    })
}

/// How an expression for one label below a name begins.
const ONE_LABEL: &str = "/^[^.]+\\.";

/// What a domain list says of a pattern; nothing where it cannot say it.
pub(super) fn domain(pattern: &NamePattern) -> Option<String> {
    match pattern {
        NamePattern::Host(host) => Some(host.to_string()),
        NamePattern::Tree(host) => Some(format!(".{host}")),
        NamePattern::Any | NamePattern::Path(..) | NamePattern::Below(_) | NamePattern::OneBelow(_) => None,
    }
}

/// The names that a domain of a list stands for: itself, and with a dot before it all below it, too.
pub(super) fn of_domain(text: &str) -> Option<NamePattern> {
    match text.strip_prefix('.') {
        Some(rest) => rest.parse().ok().map(NamePattern::Tree),
        None => text.parse().ok().map(NamePattern::Host),
    }
}

/// The name that the options behind `tls.sni` or `http.host` ask for; none when they ask for something else.
pub(super) fn of_options(options: &[&Setting]) -> Option<NamePattern> {
    let (mut content, mut expression) = (None, None);
    let (mut starts, mut ends, mut dotted) = (false, false, false);
    for option in options {
        match option.name.as_str() {
            "content" if content.is_none() && option.quoted && !option.value.contains(['|', '!']) => {
                content = Some(option.value.as_str());
            }
            "pcre" if expression.is_none() && option.quoted => expression = Some(option.value.as_str()),
            "startswith" => starts = true,
            "endswith" => ends = true,
            "dotprefix" => dotted = true,
            "nocase" => {}
            _ => return None,
        }
    }
    let below = |text: &str| text.strip_prefix('.').and_then(|rest| rest.parse::<Hostname>().ok());
    if let Some(expression) = expression {
        let inner = expression.strip_prefix(ONE_LABEL)?.strip_suffix("$/i")?;
        let plain = inner.replace("\\.", "\u{0}");
        let literal = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '\u{0}');
        let host: Hostname = plain.chars().all(literal).then(|| plain.replace('\u{0}', "."))?.parse().ok()?;
        let fits = content
            .is_none_or(|content| below(content).as_ref() == Some(&host) && ends && !starts && !dotted);
        return fits.then_some(NamePattern::OneBelow(host));
    }
    match (content?, dotted, starts, ends) {
        (text, false, true, true) => text.parse().ok().map(NamePattern::Host),
        (text, true, true, true) => below(text).map(NamePattern::Host),
        (text, true, false, true) => below(text).map(NamePattern::Tree),
        (text, false, false, true) => below(text).map(NamePattern::Below),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::suricata::read;

    #[test]
    fn every_name_that_can_be_said_reads_back() {
        let host: Hostname = "a-b.x_1.example.com".parse().unwrap();
        for pattern in [
            NamePattern::Host(host.clone()),
            NamePattern::Tree(host.clone()),
            NamePattern::Below(host.clone()),
            NamePattern::OneBelow(host),
        ] {
            let rule = format!("pass tls any any -> any any ({} sid:1;)", options(&pattern).unwrap());
            let Some((_, Ok(rule))) = read(&rule).pop() else { panic!("{rule}") };
            let said: Vec<&Setting> = rule.options.iter().filter(|one| one.name != "sid").collect();
            assert_eq!(of_options(&said), Some(pattern));
        }
    }

    #[test]
    fn what_is_no_whole_name_is_not_taken_for_one() {
        for options in [
            "content:\"example.com\"; endswith;",
            "content:\"example.com\";",
            "content:\".example.com\"; startswith;",
            "content:!\"a.com\"; startswith; endswith;",
            "content:\"a|2e|com\"; startswith; endswith;",
            "pcre:\"/^.*\\.a\\.com$/i\";",
            "pcre:\"/^[^.]+\\.a.com$/i\";",
            "content:\"a.com\"; startswith; endswith; depth:3;",
        ] {
            let rule = format!("pass tls any any -> any any ({options})");
            let Some((_, Ok(rule))) = read(&rule).pop() else { panic!("{rule}") };
            assert_eq!(of_options(&rule.options.iter().collect::<Vec<_>>()), None, "{options}");
        }
    }
}
