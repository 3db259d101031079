//! Archives of members that mean harm: their headers are right, what they say is not.
#![no_main]

mod harmless;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use tar::{EntryType, Header};

/// A part of a path.
#[derive(Arbitrary, Debug)]
enum Part {
    A,
    B,
    Up,
    Here,
    Nothing,
    Meta,
    Main,
    Tasks,
    Manifest,
    Files,
    Git,
    Odd(u8),
    Long(u8),
}

#[derive(Arbitrary, Debug)]
struct Name {
    absolute: bool,
    parts: Vec<Part>,
}

impl Name {
    fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if self.absolute {
            out.push(b'/');
        }
        for (at, part) in self.parts.iter().enumerate() {
            if at > 0 {
                out.push(b'/');
            }
            match part {
                Part::A => out.push(b'a'),
                Part::B => out.push(b'b'),
                Part::Up => out.extend(b".."),
                Part::Here => out.push(b'.'),
                Part::Nothing => {}
                Part::Meta => out.extend(b"meta"),
                Part::Main => out.extend(b"main.yml"),
                Part::Tasks => out.extend(b"tasks"),
                Part::Manifest => out.extend(b"MANIFEST.json"),
                Part::Files => out.extend(b"FILES.json"),
                Part::Git => out.extend(b".git"),
                Part::Odd(byte) => out.push(*byte),
                Part::Long(n) => out.extend(vec![b'x'; usize::from(*n)]),
            }
        }
        out
    }
}

/// By what a name is told that is too long for a header, or that a header contradicts.
#[derive(Arbitrary, Debug)]
enum How {
    Header,
    Gnu,
    Pax { path: bool, size: Option<u32> },
}

#[derive(Arbitrary, Debug)]
struct Member {
    kind: u8,
    how: How,
    name: Name,
    link: Name,
    mode: u16,
    content: Vec<u8>,
    /// Instead of the size of the content.
    size: Option<u16>,
}

#[derive(Arbitrary, Debug)]
struct Input {
    members: Vec<Member>,
    blocks_at_end: u8,
    behind: Vec<u8>,
}

fuzz_target!(|input: Input| {
    let mut out = Vec::new();
    for member in &input.members {
        put(&mut out, member);
    }
    out.resize(out.len() + 512 * usize::from(input.blocks_at_end % 4), 0);
    out.extend(&input.behind);
    harmless::check(&out);
});

fn put(out: &mut Vec<u8>, member: &Member) {
    let (name, link) = (member.name.bytes(), member.link.bytes());
    match &member.how {
        How::Header => {}
        How::Gnu => {
            for (kind, text) in [(b'L', &name), (b'K', &link)] {
                let mut text = text.clone();
                text.push(0);
                header(out, kind, b"././@LongLink", b"", 0o644, text.len() as u64, &text);
            }
        }
        How::Pax { path, size } => {
            let mut text = Vec::new();
            if *path {
                record(&mut text, b"path", &name);
                record(&mut text, b"linkpath", &link);
            }
            if let Some(size) = size {
                record(&mut text, b"size", (size % 5000).to_string().as_bytes());
            }
            header(out, b'x', b"pax", b"", 0o644, text.len() as u64, &text);
        }
    }
    let kinds = b"00000555222134567gSDMLKx\0";
    let kind = kinds[usize::from(member.kind) % kinds.len()];
    let size = member.size.map_or(member.content.len() as u64, u64::from);
    header(
        out,
        kind,
        &name,
        &link,
        u32::from(member.mode),
        size,
        &member.content,
    );
}

fn record(out: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + rest.to_string().len();
    if length.to_string().len() + rest != length {
        length += 1;
    }
    out.extend(length.to_string().as_bytes());
    out.push(b' ');
    out.extend(key);
    out.push(b'=');
    out.extend(value);
    out.push(b'\n');
}

fn header(out: &mut Vec<u8>, kind: u8, name: &[u8], link: &[u8], mode: u32, size: u64, content: &[u8]) {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::new(kind));
    header.set_mode(mode);
    header.set_size(size);
    let raw = header.as_old_mut();
    let n = name.len().min(100);
    raw.name[..n].copy_from_slice(&name[..n]);
    let n = link.len().min(100);
    raw.linkname[..n].copy_from_slice(&link[..n]);
    header.set_cksum();
    out.extend_from_slice(header.as_bytes());
    out.extend_from_slice(content);
    out.resize(out.len().next_multiple_of(512), 0);
}
