//! Filters, tests and lookups that users bring along: programs that speak JSON. Those in Python are named.

mod exchange;
mod folders;
mod program;
mod python;

pub(crate) use folders::{Folders, short};
pub(crate) use python::{module, of_kind, of_variables};

use kdo_template::{PluginCall, PluginKind, Plugins, TemplateError};
use kdo_value::Value;
use program::Program;
use std::{
    cell::RefCell,
    collections::HashMap,
    path::{Path, PathBuf},
    rc::Rc,
    time::Duration,
};

/// A plugin by name, as it was found.
enum Found {
    /// A file that can be executed.
    Program(Rc<Program>),
    /// A file of that name that may not be executed.
    Plain(PathBuf),
    /// Python text that gives the name.
    Python(PathBuf),
}

/// The plugins of a run.
pub(crate) struct UserPlugins {
    folders: Rc<Folders>,
    timeout: Duration,
    programs: RefCell<HashMap<PathBuf, Rc<Program>>>,
}

impl UserPlugins {
    /// Those in `folders`; an answer may take as long as `timeout`.
    pub(crate) fn new(folders: Rc<Folders>, timeout: Duration) -> Self {
        Self {
            folders,
            timeout,
            programs: RefCell::default(),
        }
    }

    fn find(&self, kind: PluginKind, name: &str) -> Option<Found> {
        let (folders, short) = self.folders.of(kind, name);
        let mut plain = None;
        for folder in &folders {
            for path in files(folder) {
                let python = path.extension().is_some_and(|e| e == "py" || e == "pyc");
                if python || path.file_stem().is_none_or(|s| s != short.as_str()) {
                    continue;
                }
                if is_executable(&path) {
                    let mut programs = self.programs.borrow_mut();
                    let program = programs
                        .entry(path.clone())
                        .or_insert_with(|| Rc::new(Program::new(path, self.timeout)));
                    return Some(Found::Program(Rc::clone(program)));
                }
                plain.get_or_insert(path);
            }
        }
        let python = folders.iter().find_map(|f| python::giving(f, kind, &short));
        python.map(Found::Python).or(plain.map(Found::Plain))
    }
}

impl Plugins for UserPlugins {
    fn has(&self, kind: PluginKind, name: &str) -> bool {
        matches!(self.find(kind, name), Some(Found::Program(_)))
    }

    fn call(&self, call: &PluginCall<'_>) -> Option<Result<Value, TemplateError>> {
        let word = call.kind.word();
        let error = match self.find(call.kind, call.name)? {
            Found::Program(program) => {
                return Some(
                    exchange::exchange(&program, call).map_err(|message| TemplateError {
                        plugin: Some(format!("{word} plugin '{}'", call.name).into()),
                        ..TemplateError::new(message)
                    }),
                );
            }
            Found::Plain(path) => TemplateError {
                help: Some(format!("make it executable: chmod +x {}", path.display()).into()),
                ..TemplateError::new(format!(
                    "the {word} '{}' is no built-in one, and `{}` may not be executed",
                    call.name,
                    path.display()
                ))
            },
            Found::Python(path) => TemplateError {
                help: Some(python::ADVICE.into()),
                ..TemplateError::new(format!(
                    "the {word} '{}' is written in Python (`{}`), and kdo runs no Python",
                    call.name,
                    path.display()
                ))
            },
        };
        Some(Err(error))
    }
}

/// The files of a folder, sorted; none if it is not there.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|e| e.path()).filter(|p| p.is_file()).collect();
    files.sort();
    files
}

fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|m| m.permissions().mode() & 0o111 != 0)
}
