//! What the journal keeps of long texts: their beginning and their end.

use kdo_value::{Map, Value};

/// Whether all of it stays. Almost always it does, so nothing is copied to find out.
fn fits(value: &Value, limit: usize) -> bool {
    match value {
        Value::Str(text) => text.len() <= limit,
        Value::List(list) => {
            let items = list.items();
            items.iter().all(|v| fits(v, limit)) && (items.len() == 1 || size(&items) <= limit)
        }
        Value::Map(map) => {
            let mut all = true;
            map.for_each(|_, v| all = all && fits(v, limit));
            all
        }
        _ => true,
    }
}

/// Bytes of a list's own texts.
fn size(items: &[Value]) -> usize {
    items.iter().map(length).sum()
}

fn length(value: &Value) -> usize {
    value.as_str().map_or(0, str::len)
}

/// Results without texts and lists of lines that are longer than so many bytes.
pub(crate) fn shortened(value: &Value, limit: usize) -> Value {
    match value {
        value if fits(value, limit) => value.clone(),
        Value::Str(text) => Value::str(cut(text, limit)),
        Value::List(list) => {
            let items = list.to_vec();
            Value::list(lines(items.iter().map(|v| shortened(v, limit)).collect(), limit))
        }
        Value::Map(map) => Value::Map(shortened_map(map, limit)),
        other => other.clone(),
    }
}

/// The same for a map.
pub(crate) fn shortened_map(map: &Map, limit: usize) -> Map {
    let entries = map.entries().into_iter();
    entries.map(|(k, v)| (k, shortened(&v, limit))).collect()
}

fn cut(text: &str, limit: usize) -> String {
    let head = text.floor_char_boundary(limit / 2);
    let tail = text.ceil_char_boundary(text.len() - limit / 2);
    let (first, last) = (text.get(..head).unwrap_or(""), text.get(tail..).unwrap_or(""));
    format!("{first}\n[kdo: {} bytes left out]\n{last}", tail - head)
}

fn lines(list: Vec<Value>, limit: usize) -> Vec<Value> {
    if list.len() == 1 || size(&list) <= limit {
        return list;
    }
    let fitting = |items: &mut dyn Iterator<Item = &Value>| {
        let mut room = limit / 2;
        items
            .take_while(|v| {
                let fits = length(v) <= room;
                room = room.saturating_sub(length(v));
                fits
            })
            .count()
    };
    let head = fitting(&mut list.iter());
    let tail = fitting(&mut list.iter().rev()).min(list.len() - head);
    let left_out = list.len() - head - tail;
    if left_out == 0 {
        return list;
    }
    let note = Value::str(format!("[kdo: {left_out} items left out]"));
    let (first, last) = (list.iter().take(head), list.iter().skip(list.len() - tail));
    first.cloned().chain([note]).chain(last.cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::shortened;
    use kdo_value::{Value, json};

    fn short(json: &str) -> String {
        json::line(&shortened(&json::read(json).unwrap(), 20))
    }

    #[test]
    fn long_texts_keep_beginning_and_end() {
        assert_eq!(
            short(r#"{"a": "01234567890123456789"}"#),
            r#"{"a": "01234567890123456789"}"#
        );
        assert_eq!(
            short(r#"{"a": ["0123456789xäöü0123456789"]}"#),
            r#"{"a": ["0123456789\n[kdo: 7 bytes left out]\n0123456789"]}"#
        );
        let text = Value::str("ä".repeat(20));
        assert_eq!(shortened(&text, 10).as_str().map(str::len), Some(4 + 26 + 4));
    }

    #[test]
    fn long_lists_of_lines_keep_the_first_and_the_last() {
        let all = r#"["aaaa", "bbbb", "cccc", "dddd", "eeee"]"#;
        assert_eq!(short(all), all);
        assert_eq!(
            short(r#"["aaaa", "bbbb", "cccc", "dddd", "eeee", "ffff"]"#),
            r#"["aaaa", "bbbb", "[kdo: 2 items left out]", "eeee", "ffff"]"#
        );
        assert_eq!(
            short(r#"[1, 2, "a", 12345678901234567890123]"#),
            r#"[1, 2, "a", 12345678901234567890123]"#
        );
    }
}
