//! "Did you mean".

/// The candidate nearest to a misspelt word, when one is near enough to be meant: a few letters are different, or only one
/// candidate begins with the word, or ends with it behind a `/`.
pub fn suggest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const LEAST: usize = 3;
    let word = word.to_lowercase();
    let length = word.chars().count();
    let allowed = (length / 3).max(1);
    // How far it is, and whether it is only the last part that is near.
    let mut nearest: Option<(bool, usize, &str)> = None;
    let (mut longer, mut several): (Option<&str>, bool) = (None, false);
    for candidate in candidates {
        let lower = candidate.to_lowercase();
        let last = lower.rsplit('/').next().unwrap_or_default();
        // Words differ at least by their lengths; an endless word is not compared with anything.
        let near = |other: &str| {
            let about = other.chars().count().abs_diff(length) <= allowed;
            about.then(|| strsim::damerau_levenshtein(&word, other)).filter(|distance| *distance <= allowed)
        };
        let whole = near(&lower).map(|distance| (false, distance, candidate));
        let part = || near(last).filter(|_| last != lower && !word.contains('/'));
        let this = whole.or_else(|| part().map(|distance| (true, distance, candidate)));
        nearest = [nearest, this].into_iter().flatten().min();
        if length >= LEAST && lower.starts_with(&word) {
            several = longer.is_some();
            longer = Some(candidate);
        }
    }
    nearest.map(|(.., candidate)| candidate).or(longer.filter(|_| !several))
}

/// What to say about a word that is not known: the one that was meant, or else those that there are. `what` begins the
/// list, such as `targets are`.
pub fn suggest_or_list<'a>(word: &str, what: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    suggest(word, known.iter().copied())
        .map_or_else(|| list(what, known.iter().copied()), |near| format!("did you mean `{near}`?"))
}

/// The words that there are, and how many more where they are many.
pub fn list<'a>(what: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    const MOST: usize = 60;
    let mut known = known.into_iter();
    let mut text =
        known.next().map_or_else(|| "there are none".to_owned(), |first| format!("{what} {first}"));
    let mut left = 0_usize;
    for word in known {
        if left > 0 || text.chars().count() + word.chars().count() > MOST {
            left += 1;
        } else {
            text.push_str(", ");
            text.push_str(word);
        }
    }
    if left > 0 { format!("{text} and {left} more") } else { text }
}

#[cfg(test)]
mod tests {
    use super::{list, suggest, suggest_or_list};

    #[test]
    fn near_words_are_suggested_and_far_ones_are_not() {
        let keys = ["ports", "protocol", "purpose", "path"];
        assert_eq!(suggest("protcol", keys), Some("protocol"));
        assert_eq!(suggest("PORTS", keys), Some("ports"));
        assert_eq!(suggest("prots", keys), Some("ports"));
        assert_eq!(suggest("hostname", keys), None);
        assert_eq!(suggest("", keys), None);
        assert_eq!(suggest("x", []), None);
    }

    #[test]
    fn a_word_that_was_cut_short_or_stands_behind_a_slash_is_suggested_too() {
        assert_eq!(suggest("prod", ["production", "staging"]), Some("production"));
        assert_eq!(suggest("prod", ["production", "produce"]), None);
        assert_eq!(suggest("OUTPT", ["filter/OUTPUT", "filter/INPUT"]), Some("filter/OUTPUT"));
        assert_eq!(suggest("edeg/api", ["edge/api", "core/api"]), Some("edge/api"));
    }

    #[test]
    fn a_long_list_is_cut() {
        assert_eq!(suggest_or_list("x", "regions are", ["eu", "us"]), "regions are eu, us");
        assert_eq!(suggest_or_list("us-1", "regions are", ["eu-2", "us-11"]), "did you mean `us-11`?");
        let long: Vec<String> = (0..50).map(|at| format!("endpoint-{at}")).collect();
        assert_eq!(
            list("known are", long.iter().map(String::as_str)),
            "known are endpoint-0, endpoint-1, endpoint-2, endpoint-3 and 46 more"
        );
        assert_eq!(list("known are", []), "there are none");
    }

    #[test]
    fn an_endless_word_costs_nothing() {
        let word = "p".repeat(20_000_000);
        assert_eq!(suggest(&word, ["ports", "protocol"]), None);
    }
}
