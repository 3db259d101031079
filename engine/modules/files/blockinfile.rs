//! `blockinfile`: lines between two markers in a text file.

use super::edit::{Edit, load};
use crate::{
    prelude::*,
    pyregex::{Decoded, Flags, Pattern, compile},
};
use std::path::PathBuf;

#[derive(Choice, Clone, Copy, PartialEq, Eq)]
enum State {
    Absent,
    Present,
}

/// Keep a block of lines between two marker lines in a file
///
/// The block is found again by its markers; an empty block removes them.
#[derive(Params)]
#[params(exclusive(insertbefore, insertafter))]
pub struct Blockinfile {
    /// The file.
    #[param(required, alias = "dest", alias = "destfile", alias = "name")]
    path: PathBuf,
    /// Whether the block should be there.
    #[param(default = "present")]
    state: State,
    /// The marker lines; `{mark}` stands for `marker_begin` or `marker_end`.
    #[param(default = "# {mark} ANSIBLE MANAGED BLOCK")]
    marker: String,
    /// The lines between the markers.
    #[param(default = "", alias = "content")]
    block: String,
    /// `EOF`, or a regular expression: put a new block after the last match.
    insertafter: Option<String>,
    /// `BOF`, or a regular expression: put a new block before the last match.
    insertbefore: Option<String>,
    /// Make the file if it is missing.
    #[param(default = false)]
    create: bool,
    /// What `{mark}` is in the first marker.
    #[param(default = "BEGIN")]
    marker_begin: String,
    /// What `{mark}` is in the last marker.
    #[param(default = "END")]
    marker_end: String,
    /// Put an empty line after the block.
    #[param(default = false)]
    append_newline: bool,
    /// Put an empty line before the block.
    #[param(default = false)]
    prepend_newline: bool,
    #[param(flatten)]
    save: Save,
    #[param(flatten)]
    attrs: FileAttrs,
}

impl Blockinfile {
    /// The pattern of the place for a new block, and whether the block goes after it.
    fn pattern(&self, content: &Decoded) -> Result<Option<(Pattern, bool)>, Failure> {
        let (text, after) = match (&self.insertafter, &self.insertbefore) {
            (Some(a), _) if a != "EOF" => (a, true),
            (None, Some(b)) if b != "BOF" => (b, false),
            _ => return Ok(None),
        };
        let pattern = compile(&content.adopt(text), Flags::default())?;
        Ok(Some((pattern, after)))
    }

    /// Where a new block goes: the number of the line that it is put before.
    fn place(
        &self,
        pattern: Option<(Pattern, bool)>,
        content: &Decoded,
        lines: &[String],
    ) -> Result<usize, Failure> {
        let Some((pattern, after)) = pattern else {
            let first = self.insertafter.is_none() && self.insertbefore.is_some();
            return Ok(if first { 0 } else { lines.len() });
        };
        let mut place = None;
        if pattern.multiline() {
            if let Some(found) = pattern.captures(&content.text)?.and_then(|f| f.get(0)) {
                let upto = if after { found.end() } else { found.start() };
                place = Some(content.text.get(..upto).unwrap_or_default().matches('\n').count());
            }
        } else {
            for (n, line) in lines.iter().enumerate() {
                if pattern.is_match(line)? {
                    place = Some(n);
                }
            }
        }
        Ok(place.map_or(lines.len(), |n| n + usize::from(after)))
    }

