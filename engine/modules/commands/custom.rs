//! `kdo.custom`: a module that a role or playbook brings with it, a program of its own; the agent's half.

use super::words;
use crate::{host::Scratch, params::Raw, prelude::*};
use kdo_value::json;
use std::{
    io::Write,
    path::{Path, PathBuf},
};

/// The place in a module's text that its arguments take.
const ARGUMENTS_HERE: &[u8] = b"<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>";

/// How a program is told its arguments.
#[derive(Clone, Copy, Choice)]
pub enum Style {
    /// By a file of JSON.
    Json,
    /// By JSON in its text.
    Text,
    /// By a file of `name=value` pairs, quoted for a shell.
    Pairs,
}

/// Run a program as a module
///
/// The program comes from the controller. It tells its result as a JSON object on standard output.
#[derive(Params)]
pub struct Custom {
    /// Name of the module.
    #[param(required)]
    name: String,
    /// How the program is told its arguments.
    #[param(default = "json")]
    style: Style,
    /// What runs the program, with arguments; none: the program itself.
    #[param(default = [])]
    interpreter: Vec<String>,
    /// The module's arguments.
    arguments: Option<Raw>,
    /// Whether arguments and result are to be kept secret.
    #[param(default = false)]
    secret: bool,
    #[param(hidden)]
    _kdo_content: Option<Raw>,
}

