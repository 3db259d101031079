//! HTTP/1.1 over a plain connection.

use super::{
    http::{Request, Response},
    url::Url,
};
use crate::Host;
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    os::unix::net::UnixStream,
};

/// Longest head of an answer.
const HEAD_LIMIT: u64 = 256 << 10;

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

fn connect(host: &mut Host<'_>, request: &Request, place: &Url) -> io::Result<Box<dyn Stream>> {
    if let Some(path) = &request.socket {
        let stream = UnixStream::connect(path)?;
        stream.set_read_timeout(Some(request.timeout))?;
        stream.set_write_timeout(Some(request.timeout))?;
        return Ok(Box::new(stream));
    }
    let mut last = io::Error::new(io::ErrorKind::NotFound, "Name or service not known");
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
        Some(n) => format!("[Errno {n}] {}", text.split(" (os error").next().unwrap_or("")),
        None => text,
    }
}

/// One request and its answer.
pub(super) fn exchange(
    host: &mut Host<'_>,
    request: &Request,
    url: &Url,
    body: &mut File,
) -> Result<Response, String> {
    let proxy = request.proxy(host, url);
    talk(host, request, url, proxy.as_ref(), body).map_err(|e| words(&e))
}

fn talk(
    host: &mut Host<'_>,
    request: &Request,
    url: &Url,
    proxy: Option<&Url>,
    body: &mut File,
) -> io::Result<Response> {
    let mut stream = connect(host, request, proxy.unwrap_or(url))?;
    let target = if proxy.is_some() {
        url.text()
    } else {
        url.target.clone()
    };
    let target = target.replace(' ', "%20");
    let mut head = format!("{} {target} HTTP/1.1\r\n", request.method);
    let given = |name: &str| request.headers.iter().any(|(k, _)| k.eq_ignore_ascii_case(name));
    let clean = |text: &str| text.replace(['\r', '\n'], " ");
    if !given("host") {
        head.push_str(&format!("Host: {}\r\n", url.place()));
    }
    for (name, value) in &request.headers {
        head.push_str(&format!("{}: {}\r\n", clean(name), clean(value)));
    }
    for (name, value) in [("Accept-Encoding", "identity"), ("Connection", "close")] {
        if !given(name) {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    let sends = !request.body.is_empty() || matches!(request.method.as_str(), "POST" | "PUT" | "PATCH");
    if sends && !given("content-length") {
        head.push_str(&format!("Content-Length: {}\r\n", request.body.len()));
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes())?;
    stream.write_all(&request.body)?;
    stream.flush()?;
    let mut reader = BufReader::new(stream);
    let response = loop {
        let response = read_head(&mut reader)?;
        // Interim answers come before the real one.
        if response.status != 100 && response.status != 103 {
            break response;
        }
    };
    if request.method != "HEAD" && !matches!(response.status, 204 | 304) {
        read_body(&mut reader, &response, body)?;
    }
    body.flush()?;
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
