//! The only door to the machine. Everything that changes it compares first, records the change and its diff, and
//! does nothing in check mode; so check mode, diff and `changed` are right in every module by construction.

mod accounts;
mod attributes;
mod command;
mod file;
mod info;
mod inode_flags;
mod leftovers;
mod mode;
mod path;
mod scratch;
mod temporary;
mod terminal;
mod write;
#[cfg(all(test, target_os = "linux", target_arch = "x86_64"))]
mod write_faults;

pub use accounts::{Accounts, Group, User};
pub use attributes::FileAttrs;
#[cfg(test)]
pub(crate) use command::STARTED;
pub use command::{Command, Output, errno};
pub(crate) use file::io_failure;
pub use info::file_info;
pub(crate) use inode_flags::InodeFlags;
pub use mode::parse_mode;
pub use path::{enter, expand, expand_with};
pub use scratch::Scratch;
pub(crate) use scratch::{spool, supersede};
pub(crate) use temporary::{Kind, make as make_temporary, random_name};
pub use terminal::{Answers, Conversation, Dialogue, Prompt};
pub use write::{Fill, Save, Written};

use crate::{Failure, Link, Outcome};
use kdo_value::{List, Map, Value};
use std::{collections::HashSet, path::PathBuf};

/// How a step is run.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// Look, but change nothing.
    pub check: bool,
    /// Record what changes in texts.
    pub diff: bool,
    /// `-v` count.
    pub verbosity: u8,
    /// The task's `environment`, for the programs it starts.
    pub environment: Vec<(String, String)>,
    /// Permissions that new files do not get; `None`: those of the agent's own login.
    pub umask: Option<u32>,
    /// Working folder for relative paths and programs; `None`: the agent's own.
    pub directory: Option<PathBuf>,
}

/// One step's view of the machine.
pub struct Host<'a> {
    context: Context,
    link: &'a mut dyn Link,
    changed: bool,
    diffs: Vec<Value>,
    warnings: Vec<Value>,
    accounts: Accounts,
    file_info: bool,
    /// Folders that were looked through for what killed steps have left.
    swept: HashSet<PathBuf>,
}

impl<'a> Host<'a> {
    /// A view for one step.
    pub fn new(context: Context, link: &'a mut dyn Link) -> Self {
        Self {
            context,
            link,
            changed: false,
            diffs: Vec::new(),
            warnings: Vec::new(),
            accounts: Accounts::default(),
            file_info: true,
            swept: HashSet::new(),
        }
    }

    /// Whether nothing may be changed.
    pub fn check(&self) -> bool {
        self.context.check
    }

    /// Records no differences, for modules that show none.
    pub(crate) fn forget_diff(&mut self) {
        self.context.diff = false;
    }

    /// Whether texts' differences are wanted.
    pub fn wants_diff(&self) -> bool {
        self.context.diff
    }

    /// How the step is run.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// A variable of the task's environment, else of the agent's own; `None` if it is empty.
    pub fn variable(&self, name: &str) -> Option<String> {
        let above = &self.context.environment;
        let own = above.iter().find(|(k, _)| k == name).map(|(_, v)| v.clone());
        own.or_else(|| std::env::var(name).ok()).filter(|v| !v.is_empty())
    }

    /// The way back to the controller.
    pub fn link(&mut self) -> &mut dyn Link {
        self.link
    }

    /// Users and groups of this machine.
    pub fn accounts(&mut self) -> &mut Accounts {
        &mut self.accounts
    }

    /// Notes that something was (in check mode: would be) changed by other means than this type's methods.
    pub fn mark_changed(&mut self) {
        self.changed = true;
    }

    /// Whether something was changed so far.
    pub fn changed(&self) -> bool {
        self.changed
    }

    /// Adds a warning to the result.
    pub fn warn(&mut self, text: impl Into<String>) {
        self.warnings.push(Value::str(text.into()));
    }

    /// Records a difference, if differences are wanted. `before` and `after` are texts or dicts.
    pub fn record_diff(
        &mut self,
        before_header: &str,
        before: impl Into<Value>,
        after_header: &str,
        after: impl Into<Value>,
    ) {
        if self.context.diff {
            let map = Map::new();
            map.insert("before", before);
            map.insert("after", after);
            map.insert("before_header", before_header);
            map.insert("after_header", after_header);
            self.diffs.push(map.into());
        }
    }

    /// Records a difference that is made already, if differences are wanted.
    pub fn record(&mut self, difference: Map) {
        if self.context.diff {
            self.diffs.push(difference.into());
        }
    }

    /// Does something whose differences are not told.
    pub fn quietly<T>(&mut self, act: impl FnOnce(&mut Self) -> T) -> T {
        let diff = std::mem::replace(&mut self.context.diff, false);
        let result = act(self);
        self.context.diff = diff;
        result
    }

    /// Does something that is taken back within the step: no change is told.
    pub(crate) fn unchanged<T>(&mut self, act: impl FnOnce(&mut Self) -> T) -> T {
        let changed = self.changed;
        let result = self.quietly(act);
        self.changed = changed;
        result
    }

    /// Keeps owner, mode and the like of the named file out of the result.
    pub fn omit_file_info(&mut self) {
        self.file_info = false;
    }

    /// The result's keys: the module's own, and `changed`, `diff`, `warnings`.
    ///
    /// A result that names a `path` or `dest` also tells owner, mode, size and state of it, failures too.
    pub fn finish(mut self, result: Result<Outcome, Failure>) -> Map {
        let values = match result {
            Ok(outcome) => outcome.values,
            Err(failure) => {
                failure.values.insert("failed", true);
                failure.values.insert("msg", failure.message);
                failure.values
            }
        };
        if !values.contains("changed") {
            let failed = values.get("failed").is_some_and(|f| f.truthy());
            values.insert("changed", self.changed && !failed);
        }
        let named = values.get("path").or_else(|| values.get("dest"));
        if let Some(Value::Str(path)) = named.filter(|_| self.file_info)
            && std::path::Path::new(path.as_str()).exists()
        {
            for (key, value) in
                file_info(std::path::Path::new(path.as_str()), &mut self.accounts).text_entries()
            {
                values.insert(key, value);
            }
        }
        if !values.contains("diff") && self.context.diff {
            match self.diffs.as_slice() {
                [] => {}
                [one] => {
                    values.insert("diff", one.clone());
                }
                many => {
                    values.insert("diff", List::new(many.to_vec()));
                }
            }
        }
        if !self.warnings.is_empty() {
            values.insert("warnings", List::new(self.warnings));
        }
        values
    }
}