impl Module for Custom {
    const META: Meta = Meta {
        name: "kdo.custom",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[],
        examples: &[Example {
            title: "Run a program as a module",
            args: r#"{"name": "greet", "arguments": {"name": "World"}}"#,
            given: &[],
            then: &[],
            changed: false,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let Some(Raw(content)) = &self._kdo_content else {
            return Err("the module was not sent by the controller".into());
        };
        let scratch = Scratch::for_programs()?;
        let arguments = self.all_arguments(host, scratch.path());
        let mut content = crate::files::copy_bytes(content);
        if matches!(self.style, Style::Text) {
            content = with_arguments(&content, &json::line(&arguments.clone().into()));
        }
        let path = scratch
            .program(format!("AnsiballZ_{}", self.name), |file| {
                file.write_all(&content)
            })
            .map_err(|e| Failure::new(format!("could not write the module: {e}")))?;
        let mut argv = self.interpreter.clone();
        if let Some(program) = argv.first_mut() {
            let found = interpreter(host, program);
            match found {
                Some(found) => *program = found.to_string_lossy().into_owned(),
                None => {
                    let message = format!("The module interpreter '{program}' was not found.");
                    return Err(Failure::new(message)
                        .with("module_stdout", "")
                        .with("module_stderr", format!("/bin/sh: 1: {program}: not found\n"))
                        .with("rc", 127));
                }
            }
        }
        let mut command = Command::argv(argv.iter().map(String::as_str).chain([&*path.to_string_lossy()]));
        let told = match self.style {
            Style::Json => Some(json::line(&arguments.into())),
            Style::Pairs => Some(pairs(&arguments)),
            Style::Text => None,
        };
        if let Some(text) = told {
            let file = scratch.write("args", text.as_bytes())?;
            command = command.path(&file);
        }
        let out = host.query(command)?;
        let (stdout, stderr) = (out.stdout_text(), out.stderr_text());
        let (found, junk) = object(&stdout);
        let told =
            (!junk.is_empty()).then(|| format!("Module invocation had junk after the JSON data: {junk}"));
        match found {
            Ok(map) => {
                if let Some(told) = told {
                    let warnings = match map.get("warnings") {
                        Some(Value::List(l)) => l.to_vec(),
                        _ => Vec::new(),
                    };
                    map.insert("warnings", Value::list(warnings.into_iter().chain([told.into()])));
                }
                // Kept apart: nothing is to be added to what the program says.
                Ok(Outcome::new().with("_kdo_result", map).changed(false))
            }
            Err(problem) => {
                if let Some(told) = told {
                    host.warn(told);
                }
                Err(
                    Failure::new(format!("Module result deserialization failed: {problem}"))
                        .with("module_stdout", stdout)
                        .with("module_stderr", stderr)
                        .with("rc", out.rc),
                )
            }
        }
    }
}

impl Custom {
    /// The arguments with those that each module gets.
    fn all_arguments(&self, host: &Host<'_>, folder: &Path) -> Map {
        let all = match &self.arguments {
            Some(Raw(Value::Map(given))) => given.copied(),
            _ => Map::new(),
        };
        let folder = folder.to_string_lossy().into_owned();
        all.insert("_ansible_check_mode", host.check());
        all.insert("_ansible_no_log", self.secret);
        all.insert("_ansible_debug", false);
        all.insert("_ansible_diff", host.wants_diff());
        all.insert("_ansible_verbosity", i64::from(host.context().verbosity));
        all.insert("_ansible_version", crate::REFERENCE);
        all.insert("_ansible_module_name", self.name.as_str());
        all.insert("_ansible_syslog_facility", "LOG_USER");
        let special = ["fuse", "nfs", "vboxsf", "ramfs", "9p", "vfat"];
        all.insert(
            "_ansible_selinux_special_fs",
            Value::list(special.into_iter().map(Value::str)),
        );
        all.insert("_ansible_string_conversion_action", "warn");
        all.insert("_ansible_socket", Value::None);
        all.insert("_ansible_shell_executable", "/bin/sh");
        all.insert("_ansible_keep_remote_files", false);
        all.insert("_ansible_tmpdir", folder.as_str());
        all.insert("_ansible_remote_tmp", folder);
        all.insert("_ansible_ignore_unknown_opts", false);
        all
    }
}

/// The program that is meant: by its path or name; any Python 3 for a Python that is not there.
fn interpreter(host: &Host<'_>, program: &str) -> Option<PathBuf> {
    let path = Path::new(program);
    let found = match path.is_absolute() {
        true => path.is_file().then(|| path.to_owned()),
        false => host.find_program(program),
    };
    let python = path
        .file_name()
        .is_some_and(|n| n.to_string_lossy().starts_with("python"));
    found.or_else(|| host.find_program("python3").filter(|_| python))
}

fn with_arguments(content: &[u8], arguments: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + arguments.len());
    let mut rest = content;
    while let Some(at) = rest
        .windows(ARGUMENTS_HERE.len())
        .position(|w| w == ARGUMENTS_HERE)
    {
        let (before, after) = rest.split_at(at);
        out.extend_from_slice(before);
        out.extend_from_slice(arguments.as_bytes());
        rest = after.get(ARGUMENTS_HERE.len()..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out
}

fn pairs(arguments: &Map) -> String {
    let text = |v: &Value| words::quote(&v.to_text());
    arguments
        .text_entries()
        .iter()
        .map(|(k, v)| format!("{k}={} ", text(v)))
        .collect()
}

/// The object in a program's output, and the lines behind it. Lines in front of it are left out.
fn object(stdout: &str) -> (Result<Map, String>, String) {
    let lines: Vec<&str> = stdout.lines().collect();
    let Some(first) = lines.iter().position(|l| l.trim().starts_with('{')) else {
        return (Err("No start of json char found".into()), String::new());
    };
    let last = lines.iter().rposition(|l| l.trim().ends_with('}'));
    let Some(last) = last.filter(|l| *l >= first) else {
        return (Err("No end of json char found".into()), String::new());
    };
    let text = lines.get(first..=last).unwrap_or_default().join("\n");
    let junk = lines.get(last + 1..).unwrap_or_default().join("\n");
    let found = match json::read(&text) {
        Ok(Value::Map(map)) => Ok(map),
        Ok(other) => Err(format!("a {} instead of a dictionary", other.type_name())),
        Err(e) => Err(e),
    };
    (found, junk.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use crate::{Host, NoLink, host::Context, registry};
    use kdo_value::{Map, Value, json};

    fn run(style: &str, interpreter: &[&str], text: &str) -> Map {
        let mut link = NoLink;
        let mut host = Host::new(
            Context {
                check: true,
                ..Context::default()
            },
            &mut link,
        );
        let arguments = json::read(r#"{"who": "it's me", "list": [1, "x"]}"#).unwrap();
        let args = Map::from_iter([
            ("_kdo_content", Value::str(text)),
            ("name", Value::str("greet")),
            ("style", Value::str(style)),
            (
                "interpreter",
                Value::list(interpreter.iter().copied().map(Value::str)),
            ),
            ("arguments", arguments),
        ]);
        let result = (registry::find("kdo.custom").unwrap().run)(&args, &mut host);
        let map = host.finish(result);
        match map.get("_kdo_result") {
            Some(Value::Map(inner)) => inner,
            _ => map,
        }
    }

    fn line(map: &Map) -> String {
        json::line(&map.clone().into())
    }

    #[test]
    fn pairs_can_be_read_by_a_shell() {
        let text = r#". "$1"; echo "{\"msg\": \"$who $list $_ansible_check_mode\"}""#;
        assert_eq!(
            line(&run("pairs", &["/bin/sh"], text)),
            r#"{"msg": "it's me [1, 'x'] True"}"#
        );
    }

    #[test]
    fn json_comes_in_a_file_or_in_the_text() {
        let file = run(
            "json",
            &["sh"],
            r#"echo noise; cut -c 1-35 "$1" | tr -d '\n'; echo '}'; echo more"#,
        );
        assert_eq!(
            line(&file),
            r#"{"who": "it's me", "list": [1, "x"], "warnings": ["Module invocation had junk after the JSON data: more"]}"#
        );
        let text = run(
            "text",
            &["/bin/sh"],
            "cat <<'E'\n{\"a\": <<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>}\nE\n",
        );
        assert!(
            line(&text)
                .starts_with(r#"{"a": {"who": "it's me", "list": [1, "x"], "_ansible_check_mode": true"#)
        );
    }

    #[test]
    fn a_program_runs_by_itself() {
        let map = run("json", &[], "#!/bin/sh\necho '{\"rc\": 0}'");
        assert_eq!(line(&map), r#"{"rc": 0}"#);
    }

    #[test]
    fn what_is_no_result_is_told() {
        let silent = run("json", &["/bin/sh"], "echo out; echo err >&2; exit 3");
        assert_eq!(
            line(&silent),
            r#"{"module_stdout": "out\n", "module_stderr": "err\n", "rc": 3, "failed": true, "msg": "Module result deserialization failed: No start of json char found", "changed": false}"#
        );
        let two = run("json", &["/bin/sh"], "echo '{}'; echo '{}'");
        assert_eq!(
            two.get("msg"),
            Some(Value::str(
                "Module result deserialization failed: Extra data: line 2 column 1 (char 3)"
            ))
        );
        let missing = run("json", &["/bin/not-there"], "");
        assert_eq!(missing.get("rc"), Some(Value::Int(127)));
        assert_eq!(
            missing.get("msg"),
            Some(Value::str(
                "The module interpreter '/bin/not-there' was not found."
            ))
        );
    }
}
