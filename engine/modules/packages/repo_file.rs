//! Files of package repositories (`*.repo`): sections of `name = value` lines as Python's configparser reads and writes them.

/// The sections of a file in their order, each with its settings in their order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct RepoFile {
    sections: Vec<(String, Vec<(String, String)>)>,
}

impl RepoFile {
    /// Reads a file; comments are lost. The error tells the line that cannot be read.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let mut file = Self::default();
        // How deep the setting that may go on is indented, and whether one is open.
        let mut open: Option<usize> = None;
        for (number, line) in text.lines().enumerate() {
            let number = number + 1;
            let trimmed = line.trim();
            if trimmed.starts_with(['#', ';']) {
                continue;
            }
            let indent = line.len() - line.trim_start().len();
            let setting = file
                .sections
                .last_mut()
                .and_then(|(_, settings)| settings.last_mut());
            if let (Some(depth), Some((_, value))) = (open, setting)
                && (trimmed.is_empty() || indent > depth)
            {
                value.push('\n');
                value.push_str(trimmed);
                continue;
            }
            if trimmed.is_empty() {
                continue;
            }
            if let Some(name) = trimmed
                .strip_prefix('[')
                .and_then(|t| t.rsplit_once(']'))
                .map(|(n, _)| n)
            {
                if file.sections.iter().any(|(n, _)| n == name) {
                    return Err(format!("line {number}: section '{name}' already exists"));
                }
                file.sections.push((name.to_owned(), Vec::new()));
                open = None;
                continue;
            }
            let Some((key, value)) = trimmed.split_once(['=', ':']) else {
                return Err(format!(
                    "line {number} is neither a section nor a setting: {trimmed}"
                ));
            };
            let Some((section, settings)) = file.sections.last_mut() else {
                return Err(format!(
                    "line {number} stands before the first section: {trimmed}"
                ));
            };
            let key = key.trim().to_lowercase();
            if settings.iter().any(|(k, _)| *k == key) {
                return Err(format!(
                    "line {number}: '{key}' already exists in section '{section}'"
                ));
            }
            settings.push((key, value.trim().to_owned()));
            open = Some(indent);
        }
        for (_, value) in file.sections.iter_mut().flat_map(|(_, settings)| settings) {
            value.truncate(value.trim_end().len());
        }
        Ok(file)
    }

    /// Puts a section in place of the one of that name, at the end.
    pub(super) fn set(&mut self, name: &str, settings: Vec<(String, String)>) {
        self.remove(name);
        self.sections.push((name.to_owned(), settings));
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.sections.retain(|(n, _)| n != name);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sections.is_empty()
    }

    /// The text of the file.
    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        for (name, settings) in &self.sections {
            out += &format!("[{name}]\n");
            for (key, value) in settings {
                out += &format!("{key} = {}\n", value.replace('\n', "\n\t"));
            }
            out.push('\n');
        }
        out
    }

    /// The sections and their settings in alphabetical order, to compare and show.
    pub(super) fn sorted(&self) -> String {
        let mut sections: Vec<_> = self.sections.iter().collect();
        sections.sort();
        let mut out = String::new();
        for (name, settings) in sections {
            out += &format!("[{name}]\n");
            let mut settings: Vec<_> = settings.iter().collect();
            settings.sort();
            for (key, value) in settings {
                out += &format!("{key} = {value}\n");
            }
            out.push('\n');
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::RepoFile;

    #[test]
    fn values_go_on_in_indented_lines() {
        let text = "# c\n[b]\nBaseURL: http://a/\n  http://b/\n\n   http://c/\n\n[a]\nx=1\n";
        let mut file = RepoFile::read(text).unwrap();
        assert_eq!(
            file.text(),
            "[b]\nbaseurl = http://a/\n\thttp://b/\n\t\n\thttp://c/\n\n[a]\nx = 1\n\n"
        );
        assert_eq!(RepoFile::read(&file.text()).unwrap(), file);
        assert!(file.sorted().starts_with("[a]\nx = 1\n\n[b]\n"));
        file.set("b", vec![("y".into(), "2".into())]);
        assert_eq!(file.text(), "[a]\nx = 1\n\n[b]\ny = 2\n\n");
        file.remove("a");
        file.remove("b");
        assert!(file.is_empty());
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_line() {
        for (text, what) in [
            ("x=1\n", "line 1"),
            ("[a]\nword\n", "line 2"),
            ("[a]\nx=1\nx=2\n", "line 3"),
            ("[a]\n[a]\n", "line 2"),
        ] {
            assert!(RepoFile::read(text).unwrap_err().starts_with(what), "{text}");
        }
    }
}
