//! HTTP/1.1 over a connection: TCP, a socket of this machine, or TLS by `openssl`.

use super::{
    http::{Request, Response},
    http_auth, tls,
    url::Url,
};
use crate::{Host, host::spool};
use std::{
    fs::File,
    io::{self, BufRead, BufReader, ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    os::unix::net::UnixStream,
    path::Path,
};

/// Longest head of an answer.
const HEAD_LIMIT: u64 = 256 << 10;

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

fn connect(
    host: &mut Host<'_>,
    request: &Request,
    url: &Url,
    proxy: Option<&Url>,
) -> io::Result<Box<dyn Stream>> {
    if url.scheme == "https" {
        return Ok(Box::new(tls::connect(host, request, url, proxy)?));
    }
    if let Some(path) = &request.socket {
        let stream = UnixStream::connect(path)?;
        stream.set_read_timeout(Some(request.timeout))?;
        stream.set_write_timeout(Some(request.timeout))?;
        return Ok(Box::new(stream));
    }
    let place = proxy.unwrap_or(url);
    let mut last = io::Error::new(ErrorKind::NotFound, "[Errno -2] Name or service not known");
    for address in super::resolve::resolve(host, &place.host) {
        match TcpStream::connect_timeout(
            &SocketAddr::new(address, place.port.unwrap_or(80)),
            request.timeout,
        ) {
            Ok(stream) => {
                stream.set_read_timeout(Some(request.timeout))?;
                stream.set_write_timeout(Some(request.timeout))?;
                return Ok(Box::new(stream));
            }
            Err(e) => last = e,
        }
    }
    Err(last)
}

fn words(error: &io::Error) -> String {
    let text = error.to_string();
    match error.raw_os_error() {
        _ if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => "timed out".to_owned(),
        Some(n) => format!("[Errno {n}] {}", text.split(" (os error").next().unwrap_or("")),
        None => text,
    }
}

/// One request and its answer.
pub(super) fn exchange(
    host: &mut Host<'_>,
    request: &Request,
    url: &Url,
    body: &Path,
) -> Result<Response, String> {
    let proxy = request.proxy(host, url);
    let stream = connect(host, request, url, proxy.as_ref())
        .map_err(|e| format!("Request failed: <urlopen error {}>", words(&e)))?;
    talk(stream, request, url, proxy.as_ref(), body).map_err(|e| format!("Connection failure: {}", words(&e)))
}

/// Request line and headers.
fn head(request: &Request, url: &Url, proxy: Option<&Url>) -> String {
    // TLS goes through a proxy unseen.
    let proxy = proxy.filter(|_| url.scheme == "http");
    let target = match proxy {
        Some(_) => format!("http://{}{}", url.place(), url.request_target()),
        None => url.request_target(),
    };
    let mut head = format!("{} {target} HTTP/1.1\r\n", request.method);
    let clean = |text: &str| text.replace(['\r', '\n'], " ");
    if !request.has("host") {
        head += &format!("Host: {}\r\n", url.place());
    }
    for (name, value) in &request.headers {
        head += &format!("{}: {}\r\n", clean(name), clean(value));
    }
    for (name, value) in [("Accept-Encoding", "identity"), ("Connection", "close")] {
        if !request.has(name) {
            head += &format!("{name}: {value}\r\n");
        }
    }
    if let Some(login) = proxy.and_then(|p| p.user.as_ref()) {
        head += &format!("Proxy-Authorization: {}\r\n", http_auth::basic(login));
    }
    let sends = request.body.is_some() || matches!(request.method.as_str(), "POST" | "PUT" | "PATCH");
    if sends && !request.has("content-length") {
        let length = request.body.as_ref().map_or(0, Vec::len);
        head += &format!("Content-Length: {length}\r\n");
    }
    head + "\r\n"
}

fn talk(
    mut stream: Box<dyn Stream>,
    request: &Request,
    url: &Url,
    proxy: Option<&Url>,
    body: &Path,
) -> io::Result<Response> {
    stream.write_all(head(request, url, proxy).as_bytes())?;
    stream.write_all(request.body.as_deref().unwrap_or_default())?;
    stream.flush()?;
    let mut reader = BufReader::new(stream);
    let mut response = loop {
        let response = read_head(&mut reader)?;
        // Interim answers come before the real one.
        if response.status != 100 && response.status != 103 {
            break response;
        }
    };
    if request.method != "HEAD" && !matches!(response.status, 204 | 304) {
        let mut body = spool(body)?;
        match read_body(&mut reader, &response, &mut body) {
            Err(e) if e.kind() == ErrorKind::UnexpectedEof => response.short = true,
            other => other?,
        }
    }
    Ok(response)
}

fn read_head(reader: &mut impl BufRead) -> io::Result<Response> {
    let mut head = String::new();
    let mut limited = reader.take(HEAD_LIMIT);
    loop {
        let mut line = Vec::new();
        if limited.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let line = String::from_utf8_lossy(&line);
        if line.trim().is_empty() {
            break;
        }
        head.push_str(&line);
    }
    Response::parse(&head).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the answer is not HTTP"))
}

fn read_body(reader: &mut impl BufRead, response: &Response, body: &mut File) -> io::Result<()> {
    let short = || io::Error::new(io::ErrorKind::UnexpectedEof, "the answer ended early");
    if response
        .header("transfer-encoding")
        .is_some_and(|t| t.to_lowercase().contains("chunked"))
    {
        loop {
            let mut line = String::new();
            reader.by_ref().take(1024).read_line(&mut line)?;
            let digits = line.split(';').next().unwrap_or("").trim();
            let size = u64::from_str_radix(digits, 16).map_err(|_| short())?;
            if size == 0 {
                return Ok(());
            }
            if io::copy(&mut reader.by_ref().take(size), body)? != size {
                return Err(short());
            }
            let mut end = String::new();
            reader.by_ref().take(2).read_line(&mut end)?;
        }
    }
    match response
        .header("content-length")
        .and_then(|l| l.parse::<u64>().ok())
    {
        Some(size) if io::copy(&mut reader.take(size), body)? != size => Err(short()),
        Some(_) => Ok(()),
        None => io::copy(reader, body).map(|_| ()),
    }
}

#[cfg(test)]
mod tests {
    use super::read_body;
    use crate::net::http::Response;
    use std::io::{Cursor, Read, Seek};

    #[test]
    fn bodies_in_pieces_are_joined_and_short_ones_noticed() {
        let chunked = Response::parse("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n").unwrap();
        let mut file = tempfile::tempfile().unwrap();
        read_body(
            &mut Cursor::new("3\r\nabc\r\n2;x\r\nde\r\n0\r\n\r\n"),
            &chunked,
            &mut file,
        )
        .unwrap();
        file.rewind().unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "abcde");
        assert!(read_body(&mut Cursor::new("9\r\nabc"), &chunked, &mut file).is_err());
        let sized = Response::parse("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n").unwrap();
        assert!(read_body(&mut Cursor::new("abc"), &sized, &mut file).is_err());
    }
}
