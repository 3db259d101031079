//! Values against an argument specification that is itself a value, as roles have them.

use kdo_modules::params::{Kind, convert, parse_bool};
use kdo_value::{Map, Value};

/// What is wrong with the values of a specification's options, in Ansible's words and order.
pub(crate) fn check(spec: &Map, values: &Map) -> Vec<String> {
    let mut checker = Checker::default();
    let values = values.copied();
    checker.level(spec, &Rules::default(), &values, &[]);
    checker.sub_specs(spec, &values, &mut Vec::new());
    checker.finish()
}

/// The rules between the options of one level.
#[derive(Default)]
struct Rules {
    exclusive: Vec<Vec<String>>,
    together: Vec<Vec<String>>,
    one_of: Vec<Vec<String>>,
    required_if: Vec<(String, Value, Vec<String>, bool)>,
    required_by: Vec<(String, Vec<String>)>,
}

#[derive(Default)]
struct Checker {
    errors: Vec<String>,
    /// Names that no option has, with the path to them, and the names that there are.
    unknown: Vec<(String, String)>,
}

impl Rules {
    fn of(option: &Map) -> Self {
        let groups = |name: &str| {
            let groups = sequence(option.get(name));
            groups.into_iter().map(|g| texts(Some(g))).collect()
        };
        let required_if = sequence(option.get("required_if"))
            .into_iter()
            .filter_map(|rule| {
                let parts = rule.as_sequence()?;
                let any = parts.get(3).is_some_and(Value::truthy);
                let names = texts(parts.get(2).cloned());
                Some((parts.first()?.to_text(), parts.get(1)?.clone(), names, any))
            });
        let required_by = match option.get("required_by") {
            Some(Value::Map(by)) => by.text_entries(),
            _ => Vec::new(),
        };
        Self {
            exclusive: groups("mutually_exclusive"),
            together: groups("required_together"),
            one_of: groups("required_one_of"),
            required_if: required_if.collect(),
            required_by: required_by
                .into_iter()
                .map(|(name, needed)| (name, texts(Some(needed))))
                .collect(),
        }
    }
}

impl Checker {
    fn error(&mut self, text: String, path: &[String]) {
        self.errors.push(match path {
            [] => text,
            _ => format!("{text} found in {}", path.join(" -> ")),
        });
    }

    /// One level of options; the values become those of the options' types.
    fn level(&mut self, spec: &Map, rules: &Rules, values: &Map, path: &[String]) {
        let options: Vec<(String, Map)> = spec
            .text_entries()
            .into_iter()
            .map(|(name, option)| (name, option.as_map().cloned().unwrap_or_default()))
            .collect();
        self.aliases(&options, values);
        self.unknown_names(&options, values, path);
        let exclusive: Vec<String> = rules
            .exclusive
            .iter()
            .filter(|group| group.iter().filter(|n| values.contains(n)).count() > 1)
            .map(|group| group.join("|"))
            .collect();
        if !exclusive.is_empty() {
            let text = format!("parameters are mutually exclusive: {}", exclusive.join(", "));
            self.error(text, path);
        }
        defaults(&options, values, false);
        let mut missing: Vec<&str> = options
            .iter()
            .filter(|(name, o)| !values.contains(name) && o.get("required").is_some_and(|v| v.truthy()))
            .map(|(name, _)| name.as_str())
            .collect();
        if !missing.is_empty() {
            missing.sort_unstable();
            let text = format!("missing required arguments: {}", missing.join(", "));
            self.error(text, path);
        }
        for (name, option) in &options {
            self.typed(name, option, values, path);
        }
        for (name, option) in &options {
            self.chosen(name, option, values, path);
        }
        self.rules(rules, values, path);
        defaults(&options, values, true);
    }

    fn aliases(&mut self, options: &[(String, Map)], values: &Map) {
        for (name, option) in options {
            let required = option.get("required").is_some_and(|v| v.truthy());
            if required && option.get("default").is_some_and(|v| !v.is_none()) {
                self.errors.push(format!(
                    "internal error: required and default are mutually exclusive for {name}"
                ));
            }
            for alias in texts(option.get("aliases")) {
                if let Some(value) = values.get(&alias) {
                    values.insert(name.as_str(), value);
                }
            }
        }
    }

