//! Values of files of environment variables, which have no quoting that all of their readers agree on.
//!
//! `docker --env-file` and `kubectl create --from-env-file` take the rest of the line as it is, quotes included; shells
//! and systemd read quotes, backslashes and `$`. A value is therefore written bare, and what any of them would take for
//! more than itself becomes `_`.

use super::text::one_line;

/// The text as the value of `NAME=`.
pub fn value(text: &str) -> String {
    let plain = |char: char| char.is_ascii_graphic() && !"'\"`\\$#;&|<>(){}*?!~".contains(char);
    one_line(text).chars().map(|char| if plain(char) { char } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::value;

    #[test]
    fn a_value_means_itself_to_every_reader() {
        let list = "localhost,10.0.0.0/8,fd00::/8,.svc,http://[2001:db8::1]:3128";
        assert_eq!(value(list), list);
        assert_eq!(value("a b\nX=1"), "a_b_X=1");
        assert_eq!(value("$(id)`x`'\"\\#"), "__id__x_____");
    }
}
