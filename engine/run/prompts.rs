//! `vars_prompt`: variables that are asked for before a play.

use crate::engine::Engine;
use kdo_modules::params::parse_bool;
use kdo_playbook::Play;
use kdo_template::{Environment, Templar};
use kdo_value::{Map, Text, Value};

impl Engine {
    /// Asks for a play's variables. Answers that are not to be shown are secret.
    pub(crate) fn prompts(&self, play: &Play) -> Result<Map, String> {
        let answers = Map::new();
        for prompt in &play.vars_prompt {
            let field = |name: &str| match prompt.get(name) {
                None | Some(Value::None) => Ok(None),
                Some(raw) => self.play_value(play, &raw).map(|v| Some(v.to_text())),
            };
            let flag = |name: &str, default: bool| {
                Ok::<_, String>(field(name)?.map_or(default, |t| parse_bool(&t).unwrap_or(default)))
            };
            let Some(name) = field("name")? else { continue };
            if self.store.extra.contains(&name) {
                continue;
            }
            let (secret, default) = (flag("private", true)?, field("default")?);
            let text = match (field("prompt")?, &default) {
                (Some(text), Some(d)) => format!("{text} [{d}]: "),
                (Some(text), None) => format!("{text}: "),
                (None, Some(d)) => format!("{name} [{d}]: "),
                (None, None) => format!("{name}: "),
            };
            let answer = self.asked(&text, secret, flag("confirm", false)?);
            if answer.is_none() {
                self.warn("Not prompting as we are not in interactive mode".to_owned());
            }
            let typed = answer.filter(|a| !a.is_empty() || default.is_none());
            // A default is written in the playbook for all to see.
            let secret = secret && typed.is_some();
            let answer = typed.or(default);
            // Nobody could be asked: the text that Python has for nothing.
            let answer = answer.unwrap_or_else(|| "None".into());
            let answer = match field("encrypt")? {
                Some(scheme) => hashed(&answer, &scheme, field("salt")?, field("salt_size")?)?,
                None => answer,
            };
            let value = match (secret, flag("unsafe", false)?) {
                (true, _) => Text::secret(answer),
                (false, true) => Text::new(answer),
                (false, false) => Text::trusted(answer, None),
            };
            answers.insert(name, Value::Str(value));
        }
        Ok(answers)
    }

    /// The answer to a question, asked twice if it is to be confirmed; `None` where nobody can be asked.
    fn asked(&self, text: &str, secret: bool, confirm: bool) -> Option<String> {
        loop {
            let answer = self.ask(text, secret)?;
            if !confirm || self.ask(&format!("confirm {text}"), secret)? == answer {
                return Some(answer);
            }
            self.warn("***** VALUES ENTERED DO NOT MATCH ****".to_owned());
        }
    }
}

/// A password hashed by one of the schemes' names (`sha512_crypt`, `bcrypt`, …).
fn hashed(clear: &str, scheme: &str, salt: Option<String>, size: Option<String>) -> Result<String, String> {
    let known = Map::new();
    known.insert("clear", clear);
    known.insert(
        "scheme",
        match scheme {
            "bcrypt" => "blowfish",
            other => other.strip_suffix("_crypt").unwrap_or(other),
        },
    );
    let more = match (salt, size.and_then(|s| s.trim().parse::<i64>().ok())) {
        (Some(salt), _) => {
            known.insert("salt", salt);
            ", salt=salt"
        }
        (None, Some(size)) => {
            known.insert("size", size);
            ", salt_size=size"
        }
        (None, None) => "",
    };
    let template = Text::trusted(format!("{{{{ clear | password_hash(scheme{more}) }}}}"), None);
    let environment = Environment::default();
    let hash = Templar::new(&known, &environment).template(&template);
    hash.map(|v| v.to_text()).map_err(|e| e.message)
}
