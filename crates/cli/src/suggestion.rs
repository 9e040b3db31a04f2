//! "Did you mean": the known word nearest to an unknown one.

/// Words longer than this are not compared.
const WORD_CHARS_MAX: usize = 100;

/// The candidate with the fewest edits, if that is at most half of the word's length and at most three.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = word.to_lowercase().chars().take(WORD_CHARS_MAX).collect();
    let allowed = word.len().div_ceil(2).min(3);
    candidates
        .into_iter()
        .map(|candidate| (edits(&word, candidate), candidate))
        .filter(|(edits, _)| *edits <= allowed)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

/// `; did you mean "url"?`, or nothing.
pub(crate) fn hint<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, candidates).map(|found| format!("; did you mean \"{found}\"?")).unwrap_or_default()
}

/// Levenshtein distance, by rows.
fn edits(word: &[char], candidate: &str) -> usize {
    let candidate: Vec<char> = candidate.to_lowercase().chars().take(WORD_CHARS_MAX).collect();
    let mut row: Vec<usize> = (0..=candidate.len()).collect();
    for (i, from) in word.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in candidate.iter().enumerate() {
            let replaced = diagonal + usize::from(from != to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[candidate.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        let known = ["url", "token", "token_file", "ready_file"];
        assert_eq!(nearest("urll", known), Some("url"));
        assert_eq!(nearest("tokenfile", known), Some("token_file"));
        assert_eq!(nearest("TOKEN", known), Some("token"));
        assert_eq!(nearest("ulr", known), Some("url"));
        assert_eq!(nearest("listen", known), None);
        assert_eq!(hint("raedy_file", known), "; did you mean \"ready_file\"?");
    }
}
