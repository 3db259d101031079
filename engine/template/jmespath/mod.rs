//! JMESPath, the query language of `json_query`.

mod evaluate;
mod functions;
mod parse;

use kdo_value::Value;

/// What a query is made of.
#[derive(Clone, Debug)]
enum Node {
    Current,
    Field(String),
    Index(i64),
    Slice(Option<i64>, Option<i64>, i64),
    Literal(Value),
    /// Left, then right on its result.
    Then(Box<Node>, Box<Node>),
    /// A list from the left, the right applied to each item.
    Each(Box<Node>, Box<Node>),
    /// The values of a dict, the right applied to each.
    Values(Box<Node>, Box<Node>),
    Flatten(Box<Node>),
    Filter(Box<Node>, Box<Node>, Box<Node>),
    List(Vec<Node>),
    Hash(Vec<(String, Node)>),
    Not(Box<Node>),
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    Compare(&'static str, Box<Node>, Box<Node>),
    Function(String, Vec<Node>),
    Reference(Box<Node>),
}

/// The result of a query; missing parts are none.
pub(crate) fn search(query: &str, value: &Value) -> Result<Value, String> {
    let node = parse::parse(query)?;
    evaluate::evaluate(&node, value, 0)
}

#[cfg(test)]
mod tests {
    use super::search;
    use kdo_value::json;

    #[test]
    fn queries_give_what_jmespath_gives() {
        let data = r#"{"a": {"b": [{"n": "x", "v": 1}, {"n": "y", "v": 3}, {"n": "z"}]}, "l": [3, 1, 2], "ll": [[1, 2], [3]], "q-r": 5, "m": {"p": {"k": 1}, "q": {"k": 2}}}"#;
        let data = json::read(data).unwrap();
        for (query, want) in [
            ("a.b[0].n", r#""x""#),
            ("a.b[*].n", r#"["x", "y", "z"]"#),
            ("a.b[].v", "[1, 3]"),
            ("a.b[-1].n", r#""z""#),
            ("a.b[?v==`3`].n", r#"["y"]"#),
            ("a.b[?v > `0` && n != 'y'].n | [0]", r#""x""#),
            ("a.b[?!v].n", r#"["z"]"#),
            ("a.b[*].{name: n, w: v}[0]", r#"{"name": "x", "w": 1}"#),
            ("a.b[:2].{name: n}", r#"[{"name": "x"}, {"name": "y"}]"#),
            ("a.b[0].[n, v]", r#"["x", 1]"#),
            ("l[::-1]", "[2, 1, 3]"),
            ("l[1:]", "[1, 2]"),
            ("ll[]", "[1, 2, 3]"),
            ("\"q-r\"", "5"),
            ("m.*.k", "[1, 2]"),
            ("keys(m)", r#"["p", "q"]"#),
            ("sort(l)", "[1, 2, 3]"),
            ("length(a.b)", "3"),
            ("max_by(a.b[?v], &v).n", r#""y""#),
            ("sort_by(a.b[?v], &v)[-1].n", r#""y""#),
            ("join(',', a.b[*].n)", r#""x,y,z""#),
            ("a.b[?contains(n, 'y')].v", "[3]"),
            ("a.b[?starts_with(n, 'x')] | length(@)", "1"),
            ("nope.x", "null"),
            ("nope || 'd'", r#""d""#),
            ("`{\"a\": [1]}`.a[0]", "1"),
            ("sum(l)", "6"),
            ("a.b[?n=='x' || n=='z'].n", r#"["x", "z"]"#),
            ("to_string(l)", r#""[3,1,2]""#),
            ("map(&n, a.b)", r#"["x", "y", "z"]"#),
            ("@.l[0]", "3"),
            ("(l)[0]", "3"),
        ] {
            assert_eq!(
                search(query, &data).map_or_else(|e| e, |v| json::line(&v)),
                want,
                "{query}"
            );
        }
    }

    #[test]
    fn bad_queries_are_errors() {
        let data = json::read("{}").unwrap();
        for bad in [
            "a[",
            "a.",
            "a b",
            "[?",
            "foo(@)",
            "`{`",
            "'x",
            "a ==",
            "",
            "{a}",
            "length(`5`)",
            "l[::0]",
        ] {
            assert!(search(bad, &data).is_err(), "{bad}");
        }
        assert!(search(&"[".repeat(100_000), &data).is_err());
        assert!(search(&format!("{}a", "!".repeat(100_000)), &data).is_err());
    }
}
