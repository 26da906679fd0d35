//! Patterns of names, as shells have them.

/// Reports whether a name fits a pattern in which `*` stands for any characters and `?` for one.
pub fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut of) = (0, 0);
    // Where to go on when what followed the last star did not fit: the star takes one character more.
    let mut retry: Option<(usize, usize)> = None;
    while let Some(char) = name.get(of) {
        match pattern.get(at) {
            Some('*') => {
                retry = Some((at, of));
                at += 1;
            }
            Some(wanted) if *wanted == '?' || wanted == char => {
                at += 1;
                of += 1;
            }
            _ => match retry {
                Some((star, taken)) => {
                    retry = Some((star, taken + 1));
                    at = star + 1;
                    of = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(at).all(|char| *char == '*')
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn stars_and_question_marks_fit_what_they_stand_for() {
        for (pattern, name, expected) in [
            ("*", "", true),
            ("filter/*", "filter/OUTPUT", true),
            ("filter/OUT?UT", "filter/OUTPUT", true),
            ("*/app=*,tier=?", "ns/app=a,tier=b", true),
            ("*ab", "aab", true),
            ("filter", "filter/OUTPUT", false),
            ("?", "", false),
            ("*x", "aab", false),
            ("a*b*c", "abcb", false),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }
}
