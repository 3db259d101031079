//! `template`: a file rendered on the controller.

use crate::{
    actions::{
        About,
        copy::{find, inline},
    },
    encoding::{EncodeError, encode},
    engine::Engine,
    failure::TaskFailure,
    invoke::Order,
    step::Step,
};
use kdo_modules::{
    Meta, Return, Support,
    host::{FileAttrs, Save},
    params::{Fixed, Kind, Param, Params, Spec, parse_bool},
};
use kdo_template::FileOptions;
use kdo_value::{Map, Origin, Text, Value};
use std::{fs, path::Path, time::UNIX_EPOCH};

/// What is said of it.
pub(crate) const ABOUT: About = About {
    meta: &Meta {
        name: "ansible.builtin.template",
        aliases: &[],
        check: Support::Full,
        diff: Support::Full,
        returns: &[
            Return {
                name: "checksum",
                doc: "SHA-1 of the file.",
            },
            Return {
                name: "dest",
                doc: "The file.",
            },
            Return::GID,
            Return::GROUP,
            Return {
                name: "md5sum",
                doc: "MD5 of the file.",
            },
            Return::MODE,
            Return::OWNER,
            Return::SIZE,
            Return {
                name: "src",
                doc: "Where the rendered text was before.",
            },
            Return::UID,
        ],
        examples: &[],
    },
    spec: &Spec {
        includes: &[&SYNTAX, &<Save as Params>::SPEC, &<FileAttrs as Params>::SPEC],
        ..Spec::new(
            "Write a file from a template of the controller",
            &[
                Param::new(
                    "src",
                    Kind::Path,
                    "The template, in `templates` of the role or beside the playbook.",
                )
                .required(),
                Param::new(
                    "dest",
                    Kind::Path,
                    "The file on the host, or a folder if it ends with `/`.",
                )
                .required(),
                Param::new(
                    "follow",
                    Kind::Bool,
                    "Write to the target of a link at `dest` instead of replacing the link.",
                )
                .default(Fixed::Bool(false)),
                Param::new(
                    "force",
                    Kind::Bool,
                    "Replace a file that is there with other content.",
                )
                .default(Fixed::Bool(true)),
            ],
        )
    },
};

/// Parameters that the controller alone needs.
const SYNTAX: Spec = Spec::new(
    "How templates are written.",
    &[
        Param::new("trim_blocks", Kind::Bool, "Leave out the newline after a block.")
            .default(Fixed::Bool(true)),
        Param::new("lstrip_blocks", Kind::Bool, "Leave out blanks before a block.")
            .default(Fixed::Bool(false)),
        Param::new("newline_sequence", Kind::Str, "What lines end with.")
            .default(Fixed::Str("\\n"))
            .choices(&["\\n", "\\r", "\\r\\n"]),
        Param::new("variable_start_string", Kind::Str, "What begins an expression.")
            .default(Fixed::Str("{{")),
        Param::new("variable_end_string", Kind::Str, "What ends an expression.").default(Fixed::Str("}}")),
        Param::new("block_start_string", Kind::Str, "What begins a block.").default(Fixed::Str("{%")),
        Param::new("block_end_string", Kind::Str, "What ends a block.").default(Fixed::Str("%}")),
        Param::new("comment_start_string", Kind::Str, "What begins a comment."),
        Param::new("comment_end_string", Kind::Str, "What ends a comment."),
        Param::new("output_encoding", Kind::Str, "Encoding of the file.").default(Fixed::Str("utf-8")),
    ],
);

