//! The one list of callbacks: names, options, and what makes them.

use crate::{
    Console, Default, Dense, Diy, Json, JsonLines, Junit, Lucid, Minimal, Null, Oneline, Options,
    ProfileRoles, ProfileTasks, ResultFormat, Selective, Timer, Tree, Unixy,
};
use kdo_event::Sink;

/// What a callback is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// The view on the screen: `stdout_callback`, `--output`.
    View,
    /// Besides a view: `callbacks_enabled`.
    Also,
}

/// An option of a callback.
#[derive(Clone, Copy, Debug)]
pub struct CallbackOption {
    /// Name.
    pub name: &'static str,
    /// Default; empty for none.
    pub default: &'static str,
    /// Environment variables; the last one that is set wins.
    pub env: &'static [&'static str],
    /// Sections and keys of the configuration file.
    pub ini: &'static [(&'static str, &'static str)],
    /// What it does.
    pub doc: &'static str,
}

type Make = fn(Console, Options) -> Box<dyn Sink>;

/// A callback.
pub struct Callback {
    /// Full name.
    pub name: &'static str,
    /// View or addition.
    pub kind: Use,
    /// What it shows.
    pub doc: &'static str,
    /// Its own options; views also take those of `default`.
    pub options: &'static [CallbackOption],
    make: Make,
}

impl Callback {
    /// Name without the collection.
    pub fn short(&self) -> &'static str {
        self.name.rsplit('.').next().unwrap_or(self.name)
    }

    /// A new one.
    pub fn make(&self, console: &Console, options: &Options) -> Box<dyn Sink> {
        (self.make)(console.clone(), options.clone())
    }
}

/// The callback of a name, with or without its collection.
pub fn find(name: &str) -> Option<&'static Callback> {
    let short = name.rsplit('.').next().unwrap_or(name);
    CALLBACKS
        .iter()
        .find(|c| c.name == name)
        .or_else(|| CALLBACKS.iter().find(|c| c.short() == short))
}

const fn option(
    name: &'static str,
    default: &'static str,
    env: &'static [&'static str],
    ini: &'static [(&'static str, &'static str)],
    doc: &'static str,
) -> CallbackOption {
    CallbackOption {
        name,
        default,
        env,
        ini,
        doc,
    }
}

const fn view(
    name: &'static str,
    doc: &'static str,
    options: &'static [CallbackOption],
    make: Make,
) -> Callback {
    Callback {
        name,
        kind: Use::View,
        doc,
        options,
        make,
    }
}

const fn also(
    name: &'static str,
    doc: &'static str,
    options: &'static [CallbackOption],
    make: Make,
) -> Callback {
    Callback {
        kind: Use::Also,
        ..view(name, doc, options, make)
    }
}

const JSON_INDENT: CallbackOption = option(
    "json_indent",
    "",
    &["ANSIBLE_JSON_INDENT"],
    &[("defaults", "json_indent")],
    "Spaces of an indentation; 0 for one line.",
);

