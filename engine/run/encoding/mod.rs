//! Texts in the encodings that Python knows, by Python's names.

use encoding_rs::Encoding;

/// Encodings of one byte: names, then the characters of the bytes from 0x80 on (`-`: none).
const SINGLE_BYTE: &str = include_str!("single_byte.txt");

/// Encodings of several bytes, by Python's names.
const SEVERAL_BYTES: &[(&[&str], &Encoding)] = &[
    (&["big5", "big5_tw", "csbig5", "cp950", "950"], encoding_rs::BIG5),
    (&["euc_jp", "eucjp", "ujis", "u_jis"], encoding_rs::EUC_JP),
    (
        &[
            "euc_kr",
            "euckr",
            "korean",
            "ks_c_5601_1987",
            "cp949",
            "949",
            "uhc",
        ],
        encoding_rs::EUC_KR,
    ),
    (
        &["gbk", "936", "cp936", "ms936", "gb2312", "euc_cn"],
        encoding_rs::GBK,
    ),
    (&["gb18030", "gb18030_2000"], encoding_rs::GB18030),
    (
        &["iso2022_jp", "iso_2022_jp", "csiso2022jp"],
        encoding_rs::ISO_2022_JP,
    ),
    (
        &["shift_jis", "shiftjis", "sjis", "s_jis", "cp932", "932", "ms932"],
        encoding_rs::SHIFT_JIS,
    ),
];

/// Why a text has no form in an encoding.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum EncodeError {
    /// There is no such encoding.
    Unknown,
    /// The encoding has no such letter.
    Letter(char),
}

/// The text's bytes in the encoding of that name.
pub(crate) fn encode(text: &str, name: &str) -> Result<Vec<u8>, EncodeError> {
    let name = normalised(name);
    let two = |unit: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
    let four = |unit: fn(u32) -> [u8; 4]| text.chars().flat_map(|c| unit(u32::from(c))).collect::<Vec<u8>>();
    Ok(match name.as_str() {
        "utf_8" | "utf8" | "u8" | "utf" | "cp65001" => text.into(),
        "utf_8_sig" => ["\u{feff}".as_bytes(), text.as_bytes()].concat(),
        "utf_16" | "utf16" | "u16" => [&[0xff, 0xfe][..], &two(u16::to_le_bytes)].concat(),
        "utf_16_le" | "utf_16le" => two(u16::to_le_bytes),
        "utf_16_be" | "utf_16be" => two(u16::to_be_bytes),
        "utf_32" | "utf32" | "u32" => [&[0xff, 0xfe, 0, 0][..], &four(u32::to_le_bytes)].concat(),
        "utf_32_le" | "utf_32le" => four(u32::to_le_bytes),
        "utf_32_be" | "utf_32be" => four(u32::to_be_bytes),
        "ascii" | "us_ascii" | "us" | "646" | "iso646_us" | "cp367" | "ibm367" => {
            match text.chars().find(|c| !c.is_ascii()) {
                Some(letter) => return Err(EncodeError::Letter(letter)),
                None => text.into(),
            }
        }
        name => match SEVERAL_BYTES.iter().find(|(names, _)| names.contains(&name)) {
            Some((_, encoding)) => several_bytes(text, encoding)?,
            None => single_byte(text, name)?,
        },
    })
}

/// Python's way to compare names of encodings.
fn normalised(name: &str) -> String {
    let lower = name.to_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric() && c != '.');
    words.filter(|w| !w.is_empty()).collect::<Vec<_>>().join("_")
}

fn single_byte(text: &str, name: &str) -> Result<Vec<u8>, EncodeError> {
    let mut lines = SINGLE_BYTE.lines().filter_map(|l| l.split_once(" = "));
    let (_, letters) = lines
        .find(|(names, _)| names.split(' ').any(|n| n == name))
        .ok_or(EncodeError::Unknown)?;
    let upper: Vec<Option<char>> = letters
        .split(' ')
        .map(|hex| char::from_u32(u32::from_str_radix(hex, 16).ok()?))
        .collect();
    let byte = |letter: char| {
        if letter.is_ascii() {
            return u8::try_from(letter).ok();
        }
        let at = upper.iter().position(|l| *l == Some(letter))?;
        u8::try_from(at + 0x80).ok()
    };
    text.chars()
        .map(|letter| byte(letter).ok_or(EncodeError::Letter(letter)))
        .collect()
}

fn several_bytes(text: &str, encoding: &'static Encoding) -> Result<Vec<u8>, EncodeError> {
    let (bytes, _, replaced) = encoding.encode(text);
    if !replaced {
        return Ok(bytes.into_owned());
    }
    let has = |letter: char| !encoding.encode(letter.encode_utf8(&mut [0; 4])).2;
    let letter = text.chars().find(|c| !has(*c));
    Err(EncodeError::Letter(letter.unwrap_or(char::REPLACEMENT_CHARACTER)))
}

#[cfg(test)]
mod tests {
    use super::{EncodeError, SINGLE_BYTE, encode};

    #[test]
    fn texts_have_the_bytes_that_python_gives_them() {
        for (name, text, bytes) in [
            ("latin-1", "größe", &b"gr\xf6\xdfe"[..]),
            ("ISO-8859-15", "€", b"\xa4"),
            ("windows-1252", "€", b"\x80"),
            ("cp858", "€", b"\xd5"),
            ("utf-16", "aé", b"\xff\xfea\0\xe9\0"),
            ("UTF_16_BE", "😀", b"\xd8\x3d\xde\x00"),
            ("utf-8-sig", "a", b"\xef\xbb\xbfa"),
            ("utf-32-be", "a", b"\0\0\0a"),
            ("koi8-r", "да", b"\xc4\xc1"),
            ("Shift_JIS", "日", b"\x93\xfa"),
            ("us-ascii", "a", b"a"),
        ] {
            assert_eq!(encode(text, name).as_deref(), Ok(bytes), "{name}");
        }
    }

    #[test]
    fn what_an_encoding_does_not_have_is_an_error() {
        assert_eq!(encode("a€", "latin-1"), Err(EncodeError::Letter('€')));
        assert_eq!(encode("é", "ascii"), Err(EncodeError::Letter('é')));
        assert_eq!(encode("日é", "shift_jis"), Err(EncodeError::Letter('é')));
        assert_eq!(encode("a", "klingon"), Err(EncodeError::Unknown));
    }

    #[test]
    fn the_tables_are_whole() {
        for line in SINGLE_BYTE.lines() {
            let (names, letters) = line.split_once(" = ").unwrap();
            assert_eq!(letters.split(' ').count(), 128, "{names}");
        }
    }
}
