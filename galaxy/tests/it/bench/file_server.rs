//! A folder on a real web server: that of Python, on a free port.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

/// The server, which ends with it.
pub(crate) struct FileServer {
    process: Child,
    url: String,
}

impl FileServer {
    pub(crate) fn start(folder: &Path) -> Self {
        let mut command = Command::new("python3");
        command
            .args(["-u", "-m", "http.server", "--bind", "127.0.0.1", "0"])
            .current_dir(folder);
        Self::of(&mut command)
    }

    /// A program that tells its port as that one does.
    pub(crate) fn of(program: &mut Command) -> Self {
        let mut process = program
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        let port = line
            .split("port ")
            .nth(1)
            .and_then(|r| r.split(' ').next())
            .unwrap();
        Self {
            url: format!("http://127.0.0.1:{}/", port.trim()),
            process,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }
}

impl Drop for FileServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
