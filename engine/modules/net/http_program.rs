//! HTTPS and FTP through the host's `curl`, or `wget` for simple requests.

use super::{
    http::{Request, Response},
    url::Url,
};
use crate::{Host, host::Command};
use std::{
    fs::{self, File},
    io,
    path::Path,
};

/// One request and its answer.
pub(super) fn exchange(
    host: &mut Host<'_>,
    request: &Request,
    url: &Url,
    body: &mut File,
) -> Result<Response, String> {
    let folder =
        crate::files::tempfile::make_folder(&std::env::temp_dir(), "kdo.", "").map_err(|f| f.message)?;
    let result = if let Some(curl) = host.find_program("curl") {
        by_curl(host, &curl, request, url, &folder)
    } else if let Some(wget) = host.find_program("wget") {
        by_wget(host, &wget, request, url, &folder)
    } else {
        Err(format!(
            "{} addresses need the program curl or wget on this host; package `curl` or `wget` has it",
            url.scheme
        ))
    };
    let copied = result.and_then(|response| {
        match File::open(folder.join("body")) {
            Ok(mut file) => io::copy(&mut file, body).map(|_| ()).map_err(|e| e.to_string())?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(e.to_string()),
        }
        Ok(response)
    });
    let _ = fs::remove_dir_all(&folder);
    copied
}

/// The last head in a text with several (proxies and interim answers have their own).
fn last_head(text: &str) -> Option<Response> {
    text.split("\r\n\r\n")
        .filter_map(|h| Response::parse(h.trim_start()))
        .last()
}

fn by_curl(
    host: &mut Host<'_>,
    curl: &Path,
    request: &Request,
    url: &Url,
    folder: &Path,
) -> Result<Response, String> {
    let (head, body) = (folder.join("head"), folder.join("body"));
    let seconds = request.timeout.as_secs().max(1).to_string();
    // Headers and body go through a file and standard input: other users must not see passwords in the process list.
    let mut settings = String::new();
    for (name, value) in &request.headers {
        let line = format!("{name}: {value}").replace(['\r', '\n'], " ");
        settings.push_str(&format!(
            "header = \"{}\"\n",
            line.replace('\\', "\\\\").replace('"', "\\\"")
        ));
    }
    let config = folder.join("config");
    fs::write(&config, settings).map_err(|e| e.to_string())?;
    let mut command = Command::new(curl)
        .args(["-q", "-sS", "--globoff", "--config"])
        .path(&config)
        .args([
            "--connect-timeout",
            &seconds,
            "--speed-limit",
            "1",
            "--speed-time",
            &seconds,
        ])
        .arg("-D")
        .path(&head)
        .arg("-o")
        .path(&body);
    command = if request.method == "HEAD" {
        command.arg("-I")
    } else {
        command.args(["-X", &request.method])
    };
    if !request.validate_certs {
        command = command.arg("-k");
    }
    if !request.use_proxy {
        command = command.args(["--noproxy", "*"]);
    }
    if let Some(socket) = &request.socket {
        command = command.arg("--unix-socket").path(socket);
    }
    command = command.args(&request.tls);
    if !request.body.is_empty() {
        command = command.args(["--data-binary", "@-"]).stdin(request.body.clone());
        if !request
            .headers
            .iter()
            .any(|(k, _)| k.eq_ignore_ascii_case("content-type"))
        {
            command = command.args(["-H", "Content-Type:"]);
        }
    }
    let out = host.query(command.arg(url.text())).map_err(|f| f.message)?;
    let text = fs::read_to_string(&head).unwrap_or_default();
    match last_head(&text) {
        Some(response) if out.rc == 0 => Ok(response),
        None if out.rc == 0 => Ok(Response {
            status: 200,
            reason: "OK".into(),
            ..Response::default()
        }),
        _ => Err(out.stderr_text().trim().to_owned()),
    }
}

fn by_wget(
    host: &mut Host<'_>,
    wget: &Path,
    request: &Request,
    url: &Url,
    folder: &Path,
) -> Result<Response, String> {
    let mut command = Command::new(wget)
        .args(["-q", "-S", "-O"])
        .path(&folder.join("body"));
    if request.method != "GET" || request.socket.is_some() || !request.tls.is_empty() {
        return Err("this request needs the program curl on this host; package `curl` has it".into());
    }
    command = command.arg(format!("--timeout={}", request.timeout.as_secs().max(1)));
    for (name, value) in &request.headers {
        command = command.arg(format!("--header={name}: {}", value.replace(['\r', '\n'], " ")));
    }
    if !request.validate_certs {
        command = command.arg("--no-check-certificate");
    }
    let out = host.query(command.arg(url.text())).map_err(|f| f.message)?;
    // Heads are shown indented, one after the other when there are redirections.
    let text = out.stderr_text();
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let last = lines.iter().rposition(|l| l.starts_with("HTTP/"));
    let response = last.and_then(|n| Response::parse(&lines.get(n..)?.join("\n")));
    match response {
        Some(response) => Ok(response),
        None if out.rc == 0 => Ok(Response {
            status: 200,
            reason: "OK".into(),
            ..Response::default()
        }),
        None => Err(text.trim().to_owned()),
    }
}
