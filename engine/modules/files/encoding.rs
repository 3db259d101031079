//! Encodings of texts by Python's names: the usual ones here, all others by the host's `iconv`.

use crate::{
    Failure, Host,
    host::{Command, Output},
};

/// How a text is encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Known(Table),
    /// What only the host's `iconv` knows, by its name there.
    Other(String),
}

/// An encoding that is built in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    Utf8,
    /// UTF-8 with a byte order mark at the beginning.
    Utf8Signed,
    Ascii,
    Latin1,
    /// Latin 1 with the euro sign and seven other letters.
    Latin9,
    Windows1252,
    Utf16(Order),
    Utf32(Order),
}

/// Which byte comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// As the byte order mark says; written with one, little end first.
    Marked,
    Little,
    Big,
}

/// Why bytes cannot be read as a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Undecodable {
    /// From this byte on it is not what the encoding says.
    At(usize),
    /// Nobody knows the encoding.
    Unknown,
}

const LATIN9: &[(u8, char)] = &[
    (0xa4, '€'),
    (0xa6, 'Š'),
    (0xa8, 'š'),
    (0xb4, 'Ž'),
    (0xb8, 'ž'),
    (0xbc, 'Œ'),
    (0xbd, 'œ'),
    (0xbe, 'Ÿ'),
];

/// What 0x80 to 0x9f mean; U+FFFD for nothing.
const WINDOWS_1252: &str = "€\u{fffd}‚ƒ„…†‡ˆ‰Š‹Œ\u{fffd}Ž\u{fffd}\u{fffd}‘’“”•–—˜™š›œ\u{fffd}žŸ";

impl Encoding {
    /// The encoding of that name.
    pub(super) fn named(name: &str) -> Self {
        Table::named(name).map_or_else(|| Self::Other(name.to_owned()), Self::Known)
    }

    /// The text that the bytes mean.
    pub(super) fn decode(&self, bytes: &[u8], host: &mut Host<'_>) -> Result<String, Undecodable> {
        match self {
            Self::Known(table) => table.decode(bytes),
            Self::Other(name) => {
                let out = iconv(name, "UTF-8", bytes, host).map_err(|_| Undecodable::Unknown)?;
                let words = out.stderr_text();
                match out.rc {
                    0 => Ok(out.stdout_text()),
                    _ if words.contains("illegal input") || words.contains("incomplete") => {
                        Err(Undecodable::At(0))
                    }
                    _ => Err(Undecodable::Unknown),
                }
            }
        }
    }

    /// The bytes of a text; `?` stands for letters that a built-in encoding lacks.
    pub(super) fn encode(&self, text: &str, host: &mut Host<'_>) -> Result<Vec<u8>, Failure> {
        match self {
            Self::Known(table) => Ok(table.encode(text)),
            Self::Other(name) => {
                let out = iconv("UTF-8", name, text.as_bytes(), host)?;
                Ok(out
                    .success(&format!("the text cannot be written as {name}"))?
                    .stdout)
            }
        }
    }
}

fn iconv(from: &str, to: &str, bytes: &[u8], host: &mut Host<'_>) -> Result<Output, Failure> {
    let program = host.need_program("iconv", "libc-bin")?;
    host.query(
        Command::new(program)
            .args(["-f", from, "-t", to])
            .env("LC_ALL", "C")
            .stdin(bytes),
    )
}

