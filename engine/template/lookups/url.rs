//! The lookup of what web servers answer.

use super::options::{flag, word};
use crate::{
    Call, Callable, TemplateError,
    declare::callable,
    filters::{Url, split_lines},
    iterate::text,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use kdo_value::Value;
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpStream, ToSocketAddrs},
    time::Duration,
};

pub(crate) const CALLABLES: &[Callable] = &[callable!(
    "ansible.builtin.url",
    url,
    "The lines, or the text, that a web server answers with. Only `http://` so far.",
    []
)];

/// Longest answer that is kept.
const LIMIT: u64 = 64 << 20;
/// Redirections that are followed.
const HOPS: usize = 10;

struct Request {
    headers: Vec<(String, String)>,
    timeout: Duration,
    follow: bool,
}

/// Sends one request and gives status, location and body.
fn fetch(address: &str, request: &Request) -> Result<(u16, String, Vec<u8>), String> {
    let url = Url::read(address);
    match url.scheme.as_str() {
        "http" => {}
        "https" => {
            return Err("https is not supported by this lookup yet; use the uri or get_url module".into());
        }
        other => return Err(format!("unknown url type: {other}")),
    }
    let (host, port) = url.host();
    let host = host.ok_or("no host given")?;
    let port: u16 = port
        .map_or(Ok(80), str::parse)
        .map_err(|_| "bad port".to_owned())?;
    let failed = |e: std::io::Error| format!("<urlopen error {e}>");
    let mut last = "<urlopen error no address>".to_owned();
    let mut stream = None;
    for address in (host.as_str(), port).to_socket_addrs().map_err(failed)? {
        match TcpStream::connect_timeout(&address, request.timeout) {
            Ok(s) => {
                stream = Some(s);
                break;
            }
            Err(e) => last = failed(e),
        }
    }
    let Some(mut stream) = stream else {
        return Err(last);
    };
    stream.set_read_timeout(Some(request.timeout)).map_err(failed)?;
    stream.set_write_timeout(Some(request.timeout)).map_err(failed)?;
    let path = if url.path.is_empty() { "/" } else { &url.path };
    let query = if url.query.is_empty() {
        String::new()
    } else {
        format!("?{}", url.query)
    };
    let shown = if host.contains(':') {
        format!("[{host}]")
    } else {
        host
    };
    let at = if port == 80 {
        shown
    } else {
        format!("{shown}:{port}")
    };
    let mut head = format!("GET {path}{query} HTTP/1.0\r\nHost: {at}\r\nConnection: close\r\n");
    for (name, value) in &request.headers {
        if format!("{name}{value}").contains(['\r', '\n']) {
            return Err("headers must not hold line breaks".into());
        }
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).map_err(failed)?;
    let mut reader = BufReader::new(stream).take(LIMIT);
    let mut line = String::new();
    reader.read_line(&mut line).map_err(failed)?;
    let status = line
        .split_whitespace()
        .nth(1)
        .and_then(|s| s.parse().ok())
        .ok_or("bad status line")?;
    let (mut location, mut chunked) = (String::new(), false);
    loop {
        line.clear();
        if reader.read_line(&mut line).map_err(failed)? == 0 || line.trim_end().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            match name.to_ascii_lowercase().as_str() {
                "location" => location = value.trim().to_owned(),
                "transfer-encoding" => chunked = value.to_ascii_lowercase().contains("chunked"),
                _ => {}
            }
        }
    }
    let mut body = Vec::new();
    if chunked {
        loop {
            line.clear();
            reader.read_line(&mut line).map_err(failed)?;
            let size = line.split(';').next().unwrap_or("").trim();
            let size = u64::from_str_radix(size, 16).map_err(|_| "bad chunk".to_owned())?;
            if size == 0 {
                break;
            }
            let read = reader
                .by_ref()
                .take(size)
                .read_to_end(&mut body)
                .map_err(failed)?;
            if read as u64 != size {
                return Err("the answer was cut off".into());
            }
            line.clear();
            reader.read_line(&mut line).map_err(failed)?;
        }
    } else {
        reader.read_to_end(&mut body).map_err(failed)?;
    }
    if reader.limit() == 0 {
        return Err("the answer is too long".into());
    }
    Ok((status, location, body))
}

fn get(address: &str, request: &Request) -> Result<Vec<u8>, String> {
    let mut address = address.to_owned();
    for _ in 0..HOPS {
        let (status, location, body) = fetch(&address, request)?;
        match status {
            200..=299 => return Ok(body),
            301 | 302 | 303 | 307 | 308 if request.follow && !location.is_empty() => {
                let base = Url::read(&address);
                address = if location.contains("://") {
                    location
                } else if location.starts_with('/') {
                    format!("{}://{}{location}", base.scheme, base.netloc)
                } else {
                    let folder = base.path.rsplit_once('/').map_or("", |(f, _)| f);
                    format!("{}://{}{folder}/{location}", base.scheme, base.netloc)
                };
            }
            status => return Err(format!("HTTP Error {status}")),
        }
    }
    Err("too many redirections".into())
}

fn url(call: &Call<'_>) -> Result<Value, TemplateError> {
    let mut headers = Vec::new();
    headers.push((
        "User-Agent".to_owned(),
        word(call, "http_agent")?.unwrap_or_else(|| "ansible-httpget".into()),
    ));
    if let Some(Value::Map(given)) = call.keyword("headers") {
        for (name, value) in given.text_entries() {
            headers.push((name, text(&value)?));
        }
    }
    if let Some(user) = word(call, "username")? {
        let password = word(call, "password")?.unwrap_or_default();
        headers.push((
            "Authorization".into(),
            format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))),
        ));
    }
    let seconds = match call.keyword("timeout") {
        Some(v) => v.as_float().unwrap_or(10.0).clamp(0.1, 86_400.0),
        None => 10.0,
    };
    let follow = word(call, "follow_redirects")?.unwrap_or_else(|| "urllib2".into());
    let request = Request {
        headers,
        timeout: Duration::from_secs_f64(seconds),
        follow: !matches!(follow.as_str(), "none" | "no" | "False"),
    };
    let mut out = Vec::new();
    for term in &call.args {
        let address = text(term)?;
        let body = match get(&address, &request) {
            Ok(body) => String::from_utf8_lossy(&body).into_owned(),
            Err(e) => return call.fail(format!("Failed lookup url for {address}: {e}")),
        };
        if flag(call, "split_lines", true) {
            out.extend(split_lines(&body).into_iter().map(Value::str));
        } else {
            out.push(Value::str(body));
        }
    }
    Ok(Value::list(out))
}

#[cfg(test)]
mod tests {
    use super::{Request, get};
    use std::{
        io::{BufRead, BufReader, Write},
        net::TcpListener,
        time::Duration,
    };

    #[test]
    fn redirections_are_followed_and_chunks_joined() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            for answer in [
                "HTTP/1.1 302 Found\r\nLocation: /b\r\n\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
            ] {
                let (mut stream, _) = listener.accept().unwrap();
                let mut line = String::new();
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                while reader.read_line(&mut line).unwrap() > 2 {}
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        let request = Request {
            headers: Vec::new(),
            timeout: Duration::from_secs(5),
            follow: true,
        };
        assert_eq!(
            get(&format!("http://127.0.0.1:{port}/a"), &request).unwrap(),
            b"abcde"
        );
        server.join().unwrap();
        assert!(get("https://127.0.0.1/", &request).unwrap_err().contains("https"));
    }
}
