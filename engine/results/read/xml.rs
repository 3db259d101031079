//! Tags of XML with their places, read in bounded memory. It is as lenient as those who write reports are careless: what lies
//! between tags is passed over, a tag that is none ends the file.

use std::io::{self, BufRead};

/// A longer tag is an error.
const LONGEST_TAG: usize = 256 * 1024;

/// A tag.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Tag {
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) opens: bool,
    pub(crate) closes: bool,
    /// Line, first byte, and the byte after its end.
    pub(crate) line: usize,
    pub(crate) from: u64,
    pub(crate) to: u64,
}

impl Tag {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// The tags of a file in their order.
pub(crate) struct Tags<R> {
    reader: R,
    at: u64,
    line: usize,
}

impl<R: BufRead> Tags<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self {
            reader,
            at: 0,
            line: 1,
        }
    }

    /// The line at which reading stands.
    pub(crate) fn line(&self) -> usize {
        self.line
    }

    fn byte(&mut self) -> io::Result<Option<u8>> {
        let byte = loop {
            match self.reader.fill_buf() {
                Ok(buffer) => break buffer.first().copied(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        };
        if let Some(byte) = byte {
            self.reader.consume(1);
            self.at += 1;
            self.line += usize::from(byte == b'\n');
        }
        Ok(byte)
    }

    /// Passes over everything up to and with a mark.
    fn skip_past(&mut self, mark: &[u8]) -> io::Result<()> {
        let mut last: Vec<u8> = Vec::new();
        while let Some(byte) = self.byte()? {
            if last.len() == mark.len() {
                last.remove(0);
            }
            last.push(byte);
            if last == mark {
                break;
            }
        }
        Ok(())
    }

    /// The next tag.
    pub(crate) fn next_tag(&mut self) -> io::Result<Option<Tag>> {
        loop {
            match self.byte()? {
                None => return Ok(None),
                Some(b'<') => {}
                Some(_) => continue,
            }
            let (from, line) = (self.at - 1, self.line);
            let mut text = Vec::new();
            let mut quote = None;
            loop {
                let Some(byte) = self.byte()? else {
                    return Err(io::Error::other("the file ends within a tag"));
                };
                match (quote, byte) {
                    (None, b'>') => break,
                    (None, b'"' | b'\'') => quote = Some(byte),
                    (Some(open), close) if open == close => quote = None,
                    _ => {}
                }
                text.push(byte);
                if text == b"!--" || text == b"![CDATA[" || text.len() > LONGEST_TAG {
                    break;
                }
            }
            match &text[..] {
                b"!--" => self.skip_past(b"-->")?,
                b"![CDATA[" => self.skip_past(b"]]>")?,
                [b'!' | b'?', ..] => {}
                long if long.len() > LONGEST_TAG => {
                    return Err(io::Error::other("a tag without an end"));
                }
                _ => {
                    let to = self.at;
                    let text = String::from_utf8_lossy(&text);
                    if let Some(mut tag) = take_apart(&text) {
                        (tag.line, tag.from, tag.to) = (line, from, to);
                        return Ok(Some(tag));
                    }
                }
            }
        }
    }
}

fn take_apart(text: &str) -> Option<Tag> {
    let (text, closing) = text.strip_prefix('/').map_or((text, false), |t| (t, true));
    let (text, empty) = text.strip_suffix('/').map_or((text, false), |t| (t, true));
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let name = text[..end].to_owned();
    if !name.starts_with(|c: char| c.is_alphabetic() || c == '_') {
        return None;
    }
    let mut attributes = Vec::new();
    let mut rest = text[end..].trim_start();
    while let Some((key, after)) = rest.split_once('=') {
        let after = after.trim_start();
        let Some(quote) = after.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
            break;
        };
        let Some((value, next)) = after[1..].split_once(quote) else {
            break;
        };
        // What an unescaped quote left over stands before the key.
        let key = key
            .rsplit(char::is_whitespace)
            .find(|k| !k.is_empty())
            .unwrap_or_default();
        attributes.push((
            key.to_owned(),
            crate::text::plain(&unescape(value).replace('\n', " ")),
        ));
        rest = next.trim_start();
    }
    Some(Tag {
        name,
        attributes,
        opens: !closing,
        closes: closing || empty,
        line: 0,
        from: 0,
        to: 0,
    })
}

/// Entities as characters.
pub(crate) fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.bytes().take(12).position(|b| b == b';');
        let entity = end.and_then(|end| {
            let c = match &rest[1..end] {
                "amp" => Some('&'),
                "lt" => Some('<'),
                "gt" => Some('>'),
                "quot" => Some('"'),
                "apos" => Some('\''),
                number => number
                    .strip_prefix("#x")
                    .map(|n| u32::from_str_radix(n, 16))
                    .or_else(|| number.strip_prefix('#').map(str::parse))
                    .and_then(Result::ok)
                    .and_then(char::from_u32),
            };
            c.map(|c| (c, end))
        });
        match entity {
            Some((c, end)) => {
                out.push(c);
                rest = &rest[end + 1..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::{Tags, unescape};

    fn told(text: &str) -> Vec<String> {
        let mut tags = Tags::new(text.as_bytes());
        let mut out = Vec::new();
        loop {
            match tags.next_tag() {
                Ok(Some(t)) => out.push(format!(
                    "{}{}{} {:?} line {}",
                    if t.opens { "" } else { "/" },
                    t.name,
                    if t.opens && t.closes { "/" } else { "" },
                    t.attributes,
                    t.line
                )),
                Ok(None) => return out,
                Err(error) => {
                    out.push(error.to_string());
                    return out;
                }
            }
        }
    }

    #[test]
    fn tags_are_told_and_the_rest_is_passed_over() {
        assert_eq!(
            told(
                "<?xml version=\"1.0\"?>\n<!-- <no> -->\n<a b=\"x &gt; <y>\" c = 'd'>text<![CDATA[<no></a>]]>\n\
                 <e/></a>\n<f g=\"h\"i\" j=\"k\">< 3"
            ),
            [
                "a [(\"b\", \"x > <y>\"), (\"c\", \"d\")] line 3",
                "e/ [] line 4",
                "/a [] line 4",
                "the file ends within a tag",
            ]
        );
    }

    #[test]
    fn entities_are_characters() {
        assert_eq!(unescape("&lt;&#65;&#x42;&apos;&nbsp;& &"), "<AB'&nbsp;& &");
        assert_eq!(unescape("&#xffffffff;é&amp;"), "&#xffffffff;é&");
    }
}
