//! HTTPS and FTP through the host's programs: `curl`, `openssl` as a tunnel, or `wget` for simple requests.

use super::{
    http::{Request, Response},
    http1,
    url::Url,
};
use crate::{
    Host,
    host::{Command, Scratch},
};
use std::{fs, path::Path};

/// What curl ends with when the answer ended early.
const PARTIAL: i64 = 18;

/// One request and its answer.
pub(super) fn exchange(
    host: &mut Host<'_>,
    request: &Request,
    url: &Url,
    body: &Path,
) -> Result<Response, String> {
    if let Some(curl) = host.find_program("curl") {
        return by_curl(host, &curl, request, url, body)
            .map_err(|e| format!("Request failed: <urlopen error {e}>"));
    }
    if url.scheme == "https" && host.find_program("openssl").is_some() {
        return http1::exchange(host, request, url, body);
    }
    let failed = |e: String| format!("Request failed: <urlopen error {e}>");
    match host.find_program("wget") {
        Some(wget) => by_wget(host, &wget, request, url, body).map_err(failed),
        None => Err(failed(format!(
            "{} addresses need the program curl on this host; package `curl` has it",
            url.scheme
        ))),
    }
}

/// The last head in a text with several (proxies and interim answers have their own).
fn last_head(text: &str) -> Option<Response> {
    text.split("\r\n\r\n")
        .filter_map(|h| Response::parse(h.trim_start()))
        .last()
}

/// A line of curl's settings.
fn setting(name: &str, value: &str) -> String {
    let value = value.replace(['\r', '\n'], " ").replace('\\', "\\\\");
    format!("{name} = \"{}\"\n", value.replace('"', "\\\""))
}

/// What curl is told in a file: other users must not see passwords in the list of processes.
fn settings(request: &Request, url: &Url, proxy: Option<&Url>) -> String {
    let mut out = String::new();
    for (name, value) in &request.headers {
        // An empty value has a spelling of its own.
        let line = if value.is_empty() {
            format!("{name};")
        } else {
            format!("{name}: {value}")
        };
        out += &setting("header", &line);
    }
    if !request.has("accept-encoding") {
        out += &setting("header", "Accept-Encoding: identity");
    }
    if !request.has("connection") {
        out += &setting("header", "Connection: close");
    }
    // Headers of its own that curl leaves out when they are written so.
    for name in ["Accept", "Content-Type", "Expect", "User-Agent"] {
        if !request.has(name) {
            out += &setting("header", &format!("{name}:"));
        }
    }
    match proxy {
        Some(proxy) => {
            out += &setting("proxy", &proxy.text());
            if let Some((user, password)) = &proxy.user {
                out += &setting("proxy-user", &format!("{user}:{password}"));
            }
        }
        None => out += &setting("noproxy", "*"),
    }
    if let Some((user, password)) = request.login.as_ref().filter(|_| url.scheme == "ftp") {
        out += &setting("user", &format!("{user}:{password}"));
    }
    let tls = &request.tls;
    if tls.unchecked {
        out += "insecure\n";
    }
    for (name, path) in [
        ("cacert", &tls.authorities),
        ("cert", &tls.certificate),
        ("key", &tls.key),
        ("unix-socket", &request.socket),
    ] {
        if let Some(path) = path {
            out += &setting(name, &path.to_string_lossy());
        }
    }
    if !tls.ciphers.is_empty() {
        out += &setting("ciphers", &tls.ciphers.join(":"));
    }
    let target = if url.scheme == "ftp" {
        url.target.clone()
    } else {
        url.request_target()
    };
    out + &setting("url", &format!("{}://{}{target}", url.scheme, url.place()))
}

fn by_curl(
    host: &mut Host<'_>,
    curl: &Path,
    request: &Request,
    url: &Url,
    body: &Path,
) -> Result<Response, String> {
    let scratch = Scratch::new().map_err(|f| f.message)?;
    let head = scratch.join("head");
    let proxy = request.proxy(host, url);
    let settings = settings(request, url, proxy.as_ref());
    let config = scratch
        .write("config", settings.as_bytes())
        .map_err(|f| f.message)?;
    let seconds = request.timeout.as_secs().max(1).to_string();
    let mut command = Command::new(curl)
        .args(["-q", "-sS", "--globoff", "--http1.1", "--config"])
        .path(&config)
        .args(["--connect-timeout", &seconds])
        .args(["--speed-limit", "1", "--speed-time", &seconds, "-D"])
        .path(&head);
    // What curl writes for a HEAD is the head again.
    let head_only = request.method == "HEAD";
    let output = if head_only {
        scratch.join("nothing")
    } else {
        body.to_owned()
    };
    command = command.arg("-o").path(&output);
    command = match request.method.as_str() {
        "HEAD" => command.arg("-I"),
        method if url.scheme == "https" => command.args(["-X", method]),
        _ => command,
    };
    let sends = matches!(request.method.as_str(), "POST" | "PUT" | "PATCH");
    if let Some(bytes) = request.body.clone().or(sends.then(Vec::new)) {
        command = command.args(["--data-binary", "@-"]).stdin(bytes);
    }
    let out = host.query(command).map_err(|f| f.message)?;
    let text = fs::read(&head).unwrap_or_default();
    match last_head(&String::from_utf8_lossy(&text)) {
        Some(response) if out.rc == 0 => Ok(response),
        Some(response) if out.rc == PARTIAL => Ok(Response {
            short: true,
            ..response
        }),
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
    body: &Path,
) -> Result<Response, String> {
    let plain = request.tls.certificate.is_none() && request.tls.ciphers.is_empty();
    if request.method != "GET" || request.body.is_some() || request.socket.is_some() || !plain {
        return Err("this request needs the program curl on this host; package `curl` has it".into());
    }
    let mut command = Command::new(wget).args(["-q", "-S", "-O"]).path(body);
    command = command.arg(format!("--timeout={}", request.timeout.as_secs().max(1)));
    for (name, value) in &request.headers {
        command = command.arg(format!("--header={name}: {}", value.replace(['\r', '\n'], " ")));
    }
    if request.tls.unchecked {
        command = command.arg("--no-check-certificate");
    }
    if let Some(path) = &request.tls.authorities {
        command = command.arg(format!("--ca-certificate={}", path.display()));
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

#[cfg(test)]
mod tests {
    use super::{last_head, settings};
    use crate::net::{http::Request, url::Url};

    #[test]
    fn curl_is_told_what_to_send_and_nothing_else() {
        let mut request = Request::get("https://a.test/b%20c");
        request.set("X-Empty", "");
        request.set("X-Quoted", "a\"b\\\nc");
        request.tls.unchecked = true;
        let url = Url::parse(&request.url).unwrap();
        let told = settings(&request, &url, None);
        for line in [
            "header = \"X-Empty;\"",
            "header = \"X-Quoted: a\\\"b\\\\ c\"",
            "header = \"Accept:\"",
            "noproxy = \"*\"",
            "insecure",
            "url = \"https://a.test/b%20c\"",
        ] {
            assert!(told.lines().any(|l| l == line), "{line} is not in\n{told}");
        }
        let proxy = Url::parse("http://me:secret@proxy.test:3128").unwrap();
        let told = settings(&request, &url, Some(&proxy));
        assert!(
            told.contains("proxy = \"http://proxy.test:3128\"\nproxy-user = \"me:secret\"\n"),
            "{told}"
        );
    }

    #[test]
    fn the_answer_is_the_last_head() {
        let text = "HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 404 Not Found\r\nA: b\r\n\r\n";
        assert_eq!(last_head(text).unwrap().status, 404);
    }
}
