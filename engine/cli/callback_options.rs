//! Options of callbacks, from the environment and the configuration file.

use crate::settings::Settings;
use kdo_report::{Chosen, Evaluator, callbacks::CALLBACKS};
use kdo_template::{Environment, Templar};
use kdo_value::Text;
use std::rc::Rc;

/// What is given for the options of all callbacks.
pub(crate) fn chosen(settings: &Settings) -> Chosen {
    let mut chosen = Chosen::default();
    for callback in CALLBACKS {
        for option in callback.options {
            let mut given = None;
            for (section, key) in option.ini {
                given = settings.raw(section, key).map(str::to_owned).or(given);
            }
            for name in option.env {
                given = std::env::var(name).ok().or(given);
            }
            if let Some(text) = given {
                chosen
                    .0
                    .insert((callback.short().to_owned(), option.name.to_owned()), text);
            }
        }
    }
    chosen
}

/// Evaluates the messages of `diy`.
pub(crate) fn evaluator() -> Evaluator {
    Evaluator(Rc::new(|template, variables| {
        let environment = Environment {
            escape_backslashes: true,
            ..Environment::default()
        };
        let text = Text::trusted(template, None);
        Templar::new(variables, &environment)
            .template(&text)
            .map(|v| v.to_text())
            .map_err(|e| e.message)
    }))
}
