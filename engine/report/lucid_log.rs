//! The file in which `lucid` writes everything, whatever is on the screen.

use crate::{
    Console, clean, lines,
    lucid::{command, duration, sign, texts},
    output_file,
    render::json_text,
};
use kdo_event::{HostResult, Status};
use std::{
    cell::RefCell,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::Path,
};

pub(crate) struct LucidLog {
    console: Console,
    warn: String,
    file: RefCell<Option<File>>,
}

impl LucidLog {
    pub(crate) fn new(console: Console, warn: String) -> Self {
        Self {
            console,
            warn,
            file: RefCell::new(None),
        }
    }

    /// Opens the playbook's file: in the project, else the home, else the system's folder. Gives its path if it is new.
    pub(crate) fn begin(&mut self, playbook: &str) -> Option<String> {
        if self.file.borrow().is_some() {
            return None;
        }
        let stem = playbook.rsplit_once('.').map_or(playbook, |(stem, _)| stem);
        let name = format!("{stem}-{}.log", jiff::Zoned::now().strftime("%Y-%m-%d_%H-%M-%S"));
        for folder in [".ansible/logs", "~/.ansible/logs", "/var/log/ansible"] {
            let folder = output_file::folder(folder);
            if let Ok(file) = create(&folder, &name) {
                *self.file.borrow_mut() = Some(file);
                self.write(&format!(
                    "=== Ansible Playbook Log Started: {} ===\n=== Playbook: {playbook} ===\n\n",
                    stamp()
                ));
                return Some(folder.join(&name).display().to_string());
            }
        }
        None
    }

    fn write(&self, text: &str) {
        let mut file = self.file.borrow_mut();
        if let Some(Err(error)) = file.as_mut().map(|f| f.write_all(text.as_bytes())) {
            *file = None;
            self.console.warning(
                &format!("Log write failed, disabling logging: {error}"),
                &self.warn,
            );
        }
    }

    pub(crate) fn line(&self, text: &str) {
        self.write(&format!("[{}] {text}\n", stamp()));
    }

    pub(crate) fn item(&self, of: &HostResult) {
        if of.task.no_log {
            return;
        }
        let label = lines::item_label(of).unwrap_or_default();
        if let Some(command) = command(of) {
            self.line(&format!("  [{label}] $ {command}"));
        }
        for key in ["stdout", "stderr", "msg"] {
            let text = crate::default::text_of(&of.result, key);
            if !text.is_empty() {
                self.line(&format!("  [{label}] {key}: {text}"));
            }
        }
    }

    pub(crate) fn result(&self, of: &HostResult) {
        self.line(&format!(
            "  {} [{}] ({})",
            sign(of.status),
            lines::host_label(of),
            duration(of.elapsed)
        ));
        if let Some(command) = command(of) {
            self.line(&format!("\n$ {command}"));
        }
        let map = clean::shown(of, 2);
        let text = texts(&map, true);
        if !text.is_empty() {
            self.line(&text);
        }
        if matches!(of.status, Status::Failed | Status::Unreachable) {
            if let Some(error) = &of.error {
                self.line(&format!("[ERROR]: {error}"));
            }
            self.line(&format!("task path: {}", of.task.path));
        }
        self.line(&format!("FULL RESULT:\n{}", json_text(&map, Some(4))));
    }

    pub(crate) fn end(&self) {
        self.line(&format!("\n=== Playbook Completed: {} ===", stamp()));
    }
}

fn create(folder: &Path, name: &str) -> io::Result<File> {
    fs::create_dir_all(folder)?;
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.join(name))
}

fn stamp() -> String {
    jiff::Zoned::now().strftime("%Y-%m-%dT%H:%M:%S.%6f").to_string()
}
