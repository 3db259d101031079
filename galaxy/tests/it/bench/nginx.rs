//! nginx over a folder, as docs/galaxy.md tells to serve a mirror.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// The server, which ends with it.
pub(crate) struct Nginx {
    server: Child,
    port: u16,
}

impl Nginx {
    /// Serves a folder; `files` is for its own. None where there is no nginx, on the machine of a developer.
    pub(crate) fn start(root: &Path, files: &Path) -> Option<Self> {
        let program = ["/usr/sbin/nginx", "/usr/bin/nginx"]
            .into_iter()
            .find(|p| Path::new(p).is_file());
        let Some(program) = program else {
            assert!(std::env::var_os("CI").is_none(), "there is no nginx");
            eprintln!("SKIPPED: there is no nginx");
            return None;
        };
        let port = TcpListener::bind(("127.0.0.1", 0))
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        fs::create_dir_all(files).unwrap();
        let (root, own) = (root.display(), files.display());
        let user = if rustix::process::geteuid().is_root() {
            "user root;"
        } else {
            ""
        };
        let text = format!(
            "daemon off; worker_processes 1; {user} pid {own}/pid; error_log {own}/error.log;\n\
             events {{}}\n\
             http {{ access_log off; client_body_temp_path {own}/body; proxy_temp_path {own}/proxy;\n\
             fastcgi_temp_path {own}/fastcgi; uwsgi_temp_path {own}/uwsgi; scgi_temp_path {own}/scgi;\n\
             server {{ listen 127.0.0.1:{port}; root {root}; index index.html;\n\
             location = /api/v1/roles/ {{\n\
             try_files /api/v1/q/$arg_owner__username.$arg_name.json /api/v1/q/none.json;\n\
             }} }} }}\n"
        );
        let config = files.join("nginx.conf");
        fs::write(&config, text).unwrap();
        let server = Command::new(program)
            .arg("-p")
            .arg(files)
            .arg("-c")
            .arg(&config)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let started = Self { server, port };
        let until = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until, "nginx does not listen");
            std::thread::yield_now();
        }
        Some(started)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Asked to, it ends its workers too.
        let pid = rustix::process::Pid::from_child(&self.server);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let _ = self.server.wait();
    }
}