impl Table {
    /// The encoding of that name.
    pub(super) fn named(name: &str) -> Option<Self> {
        let name = name.to_lowercase().replace([' ', '_'], "-");
        Some(match name.as_str() {
            "utf-8" | "utf8" | "u8" | "utf" | "cp65001" => Self::Utf8,
            "utf-8-sig" => Self::Utf8Signed,
            "ascii" | "us-ascii" | "646" | "ansi-x3.4-1968" | "iso646-us" => Self::Ascii,
            "latin-1" | "latin1" | "iso-8859-1" | "iso8859-1" | "8859" | "cp819" | "latin" | "l1" => {
                Self::Latin1
            }
            "iso-8859-15" | "iso8859-15" | "latin-9" | "latin9" | "l9" => Self::Latin9,
            "cp1252" | "windows-1252" | "1252" => Self::Windows1252,
            "utf-16" | "utf16" | "u16" => Self::Utf16(Order::Marked),
            "utf-16-le" | "utf-16le" => Self::Utf16(Order::Little),
            "utf-16-be" | "utf-16be" => Self::Utf16(Order::Big),
            "utf-32" | "utf32" | "u32" => Self::Utf32(Order::Marked),
            "utf-32-le" | "utf-32le" => Self::Utf32(Order::Little),
            "utf-32-be" | "utf-32be" => Self::Utf32(Order::Big),
            _ => return None,
        })
    }

    /// The text that the bytes mean.
    pub(super) fn decode(self, bytes: &[u8]) -> Result<String, Undecodable> {
        match self {
            Self::Utf8 => utf8(bytes),
            Self::Utf8Signed => utf8(bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes)),
            Self::Utf16(order) => utf16(bytes, order),
            Self::Utf32(order) => utf32(bytes, order),
            _ => bytes
                .iter()
                .enumerate()
                .map(|(at, byte)| self.single(*byte).ok_or(Undecodable::At(at)))
                .collect(),
        }
    }

    /// The bytes of a text; `?` stands for letters that the encoding lacks.
    pub(super) fn encode(self, text: &str) -> Vec<u8> {
        let wide = |order, unit: fn(char, &mut Vec<u8>, bool)| {
            let (mut out, big) = (Vec::new(), order == Order::Big);
            if order == Order::Marked {
                unit('\u{feff}', &mut out, big);
            }
            text.chars().for_each(|c| unit(c, &mut out, big));
            out
        };
        match self {
            Self::Utf8 => text.as_bytes().to_vec(),
            Self::Utf8Signed => ["\u{feff}".as_bytes(), text.as_bytes()].concat(),
            Self::Utf16(order) => wide(order, |c, out, big| {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out.extend(if big {
                        unit.to_be_bytes()
                    } else {
                        unit.to_le_bytes()
                    });
                }
            }),
            Self::Utf32(order) => wide(order, |c, out, big| {
                let unit = u32::from(c);
                out.extend(if big {
                    unit.to_be_bytes()
                } else {
                    unit.to_le_bytes()
                });
            }),
            _ => text.chars().map(|c| self.byte(c).unwrap_or(b'?')).collect(),
        }
    }

    /// What one byte means, where each byte is a letter.
    fn single(self, byte: u8) -> Option<char> {
        match (self, byte) {
            (Self::Ascii, 0x80..) => None,
            (Self::Windows1252, 0x80..=0x9f) => WINDOWS_1252
                .chars()
                .nth(usize::from(byte - 0x80))
                .filter(|c| *c != '\u{fffd}'),
            (Self::Latin9, _) => LATIN9
                .iter()
                .find_map(|(b, c)| (*b == byte).then_some(*c))
                .or(Some(char::from(byte))),
            _ => Some(char::from(byte)),
        }
    }

    /// The byte that means this letter.
    fn byte(self, letter: char) -> Option<u8> {
        (0..=255).find(|byte| self.single(*byte) == Some(letter))
    }
}

fn utf8(bytes: &[u8]) -> Result<String, Undecodable> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(e) => Err(Undecodable::At(e.valid_up_to())),
    }
}

/// Whether the big end comes first, and the bytes without the mark that says so.
fn order<'b>(bytes: &'b [u8], order: Order, little: &[u8], big: &[u8]) -> (bool, &'b [u8]) {
    if order != Order::Marked {
        return (order == Order::Big, bytes);
    }
    match (bytes.strip_prefix(little), bytes.strip_prefix(big)) {
        (Some(rest), _) => (false, rest),
        (_, Some(rest)) => (true, rest),
        _ => (false, bytes),
    }
}

