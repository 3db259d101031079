//! `setup`, `gather_facts`: what is known of the host.

use crate::{facts, files::pattern::matches, prelude::*};
use std::{path::PathBuf, time::Duration};

/// Find out facts about the host
///
/// The facts become variables of the host, with `ansible_` before their names.
#[derive(Params)]
pub struct Setup {
    /// Folder with the host's own facts: `*.fact` files with JSON or INI, or programs that print such.
    #[param(default = "/etc/ansible/facts.d")]
    fact_path: PathBuf,
    /// Shell patterns; only facts whose names match one are returned.
    #[param(default = [], elements = "str")]
    filter: Vec<String>,
    /// Which groups of facts to find out; `!` before a name leaves it out.
    #[param(default = ["all"], elements = "str")]
    gather_subset: Vec<String>,
    /// Seconds that one slow source (a hanging file system, a fact program) may take.
    #[param(default = 10)]
    gather_timeout: u64,
    /// How several fact modules are run; the controller's matter.
    #[param(hidden, name = "parallel")]
    _parallel: Option<bool>,
}

impl Module for Setup {
    const META: Meta = Meta {
        name: "ansible.builtin.setup",
        aliases: &["ansible.builtin.gather_facts"],
        check: Support::Full,
        diff: Support::None,
        returns: &[Return {
            name: "ansible_facts",
            doc: "The facts by name.",
        }],
        examples: &[Example {
            title: "Only the host's names and distribution",
            args: r#"{"gather_subset": ["!all", "!min", "distribution"], "filter": ["ansible_distribution*"]}"#,
            given: &[],
            then: &[],
            changed: false,
            runs: true,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let names = facts::choose(&self.gather_subset)?;
        let found = facts::gather(
            host,
            &names,
            // As if it was not given.
            Duration::from_secs(if self.gather_timeout == 0 {
                10
            } else {
                self.gather_timeout
            }),
            self.fact_path,
        )?;
        let wanted = |name: &str| {
            // An empty pattern stands for all; the prefix may be left out.
            let one = |f: &String| {
                let own = ["ansible_", "facter", "ohai"].iter().any(|p| f.starts_with(p));
                f.is_empty() || matches(f, name) || !own && matches(&format!("ansible_{f}"), name)
            };
            self.filter.is_empty() || self.filter.iter().any(one)
        };
        let meta = Map::new();
        meta.insert(
            "gather_subset",
            Value::list(self.gather_subset.iter().map(Value::from)),
        );
        meta.insert("module_setup", true);
        let out = Map::new();
        for (name, value) in found.text_entries().into_iter().chain(meta.text_entries()) {
            if wanted(&name) {
                out.insert(name, value);
            }
        }
        Ok(Outcome::new().with("ansible_facts", out))
    }
}
