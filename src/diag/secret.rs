//! Secrets in texts that are shown: passwords of URLs, values of keys that are called like a secret, and what stands on a
//! line that nobody understood.

use super::{Source, Span};
use std::sync::Arc;

/// Words that the name of a key has when its value is a secret.
const SECRET: [&str; 10] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "credential",
    "api_key",
    "apikey",
    "access_key",
    "private_key",
];

/// The text with stars for what may be a secret, byte for byte, so that places in it stay what they are. Rather too much
/// is masked than too little: this is for people to look at and means nothing else.
///
/// - `http://user:word@proxy` becomes `http://*********@proxy`, also without a scheme.
/// - `api_token = "word"` becomes `api_token = "****"`, and so does a proxy whose port is no number.
pub fn mask_secrets(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        masked.push_str(&values(&urls(&tokens(line))));
    }
    masked
}

/// Reports whether the text has a URL with a password, such as `http://user:word@proxy`.
pub fn has_url_password(text: &str) -> bool {
    urls(text) != text
}

/// A copy of a text that nobody understood, for showing lines of it: what comes first on a line may be a key and stays, of
/// the rest letters and digits are masked. Quotes, brackets and the like are what is looked for there.
pub fn concealed(source: &Source) -> Arc<Source> {
    let (mut hidden, mut start) = (Vec::new(), 0);
    for line in source.text().split_inclusive('\n') {
        let end = start + line.len();
        hidden.push(Span::new(start + first_key(line), end));
        start = end;
    }
    Arc::new(source.masked(&hidden))
}

/// Where the first key of a line ends: one word with signs around it, and then a separator.
fn first_key(line: &str) -> usize {
    let signs = |char: char| char.is_whitespace() || "-{[\"'".contains(char);
    let bare = line.trim_start_matches(signs);
    let word = bare.strip_prefix("export ").unwrap_or(bare);
    let rest = word.trim_start_matches(|char: char| char.is_alphanumeric() || "_.-".contains(char));
    let rest = rest.trim_start_matches([' ', '"', '\'']);
    if rest.starts_with([':', '=']) { line.len() - rest.len() } else { 0 }
}

/// Masks the user and the password of tokens such as `user:word@host`. The last `@` of a token ends them; an `@` without
/// a colon before it in its token is no password's.
fn tokens(line: &str) -> String {
    let ends = |char: char| char.is_whitespace() || matches!(char, '"' | '\'' | '`');
    let mut masked = String::with_capacity(line.len());
    for token in line.split_inclusive(ends) {
        let last = token.rfind('@').unwrap_or_default();
        let (head, rest) = token.split_at_checked(last).unwrap_or((token, ""));
        let behind = |sign: &str| head.split_once(sign).map(|(before, _)| before.len() + sign.len());
        let user = behind("://").or_else(|| behind("=")).unwrap_or_default();
        let (head, user) = head.split_at_checked(user).unwrap_or((head, ""));
        masked.push_str(head);
        let is_user = head.ends_with("://") && !user.is_empty() && !user.contains('/');
        if user.contains(':') || is_user {
            masked.extend(std::iter::repeat_n('*', user.len()));
        } else {
            masked.push_str(user);
        }
        masked.push_str(rest);
    }
    masked
}

/// Masks what stands between `://` and an `@` further on where no path lies between, whatever else does: a password may
/// hold quotes and spaces where somebody forgot to encode them.
fn urls(line: &str) -> String {
    let mut masked = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((head, behind)) = rest.split_once("://") {
        masked.push_str(head);
        masked.push_str("://");
        let this = behind.find("://").unwrap_or(behind.len());
        let host = behind.get(..this).unwrap_or(behind).find(['/', '`']).unwrap_or(this);
        let user = behind.get(..host).and_then(|text| text.rfind('@')).unwrap_or_default();
        let (user, after) = behind.split_at_checked(user).unwrap_or(("", behind));
        if user.contains(':') {
            masked.extend(std::iter::repeat_n('*', user.len()));
        } else {
            masked.push_str(user);
        }
        rest = after;
    }
    masked.push_str(rest);
    masked
}

/// Masks the values of keys that are called like a secret, up to the end of the line or of the user's words.
fn values(line: &str) -> String {
    let mut masked = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find([':', '=']) {
        let (head, behind) = rest.split_at_checked(at + 1).unwrap_or((rest, ""));
        masked.push_str(head);
        if is_secret(key(head), behind) {
            let end = behind.find(['`', '\n']).unwrap_or(behind.len());
            let (value, after) = behind.split_at_checked(end).unwrap_or((behind, ""));
            masked.extend(value.chars().flat_map(|char| {
                let shown = char.is_whitespace() || matches!(char, '"' | '\'');
                std::iter::repeat_n(if shown { char } else { '*' }, if shown { 1 } else { char.len_utf8() })
            }));
            rest = after;
        } else {
            rest = behind;
        }
    }
    masked.push_str(rest);
    masked
}

