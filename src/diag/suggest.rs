//! "Did you mean".

/// The candidate nearest to a misspelt word, when one is near enough to be meant.
pub fn suggest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let length = word.chars().count();
    let allowed = (length / 3).max(1);
    candidates
        .into_iter()
        // Words differ at least by their lengths; an endless word is not compared with anything.
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= allowed)
        .map(|candidate| (strsim::damerau_levenshtein(&word, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::suggest;

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
    fn an_endless_word_costs_nothing() {
        let word = "p".repeat(20_000_000);
        assert_eq!(suggest(&word, ["ports", "protocol"]), None);
    }
}