/// All callbacks, sorted by full name.
#[rustfmt::skip]
pub const CALLBACKS: &[Callback] = &[
    view("ansible.builtin.default", "Plays, tasks and a line for each result.", &[], |c, o| Box::new(Default::new(c, o))),
    also("ansible.builtin.junit", "A JUnit file for each playbook: tasks as test cases.", crate::junit::OPTIONS, |c, o| Box::new(Junit::new(c, o))),
    view("ansible.builtin.minimal", "Results only, as for ad hoc commands.", &[], |c, o| Box::new(Minimal::new(c, o))),
    view("ansible.builtin.oneline", "One line for each result.", &[], |c, o| Box::new(Oneline::new(c, o))),
    also("ansible.builtin.tree", "Each host's last result as a file.", &[
        option("directory", "~/.ansible/tree", &["ANSIBLE_CALLBACK_TREE_DIR"], &[("callback_tree", "directory")], "Folder of the files."),
    ], |c, o| Box::new(Tree::new(c, o))),
    view("ansible.posix.debug", "The default view; texts of results below them, as they are.", &[], |c, o| {
        Box::new(Default::new(c, Options { result_format: ResultFormat::Debug, ..o }))
    }),
    view("ansible.posix.json", "The whole run as one JSON document at its end.", &[JSON_INDENT], |c, o| Box::new(Json::new(c, o))),
    view("ansible.posix.jsonl", "What happens as lines of JSON, at once.", &[JSON_INDENT], |c, o| Box::new(JsonLines::new(c, o))),
    also("ansible.posix.profile_roles", "Time of each role, at the end.", crate::profile_roles::OPTIONS, |c, o| Box::new(ProfileRoles::new(c, o))),
    also("ansible.posix.profile_tasks", "Time of each task, the slowest at the end.", crate::profile_tasks::OPTIONS, |c, o| Box::new(ProfileTasks::new(c, o))),
    view("ansible.posix.skippy", "The default view without skipped hosts.", &[], |c, o| {
        Box::new(Default::new(c, Options { display_skipped_hosts: false, ..o }))
    }),
    also("ansible.posix.timer", "How long the run took.", &[], |c, _| Box::new(Timer::new(c))),
    view("community.general.actionable", "The default view without hosts that are fine or skipped (as it was before it left the collection).", &[], |c, o| {
        Box::new(Default::new(c, Options { display_ok_hosts: false, display_skipped_hosts: false, ..o }))
    }),
    view("community.general.default_without_diff", "The default view without differences.", &[], |c, o| {
        Box::new(Default::new(c, Options { diffs: false, ..o }))
    }),
    view("community.general.dense", "One line for each task that changes with its hosts.", &[], |c, o| Box::new(Dense::new(c, o))),
    view("community.general.diy", "The default view with messages of your own.", crate::diy::OPTIONS, |c, o| Box::new(Diy::new(c, o))),
    view("community.general.full_skip", "The default view without skipped hosts (as it was before it left the collection).", &[], |c, o| {
        Box::new(Default::new(c, Options { display_skipped_hosts: false, ..o }))
    }),
    view("community.general.null", "Nothing.", &[], |_, _| Box::new(Null)),
    view("community.general.selective", "Tasks with the tag `print_action`, and failures.", &[
        option("nocolor", "false", &["ANSIBLE_SELECTIVE_DONT_COLORIZE"], &[], "No colours."),
    ], |c, o| Box::new(Selective::new(c, o))),
    view("community.general.tasks_only", "The default view without plays and totals.", &[
        option("number_of_columns", "", &["ANSIBLE_COLLECTIONS_TASKS_ONLY_NUMBER_OF_COLUMNS"], &[], "Columns of banners."),
    ], |c, o| {
        let width = o.chosen.number("tasks_only", "number_of_columns").map_or(o.width, |n| n.saturating_sub(1));
        Box::new(Default::new(c, Options { tasks_only: true, width, ..o }))
    }),
    view("community.general.timestamp", "The default view with the time in its banners.", &[
        option("format_string", "%H:%M:%S", &["ANSIBLE_CALLBACK_TIMESTAMP_FORMAT_STRING"], &[("callback_timestamp", "format_string")], "How the time is written, as for strftime."),
        option("timezone", "", &["ANSIBLE_CALLBACK_TIMESTAMP_TIMEZONE"], &[("callback_timestamp", "timezone")], "Whose time, as `Europe/Berlin`; empty for that of this machine."),
    ], |c, o| {
        let zone = o.chosen.text("timestamp", "timezone");
        let format = o.chosen.text("timestamp", "format_string");
        Box::new(Default::new(c, Options { timestamp: Some((format, zone)), ..o }))
    }),
    view("community.general.unixy", "Short lines, as of Unix programs.", &[], |c, o| Box::new(Unixy::new(c, o))),
    view("community.general.yaml", "The default view with results as YAML.", &[], |c, o| {
        Box::new(Default::new(c, Options { result_format: ResultFormat::CollectionYaml, ..o }))
    }),
    view("kdo.lucid", "What changed and what failed; more with -v. Everything goes to a file of the run.", crate::lucid::OPTIONS, |c, o| Box::new(Lucid::new(c, o))),
];

#[cfg(test)]
mod tests {
    use super::{CALLBACKS, find};
    use std::collections::HashSet;

    #[test]
    fn callbacks_are_sorted_and_named_once() {
        let names: Vec<&str> = CALLBACKS.iter().map(|c| c.name).collect();
        let shorts: HashSet<&str> = CALLBACKS.iter().map(super::Callback::short).collect();
        assert_eq!(shorts.len(), names.len());
        for name in names {
            assert_eq!(find(name).map(|c| c.name), Some(name));
        }
        assert!(find("nope").is_none());
    }

    #[test]
    fn every_option_has_words_and_a_source() {
        for callback in CALLBACKS {
            assert!(callback.doc.ends_with(['.', ')']), "{}", callback.name);
            for option in callback.options {
                assert!(!option.doc.is_empty(), "{} {}", callback.name, option.name);
                assert!(
                    !option.env.is_empty() || !option.ini.is_empty(),
                    "{}",
                    option.name
                );
            }
        }
    }
}
