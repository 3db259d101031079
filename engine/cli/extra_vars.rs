//! `--extra-vars`

use crate::stop::{Result, Stop};
use kdo_inventory::{HashBehaviour, LoadContext, load_vars_file, merge};
use kdo_playbook::split_args;
use kdo_syntax::{LoadOptions, SourceMap, load_text};
use kdo_value::{Map, Origin, Text, Value};
use kdo_vault::VaultKeys;
use std::path::Path;

/// All extra variables merged; later ones win.
pub(crate) fn read(
    options: &[String],
    sources: &SourceMap,
    vault: &VaultKeys,
    behaviour: HashBehaviour,
) -> Result<Map> {
    let all = Map::new();
    for option in options {
        merge(&all, &one(option, sources, vault)?, behaviour);
    }
    Ok(all)
}

fn one(option: &str, sources: &SourceMap, vault: &VaultKeys) -> Result<Map> {
    let option = option.trim();
    if let Some(path) = option.strip_prefix('@') {
        return file(path, sources, vault);
    }
    if option.starts_with(['/', '.']) {
        return Err(Stop::new(format!(
            "Please prepend extra_vars filename '{option}' with '@'"
        )));
    }
    if option.starts_with(['[', '{']) {
        let documents = load_text(sources, Path::new("<extra vars>"), option, LoadOptions::TRUSTED)
            .map_err(|d| Stop::at(&d, sources))?;
        return match documents.single().map_err(|d| Stop::at(&d, sources))? {
            Value::Map(map) => Ok(map),
            _ => Err(Stop::new(format!(
                "Invalid extra vars data supplied. '{option}' could not be made into a dictionary"
            ))),
        };
    }
    pairs(option, sources)
}

fn file(path: &str, sources: &SourceMap, vault: &VaultKeys) -> Result<Map> {
    let decrypt = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        let clear = vault.open(&text).map_err(|e| e.to_string())?;
        String::from_utf8(clear).map_err(|_| "the decrypted text is not UTF-8".to_owned())
    };
    let context = LoadContext {
        decrypt: Some(&decrypt),
        ..LoadContext::new(sources)
    };
    let path = match (path.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => path.into(),
    };
    load_vars_file(&path, &context, &mut Vec::new()).map_err(|d| Stop::at(&d, sources))
}

/// `k=v k2="v 2"`: all values are texts. Words without `=` mean nothing, as in Ansible.
fn pairs(option: &str, sources: &SourceMap) -> Result<Map> {
    let number = sources.add(Path::new("<extra vars>"), option);
    let map = Map::new();
    let mut from = 0;
    for word in split_args(option).map_err(Stop::new)? {
        let at = option
            .get(from..)
            .and_then(|r| r.find(&word))
            .map_or(from, |n| from + n);
        from = at + word.len();
        let Some((key, value)) = word.split_once('=') else {
            continue;
        };
        let before = option.get(..at).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |n| n + 1);
        let origin = Origin {
            file: number,
            line: u32::try_from(before.matches('\n').count() + 1).unwrap_or(1),
            column: u32::try_from(
                before.get(line_start..).unwrap_or_default().chars().count() + key.chars().count() + 2,
            )
            .unwrap_or(1),
        };
        map.insert(
            key.trim(),
            Value::Str(Text::trusted(unquoted(value.trim()), Some(origin))),
        );
    }
    Ok(map)
}

fn unquoted(text: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(inner) = text.strip_prefix(quote).and_then(|t| t.strip_suffix(quote))
            && !inner.ends_with('\\')
        {
            return inner;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::read;
    use kdo_inventory::HashBehaviour;
    use kdo_syntax::SourceMap;
    use kdo_value::{Map, Value, json};
    use kdo_vault::VaultKeys;

    fn map(options: &[&str]) -> Map {
        let options: Vec<String> = options.iter().map(|o| (*o).to_owned()).collect();
        read(
            &options,
            &SourceMap::new(),
            &VaultKeys::default(),
            HashBehaviour::Replace,
        )
        .unwrap()
    }

    fn text(options: &[&str]) -> String {
        json::line(&Value::Map(map(options)))
    }

    #[test]
    fn pairs_are_texts_and_later_options_win() {
        assert_eq!(
            text(&["a=1 b='x y' c=\"it's\" d", "a=2", "e={{ a }}"]),
            r#"{"a": "2", "b": "x y", "c": "it's", "e": "{{ a }}"}"#
        );
    }

    #[test]
    fn json_and_yaml_keep_their_types() {
        assert_eq!(
            text(&["{\"a\": true}", "{ b: [1, two] }"]),
            r#"{"a": true, "b": [1, "two"]}"#
        );
    }

    #[test]
    fn values_are_templates_and_know_their_place() {
        let value = map(&["a=1 b={{ a }}"]).get("b").unwrap();
        let Value::Str(text) = value else {
            panic!("no text")
        };
        assert!(text.is_template());
        assert_eq!(text.origin().map(|o| (o.line, o.column)), Some((1, 7)));
    }

    #[test]
    fn what_is_no_dictionary_is_refused() {
        for bad in ["[1]", "/etc/x", "./x", "@missing-file", "a='1", "{a: [}"] {
            let bad = bad.to_owned();
            let result = read(
                std::slice::from_ref(&bad),
                &SourceMap::new(),
                &VaultKeys::default(),
                HashBehaviour::Replace,
            );
            assert!(result.is_err_and(|e| !e.message().is_empty()), "{bad}");
        }
    }
}
