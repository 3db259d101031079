//! `results.tsv`: lines `section TAB test TAB status TAB seconds TAB message`, as kdo's roles write them.

use super::Source;
use crate::{
    note::Notes,
    outcome::{Outcomes, seconds},
    status::Status,
    text::Lines,
};
use std::io::BufRead;

/// Reads it. A broken line is noted and passed over; only its seconds may be wrong.
pub(crate) fn read(source: Source<'_, impl BufRead>, found: &mut Outcomes, notes: &mut Notes) {
    for line in Lines::new(source.reader) {
        let line = match line {
            Ok(line) => line,
            Err(error) => {
                notes.add(source.path, 0, error);
                return;
            }
        };
        if line.text.trim().is_empty() || line.text.starts_with('#') {
            continue;
        }
        let fields: Vec<&str> = line.text.splitn(5, '\t').collect();
        let [section, test, word, rest @ ..] = &fields[..] else {
            notes.add(
                source.path,
                line.number,
                "a line needs at least section, test and status, with tabs between",
            );
            continue;
        };
        if test.trim().is_empty() {
            notes.add(source.path, line.number, "the test has no name");
            continue;
        }
        let Some(status) = Status::of(word) else {
            let text = format!("unknown status \"{}\"", crate::text::first(word, 40));
            notes.add(source.path, line.number, text);
            continue;
        };
        let time = rest.first().map_or("", |t| t.trim());
        let took = seconds(time);
        if took.is_none() && !matches!(time, "" | "-") {
            notes.add(source.path, line.number, "the seconds are not a decimal number");
        }
        found
            .add(section.trim(), test.trim(), status)
            .seconds(took)
            .message(rest.get(1).map_or("", |m| m.trim()));
    }
}

#[cfg(test)]
mod tests {
    use super::{Source, read};
    use crate::{note::Notes, outcome::Outcomes, status::Status};
    use std::path::Path;

    #[test]
    fn broken_lines_are_named_and_the_rest_is_read() {
        let text = "# comment\n\tsize\tpass\t0.1\nxfs\tgeneric/001\tfail\t3\tbad\tluck\nxfs\tx\n\n\
                    xfs\tgeneric/002\tgood\t1\nxfs\tgeneric/003\tskip\tsoon\txfs\n\t\tpass\nxfs\tgeneric/001\tpass\n";
        let (mut found, mut notes) = (Outcomes::new(false), Notes::default());
        let path = Path::new("r.tsv");
        read(
            Source {
                path,
                reader: text.as_bytes(),
            },
            &mut found,
            &mut notes,
        );
        let all = found.finish(path, &mut notes);
        let names: Vec<_> = all
            .iter()
            .map(|o| (o.section.as_str(), o.test.as_str(), o.status, o.seconds))
            .collect();
        assert_eq!(
            names,
            [
                ("", "size", Status::Pass, Some(0.1)),
                ("xfs", "generic/001", Status::Pass, None),
                ("xfs", "generic/003", Status::Skip, None),
            ]
        );
        assert_eq!(all[2].message, "xfs");
        assert_eq!(
            notes.lines(),
            [
                "r.tsv:4: a line needs at least section, test and status, with tabs between",
                "r.tsv:6: unknown status \"good\"",
                "r.tsv:7: the seconds are not a decimal number",
                "r.tsv:8: the test has no name",
            ]
        );
    }
}
