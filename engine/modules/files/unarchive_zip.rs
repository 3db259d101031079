//! `unarchive`: what of a zip archive is not on the host yet. unzip cannot compare, so its listing is.

use super::{pattern, timestamps::local_time, unarchive_kind::Unpacker};
use crate::{Failure, Host, host::Command, host::parse_mode};
use kdo_value::Value;
use std::{collections::HashMap, fs, io::Read, os::unix::fs::MetadataExt, path::Path};

/// A member as `zipinfo` lists it.
#[derive(Debug, PartialEq, Eq)]
struct Member {
    kind: char,
    permissions: String,
    size: u64,
    time: String,
    name: String,
}

impl Member {
    /// From a line like `-rw-r--r--  3.0 unx  12 tx defN 20200102.030405 name`; other lines are no members.
    fn parse(line: &str) -> Option<Self> {
        let mut rest = line;
        let mut next = || {
            rest = rest.trim_start();
            let (word, after) = rest.split_once(char::is_whitespace)?;
            rest = after;
            Some(word)
        };
        let (mode, _version, _system, size) = (next()?, next()?, next()?, next()?);
        let (_, _, time) = (next()?, next()?, next()?);
        let kind = mode.chars().next().filter(|c| "dl-?".contains(*c))?;
        let permissions = mode
            .get(1..)
            .filter(|p| p.chars().all(|c| "rwxstah-".contains(c)))?;
        Some(Self {
            kind,
            permissions: permissions.to_owned(),
            size: size.parse().ok()?,
            time: Some(time).filter(|t| t.len() == 15)?.to_owned(),
            name: rest.trim_start().to_owned(),
        })
    }

    /// The letter of the kind in a list of changes.
    fn letter(&self) -> char {
        match self.kind {
            _ if self.name.ends_with('/') => 'd',
            'l' => 'L',
            _ => 'f',
        }
    }

    /// The mode that unzip gives it. Archives of other systems know less, and what they lack the umask decides.
    fn mode(&self, umask: u32) -> u32 {
        let text = match self.permissions.len() {
            6 if self.name.ends_with('/') || self.permissions == "rwx---" => "rwxrwxrwx",
            7 if self.permissions == "rwxa---" => "rwxrwxrwx",
            6 | 7 => "rw-rw-rw-",
            _ => &self.permissions,
        };
        let bits = text.chars().rev().take(9).enumerate();
        let mode = bits.fold(0, |m, (n, c)| m | (u32::from("rwxst".contains(c)) << n));
        match self.permissions.len() {
            6 | 7 => mode & !umask,
            _ => mode,
        }
    }

    /// When it was changed last. What is before the time of zip archives is its beginning.
    fn time(&self) -> i64 {
        let time = Some(&self.time).filter(|t| t.as_str() >= "1980");
        time.and_then(|t| local_time(t, "%Y%m%d.%H%M%S"))
            .or_else(|| local_time("19800101", "%Y%m%d"))
            .unwrap_or(0)
    }
}

/// What unpacking would change.
#[derive(Default)]
pub(super) struct Differences {
    /// A line for each changed member, in rsync's notation.
    pub(super) text: String,
    /// Members that are kept because they are newer on the host.
    pub(super) newer: Vec<String>,
}

/// Compares the members with what is below the destination.
pub(super) fn differences(unpacker: &Unpacker, host: &mut Host<'_>) -> Result<Differences, Failure> {
    let program = host.need_program("unzip", "unzip")?;
    let mut list = Command::new(program)
        .args(["-Z", "-T", "-s"])
        .path(&unpacker.archive);
    if !unpacker.exclude.is_empty() {
        list = list.arg("-x").args(&unpacker.exclude);
    }
    let listed = host.query(list.args(&unpacker.include))?.stdout_text();
    let sums = checksums(host, &unpacker.archive)?;
    let wanted = Wanted::new(unpacker, host)?;
    let mut out = Differences::default();
    for member in listed.lines().filter_map(Member::parse) {
        if unpacker.exclude.contains(&member.name) {
            continue;
        }
        match compare(unpacker, &wanted, &member, &sums)? {
            Found::Newer => out.newer.push(member.name),
            Found::Same => {}
            Found::Changed(marks) => out.text.push_str(&format!("{marks} {}\n", member.name)),
        }
    }
    Ok(out)
}

/// CRC-32 of the members, by name.
pub(super) fn checksums(host: &mut Host<'_>, archive: &Path) -> Result<HashMap<String, u32>, Failure> {
    let program = host.need_program("unzip", "unzip")?;
    let out = host.query(Command::new(program).arg("-v").path(archive))?;
    // Length, method, size, ratio, date, time, CRC-32, name
    let sum = |line: &str| {
        let (mut rest, mut sum) = (line, "");
        for _ in 0..7 {
            (sum, rest) = rest.trim_start().split_once(' ')?;
        }
        Some((rest.trim_start().to_owned(), u32::from_str_radix(sum, 16).ok()?))
    };
    Ok(out.stdout_text().lines().filter_map(sum).collect())
}

