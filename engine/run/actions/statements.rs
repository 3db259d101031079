//! What is said of statements: tasks that bring further tasks or steer the run. The engine carries them out itself.

use crate::actions::About;
use kdo_modules::{
    Meta, Support,
    params::{Fixed, Kind, Param, Spec},
};

/// What both ways to run a role take.
const ROLE: Spec = Spec::new(
    "Which role, and what of it.",
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
        Param::new("defaults_from", Kind::Str, "File of its `defaults` folder.").default(Fixed::Str("main")),
        Param::new("handlers_from", Kind::Str, "File of its `handlers` folder.").default(Fixed::Str("main")),
        Param::new("tasks_from", Kind::Str, "File of its `tasks` folder.").default(Fixed::Str("main")),
        Param::new("vars_from", Kind::Str, "File of its `vars` folder.").default(Fixed::Str("main")),
        Param::new("rolespec_validate", Kind::Bool, "Check its arguments first.").default(Fixed::Bool(true)),
    ],
);

/// A parameter of roles whose default differs.
const fn public(default: bool) -> Param {
    Param::new(
        "public",
        Kind::Bool,
        "Leave its variables to later tasks of the play.",
    )
    .default(Fixed::Bool(default))
}

/// What is said of a statement.
const fn meta(name: &'static str) -> Meta {
    Meta {
        name,
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[],
        examples: &[],
    }
}

/// What is said of it.
pub(crate) const IMPORT_PLAYBOOK: About = About {
    meta: &meta("ansible.builtin.import_playbook"),
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
    meta: &meta("ansible.builtin.import_role"),
    spec: &Spec {
        includes: &[&ROLE],
        ..Spec::new("Run a role, read before the play starts", &[public(true)])
    },
};
/// What is said of it.
pub(crate) const INCLUDE_ROLE: About = About {
    meta: &meta("ansible.builtin.include_role"),
    spec: &Spec {
        includes: &[&ROLE],
        ..Spec::new(
            "Run a role, read when the task is reached",
            &[
                Param::new("apply", Kind::Str, "Keywords for all tasks of the role."),
                public(false),
            ],
        )
    },
};
/// What is said of it.
pub(crate) const IMPORT_TASKS: About = About {
    meta: &meta("ansible.builtin.import_tasks"),
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
    meta: &meta("ansible.builtin.include_tasks"),
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
    meta: &meta("ansible.builtin.meta"),
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
