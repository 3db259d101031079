//! Options that hold several words.

/// The words between commas of all occurrences of an option.
pub(crate) fn split(given: &[String]) -> Vec<String> {
    given
        .iter()
        .flat_map(|t| t.split(','))
        .map(str::trim)
        .filter(|t| !t.is_empty())
        .map(str::to_owned)
        .collect()
}