    /// The new content, and whether it has the block.
    fn edit(&self, content: &Decoded) -> Result<(String, bool), Failure> {
        let mut lines = split_lines(&content.text);
        let marker = |mark: &str| content.adopt(&format!("{}\n", self.marker.replace("{mark}", mark)));
        let (first, last) = (marker(&self.marker_begin), marker(&self.marker_end));
        let present = self.state == State::Present;
        let mut block = Vec::new();
        if present && !self.block.is_empty() {
            let mut text = content.adopt(&self.block);
            if !text.ends_with('\n') {
                text.push('\n');
            }
            block = vec![first.clone(), text, last.clone()];
        }
        let pattern = self.pattern(content)?;
        let begin = lines.iter().rposition(|l| *l == first);
        let end = lines.iter().rposition(|l| *l == last);
        let mut at = match (begin, end) {
            (Some(b), Some(e)) => {
                lines.drain(b.min(e)..=b.max(e));
                b.min(e)
            }
            _ => self.place(pattern, content, &lines)?,
        };
        at = at.min(lines.len());
        if let Some(line) = at.checked_sub(1).and_then(|n| lines.get_mut(n))
            && !line.ends_with('\n')
        {
            line.push('\n');
        }
        let written = !block.is_empty();
        let blank = |line: Option<&String>| line.is_none_or(|l| l == "\n");
        if self.prepend_newline && present && at > 0 && !blank(lines.get(at - 1)) {
            lines.insert(at, "\n".into());
            at += 1;
        }
        let after = at + block.len();
        lines.splice(at..at, block);
        if self.append_newline && present && !blank(lines.get(after)) {
            lines.insert(after, "\n".into());
        }
        Ok((lines.concat(), written))
    }
}

/// Lines with their ends, which may be those of Unix, Windows or an old Mac.
fn split_lines(text: &str) -> Vec<String> {
    let (mut lines, mut start) = (Vec::new(), 0);
    let mut bytes = text.bytes().enumerate().peekable();
    while let Some((at, byte)) = bytes.next() {
        let pair = byte == b'\r' && bytes.peek().is_some_and(|(_, next)| *next == b'\n');
        if matches!(byte, b'\r' | b'\n') && !pair {
            lines.extend(text.get(start..=at).map(str::to_owned));
            start = at + 1;
        }
    }
    lines.extend(text.get(start..).filter(|l| !l.is_empty()).map(str::to_owned));
    lines
}

impl Module for Blockinfile {
    const META: Meta = Meta {
        name: "ansible.builtin.blockinfile",
        aliases: &[],
        check: Support::Full,
        diff: Support::Full,
        returns: &[
            Return {
                name: "backup_file",
                doc: "The copy of the old file, with `backup`.",
            },
            Return {
                name: "msg",
                doc: "What was done.",
            },
        ],
        examples: &[
            Example {
                title: "Lines at the end",
                args: r#"{"path": "{dir}/a", "block": "one\ntwo"}"#,
                given: &[("a", "x")],
                then: &[(
                    "a",
                    "x\n# BEGIN ANSIBLE MANAGED BLOCK\none\ntwo\n# END ANSIBLE MANAGED BLOCK\n",
                )],
                changed: true,
                runs: true,
            },
            Example {
                title: "Other markers, at a place",
                args: r#"{"path": "{dir}/a.html", "block": "<p/>", "marker": "<!-- {mark} -->", "insertafter": "<body>"}"#,
                given: &[("a.html", "<body>\n</body>\n")],
                then: &[("a.html", "<body>\n<!-- BEGIN -->\n<p/>\n<!-- END -->\n</body>\n")],
                changed: true,
                runs: true,
            },
        ],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let old = load(&self.path, self.create, "Path", host)?;
        if self.state == State::Absent && old.is_none() {
            return Ok(Outcome::new()
                .changed(false)
                .with("msg", format!("File {} not present", self.path.display())));
        }
        let content = Decoded::new(old.clone().unwrap_or_default());
        let (text, written) = self.edit(&content)?;
        let new = content.encode(&text);
        let message = match &old {
            Some(old) if *old == new => "",
            None => "File created",
            Some(_) if !written => "Block removed",
            Some(_) => "Block inserted",
        };
        let edit = Edit {
            path: &self.path,
            replace_link: false,
            old: old.as_deref(),
            new: &new,
            save: &self.save,
        };
        let (outcome, backup) = edit.save(host, message.to_owned(), &self.attrs)?;
        Ok(if backup.is_empty() {
            outcome
        } else {
            outcome.with("backup_file", backup)
        })
    }
}
