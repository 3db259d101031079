//! The files that were read.

use kdo_value::Origin;
use std::{
    cell::RefCell,
    path::{Path, PathBuf},
    rc::Rc,
};

/// One text that was read, with its name.
#[derive(Debug)]
pub struct Source {
    /// Path as given, or a name such as `<command line>`.
    pub path: PathBuf,
    /// The whole text.
    pub text: String,
    lines: Vec<usize>,
}

impl Source {
    /// The text of a line, counted from 1, without its end.
    pub fn line(&self, number: u32) -> Option<&str> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        let start = *self.lines.get(index)?;
        let end = self.lines.get(index + 1).map_or(self.text.len(), |n| n - 1);
        self.text
            .get(start..end)
            .map(|l| l.strip_suffix('\r').unwrap_or(l))
    }

    /// Number of lines.
    pub fn line_count(&self) -> usize {
        self.lines.len()
    }
}

/// All texts of a run. Numbers begin at 1; 0 is no file.
#[derive(Debug, Default)]
pub struct SourceMap {
    sources: RefCell<Vec<Rc<Source>>>,
}

impl SourceMap {
    /// An empty map.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text and gives its number, for [`Origin::file`].
    pub fn add(&self, path: &Path, text: impl Into<String>) -> u32 {
        let text = text.into();
        let lines = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(i, _)| i + 1))
            .collect();
        let mut sources = self.sources.borrow_mut();
        sources.push(Rc::new(Source {
            path: path.to_owned(),
            text,
            lines,
        }));
        u32::try_from(sources.len()).unwrap_or(0)
    }

    /// The text of that number.
    pub fn get(&self, file: u32) -> Option<Rc<Source>> {
        let index = usize::try_from(file).ok()?.checked_sub(1)?;
        self.sources.borrow().get(index).cloned()
    }

    /// The path of that number.
    pub fn path(&self, file: u32) -> Option<PathBuf> {
        self.get(file).map(|s| s.path.clone())
    }

    /// `file:line:column`, as far as known.
    pub fn place(&self, origin: Origin) -> String {
        let Some(source) = self.get(origin.file) else {
            return "<unknown>".into();
        };
        let path = source.path.display();
        match (origin.line, origin.column) {
            (0, _) => path.to_string(),
            (line, 0) => format!("{path}:{line}"),
            (line, column) => format!("{path}:{line}:{column}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SourceMap;
    use kdo_value::Origin;
    use std::path::Path;

    #[test]
    fn lines_and_places_are_found() {
        let sources = SourceMap::new();
        let file = sources.add(Path::new("a.yml"), "one\r\ntwo\n");
        assert_eq!(file, 1);
        let source = sources.get(file).unwrap();
        assert_eq!(source.line(1), Some("one"));
        assert_eq!(source.line(2), Some("two"));
        assert_eq!(source.line(3), Some(""));
        assert_eq!(source.line(4), None);
        assert_eq!(source.line(0), None);
        let at = |line, column| sources.place(Origin { file, line, column });
        assert_eq!(
            (at(2, 3), at(2, 0), at(0, 0)),
            ("a.yml:2:3".into(), "a.yml:2".into(), "a.yml".into())
        );
        assert_eq!(sources.place(Origin::default()), "<unknown>");
    }
}
