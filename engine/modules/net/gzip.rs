//! Unpacking of gzip (RFC 1951, 1952), for answers that come packed without being asked for.

use std::io::{self, BufRead, Read, Write};

/// As far back as a copy may reach.
const WINDOW: usize = 32 << 10;

const LENGTHS: [(u16, u8); 29] = [
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 1),
    (13, 1),
    (15, 1),
    (17, 1),
    (19, 2),
    (23, 2),
    (27, 2),
    (31, 2),
    (35, 3),
    (43, 3),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 4),
    (115, 4),
    (131, 5),
    (163, 5),
    (195, 5),
    (227, 5),
    (258, 0),
];
const DISTANCES: [(u16, u8); 30] = [
    (1, 0),
    (2, 0),
    (3, 0),
    (4, 0),
    (5, 1),
    (7, 1),
    (9, 2),
    (13, 2),
    (17, 3),
    (25, 3),
    (33, 4),
    (49, 4),
    (65, 5),
    (97, 5),
    (129, 6),
    (193, 6),
    (257, 7),
    (385, 7),
    (513, 8),
    (769, 8),
    (1025, 9),
    (1537, 9),
    (2049, 10),
    (3073, 10),
    (4097, 11),
    (6145, 11),
    (8193, 12),
    (12289, 12),
    (16385, 13),
    (24577, 13),
];
/// The order in which lengths of codes for lengths of codes are written.
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

fn bad(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("not a gzip stream: {what}"))
}

/// A canonical Huffman code: how many codes of each length, and the symbols in order of their codes.
struct Code {
    counts: [u16; 16],
    symbols: Vec<u16>,
}

impl Code {
    fn new(lengths: &[u8]) -> Self {
        let mut counts = [0; 16];
        for length in lengths.iter().filter(|l| **l > 0) {
            if let Some(count) = counts.get_mut(usize::from(*length)) {
                *count += 1;
            }
        }
        let mut symbols: Vec<u16> = (0..).take(lengths.len()).collect();
        let length = |symbol: u16| lengths.get(usize::from(symbol)).copied().unwrap_or(0);
        symbols.retain(|s| length(*s) > 0);
        symbols.sort_by_key(|s| length(*s));
        Self { counts, symbols }
    }
}

struct Inflate<'a, R> {
    from: R,
    to: &'a mut dyn Write,
    bits: u32,
    held: u8,
    /// What was written last, at least the window.
    recent: Vec<u8>,
    written: u32,
    crc: u32,
}

impl<R: BufRead> Inflate<'_, R> {
    fn bits(&mut self, count: u8) -> io::Result<u16> {
        while self.held < count {
            let mut byte = [0];
            self.from.read_exact(&mut byte)?;
            self.bits |= u32::from(byte[0]) << self.held;
            self.held += 8;
        }
        let value = self.bits & ((1 << count) - 1);
        self.bits >>= count;
        self.held -= count;
        u16::try_from(value).map_err(|_| bad("too many bits"))
    }

    fn symbol(&mut self, code: &Code) -> io::Result<u16> {
        let (mut value, mut first, mut index) = (0_u16, 0_u16, 0_u16);
        for count in code.counts.iter().skip(1) {
            value |= self.bits(1)?;
            if value < first + count {
                let at = usize::from(index + value - first);
                return code.symbols.get(at).copied().ok_or_else(|| bad("unknown code"));
            }
            index += count;
            first = (first + count) << 1;
            value <<= 1;
        }
        Err(bad("unknown code"))
    }

    fn put(&mut self, byte: u8) -> io::Result<()> {
        self.recent.push(byte);
        self.crc ^= u32::from(byte);
        for _ in 0..8 {
            self.crc = (self.crc >> 1) ^ (0xedb8_8320 & 0_u32.wrapping_sub(self.crc & 1));
        }
        self.written = self.written.wrapping_add(1);
        if self.recent.len() >= 4 * WINDOW {
            self.flush(WINDOW)?;
        }
        Ok(())
    }

    /// Writes all but what copies may still reach.
    fn flush(&mut self, keep: usize) -> io::Result<()> {
        let done = self.recent.len().saturating_sub(keep);
        self.to.write_all(self.recent.get(..done).unwrap_or_default())?;
        self.recent.drain(..done);
        Ok(())
    }

    fn stored(&mut self) -> io::Result<()> {
        (self.bits, self.held) = (0, 0);
        let (length, check) = (self.bits(16)?, self.bits(16)?);
        if length != !check {
            return Err(bad("wrong length"));
        }
        for _ in 0..length {
            let byte = self.bits(8)?;
            self.put(u8::try_from(byte).unwrap_or_default())?;
        }
        Ok(())
    }

    fn codes(&mut self) -> io::Result<(Code, Code)> {
        let literals = usize::from(self.bits(5)?) + 257;
        let distances = usize::from(self.bits(5)?) + 1;
        let count = usize::from(self.bits(4)?) + 4;
        let mut lengths = [0_u8; 19];
        for at in ORDER.iter().take(count) {
            let length = u8::try_from(self.bits(3)?).unwrap_or_default();
            if let Some(place) = lengths.get_mut(*at) {
                *place = length;
            }
        }
        let code = Code::new(&lengths);
        let mut all: Vec<u8> = Vec::new();
        while all.len() < literals + distances {
            let (value, times) = match self.symbol(&code)? {
                16 => {
                    let last = all.last().copied().ok_or_else(|| bad("nothing to repeat"))?;
                    (last, 3 + self.bits(2)?)
                }
                17 => (0, 3 + self.bits(3)?),
                18 => (0, 11 + self.bits(7)?),
                length => (u8::try_from(length).unwrap_or_default(), 1),
            };
            all.extend(std::iter::repeat_n(value, usize::from(times)));
        }
        if all.len() > literals + distances {
            return Err(bad("too many codes"));
        }
        let (first, second) = all.split_at(literals);
        Ok((Code::new(first), Code::new(second)))
    }

    fn packed(&mut self, literals: &Code, distances: &Code) -> io::Result<()> {
        loop {
            let symbol = self.symbol(literals)?;
            if let Ok(byte) = u8::try_from(symbol) {
                self.put(byte)?;
                continue;
            }
            if symbol == 256 {
                return Ok(());
            }
            let entry = |table: &[(u16, u8)], at: u16| table.get(usize::from(at)).copied();
            let (base, extra) = entry(&LENGTHS, symbol - 257).ok_or_else(|| bad("unknown length"))?;
            let length = base + self.bits(extra)?;
            let at = self.symbol(distances)?;
            let (base, extra) = entry(&DISTANCES, at).ok_or_else(|| bad("unknown distance"))?;
            let distance = usize::from(base) + usize::from(self.bits(extra)?);
            for _ in 0..length {
                let from = self.recent.len().checked_sub(distance);
                let byte = from.and_then(|f| self.recent.get(f)).copied();
                self.put(byte.ok_or_else(|| bad("distance too far back"))?)?;
            }
        }
    }

    fn run(&mut self) -> io::Result<()> {
        loop {
            let last = self.bits(1)? == 1;
            match self.bits(2)? {
                0 => self.stored()?,
                1 => {
                    let mut lengths = [8_u8; 288];
                    for (at, length) in lengths.iter_mut().enumerate() {
                        *length = match at {
                            144..256 => 9,
                            256..280 => 7,
                            _ => 8,
                        };
                    }
                    self.packed(&Code::new(&lengths), &Code::new(&[5; 30]))?;
                }
                2 => {
                    let (literals, distances) = self.codes()?;
                    self.packed(&literals, &distances)?;
                }
                _ => return Err(bad("unknown kind of block")),
            }
            if last {
                return self.flush(0);
            }
        }
    }
}