    fn unknown_names(&mut self, options: &[(String, Map)], values: &Map, path: &[String]) {
        let mut names: Vec<&str> = options.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        let mut aliases: Vec<String> = options
            .iter()
            .flat_map(|(_, o)| texts(o.get("aliases")))
            .collect();
        aliases.sort_unstable();
        let mut known = names.join(", ");
        if !aliases.is_empty() {
            known.push_str(&format!(" ({})", aliases.join(", ")));
        }
        for (name, _) in values.text_entries() {
            if !options.iter().any(|(n, _)| *n == name) && !aliases.contains(&name) {
                let full: Vec<&str> = path.iter().map(String::as_str).chain([name.as_str()]).collect();
                self.unknown.push((full.join("."), known.clone()));
            }
        }
    }

    /// Converts the value and its elements to the option's types.
    fn typed(&mut self, name: &str, option: &Map, values: &Map, path: &[String]) {
        let Some(value) = values.get(name) else { return };
        let optional = !option.get("required").is_some_and(|v| v.truthy());
        if value.is_none() && optional && option.get("default").is_none_or(|v| v.is_none()) {
            return;
        }
        let wanted = option.get("type").filter(|v| !v.is_none());
        let wanted = wanted.map_or_else(|| "str".to_owned(), |v| v.to_text());
        let found_in = match path {
            [] => String::new(),
            _ => format!(" found in '{}'", path.join(" -> ")),
        };
        let converted = kind(&wanted)
            .ok_or_else(|| "'NoneType' object is not callable".to_owned())
            .and_then(|kind| convert(&value, kind));
        let converted = match converted {
            Ok(converted) => converted,
            Err(e) => {
                let dot = if found_in.is_empty() { "" } else { "." };
                self.errors.push(format!(
                    "argument '{name}' is of type {}{found_in}{dot} and we were unable to convert to {wanted}: {e}",
                    value.type_name()
                ));
                return;
            }
        };
        let elements = option.get("elements").and_then(|v| kind(&v.to_text()));
        let converted = match (&converted, elements) {
            (Value::List(items), Some(element)) => {
                let mut out = Vec::new();
                for item in items.to_vec() {
                    match convert(&item, element) {
                        Ok(item) => out.push(item),
                        Err(e) => self.errors.push(format!(
                            "Elements value for option '{name}'{found_in} is of type {} and we were unable to convert to {}: {e}",
                            item.type_name(),
                            element.name()
                        )),
                    }
                }
                Value::list(out)
            }
            _ => converted,
        };
        values.insert(name, converted);
    }

    fn chosen(&mut self, name: &str, option: &Map, values: &Map, path: &[String]) {
        let (Some(Value::List(choices)), Some(value)) = (option.get("choices"), values.get(name)) else {
            return;
        };
        let choices = choices.to_vec();
        let list = || choices.iter().map(Value::to_text).collect::<Vec<_>>().join(", ");
        if let Value::List(items) = &value {
            let items = items.to_vec();
            let bad: Vec<String> = items
                .iter()
                .filter(|i| !choices.contains(i))
                .map(Value::to_text)
                .collect();
            if !bad.is_empty() {
                let text = format!(
                    "value of {name} must be one or more of: {}. Got no match for: {}",
                    list(),
                    bad.join(", ")
                );
                self.error(text, path);
            }
        } else if !choices.contains(&value) {
            // YAML may have made a truth value of a word: it counts where only one choice can be meant.
            let truth = match value.as_str() {
                Some("True") => Some(true),
                Some("False") => Some(false),
                _ => None,
            };
            let mut meant = choices.iter().filter(|c| match c {
                Value::Bool(b) => truth == Some(*b),
                Value::Str(s) => truth.is_some() && parse_bool(s) == truth,
                _ => false,
            });
            match (meant.next(), meant.next()) {
                (Some(one), None) => {
                    values.insert(name, one.clone());
                }
                _ => {
                    let text = format!(
                        "value of {name} must be one of: {}, got: {}",
                        list(),
                        value.to_text()
                    );
                    self.error(text, path);
                }
            }
        }
    }

