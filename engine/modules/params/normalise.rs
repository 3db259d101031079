//! From the user's arguments to checked, complete ones.

use super::{Fixed, Kind, Param, ParamError, Spec, convert};
use kdo_value::{Map, Value};

fn error(param: Option<&str>, message: impl Into<String>) -> ParamError {
    ParamError {
        param: param.map(str::to_owned),
        message: message.into(),
    }
}

impl Spec {
    /// Names resolved, defaults filled in, types converted, choices and rules checked: all errors at once.
    pub fn normalise(&self, args: &Map, module: &str) -> Result<Map, Vec<ParamError>> {
        self.check(args, module, &|_| false)
    }

    /// The same, but arguments for which `later` holds (templates, before the run) are left as they are, and rules
    /// that need their values are not applied.
    pub fn check(
        &self,
        args: &Map,
        module: &str,
        later: &dyn Fn(&Value) -> bool,
    ) -> Result<Map, Vec<ParamError>> {
        let (out, mut errors) = (Map::new(), Vec::new());
        for (key, value) in args.text_entries() {
            match self.find(&key) {
                Some(param) => {
                    out.insert(param.name, value);
                }
                None if key.starts_with("_kdo") => {
                    out.insert(key, value);
                }
                None => errors.push(self.unknown(&key, module)),
            }
        }
        let given = |name: &str| out.get(name).is_some_and(|v| !v.is_none());
        let params = self.all();
        self.exclusive_rules(&given, &mut errors);
        let missing: Vec<_> = params
            .iter()
            .filter(|p| p.required && !given(p.name))
            .map(|p| p.name)
            .collect();
        if !missing.is_empty() {
            errors.push(error(
                None,
                format!("missing required arguments: {}", missing.join(", ")),
            ));
        }
        for param in &params {
            match out.get(param.name) {
                Some(v) if later(&v) => {}
                Some(v) if !v.is_none() => match typed(param, &v, module, later) {
                    Ok(v) => {
                        out.insert(param.name, v);
                    }
                    Err(e) => errors.extend(e),
                },
                _ => {}
            }
        }
        let known = |name: &str| !out.get(name).is_some_and(|v| later(&v));
        self.group_rules(&out, &params, &known, &mut errors);
        for param in params {
            let silent = match out.get(param.name) {
                // Without a type, null is a value like others.
                Some(v) => v.is_none() && param.kind != Kind::Raw,
                None => true,
            };
            if !matches!(param.default, Fixed::None) && silent {
                let default = param.default.value();
                // Defaults of lists are written as texts.
                let default = match (&default, param.elements) {
                    (Value::List(list), Some(kind)) => Value::list(
                        list.to_vec()
                            .iter()
                            .map(|i| convert(i, kind).unwrap_or_else(|_| i.clone())),
                    ),
                    _ => default,
                };
                out.insert(param.name, default);
            }
        }
        if errors.is_empty() { Ok(out) } else { Err(errors) }
    }

    fn unknown(&self, key: &str, module: &str) -> ParamError {
        let mut names: Vec<_> = self
            .all()
            .into_iter()
            .filter(|p| !p.hidden)
            .map(|p| match p.aliases {
                [] => p.name.to_owned(),
                aliases => format!("{} ({})", p.name, aliases.join(", ")),
            })
            .collect();
        names.sort();
        error(
            Some(key),
            format!(
                "Unsupported parameters for ({module}) module: {key}. Supported parameters include: {}.",
                names.join(", ")
            ),
        )
    }

    fn exclusive_rules(&self, given: &dyn Fn(&str) -> bool, errors: &mut Vec<ParamError>) {
        for group in self.exclusive {
            let found: Vec<_> = group.iter().filter(|n| given(n)).copied().collect();
            if found.len() > 1 {
                errors.push(error(
                    found.last().copied(),
                    format!("parameters are mutually exclusive: {}", group.join("|")),
                ));
            }
        }
        for group in self.includes {
            group.exclusive_rules(given, errors);
        }
    }