/// Owner, group and mode that the members are to have.
struct Wanted {
    uid: u32,
    gid: u32,
    mode: Option<Value>,
    umask: u32,
}

impl Wanted {
    fn new(unpacker: &Unpacker, host: &mut Host<'_>) -> Result<Self, Failure> {
        let own = (
            rustix::process::geteuid().as_raw(),
            rustix::process::getegid().as_raw(),
        );
        let owner = unpacker.owner.as_deref().map(|o| host.uid_of(o)).transpose()?;
        let group = unpacker.group.as_deref().map(|g| host.gid_of(g)).transpose()?;
        Ok(Self {
            uid: owner.unwrap_or(own.0),
            gid: group.unwrap_or(own.1),
            mode: unpacker.mode.clone(),
            umask: host.umask(),
        })
    }
}

enum Found {
    Same,
    Newer,
    Changed(String),
}

fn compare(
    unpacker: &Unpacker,
    wanted: &Wanted,
    member: &Member,
    sums: &HashMap<String, u32>,
) -> Result<Found, Failure> {
    let letter = member.letter();
    let path = unpacker.dest.join(member.name.trim_start_matches('/'));
    let Ok(meta) = fs::symlink_metadata(&path) else {
        return Ok(Found::Changed(format!(">{letter}++++++.??")));
    };
    let kind = meta.file_type();
    let right = match letter {
        'd' => kind.is_dir(),
        'L' => kind.is_symlink(),
        _ => kind.is_file(),
    };
    if !right {
        return Ok(Found::Changed(format!("c{letter}++++++.??")));
    }
    let mut marks: Vec<char> = format!(".{letter}.......??").chars().collect();
    let mut mark = |at: usize, by: char| {
        if let Some(place) = marks.get_mut(at) {
            *place = by;
        }
    };
    let mut changed = false;
    let mut differs = |is: bool, at: usize, by: char| {
        if is {
            changed = true;
            mark(at, by);
        }
    };
    if kind.is_file() {
        let (there, packed) = (meta.mtime(), member.time());
        if unpacker.keep_newer && packed < there {
            return Ok(Found::Newer);
        }
        differs(
            packed != there || meta.mtime_nsec() != 0 && !unpacker.keep_newer,
            4,
            't',
        );
        differs(meta.size() != member.size, 3, 's');
        differs(crc32(&path) != sums.get(&member.name).copied(), 2, 'c');
    }
    if letter != 'L' {
        let now = meta.mode() & 0o7777;
        let mode = match &wanted.mode {
            Some(mode) => parse_mode(mode, now, kind.is_dir(), wanted.umask).map_err(Failure::new)?,
            None => member.mode(wanted.umask),
        };
        differs(mode != now, 5, 'p');
    }
    differs(meta.uid() != wanted.uid, 6, 'o');
    differs(meta.gid() != wanted.gid, 6, 'g');
    Ok(match changed {
        true => Found::Changed(marks.into_iter().collect()),
        false => Found::Same,
    })
}

/// Whether the member of that name is unpacked.
pub(super) fn is_wanted(unpacker: &Unpacker, name: &str) -> bool {
    let any = |list: &[String]| list.iter().any(|p| p == name || pattern::matches(p, name));
    !any(&unpacker.exclude) && (unpacker.include.is_empty() || any(&unpacker.include))
}

/// The checksum that zip archives carry.
fn crc32(path: &Path) -> Option<u32> {
    let mut file = fs::File::open(path).ok()?;
    let mut table = [0_u32; 256];
    for (n, slot) in (0_u32..).zip(table.iter_mut()) {
        *slot = (0..8).fold(n, |c, _| {
            if c & 1 == 1 {
                0xedb8_8320 ^ (c >> 1)
            } else {
                c >> 1
            }
        });
    }
    let (mut crc, mut buffer) = (u32::MAX, vec![0; 64 << 10]);
    loop {
        let n = file.read(&mut buffer).ok()?;
        if n == 0 {
            return Some(!crc);
        }
        for b in buffer.get(..n)? {
            crc = table.get(((crc ^ u32::from(*b)) & 0xff) as usize)? ^ (crc >> 8);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Member, crc32};

    #[test]
    fn listings_of_archives_are_read() {
        let line = "-rwxr-xr-x  2.0 unx       10 b- defN 20200102.030406 top/run it";
        let member = Member::parse(line).unwrap();
        assert_eq!(
            (member.letter(), member.mode(0o022), member.size),
            ('f', 0o755, 10)
        );
        assert_eq!(member.name, "top/run it");
        let fat = Member::parse("-rw-a--     2.0 fat        4 bl stor 20200102.030406 a").unwrap();
        assert_eq!(fat.mode(0o022), 0o644);
        for line in [
            "Archive:  a.zip",
            "5 files, 65 bytes uncompressed, 40 bytes compressed:  38.5%",
            "",
        ] {
            assert_eq!(Member::parse(line), None);
        }
    }

    #[test]
    fn checksums_are_those_of_zip() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        std::fs::write(&path, "123456789").unwrap();
        assert_eq!(crc32(&path), Some(0xcbf4_3926));
    }
}
