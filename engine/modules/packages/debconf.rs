//! `debconf`: answers to packages' questions.

use crate::{host::Command, params::Raw, prelude::*};

/// Answer a package's question before it is asked
///
/// Without a question the package's answers are only told.
#[derive(Params)]
#[params(together(question, vtype, value))]
pub struct Debconf {
    /// Name of the package.
    #[param(required, alias = "pkg")]
    name: String,
    /// The question.
    #[param(alias = "selection", alias = "setting")]
    question: Option<String>,
    /// Let the question still be asked.
    #[param(default = false)]
    unseen: bool,
    /// The answer.
    #[param(alias = "answer")]
    value: Option<Raw>,
    /// Type of the answer.
    #[param(choices(
        "boolean",
        "error",
        "multiselect",
        "note",
        "password",
        "seen",
        "select",
        "string",
        "text",
        "title"
    ))]
    vtype: Option<String>,
}

impl Debconf {
    /// Answers by question, from `debconf-show`.
    fn selections(&self, host: &mut Host<'_>) -> Result<Map, Failure> {
        let c = Command::new(host.need_program("debconf-show", "debconf")?)
            .arg(&self.name)
            .env("LC_ALL", "C");
        let out = host.query(c)?.success("debconf-show failed")?;
        let map = Map::new();
        for line in out.stdout_text().lines() {
            if let Some((key, value)) = line.split_once(':') {
                map.insert(key.trim_matches(['*', ' ']).trim(), value.trim());
            }
        }
        Ok(map)
    }

    fn password(&self, host: &mut Host<'_>, question: &str) -> Result<String, Failure> {
        let c = Command::new(host.need_program("debconf-communicate", "debconf")?).arg(&self.name);
        let out = host.query(c.stdin(format!("GET {question}\n")))?;
        Ok(out
            .stdout_text()
            .trim()
            .strip_prefix("0 ")
            .unwrap_or("")
            .to_owned())
    }
}

impl Module for Debconf {
    const META: Meta = Meta {
        name: "ansible.builtin.debconf",
        aliases: &[],
        check: Support::Full,
        diff: Support::Full,
        returns: &[
            Return {
                name: "current",
                doc: "The answers now; after a change, the changed one.",
            },
            Return {
                name: "previous",
                doc: "The answer before.",
            },
        ],
        examples: &[Example {
            title: "Accept a licence",
            args: r#"{"name": "ttf-mscorefonts-installer", "question": "msttcorefonts/accepted-mscorefonts-eula", "vtype": "select", "value": "true"}"#,
            given: &[],
            then: &[],
            changed: true,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let before = self.selections(host)?;
        let (Some(question), Some(vtype), Some(Raw(value))) = (&self.question, &self.vtype, &self.value)
        else {
            return Ok(Outcome::new().with("msg", "").with("current", before));
        };
        let mut list = match value {
            Value::List(list) if vtype == "multiselect" => Some(list.to_vec()),
            _ => None,
        };
        let mut answer = value.to_text();
        if vtype == "boolean" {
            answer = answer.to_lowercase();
        }
        if let (Some(items), true) = (&mut list, before.contains(question)) {
            items.sort_by_key(Value::to_text);
        }
        let is = match before.get(question) {
            Some(_) if vtype == "password" => Some(self.password(host, question)?),
            is => is.map(|v| v.to_text()),
        };
        let same = match (&is, vtype.as_str(), &list) {
            (Some(is), "boolean", _) => is.to_lowercase() == answer,
            // A list has no order; a text is meant as it is.
            (Some(is), _, Some(items)) => {
                let mut parts: Vec<_> = is.split(',').map(|w| Value::str(w.trim())).collect();
                parts.sort_by_key(Value::to_text);
                parts == *items
            }
            (Some(is), ..) => *is == answer,
            (None, ..) => false,
        };
        if same {
            return Ok(Outcome::new().with("msg", "").with("current", before));
        }
        let mut told = Value::str(answer.as_str());
        if let Some(items) = list {
            if host.check() {
                told = Value::list(items);
            } else {
                answer = joined(&items)?;
                told = Value::str(answer.as_str());
            }
        }
        let mut c = Command::new(host.need_program("debconf-set-selections", "debconf")?);
        if self.unseen {
            c = c.arg("-u");
        }
        if let Some(out) = host.execute(c.stdin(format!("{} {question} {vtype} {answer}\n", self.name)))? {
            out.success("debconf-set-selections failed")?;
        }
        if vtype == "password" {
            told = Value::str("VALUE_SPECIFIED_IN_NO_LOG_PARAMETER");
        }
        let current = Map::from_iter([(question.as_str(), told)]);
        let previous = match before.get(question) {
            Some(answer) => Map::from_iter([(question.as_str(), answer)]),
            None => {
                before.insert(question.as_str(), "");
                before
            }
        };
        let diff = Map::new();
        if host.wants_diff() {
            let after = previous.copied();
            for (key, value) in current.text_entries() {
                after.insert(key, value);
            }
            diff.insert("before", previous.clone());
            diff.insert("after", after);
        }
        Ok(Outcome::new()
            .with("msg", "")
            .with("current", current)
            .with("previous", previous)
            .with("diff", diff))
    }
}

/// The items of a list as debconf writes them.
fn joined(items: &[Value]) -> Result<String, Failure> {
    let mut words = Vec::new();
    for (at, item) in items.iter().enumerate() {
        words.push(item.as_str().ok_or_else(|| {
            Failure::new(format!(
                "Invalid value provided for 'multiselect': sequence item {at}: expected str instance, {} found",
                item.type_name()
            ))
        })?);
    }
    Ok(words.join(", "))
}