    fn group_rules(
        &self,
        out: &Map,
        params: &[&Param],
        known: &dyn Fn(&str) -> bool,
        errors: &mut Vec<ParamError>,
    ) {
        // Ansible fills in defaults before it looks at groups, so they count as given.
        let given = |name: &str| {
            out.get(name).is_some_and(|v| !v.is_none())
                || params
                    .iter()
                    .any(|p| p.name == name && !matches!(p.default, Fixed::None))
        };
        for group in self.together {
            if group.iter().any(|n| given(n)) && !group.iter().all(|n| given(n)) {
                errors.push(error(
                    None,
                    format!("parameters are required together: {}", group.join(", ")),
                ));
            }
        }
        for group in self.one_of {
            if !group.iter().any(|n| given(n)) {
                errors.push(error(
                    None,
                    format!("one of the following is required: {}", group.join(", ")),
                ));
            }
        }
        for (name, value, needs, any) in self.required_if {
            let actual = match out.get(name) {
                Some(v) if !v.is_none() => v,
                _ => params
                    .iter()
                    .find(|p| p.name == *name)
                    .map_or(Value::None, |p| p.default.value()),
            };
            if !known(name) || actual.to_text() != *value {
                continue;
            }
            let missing: Vec<_> = needs.iter().filter(|n| !given(n)).copied().collect();
            if if *any {
                missing.len() == needs.len()
            } else {
                !missing.is_empty()
            } {
                let how = if *any { "any" } else { "all" };
                errors.push(error(
                    Some(name),
                    format!(
                        "{name} is {value} but {how} of the following are missing: {}",
                        missing.join(", ")
                    ),
                ));
            }
        }
        for (name, needs) in self.required_by {
            let missing: Vec<_> = needs.iter().filter(|n| !given(n)).copied().collect();
            if given(name) && !missing.is_empty() {
                errors.push(error(
                    Some(name),
                    format!(
                        "missing parameter(s) required by '{name}': {}",
                        missing.join(", ")
                    ),
                ));
            }
        }
        for group in self.includes {
            group.group_rules(out, params, known, errors);
        }
    }
}

fn typed(
    param: &Param,
    value: &Value,
    module: &str,
    later: &dyn Fn(&Value) -> bool,
) -> Result<Value, Vec<ParamError>> {
    let wrong = |what: String| vec![error(Some(param.name), what)];
    let converted = convert(value, param.kind).map_err(|e| {
        wrong(format!(
            "argument '{}' is of type {} and we were unable to convert to {}: {e}",
            param.name,
            value.type_name(),
            param.kind.name()
        ))
    })?;
    if param.kind == Kind::List
        && let Some(list) = converted.as_list()
    {
        let mut items = Vec::with_capacity(list.len());
        for item in list.to_vec() {
            if later(&item) {
                items.push(item);
                continue;
            }
            let item = match param.elements {
                Some(kind) => convert(&item, kind).map_err(|e| {
                    wrong(format!("Elements value for option '{}' is of type {} and we were unable to convert to {}: {e}", param.name, item.type_name(), kind.name()))
                })?,
                None => item,
            };
            let item = match (param.options, item.as_map()) {
                (Some(spec), Some(map)) => spec.check(map, module, later)?.into(),
                _ => item,
            };
            choice(param, &item, true)?;
            items.push(item);
        }
        return Ok(Value::list(items));
    }
    if let (Some(spec), Some(map)) = (param.options, converted.as_map()) {
        return Ok(spec.check(map, module, later)?.into());
    }
    // A YAML boolean given for a choice of words: `state: no` means the word that Python reads as that boolean.
    if let (Value::Bool(b), false) = (value, param.choices.is_empty()) {
        let words: Vec<_> = param
            .choices
            .iter()
            .filter(|c| super::parse_bool(c) == Some(*b))
            .collect();
        if let [word] = words[..]
            && !param.choices.contains(&converted.to_text().as_str())
        {
            return Ok(Value::str(*word));
        }
    }
    choice(param, &converted, false)?;
    Ok(converted)
}

fn choice(param: &Param, value: &Value, many: bool) -> Result<(), Vec<ParamError>> {
    let text = value.to_text();
    if param.choices.is_empty() || param.choices.contains(&text.as_str()) {
        return Ok(());
    }
    let how = if many { "one or more of" } else { "one of" };
    Err(vec![error(
        Some(param.name),
        format!(
            "value of {} must be {how}: {}, got: {text}",
            param.name,
            param.choices.join(", ")
        ),
    )])
}
