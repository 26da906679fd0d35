//! Names of rules in the clouds: what they are for, readable, and unique whatever is cut off.

use crate::syntax::digest::sha256;

/// How many hexadecimal digits tell names apart that read alike.
const DIGITS: usize = 10;

/// The name of a rule, at most `max` characters as `[a-z]([-a-z0-9]*[a-z0-9])?`: prefix, direction, first endpoint, how
/// many more, family, and digits of a digest of everything that makes the rule another one.
///
/// A name cannot be changed in place, so it depends on nothing that changes when an address is added.
pub(in crate::targets) fn name(
    max: usize,
    prefix: &str,
    direction: &str,
    endpoints: &[String],
    family: &str,
    identity: &str,
) -> String {
    let digest = sha256(format!("{direction}\0{}\0{family}\0{identity}", endpoints.join("\0")));
    let tail: String = format!("-{family}-").chars().chain(digest.chars().take(DIGITS)).collect();
    let more = endpoints.len().saturating_sub(1);
    let more = if more > 0 { format!("-and-{more}-more") } else { String::new() };
    let first = endpoints.first().map_or("", String::as_str);
    let room = max.saturating_sub(tail.len()).saturating_sub(more.len());
    let head: String = plain(&format!("{prefix}-{direction}-{first}")).chars().take(room).collect();
    format!("{}{more}{tail}", head.trim_end_matches('-'))
}

/// The text in lower case, with one dash for everything that a name does not take.
pub(in crate::targets) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for char in text.chars().map(|char| char.to_ascii_lowercase()) {
        let fits = char.is_ascii_lowercase() || char.is_ascii_digit();
        if fits || !plain.ends_with('-') {
            plain.push(if fits { char } else { '-' });
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::name;

    fn fits(name: &str) -> bool {
        let inner =
            name.chars().all(|char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '-');
        inner
            && name.len() <= 63
            && name.starts_with(|char: char| char.is_ascii_lowercase())
            && !name.ends_with('-')
    }

    #[test]
    fn every_name_is_one_that_clouds_take() {
        for endpoint in ["acme/api", "", "\"${x}\n", "É", &"long".repeat(40), "--"] {
            let name = name(63, "Pre_fix", "egress", &vec![endpoint.to_owned(); 3], "v4", "tcp");
            assert!(fits(&name), "{name}");
        }
    }

    #[test]
    fn names_that_are_cut_alike_stay_apart() {
        let long = |end: &str| vec![format!("{}{end}", "x".repeat(90))];
        let one = name(63, "egressor", "egress", &long("a"), "v4", "tcp");
        assert_ne!(one, name(63, "egressor", "egress", &long("b"), "v4", "tcp"));
        assert_ne!(one, name(63, "egressor", "egress", &long("a"), "v6", "tcp"));
        assert_ne!(one, name(63, "egressor", "egress", &long("a"), "v4", "udp"));
        assert_eq!(one, name(63, "egressor", "egress", &long("a"), "v4", "tcp"));
    }
}
