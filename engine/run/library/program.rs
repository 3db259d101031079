//! What kind of program a user's module is.

/// How it is told its arguments; also what can be said of those that kdo cannot run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// By a file of JSON.
    Json,
    /// By JSON in its text.
    Text,
    /// By a file of `name=value` pairs.
    Pairs,
    /// It is a part of a Python program that Ansible builds.
    Python,
    /// The same in PowerShell.
    PowerShell,
}

/// A module's program.
#[derive(Debug)]
pub(crate) struct Program {
    /// How it is told its arguments.
    pub(crate) how: How,
    /// Whether it is no text, so that it runs by itself.
    pub(crate) binary: bool,
    /// What runs it, with arguments.
    pub(crate) interpreter: Vec<String>,
}

impl Program {
    /// What a module's content says.
    pub(crate) fn of(content: &[u8]) -> Self {
        let binary = is_binary(content);
        let how = if binary {
            How::Json
        } else if contains(content, b"#<<INCLUDE_ANSIBLE_MODULE_COMMON>>") || imports_ansible(content) {
            How::Python
        } else if contains(content, b"# POWERSHELL_COMMON")
            || contains(content, b"#Requires -Module Ansible.ModuleUtils")
            || contains(content, b"#AnsibleRequires ")
        {
            How::PowerShell
        } else if contains(content, b"<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>") {
            How::Text
        } else if contains(content, b"WANT_JSON") {
            How::Json
        } else {
            How::Pairs
        };
        Self {
            how,
            binary,
            interpreter: if binary { Vec::new() } else { interpreter(content) },
        }
    }

    /// The name by which variables say where the interpreter is: `python` of `ansible_python_interpreter`.
    pub(crate) fn language(&self) -> Option<&str> {
        let base = |word: &'_ String| word.rsplit('/').next().map(str::len).unwrap_or_default();
        let word = match self.interpreter.first()? {
            first if first.ends_with("/env") => {
                self.interpreter.iter().skip(1).find(|w| !w.starts_with('-'))?
            }
            first => first,
        };
        word.get(word.len() - base(word)..)
    }
}

fn contains(content: &[u8], what: &[u8]) -> bool {
    content.windows(what.len()).any(|w| w == what)
}

/// Whether the first bytes hold what texts do not.
fn is_binary(content: &[u8]) -> bool {
    let text = |b: u8| matches!(b, 7..=10 | 12 | 13 | 27 | 32..=126 | 128..);
    content.iter().take(1024).any(|b| !text(*b))
}

/// Whether it is Python over Ansible's own Python.
fn imports_ansible(content: &[u8]) -> bool {
    String::from_utf8_lossy(content).lines().any(|line| {
        let mut words = line.split_whitespace();
        let (verb, what) = (words.next(), words.next().unwrap_or_default());
        let ansible = what.starts_with("ansible.module_utils") || what.starts_with("ansible_collections.");
        match verb {
            Some("from") => {
                ansible
                    || what.starts_with("..")
                    || (what == "ansible" && words.any(|w| w.starts_with("module_utils")))
            }
            Some("import") => ansible,
            _ => false,
        }
    })
}

fn interpreter(content: &[u8]) -> Vec<String> {
    let first = content.split(|b| *b == b'\n').next().unwrap_or_default();
    match first.strip_prefix(b"#!") {
        Some(line) => String::from_utf8_lossy(line)
            .split_whitespace()
            .map(str::to_owned)
            .collect(),
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{How, Program};

    #[test]
    fn the_content_says_how_arguments_are_told() {
        for (content, how, language) in [
            ("#!/bin/sh\n. \"$1\"\n", How::Pairs, Some("sh")),
            (
                "#!/usr/bin/env -S perl -w\n# WANT_JSON\n",
                How::Json,
                Some("perl"),
            ),
            (
                "#!/usr/bin/python3\n# WANT_JSON\nimport json\n",
                How::Json,
                Some("python3"),
            ),
            (
                "#!/bin/sh\nx='<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>'",
                How::Text,
                Some("sh"),
            ),
            (
                "#!/usr/bin/python\nfrom ansible.module_utils.basic import AnsibleModule\n",
                How::Python,
                Some("python"),
            ),
            (
                "from ansible_collections.a.b.plugins.module_utils.c import d\n",
                How::Python,
                None,
            ),
            ("import sys\n    from ..x import y\n", How::Python, None),
            (
                "#!powershell\n#Requires -Module Ansible.ModuleUtils.Legacy\n",
                How::PowerShell,
                Some("powershell"),
            ),
            ("echo\n", How::Pairs, None),
        ] {
            let program = Program::of(content.as_bytes());
            assert_eq!(
                (program.how, program.language(), program.binary),
                (how, language, false),
                "{content}"
            );
        }
        let program = Program::of(b"\x7fELF\0\0WANT_JSON");
        assert_eq!((program.how, program.binary), (How::Json, true));
    }
}
