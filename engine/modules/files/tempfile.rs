//! `tempfile`: a new file or folder with a name of its own.

use super::file::text;
use crate::{
    host::{Kind, make_temporary},
    prelude::*,
};
use std::path::PathBuf;

#[derive(Choice, Clone, Copy, PartialEq, Eq)]
enum State {
    Directory,
    File,
}

/// Make a temporary file or folder that only its owner can use
#[derive(Params)]
pub struct Tempfile {
    /// What to make.
    #[param(default = "file")]
    state: State,
    /// Folder to make it in; without, the host's folder for temporary files.
    path: Option<PathBuf>,
    /// How its name begins.
    #[param(default = "ansible.")]
    prefix: String,
    /// How its name ends.
    #[param(default = "")]
    suffix: String,
}

/// The folder for temporary files that the task's environment or the host names.
fn temporary_folder(host: &Host<'_>) -> PathBuf {
    let environment = &host.context().environment;
    let named = environment.iter().find(|(name, _)| name == "TMPDIR");
    named.map_or_else(std::env::temp_dir, |(_, path)| PathBuf::from(path))
}

impl Module for Tempfile {
    const META: Meta = Meta {
        name: "ansible.builtin.tempfile",
        aliases: &[],
        check: Support::None,
        diff: Support::None,
        returns: &[Return {
            name: "path",
            doc: "What was made.",
        }],
        examples: &[Example {
            title: "A folder for a build",
            args: r#"{"state": "directory", "suffix": ".build"}"#,
            given: &[],
            then: &[],
            changed: true,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        if host.check() {
            return Ok(Outcome::new()
                .with("skipped", true)
                .with(
                    "msg",
                    "remote module (ansible.builtin.tempfile) does not support check mode",
                )
                .changed(false));
        }
        for (what, part) in [("prefix", &self.prefix), ("suffix", &self.suffix)] {
            if part.contains('/') {
                return Err(format!("{what} must be a valid file name component, got '{part}'").into());
            }
        }
        let base = self.path.clone().unwrap_or_else(|| temporary_folder(host));
        let kind = match self.state {
            State::Directory => Kind::Folder,
            State::File => Kind::File,
        };
        let path = make_temporary(&base, &self.prefix, &self.suffix, kind)?;
        host.mark_changed();
        Ok(Outcome::new().with("path", text(&path)).changed(true))
    }
}

#[cfg(test)]
mod tests {
    use crate::{Host, NoLink, host::Context, registry};
    use kdo_value::{Map, Value};

    #[test]
    fn prefix_and_suffix_cannot_leave_the_folder() {
        for what in ["prefix", "suffix"] {
            let mut link = NoLink;
            let mut host = Host::new(Context::default(), &mut link);
            let args = Map::from_iter([(what, Value::str("../../a"))]);
            let result = (registry::find("tempfile").unwrap().run)(&args, &mut host);
            let message = result.err().unwrap().message;
            assert_eq!(
                message,
                format!("{what} must be a valid file name component, got '../../a'")
            );
        }
    }
}
