//! Filters for HTML and XML.

use crate::{Call, Callable, TemplateError, declare::callable, iterate::text};
use kdo_value::Value;
use std::sync::LazyLock;

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.builtin.escape", |c| Ok(Value::str(escape(&text(c.subject()?)?))), "The text with the characters escaped that mean something in HTML.", ["e"];
        "{{ '<a>&' | escape }}" => r#""&lt;a&gt;&amp;""#, "{{ 5 | e }}" => r#""5""#),
    callable!("ansible.builtin.forceescape", |c| Ok(Value::str(escape(&text(c.subject()?)?))), "The text with the characters escaped that mean something in HTML, even if it was escaped before.", [];
        "{{ '<a>' | forceescape }}" => r#""&lt;a&gt;""#),
    callable!("ansible.builtin.safe", |c| Ok(Value::str(text(c.subject()?)?)), "The text as it is; it is never escaped by itself.", [];
        "{{ '<a>' | safe }}" => r#""<a>""#),
    callable!("ansible.builtin.striptags", strip_tags, "The text without tags and comments, with blanks run together.", [];
        "{{ '<p>a <b>b</b> c</p><!-- x -->' | striptags }}" => r#""a b c""#),
    callable!("ansible.builtin.xmlattr", attributes, "A dict as attributes of an element; none is left out.", [];
        "{{ {'class': 'a b', 'x': none, 'y': 1} | xmlattr }}" => r#"" class=\"a b\" y=\"1\"""#),
    callable!("ansible.builtin.urlize", urlize, "The text with links around addresses.", [];
        "{{ 'see http://example.com/x' | urlize }}"
            => r#""see <a href=\"http://example.com/x\" rel=\"noopener\">http://example.com/x</a>""#,
        "{{ 'foo@bar.org' | urlize }}" => r#""<a href=\"mailto:foo@bar.org\">foo@bar.org</a>""#),
];

fn escape(s: &str) -> String {
    let mut out = String::with_capacity(s.len());
    for c in s.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

fn strip_tags(call: &Call<'_>) -> Result<Value, TemplateError> {
    let mut s = text(call.subject()?)?;
    for (open, close) in [("<!--", "-->"), ("<", ">")] {
        let mut out = String::with_capacity(s.len());
        let mut rest = s.as_str();
        while let Some((head, tail)) = rest.split_once(open) {
            let Some((_, after)) = tail.split_once(close) else {
                break;
            };
            out.push_str(head);
            rest = after;
        }
        out.push_str(rest);
        s = out;
    }
    let words: Vec<&str> = s.split_whitespace().collect();
    let plain = words
        .join(" ")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&#34;", "\"")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&");
    Ok(Value::str(plain))
}

fn attributes(call: &Call<'_>) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    let Some(entries) = super::dicts::entries(value) else {
        return call.fail(format!("'{}' object has no attribute 'items'", value.type_name()));
    };
    let mut out = Vec::new();
    for (key, value) in entries {
        if value.is_none() || value.is_undefined() {
            continue;
        }
        let key = key.to_text();
        if key.contains(|c: char| c.is_whitespace() || matches!(c, '/' | '>' | '=')) {
            return call.fail(format!(
                "Invalid character in attribute name: {}",
                Value::str(key).repr()
            ));
        }
        out.push(format!("{}=\"{}\"", escape(&key), escape(&value.to_text())));
    }
    let text = out.join(" ");
    Ok(Value::str(
        if call.flag(1, "autospace", true) && !text.is_empty() {
            format!(" {text}")
        } else {
            text
        },
    ))
}

/// What counts as a web address: a scheme or `www.` with any top domain, a bare name only with a common one.
static WEB: LazyLock<Option<regex::Regex>> = LazyLock::new(|| {
    regex::Regex::new(
        r"(?ix)^(
            (https?://|www\.)(([\w%-]+\.)+)?([a-z]{2,63}|xn--[\w%]{2,59})
            |([\w%-]{2,63}\.)+(com|net|int|edu|gov|org|info|mil)
            |(https?://)(\d{1,3}(\.\d{1,3}){3}|\[([\da-f]{0,4}:){2}([\da-f]{0,4}:?){1,6}\])
        )(?::\d{1,5})?(?:[/?\#]\S*)?$",
    )
    .ok()
});

fn is_web(s: &str) -> bool {
    WEB.as_ref().is_some_and(|r| r.is_match(s))
}

fn urlize(call: &Call<'_>) -> Result<Value, TemplateError> {
    let s = text(call.subject()?)?;
    let limit = match call.get(1, "trim_url_limit") {
        None | Some(Value::None) => None,
        Some(_) => usize::try_from(call.int(1, "trim_url_limit", 0)?).ok(),
    };
    let mut rel: Vec<String> = call
        .text(4, "rel", "")?
        .split_whitespace()
        .map(str::to_owned)
        .collect();
    if call.flag(2, "nofollow", false) {
        rel.push("nofollow".into());
    }
    rel.push("noopener".into());
    rel.sort();
    rel.dedup();
    let rel = format!(" rel=\"{}\"", escape(&rel.join(" ")));
    let target = match call.get(3, "target") {
        None | Some(Value::None) => String::new(),
        Some(t) => format!(" target=\"{}\"", escape(&text(t)?)),
    };
    let shown = |u: &str| match limit {
        Some(n) if u.chars().count() > n => u.chars().take(n).collect::<String>() + "...",
        _ => u.to_owned(),
    };
    let mut out = String::new();
    let escaped = escape(&s);
    let mut rest = escaped.as_str();
    while !rest.is_empty() {
        let blank = rest.starts_with(char::is_whitespace);
        let end = rest
            .find(|c: char| c.is_whitespace() != blank)
            .unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        rest = after;
        if blank {
            out.push_str(word);
            continue;
        }
        let mut middle = word;
        let mut head = String::new();
        while let Some(open) = ["(", "&lt;"].into_iter().find(|o| middle.starts_with(o)) {
            head.push_str(open);
            middle = middle.get(open.len()..).unwrap_or("");
        }
        let mut tail = String::new();
        while let Some(close) = [")", "&gt;", ".", ",", "\n"]
            .into_iter()
            .find(|c| middle.ends_with(c))
        {
            if close == ")" && middle.matches('(').count() >= middle.matches(')').count() {
                break;
            }
            tail.insert_str(0, close);
            middle = middle.get(..middle.len() - close.len()).unwrap_or("");
        }
        out.push_str(&head);
        if is_web(middle) {
            let address = if middle.starts_with("https://") || middle.starts_with("http://") {
                middle.to_owned()
            } else {
                format!("https://{middle}")
            };
            out.push_str(&format!(
                "<a href=\"{address}\"{rel}{target}>{}</a>",
                shown(middle)
            ));
        } else if let Some(address) = middle.strip_prefix("mailto:").filter(|a| is_mail(a)) {
            out.push_str(&format!("<a href=\"{middle}\">{address}</a>"));
        } else if is_mail(middle) {
            out.push_str(&format!("<a href=\"mailto:{middle}\">{middle}</a>"));
        } else {
            out.push_str(middle);
        }
        out.push_str(&tail);
    }
    Ok(Value::str(out))
}

/// `\S+@\w[\w.-]*\.\w+`
fn is_mail(s: &str) -> bool {
    s.rsplit_once('@').is_some_and(|(user, host)| {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        !user.is_empty()
            && !user.starts_with("www.")
            && host.starts_with(word)
            && host.chars().all(|c| word(c) || c == '.' || c == '-')
            && host
                .rsplit_once('.')
                .is_some_and(|(_, top)| !top.is_empty() && top.chars().all(word))
    })
}
