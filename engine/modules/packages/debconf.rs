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
        let list = value
            .as_list()
            .filter(|_| vtype == "multiselect")
            .map(List::to_vec);
        let mut answer = match &list {
            Some(items) => items.iter().map(|i| i.to_text()).collect::<Vec<_>>().join(", "),
            None => value.to_text(),
        };
        if vtype == "boolean" {
            answer = answer.to_lowercase();
        }
        let mut is = before.get(question).map(|v| v.to_text());
        if vtype == "password" {
            is = Some(self.password(host, question)?);
        }
        let same = match (&is, vtype.as_str()) {
            (Some(is), "boolean") => is.to_lowercase() == answer,
            // A list has no order; a text is meant as it is.
            (Some(is), "multiselect") if list.is_some() => {
                let parts = |t: &str| {
                    let mut p: Vec<_> = t.split(',').map(|w| w.trim().to_owned()).collect();
                    p.sort();
                    p
                };
                parts(is) == parts(&answer)
            }
            (Some(is), _) => *is == answer,
            (None, _) => false,
        };
        if same {
            return Ok(Outcome::new().with("msg", "").with("current", before));
        }
        if let Some((at, item)) = list
            .iter()
            .flatten()
            .enumerate()
            .find(|(_, i)| i.as_str().is_none())
            && !host.check()
        {
            return Err(format!(
                "Invalid value provided for 'multiselect': sequence item {at}: expected str instance, {} found",
                item.type_name()
            )
            .into());
        }
        let mut c = Command::new(host.need_program("debconf-set-selections", "debconf")?);
        if self.unseen {
            c = c.arg("-u");
        }
        if let Some(out) = host.execute(c.stdin(format!("{} {question} {vtype} {answer}\n", self.name)))? {
            out.success("debconf-set-selections failed")?;
        }
        let secret = |text: String| {
            if vtype == "password" {
                "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER".to_owned()
            } else {
                text
            }
        };
        let told = match list {
            Some(items) => Value::list(items),
            None => Value::str(secret(answer)),
        };
        let current = Map::from_iter([(question.as_str(), told)]);
        let previous = Map::from_iter([(question.as_str(), secret(is.unwrap_or_default()))]);
        host.record_diff("", previous.clone(), "", current.clone());
        Ok(Outcome::new()
            .with("msg", "")
            .with("current", current)
            .with("previous", previous))
    }
}
