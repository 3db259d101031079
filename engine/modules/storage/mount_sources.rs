//! Tables of file systems as the systems of the Unix family write them, and what their `mount` programs print.

use crate::{
    facts::unescape,
    pyregex::{Flags, compile},
};
use kdo_value::{Map, Value};

/// A file system of a table.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// The line (or lines) it was read from.
    pub(super) line: String,
    /// `device`, `mount`, `fstype` and what else the table has.
    pub(super) fields: Map,
}

impl Found {
    fn new<'t>(line: &str, fields: impl IntoIterator<Item = (&'t str, Value)>) -> Self {
        Self {
            line: line.to_owned(),
            fields: Map::from_iter(fields),
        }
    }

    /// A field as text.
    pub(super) fn text(&self, name: &str) -> String {
        self.fields.get(name).map(|v| v.to_text()).unwrap_or_default()
    }
}

/// Reads a table of any kind: the first reader that understands all of it counts.
pub(super) fn read_table(text: &str) -> Vec<Found> {
    let lines: Vec<&str> = text.trim().lines().collect();
    let readers: [fn(&[&str]) -> Option<Vec<Found>>; 4] = [vfstab, mnttab, fstab, stanzas];
    readers.iter().find_map(|read| read(&lines)).unwrap_or_default()
}

fn entries<'l>(lines: &[&'l str]) -> impl Iterator<Item = &'l str> {
    let said = |l: &&str| !l.trim().is_empty() && !l.trim().starts_with('#');
    lines.iter().copied().filter(said)
}

/// Solaris: seven words.
fn vfstab(lines: &[&str]) -> Option<Vec<Found>> {
    let read = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let word = |n: usize| words.get(n).map(|w| Value::str(*w));
        let pass = words.get(4)?;
        let pass = pass.parse::<i64>().map_or_else(|_| Value::str(*pass), Value::Int);
        Some(Found::new(
            line,
            [
                ("device", word(0)?),
                ("device_to_fsck", word(1)?),
                ("mount", word(2)?),
                ("fstype", word(3)?),
                ("passno", pass),
                ("mount_at_boot", word(5)?),
                ("options", word(6)?),
            ],
        ))
    };
    entries(lines).map(read).collect()
}

/// What Solaris has mounted: five words, the last one a time in seconds.
fn mnttab(lines: &[&str]) -> Option<Vec<Found>> {
    let mut timed = false;
    for line in lines {
        timed |= line.split_whitespace().nth(4)?.len() == 10;
        if timed {
            break;
        }
    }
    let read = |line: &&str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let word = |n: usize| words.get(n).map(|w| Value::str(*w));
        Some(Found::new(
            line,
            [
                ("device", word(0)?),
                ("mount", word(1)?),
                ("fstype", word(2)?),
                ("options", word(3)?),
                ("time", Value::Int(words.get(4)?.parse().ok()?)),
            ],
        ))
    };
    lines
        .iter()
        .filter(|_| timed)
        .map(read)
        .collect::<Option<Vec<_>>>()
        .filter(|_| timed)
}

/// Linux and BSD: four words and up to two numbers.
fn fstab(lines: &[&str]) -> Option<Vec<Found>> {
    let read = |line: &str| {
        let line = line.trim();
        let words: Vec<String> = line.split_whitespace().map(unescape).collect();
        let word = |n: usize| words.get(n).map(|w| Value::str(w.as_str()));
        let found = Found::new(
            line,
            [
                ("device", word(0)?),
                ("mount", word(1)?),
                ("fstype", word(2)?),
                ("options", word(3)?),
            ],
        );
        for (at, name) in [(4, "dump"), (5, "passno")] {
            if let Some(word) = words.get(at) {
                found.fields.insert(name, Value::Int(word.parse().ok()?));
            }
        }
        Some(found)
    };
    entries(lines).map(read).collect()
}

/// AIX: a mount point with a colon, and lines `name = value`.
fn stanzas(lines: &[&str]) -> Option<Vec<Found>> {
    let mut groups: Vec<Vec<&str>> = Vec::new();
    for line in lines
        .iter()
        .filter(|l| !l.starts_with('*') && !l.trim().is_empty())
    {
        if line.trim_end().ends_with(':') {
            groups.push(vec![line]);
        } else if line.contains('=') {
            groups.last_mut()?.push(line);
        } else {
            // A file of that name on Linux lists kinds of file systems.
            return Some(Vec::new());
        }
    }
    let read = |group: &Vec<&str>| {
        let (head, rest) = group.split_first()?;
        let attributes = Map::new();
        for line in rest {
            let (name, value) = line.split_once('=')?;
            attributes.insert(name.trim(), value.trim());
        }
        let attribute = |name: &str| {
            let value = attributes.get(name).map(|v| v.to_text());
            value.filter(|v| !v.is_empty())
        };
        let device = match (attribute("nodename"), attribute("dev")) {
            (Some(node), Some(dev)) => format!("{node}:{dev}"),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => "unknown".to_owned(),
        };
        let kind = attribute("vfs").unwrap_or_else(|| "unknown".to_owned());
        let mount = head.get(..head.len() - 1).unwrap_or_default();
        Some(Found::new(
            &group.join("\n"),
            [
                ("mount", Value::str(mount)),
                ("device", Value::str(device)),
                ("fstype", Value::str(kind)),
                ("attributes", Value::Map(attributes)),
            ],
        ))
    };
    groups.iter().map(read).collect()
}