pub(crate) async fn run(engine: &Engine, step: &Step, args: Map) -> Result<Map, TaskFailure> {
    let given = |name: &str| args.get(name).filter(|v| !v.is_none());
    let (Some(src), Some(_)) = (given("src"), given("dest")) else {
        return Err(TaskFailure::new("src and dest are required"));
    };
    let path = find(step, "templates", &src.to_text())?;
    let text = |name: &str, default: &str| given(name).map_or_else(|| default.to_owned(), |v| v.to_text());
    let flag = |name: &str, default: bool| {
        given(name).map_or(default, |v| match &v {
            Value::Str(s) => parse_bool(s).unwrap_or(default),
            v => v.truthy(),
        })
    };
    let newline = match text("newline_sequence", "\n").as_str() {
        "\\n" | "\n" => "\n",
        "\\r" | "\r" => "\r",
        "\\r\\n" | "\r\n" => "\r\n",
        other => {
            return Err(TaskFailure::new(format!(
                "newline_sequence needs to be one of: \\n, \\r or \\r\\n, not {other}"
            )));
        }
    };
    let defaults = FileOptions::default();
    let options = FileOptions {
        trim_blocks: flag("trim_blocks", true),
        lstrip_blocks: flag("lstrip_blocks", false),
        newline_sequence: newline.to_owned(),
        variable: (
            text("variable_start_string", &defaults.variable.0),
            text("variable_end_string", &defaults.variable.1),
        ),
        block: (
            text("block_start_string", &defaults.block.0),
            text("block_end_string", &defaults.block.1),
        ),
        comment: (
            text("comment_start_string", &defaults.comment.0),
            text("comment_end_string", &defaults.comment.1),
        ),
        folder: path.parent().map(Path::to_owned),
    };
    let rendered = engine.render_file(
        step,
        (&src.to_text(), &path),
        &options,
        given("dest").map(|v| v.to_text()).unwrap_or_default(),
    )?;
    let encoding = given("output_encoding")
        .map(|v| v.to_text())
        .filter(|e| !e.is_empty());
    let content = match encoding {
        Some(name) => encode(&rendered, &name).map_err(|e| {
            TaskFailure::new(match e {
                EncodeError::Unknown => format!("unknown encoding: {name}"),
                EncodeError::Letter(letter) => {
                    format!("{}: the encoding {name} has no {letter:?}", path.display())
                }
            })
        })?,
        None => rendered.into_bytes(),
    };
    for name in SYNTAX.params.iter().map(|p| p.name).chain(["src"]) {
        args.remove(name);
    }
    inline(&args, &content);
    args.insert(
        "_kdo_name",
        path.file_name()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default(),
    );
    args.insert("_kdo_original", path.to_string_lossy().into_owned());
    if let Ok(meta) = fs::metadata(&path) {
        use std::os::unix::fs::PermissionsExt;
        args.insert("_kdo_mode", meta.permissions().mode() & 0o7777);
    }
    // `follow` of template is false by default, that of copy's dest true in effect.
    if !args.contains("follow") {
        args.insert("follow", false);
    }
    engine
        .invoke(step, "ansible.builtin.copy", &args, Order::default())
        .await
}

impl Engine {
    /// Renders a template file with the step's variables and `template_*`.
    pub(crate) fn render_file(
        &self,
        step: &Step,
        (name, path): (&str, &Path),
        options: &FileOptions,
        dest: String,
    ) -> Result<String, TaskFailure> {
        let head = kdo_syntax::read_file(path).map_err(|d| TaskFailure::new(d.message))?;
        let source = if head.starts_with("$ANSIBLE_VAULT") {
            let vault = self.store.vault.as_ref().ok_or_else(|| {
                TaskFailure::new(format!(
                    "Attempting to decrypt but no vault secrets found. ({})",
                    path.display()
                ))
            })?;
            String::from_utf8_lossy(
                &vault
                    .decrypt_text(&head)
                    .map_err(|e| TaskFailure::new(e.message))?,
            )
            .into_owned()
        } else {
            head
        };
        let about = about(name, path, dest);
        if let Ok(now) = self.with_templar(&step.vars, |t| t.expression(&Text::trusted("now()", None))) {
            about.insert("template_run_date", now);
        }
        step.vars.push(about);
        let rendered = self.with_templar(&step.vars, |t| t.render(&source, options));
        step.vars.pop();
        rendered.map_err(|mut e| {
            if e.origin.is_none() {
                let file = self.sources().add(path, source.clone());
                let start = e.span.map_or(0, |(start, _)| start).min(source.len());
                let before = source.get(..start).unwrap_or_default();
                let line = u32::try_from(before.matches('\n').count() + 1).unwrap_or(0);
                let column = before.rsplit('\n').next().map_or(1, |l| l.chars().count() + 1);
                e.origin = Some(Origin {
                    file,
                    line,
                    column: u32::try_from(column).unwrap_or(0),
                });
                e.span = None;
            }
            self.template_failure(e)
        })
    }
}

/// The variables that a template sees of itself.
fn about(name: &str, path: &Path, dest: String) -> Map {
    use std::os::unix::fs::MetadataExt;
    let map = Map::new();
    let full = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let meta = fs::metadata(path).ok();
    let owner = meta
        .as_ref()
        .and_then(|m| kdo_modules::host::Accounts::default().user_by_id(m.uid()))
        .map(|u| u.name);
    let modified = meta
        .as_ref()
        .and_then(|m| m.modified().ok())
        .and_then(|t| t.duration_since(UNIX_EPOCH).ok());
    map.insert("template_host", rustix_nodename());
    map.insert("template_path", name);
    map.insert("template_fullpath", full.to_string_lossy().into_owned());
    map.insert("template_destpath", dest);
    map.insert("template_uid", owner);
    map.insert("template_mtime", modified.map(|d| d.as_secs_f64()));
    map
}

fn rustix_nodename() -> String {
    fs::read_to_string("/proc/sys/kernel/hostname")
        .unwrap_or_default()
        .trim()
        .to_owned()
}
