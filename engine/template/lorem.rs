//! `lipsum()`: filler text.

use crate::{TemplateError, evaluator::Result};
use kdo_value::Value;
use rand::RngExt;

const WORDS: &[&str] = &[
    "lorem",
    "ipsum",
    "dolor",
    "sit",
    "amet",
    "consectetur",
    "adipiscing",
    "elit",
    "sed",
    "eiusmod",
    "tempor",
    "incididunt",
    "labore",
    "magna",
    "aliqua",
    "enim",
    "minim",
    "veniam",
    "nostrud",
    "ullamco",
    "laboris",
    "nisi",
    "aliquip",
    "commodo",
    "duis",
    "aute",
    "irure",
    "velit",
    "esse",
    "cillum",
    "fugiat",
    "nulla",
    "pariatur",
];
/// Largest number of paragraphs and of words in one.
const MAX: i64 = 1000;

/// `lipsum(n=5, html=True, min=20, max=100)`.
pub(crate) fn lipsum(args: &[Value], kwargs: &[(String, Value)]) -> Result<Value> {
    let given = |index: usize, name: &str| {
        args.get(index)
            .or_else(|| kwargs.iter().find(|(k, _)| k == name).map(|(_, v)| v))
    };
    let number = |index: usize, name: &str, default: i64| {
        given(index, name)
            .and_then(Value::as_int)
            .unwrap_or(default)
            .clamp(0, MAX)
    };
    let (count, low, high) = (number(0, "n", 5), number(2, "min", 20), number(3, "max", 100));
    if low >= high {
        return Err(TemplateError::new(
            "empty range for lipsum(): min must be smaller than max",
        ));
    }
    let html = given(1, "html").is_none_or(Value::truthy);
    let mut random = rand::rng();
    let mut paragraphs = Vec::new();
    for _ in 0..count {
        let mut words: Vec<String> = (0..random.random_range(low..high))
            .map(|_| {
                WORDS
                    .get(random.random_range(0..WORDS.len()))
                    .copied()
                    .unwrap_or("lorem")
                    .to_owned()
            })
            .collect();
        if let Some(first) = words.first_mut() {
            *first = format!(
                "{}{}",
                first.get(..1).unwrap_or("").to_uppercase(),
                first.get(1..).unwrap_or("")
            );
        }
        let text = format!("{}.", words.join(" "));
        paragraphs.push(if html { format!("<p>{text}</p>") } else { text });
    }
    Ok(Value::str(paragraphs.join(if html { "\n" } else { "\n\n" })))
}