fn head(from: &mut impl BufRead) -> io::Result<()> {
    let mut fixed = [0; 10];
    from.read_exact(&mut fixed)?;
    let [0x1f, 0x8b, 8, flags, ..] = fixed else {
        return Err(bad("wrong head"));
    };
    if flags & 4 != 0 {
        let mut length = [0; 2];
        from.read_exact(&mut length)?;
        let length = u64::from(u16::from_le_bytes(length));
        io::copy(&mut from.by_ref().take(length), &mut io::sink())?;
    }
    // Name and comment.
    for flag in [8, 16] {
        if flags & flag != 0 {
            from.skip_until(0)?;
        }
    }
    if flags & 2 != 0 {
        from.read_exact(&mut [0; 2])?;
    }
    Ok(())
}

/// Unpacks a whole stream, of several members if there are.
pub(super) fn unpack(mut from: impl BufRead, to: &mut dyn Write) -> io::Result<()> {
    while !from.fill_buf()?.is_empty() {
        head(&mut from)?;
        let mut inflate = Inflate {
            from: &mut from,
            to: &mut *to,
            bits: 0,
            held: 0,
            recent: Vec::new(),
            written: 0,
            crc: !0,
        };
        inflate.run()?;
        let (crc, size) = (!inflate.crc, inflate.written);
        let mut tail = [0; 8];
        from.read_exact(&mut tail)?;
        if tail != *[crc.to_le_bytes(), size.to_le_bytes()].as_flattened() {
            return Err(bad("wrong checksum"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::unpack;
    use std::{
        io::{Cursor, Write},
        process::{Command, Stdio},
    };

    fn packed(text: &[u8], level: &str) -> Vec<u8> {
        let mut child = Command::new("gzip")
            .args(["-c", level])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (mut pipe, bytes) = (child.stdin.take().unwrap(), text.to_vec());
        let feeder = std::thread::spawn(move || pipe.write_all(&bytes).unwrap());
        let out = child.wait_with_output().unwrap();
        feeder.join().unwrap();
        out.stdout
    }

    fn unpacked(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
        let mut out = Vec::new();
        unpack(Cursor::new(bytes), &mut out)?;
        Ok(out)
    }

    #[test]
    fn what_gzip_packs_is_unpacked() {
        let mut noise = 1_u32;
        let mut text: Vec<u8> = (0..300_000_u32)
            .flat_map(|n| {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                format!("{} {}\n", n / 100, noise >> 28).into_bytes()
            })
            .collect();
        text.extend((0..100_000).map(|_| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (noise >> 24) as u8
        }));
        for (text, level) in [
            (&text[..], "-1"),
            (&text, "-9"),
            (b"", "-6"),
            (b"aaaaaaaaaaaaaaaaaaaaaaaa", "-6"),
        ] {
            assert!(unpacked(&packed(text, level)).unwrap() == text, "{level}");
        }
        let two = [packed(b"one ", "-6"), packed(b"two", "-6")].concat();
        assert_eq!(unpacked(&two).unwrap(), b"one two");
    }

    #[test]
    fn broken_streams_are_refused() {
        let good = packed(b"some text, some text, some text", "-6");
        for at in 0..good.len() {
            assert!(unpacked(&good[..at]).is_err() || at == 0, "cut at {at}");
        }
        let mut wrong = good;
        let crc = wrong.len() - 6;
        wrong[crc] ^= 1;
        assert!(unpacked(&wrong).is_err());
        assert!(unpacked(b"plain text, not packed at all").is_err());
    }
}