/// The word at the end of a text that ends in a separator.
fn key(head: &str) -> &str {
    let head = head.trim_end_matches([':', '=']).trim_end().trim_end_matches(['"', '\'']);
    let start = head.rfind(|char: char| !char.is_ascii_alphanumeric() && !"_-.".contains(char));
    start
        .and_then(|start| head.get(start..))
        .map_or(head, |word| word.strip_prefix(|char: char| !char.is_ascii_alphanumeric()).unwrap_or(word))
}

/// Reports whether the value of a key is a secret, of which only the first word is looked at.
fn is_secret(key: &str, value: &str) -> bool {
    let key = key.to_ascii_lowercase().replace('-', "_");
    if key == "login" || SECRET.iter().any(|word| key.contains(word)) {
        return true;
    }
    if !key.ends_with("proxy") || key.starts_with("no") {
        return false;
    }
    // `host:port` is where a proxy is; `user:word` looks like it.
    let value = value.trim_start().trim_start_matches(['"', '\'', ',']);
    let word = value.split(|char: char| char.is_whitespace() || char == '`').next().unwrap_or_default();
    let word = word.trim_end_matches(['"', '\'', ',']);
    let word = word.split_once("://").map_or(word, |(_, rest)| rest);
    let port = word.rsplit_once(':').map(|(_, port)| port);
    let is_port = |port: &str| {
        port.trim_end_matches(['/', '"', '\'', ',', ')']).bytes().all(|byte| byte.is_ascii_digit())
    };
    port.is_some_and(|port| !is_port(port) && !port.contains(']'))
}

#[cfg(test)]
mod tests {
    use super::{Source, concealed, mask_secrets};

    #[test]
    fn credentials_of_urls_are_masked_and_nothing_else() {
        let masked = [
            ("HTTP_PROXY=http://u:p@proxy:3128", "HTTP_PROXY=http://***@proxy:3128"),
            ("value: \"u:p@ss@proxy\", a@b.c x:y@z", "value: \"******@proxy\", a@b.c ***@z"),
            ("http://user:@h http://é:x@h", "http://*****@h http://****@h"),
            ("https://word@forge.example/x", "https://****@forge.example/x"),
            ("http://u:a\"b@h and http://u:a b@h:1", "http://*****@h and http://*****@h:1"),
            ("`http://u:pa/ss@h` is `u:p@h`", "`http://*******@h` is `***@h`"),
            ("HTTP_PROXY=http://u:p=q,r@h", "HTTP_PROXY=http://*******@h"),
        ];
        for (text, expected) in masked {
            assert_eq!(mask_secrets(text), expected);
            assert_eq!(mask_secrets(text).len(), text.len());
        }
        for text in [
            "",
            "@",
            "a@b",
            "http://h:80/x",
            "10.0.0.0/8,user@host",
            "see https://h:1/x or mail a@b.c",
            "https://forge.example/owner/name@v4",
            "HTTPS_PROXY=proxy.example:3128",
            "proxy = http://[2001:db8::1]:3128/ (--set)",
            "no_proxy=a:b",
            "unknown key `password`: the keys here are name, token",
        ] {
            assert_eq!(mask_secrets(text), text);
        }
    }

    #[test]
    fn values_of_keys_that_are_called_like_a_secret_are_masked() {
        let masked = [
            ("  DB_PASSWORD: \"a b\"", "  DB_PASSWORD: \"* *\""),
            ("{\"apiKey\": \"x\", \"b\": 1}", "{\"apiKey\": \"*\"* \"*\"* **"),
            ("export API-KEY = é", "export API-KEY = **"),
            ("cache_peer p parent 1 2 login=a:b", "cache_peer p parent 1 2 login=***"),
            ("`TOKEN=a b` is not an address", "`TOKEN=* *` is not an address"),
            ("proxy = user:word (--set)", "proxy = ********* *******"),
            ("HTTPS_PROXY=user:word", "HTTPS_PROXY=*********"),
            ("token = 1\nname = a", "token = *\nname = a"),
        ];
        for (text, expected) in masked {
            assert_eq!(mask_secrets(text), expected);
            assert_eq!(mask_secrets(text).len(), text.len());
        }
    }

    #[test]
    fn of_a_line_that_nobody_understood_the_key_and_the_signs_are_shown() {
        let source = Source::new(
            "x",
            "a: b\n  key-1: \"hidden\nword word\n{\"v\": \"x\"}\ncurl word -u a:b\nexport A_B=c",
        );
        let shown = concealed(&source);
        assert_eq!(
            shown.text(),
            "a: *\n  key-1: \"******\n**** ****\n{\"v\": \"*\"}\n**** **** -* *:*\nexport A_B=*"
        );
    }
}