    /// The first broken rule of each sort.
    fn rules(&mut self, rules: &Rules, values: &Map, path: &[String]) {
        let has = |name: &String| values.contains(name);
        let together = rules.together.iter();
        if let Some(group) = together.clone().find(|g| g.iter().any(has) && !g.iter().all(has)) {
            let text = format!("parameters are required together: {}", group.join(", "));
            self.error(text, path);
        }
        if let Some(group) = rules.one_of.iter().find(|g| !g.iter().any(has)) {
            let text = format!("one of the following is required: {}", group.join(", "));
            self.error(text, path);
        }
        for (name, value, needed, any) in &rules.required_if {
            let missing: Vec<&str> = needed.iter().filter(|n| !has(n)).map(String::as_str).collect();
            let applies = values.get(name).is_some_and(|v| v == *value);
            if applies && !missing.is_empty() && (!any || missing.len() == needed.len()) {
                let text = format!(
                    "{name} is {} but {} of the following are missing: {}",
                    value.to_text(),
                    if *any { "any" } else { "all" },
                    missing.join(", ")
                );
                self.error(text, path);
                break;
            }
        }
        let given = |name: &str| values.get(name).is_some_and(|v| !v.is_none());
        for (name, needed) in &rules.required_by {
            let missing: Vec<&str> = needed.iter().map(String::as_str).filter(|n| !given(n)).collect();
            if given(name) && !missing.is_empty() {
                let text = format!(
                    "missing parameter(s) required by '{name}': {}",
                    missing.join(", ")
                );
                self.error(text, path);
                break;
            }
        }
    }

    /// The dicts, and lists of dicts, that have options of their own.
    fn sub_specs(&mut self, spec: &Map, values: &Map, path: &mut Vec<String>) {
        for (name, option) in spec.text_entries() {
            let Value::Map(option) = option else { continue };
            let text = |key: &str| option.get(key).map(|v| v.to_text()).unwrap_or_default();
            if text("type") != "dict" && !(text("type") == "list" && text("elements") == "dict") {
                continue;
            }
            let Some(Value::Map(inner)) = option.get("options") else {
                continue;
            };
            let silent = values.get(&name).is_none_or(|v| v.is_none());
            if silent && option.get("apply_defaults").is_some_and(|v| v.truthy()) {
                values.insert(name.as_str(), Map::new());
            }
            let items = match values.get(&name) {
                None | Some(Value::None) => continue,
                Some(Value::List(items)) => items.to_vec(),
                Some(one) => vec![one],
            };
            path.push(name.clone());
            for item in items {
                let Value::Map(item) = item else {
                    self.errors
                        .push(format!("value of '{name}' must be of type dict or list of dicts"));
                    continue;
                };
                let item = item.copied();
                self.level(&inner, &Rules::of(&option), &item, path);
                self.sub_specs(&inner, &item, path);
            }
            path.pop();
        }
    }

    fn finish(mut self) -> Vec<String> {
        if let Some((_, known)) = self.unknown.last() {
            let mut names: Vec<&str> = self.unknown.iter().map(|(name, _)| name.as_str()).collect();
            names.sort_unstable();
            names.dedup();
            let text = format!("{}. Supported parameters include: {known}.", names.join(", "));
            self.errors.push(text);
        }
        self.errors
    }
}

/// Fills in defaults; with `all`, options without one become null.
fn defaults(options: &[(String, Map)], values: &Map, all: bool) {
    for (name, option) in options {
        let default = option.get("default").filter(|v| !v.is_none());
        if !values.contains(name) && (all || default.is_some()) {
            values.insert(name.as_str(), default.unwrap_or(Value::None));
        }
    }
}

fn sequence(value: Option<Value>) -> Vec<Value> {
    match value {
        None | Some(Value::None) => Vec::new(),
        Some(Value::List(l)) => l.to_vec(),
        Some(one) => vec![one],
    }
}

fn texts(value: Option<Value>) -> Vec<String> {
    sequence(value).iter().map(Value::to_text).collect()
}

fn kind(name: &str) -> Option<Kind> {
    Some(match name {
        "str" => Kind::Str,
        "int" => Kind::Int,
        "float" => Kind::Float,
        "bool" => Kind::Bool,
        "path" => Kind::Path,
        "list" => Kind::List,
        "dict" => Kind::Dict,
        "raw" => Kind::Raw,
        "jsonarg" | "json" => Kind::Jsonarg,
        "bytes" => Kind::Bytes,
        "bits" => Kind::Bits,
        _ => return None,
    })
}
