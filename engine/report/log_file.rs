//! `log_path`: what is on the screen, with time and level, in a file.

use crate::{Console, Default, Options};
use kdo_event::{Event, Sink};
use std::{
    cell::RefCell,
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    rc::Rc,
};

/// Writes the default view's lines into a file, as `TIME p=PID u=USER n=ansible LEVEL| TEXT`.
pub struct LogFile {
    view: Default,
}

struct Lines(Rc<RefCell<File>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let body = text.trim_start_matches('\n');
        if body.trim().is_empty() {
            return Ok(bytes.len());
        }
        let level = if body.starts_with("[WARNING]") {
            "WARNING"
        } else if body.starts_with("[ERROR]") {
            "ERROR"
        } else {
            "INFO"
        };
        let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME"));
        let user = user.unwrap_or_else(|_| "root".to_owned());
        let now = jiff::Zoned::now().strftime("%Y-%m-%d %H:%M:%S,%3f").to_string();
        let head = format!("{now} p={} u={user} n=ansible {level}| ", std::process::id());
        let out = if body.starts_with("PLAY RECAP ") {
            // Its lines are messages of their own.
            body.lines().map(|l| format!("{head}{l}\n")).collect()
        } else if level == "INFO" {
            format!("{head}{}\n", body.strip_suffix('\n').unwrap_or(body))
        } else {
            format!("{head}{body}\n")
        };
        self.0.borrow_mut().write_all(out.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl LogFile {
    /// Appends to a file. `verbosity` may be more than what the screen shows.
    pub fn open(path: &Path, options: &Options, verbosity: u8) -> io::Result<Self> {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o640)
            .open(path)?;
        let file = Rc::new(RefCell::new(file));
        let to = || Box::new(Lines(Rc::clone(&file)));
        let console = Console::new(to(), to(), false);
        let view = Default::new(
            console,
            Options {
                color: false,
                terminal: false,
                text_results: false,
                verbosity,
                ..options.clone()
            },
        );
        Ok(Self { view })
    }
}

impl Sink for LogFile {
    fn event(&mut self, event: &Event) {
        self.view.event(event);
    }
}

#[cfg(test)]
mod tests {
    use super::LogFile;
    use crate::{Options, golden};
    use kdo_event::Sink;
    use std::fs;

    #[test]
    fn lines_have_time_process_user_and_level() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut sink = LogFile::open(&path, &Options::default(), 0).unwrap();
        golden::events("main").iter().for_each(|e| sink.event(e));
        let text = fs::read_to_string(path).unwrap();
        let ends: Vec<&str> = text
            .lines()
            .filter_map(|l| l.split_once(" n=ansible ").map(|p| p.1))
            .collect();
        assert!(ends[0].starts_with("INFO| PLAY [p] ****"), "{text}");
        assert!(ends.contains(&"INFO| changed: [a]"), "{text}");
        assert!(
            text.contains("ERROR| [ERROR]: Task failed: Module failed: non-zero return code\nOrigin: "),
            "{text}"
        );
        assert!(
            ends[ends.len() - 1].starts_with("INFO| a                          : ok="),
            "{text}"
        );
        assert!(!text.contains("secret") && text.ends_with('\n'), "{text}");
    }
}