fn utf16(bytes: &[u8], wanted: Order) -> Result<String, Undecodable> {
    let (big, rest) = order(bytes, wanted, &[0xff, 0xfe], &[0xfe, 0xff]);
    let pairs = rest.chunks_exact(2);
    let mut at = bytes.len() - rest.len();
    let odd = !pairs.remainder().is_empty();
    let units = pairs.map(|pair| match pair {
        [a, b] if big => u16::from_be_bytes([*a, *b]),
        [a, b] => u16::from_le_bytes([*a, *b]),
        _ => 0,
    });
    let mut out = String::new();
    for letter in char::decode_utf16(units) {
        let letter = letter.map_err(|_| Undecodable::At(at))?;
        at += letter.len_utf16() * 2;
        out.push(letter);
    }
    if odd { Err(Undecodable::At(at)) } else { Ok(out) }
}

fn utf32(bytes: &[u8], wanted: Order) -> Result<String, Undecodable> {
    let (big, rest) = order(bytes, wanted, &[0xff, 0xfe, 0, 0], &[0, 0, 0xfe, 0xff]);
    let mut at = bytes.len() - rest.len();
    let mut out = String::new();
    for unit in rest.chunks(4) {
        let number = match unit {
            [a, b, c, d] if big => u32::from_be_bytes([*a, *b, *c, *d]),
            [a, b, c, d] => u32::from_le_bytes([*a, *b, *c, *d]),
            _ => return Err(Undecodable::At(at)),
        };
        out.push(char::from_u32(number).ok_or(Undecodable::At(at))?);
        at += 4;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::{Encoding, Table, Undecodable};
    use crate::{NoLink, host::Context};

    #[test]
    fn texts_survive_every_encoding_that_has_their_letters() {
        for (name, text, bytes) in [
            ("UTF-8", "é€", &b"\xc3\xa9\xe2\x82\xac"[..]),
            ("utf_8_sig", "é", b"\xef\xbb\xbf\xc3\xa9"),
            ("latin_1", "é", b"\xe9"),
            ("iso-8859-15", "é€", b"\xe9\xa4"),
            ("cp1252", "é€Ÿ", b"\xe9\x80\x9f"),
            ("utf-16", "é", b"\xff\xfe\xe9\0"),
            ("UTF-16BE", "a\u{1f600}", b"\0a\xd8\x3d\xde\0"),
            ("utf-32-le", "é", b"\xe9\0\0\0"),
        ] {
            let encoding = Table::named(name).unwrap();
            assert_eq!(encoding.encode(text), bytes, "{name}");
            assert_eq!(encoding.decode(bytes).as_deref(), Ok(text), "{name}");
        }
        assert_eq!(Table::named("nothing"), None);
    }

    #[test]
    fn what_is_no_text_is_told_with_its_place() {
        for (name, bytes, at) in [
            ("utf-8", &b"ab\xff"[..], 2),
            ("ascii", b"a\xe9", 1),
            ("cp1252", b"\x81", 0),
            ("utf-16-le", b"a\0b", 2),
            ("utf-16-le", b"a\0\0\xd8", 2),
            ("utf-32-be", b"\0\x11\0\0", 0),
        ] {
            let decoded = Table::named(name).unwrap().decode(bytes);
            assert_eq!(decoded, Err(Undecodable::At(at)), "{name}");
        }
        assert_eq!(Table::Ascii.encode("aé"), b"a?");
    }

    #[test]
    fn other_encodings_are_left_to_the_host() {
        let mut link = NoLink;
        let mut host = crate::Host::new(Context::default(), &mut link);
        if host.find_program("iconv").is_none() {
            return;
        }
        let bytes = Encoding::named("gbk").encode("你", &mut host).unwrap();
        assert_eq!(bytes, b"\xc4\xe3");
        assert_eq!(
            Encoding::named("gbk").decode(&bytes, &mut host).as_deref(),
            Ok("你")
        );
        let wrong = Encoding::named("gbk").decode(b"\xc4", &mut host);
        assert_eq!(wrong, Err(Undecodable::At(0)));
        let unknown = Encoding::named("none-like-it").decode(b"x", &mut host);
        assert_eq!(unknown, Err(Undecodable::Unknown));
    }
}
