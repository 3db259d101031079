//! Names of variables.

/// Whether it can be a variable's name: letters of ASCII, digits and `_`, and none of the constants of templates.
pub fn is_variable_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !matches!(name.to_ascii_lowercase().as_str(), "true" | "false" | "none")
}
