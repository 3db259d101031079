//! What is said of statements: tasks that bring further tasks or steer the run. The engine carries them out itself.

use crate::actions::About;
use kdo_modules::{
    Meta, Support,
    params::{Fixed, Kind, Param, Spec},
};

/// What is said of it.
pub(crate) const IMPORT_PLAYBOOK: About = About {
    meta: &Meta {
        name: "ansible.builtin.import_playbook",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[],
        examples: &[],
    },
    spec: &Spec::new(
        "Play another playbook's plays",
        &[Param::new(
            "free-form",
            Kind::Str,
            "The playbook's file, or `namespace.collection.name`.",
        )],
    ),
};
/// What is said of it.
pub(crate) const IMPORT_ROLE: About = About {
    meta: &Meta {
        name: "ansible.builtin.import_role",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[],
        examples: &[],
    },
    spec: &Spec::new(
        "Run a role, read before the play starts",
        &[
            Param::new("name", Kind::Str, "The role.")
                .required()
                .aliases(&["role"]),
            Param::new(
                "allow_duplicates",
                Kind::Bool,
                "Run it again although it has run in this play.",
            )
            .default(Fixed::Bool(true)),
            Param::new("defaults_from", Kind::Str, "File of its `defaults` folder.")
                .default(Fixed::Str("main")),
            Param::new("handlers_from", Kind::Str, "File of its `handlers` folder.")
                .default(Fixed::Str("main")),
            Param::new("tasks_from", Kind::Str, "File of its `tasks` folder.").default(Fixed::Str("main")),
            Param::new("vars_from", Kind::Str, "File of its `vars` folder.").default(Fixed::Str("main")),
            Param::new(
                "public",
                Kind::Bool,
                "Leave its variables to later tasks of the play.",
            )
            .default(Fixed::Bool(true)),
            Param::new("rolespec_validate", Kind::Bool, "Check its arguments first.")
                .default(Fixed::Bool(true)),
        ],
    ),
};
/// What is said of it.
pub(crate) const INCLUDE_ROLE: About = About {
    meta: &Meta {
        name: "ansible.builtin.include_role",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[],
        examples: &[],
    },
    spec: &Spec::new(
        "Run a role, read when the task is reached",
        &[
            Param::new("apply", Kind::Str, "Keywords for all tasks of the role."),
            Param::new("name", Kind::Str, "The role.")
                .required()
                .aliases(&["role"]),
            Param::new(
                "allow_duplicates",
                Kind::Bool,
                "Run it again although it has run in this play.",
            )
            .default(Fixed::Bool(true)),
            Param::new("defaults_from", Kind::Str, "File of its `defaults` folder.")
                .default(Fixed::Str("main")),
            Param::new("handlers_from", Kind::Str, "File of its `handlers` folder.")
                .default(Fixed::Str("main")),
            Param::new("tasks_from", Kind::Str, "File of its `tasks` folder.").default(Fixed::Str("main")),
            Param::new("vars_from", Kind::Str, "File of its `vars` folder.").default(Fixed::Str("main")),
            Param::new(
                "public",
                Kind::Bool,
                "Leave its variables to later tasks of the play.",
            )
            .default(Fixed::Bool(false)),
            Param::new("rolespec_validate", Kind::Bool, "Check its arguments first.")
                .default(Fixed::Bool(true)),
        ],
    ),
};
/// What is said of it.
pub(crate) const IMPORT_TASKS: About = About {
    meta: &Meta {
        name: "ansible.builtin.import_tasks",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[],
        examples: &[],
    },
    spec: &Spec::new(
        "Run the tasks of a file, read before the play starts",
        &[
            Param::new("free-form", Kind::Str, "The file."),
            Param::new("file", Kind::Str, "The file."),
        ],
    ),
};
/// What is said of it.
pub(crate) const INCLUDE_TASKS: About = About {
    meta: &Meta {
        name: "ansible.builtin.include_tasks",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[],
        examples: &[],
    },
    spec: &Spec::new(
        "Run the tasks of a file, read when the task is reached",
        &[
            Param::new("free-form", Kind::Str, "The file."),
            Param::new("file", Kind::Str, "The file."),
            Param::new("apply", Kind::Str, "Keywords for all its tasks."),
        ],
    ),
};
/// What is said of it.
pub(crate) const META: About = About {
    meta: &Meta {
        name: "ansible.builtin.meta",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[],
        examples: &[],
    },
    spec: &Spec::new(
        "Steer the run",
        &[Param::new("free_form", Kind::Str, "What to do.")
            .required()
            .choices(&[
                "clear_facts",
                "clear_host_errors",
                "end_batch",
                "end_host",
                "end_play",
                "end_role",
                "flush_handlers",
                "noop",
                "refresh_inventory",
                "reset_connection",
            ])],
    ),
};