/// Lines of `mount` programs: Linux, BSD, AIX (without its two headings), and what their parts are.
const PRINTED: [(&str, &[&str]); 3] = [
    (
        r"^(\S+) on (\S+) type (\S+) \((.+)\)$",
        &["device", "mount", "fstype", "options"],
    ),
    (
        r"^(\S+) on (\S+) \(([^,]+?)(?:\s*,\s*(.*))?\)$",
        &["device", "mount", "fstype", "options"],
    ),
    (
        r"^(\S*)\s+(\S+)\s+(\S+)\s+(\S+)\s+(\w+\s+\d+\s+\d+:\d+)\s+(.*)$",
        &["node", "device", "mount", "fstype", "time", "options"],
    ),
];

/// Reads what a `mount` program printed; nothing where a line is of no known form.
pub(super) fn read_printed(text: &str) -> Result<Vec<Found>, String> {
    for (number, (pattern, names)) in PRINTED.iter().enumerate() {
        let pattern = compile(pattern, Flags::default())?;
        let skipped = if number == 2 { 2 } else { 0 };
        // Lines of macOS about automatic mounts.
        let lines = text
            .lines()
            .skip(skipped)
            .filter(|l| number != 1 || !l.starts_with("map "));
        let mut all = Vec::new();
        let mut fits = true;
        for line in lines {
            let Some(found) = pattern.captures(line)? else {
                fits = false;
                break;
            };
            let fields = Map::new();
            for (at, name) in names.iter().enumerate() {
                if let Some(part) = found.get(at + 1) {
                    fields.insert(*name, part.as_str());
                }
            }
            if let Some(node) = fields
                .remove("node")
                .map(|n| n.to_text())
                .filter(|n| !n.is_empty())
            {
                let device = fields.get("device").map(|d| d.to_text()).unwrap_or_default();
                fields.insert("device", format!("{node}:{device}"));
            }
            all.push(Found {
                line: line.to_owned(),
                fields,
            });
        }
        if fits {
            return Ok(all);
        }
    }
    Ok(Vec::new())
}

#[cfg(test)]
mod tests {
    use super::{read_printed, read_table};

    fn devices(found: &[super::Found]) -> Vec<String> {
        found
            .iter()
            .map(|f| format!("{} {}", f.text("device"), f.text("fstype")))
            .collect()
    }

    #[test]
    fn tables_are_known_by_their_form() {
        for (table, expected) in [
            (
                "/dev/a /b ext4 ro\n# c\nUUID=1 / xfs rw 0 1\n",
                &["/dev/a ext4", "UUID=1 xfs"][..],
            ),
            ("/dev/a /dev/r /b ufs 2 yes -\n", &["/dev/a ufs"]),
            (
                "swap /tmp tmpfs x 1700000000\nb /b zfs x 17\n",
                &["swap tmpfs", "b zfs"],
            ),
            ("* c\n/b:\n dev = /d\n vfs=jfs\n nodename = n\n", &["n:/d jfs"]),
            ("nodev proc\next4\n", &[]),
            ("/dev/a /b ext4 ro x\n", &[]),
            ("", &[]),
        ] {
            assert_eq!(devices(&read_table(table)), expected, "{table}");
        }
    }

    #[test]
    fn programs_of_other_systems_are_understood() {
        for (printed, expected) in [
            ("a on /b type ext4 (rw,x)\n", &["a ext4"][..]),
            (
                "/dev/ada on / (ufs, local)\ndevfs on /dev (devfs)\nmap auto on /h (autofs)\n",
                &["/dev/ada ufs", "devfs devfs"],
            ),
            (
                "h\n-\n       /dev/hd4  /  jfs2 Nov  1 12:59 rw\nsrv    /home  /n nfs3  Nov 11 13:00 \n",
                &["/dev/hd4 jfs2", "srv:/home nfs3"],
            ),
            ("a on /b type ext4 (rw)\nnonsense\n", &[]),
        ] {
            assert_eq!(devices(&read_printed(printed).unwrap()), expected, "{printed}");
        }
    }
}
