//! Lines from the user: edited on a terminal, with history and completion; as they come from anywhere else.

use crate::screen;
use rustyline::{
    CompletionType, Config, Context, Editor, Helper,
    completion::{Completer, Pair},
    error::ReadlineError,
    highlight::Highlighter,
    hint::Hinter,
    history::{DefaultHistory, History, SearchDirection},
    validate::Validator,
};
use std::{
    io::{BufRead, IsTerminal, Write, stdin, stdout},
    path::PathBuf,
};

/// What was read.
pub(crate) enum Line {
    Text(String),
    /// The user gave up this line.
    Interrupted,
    End,
}

/// Gives the words that may stand at the end of a line that was begun.
pub(crate) type Complete = Box<dyn Fn(&str) -> Vec<String>>;

/// Where lines come from.
pub(crate) enum Lines {
    Terminal(Box<Editor<Words, DefaultHistory>>, Option<PathBuf>),
    Plain,
}

/// Lines that are kept for the next time.
const KEPT: usize = 1000;

impl Lines {
    /// The terminal if there is one, else standard input.
    pub(crate) fn open(complete: Complete) -> Self {
        if !stdin().is_terminal() || !stdout().is_terminal() {
            return Self::Plain;
        }
        let config = Config::builder().completion_type(CompletionType::List).build();
        let Ok(mut editor) = Editor::<Words, DefaultHistory>::with_config(config) else {
            return Self::Plain;
        };
        editor.set_helper(Some(Words(complete)));
        let file = std::env::home_dir().map(|h| h.join(".ansible-console_history"));
        let before = file.as_ref().and_then(|f| std::fs::read_to_string(f).ok());
        for line in before.unwrap_or_default().lines() {
            // A line that the history does not take is only not offered again.
            let _ = editor.add_history_entry(line);
        }
        Self::Terminal(Box::new(editor), file)
    }

    /// The next line.
    pub(crate) fn next(&mut self, prompt: &str) -> Line {
        match self {
            Self::Terminal(editor, _) => match editor.readline(prompt) {
                Ok(line) => {
                    let _ = editor.add_history_entry(line.as_str());
                    Line::Text(line)
                }
                Err(ReadlineError::Interrupted) => Line::Interrupted,
                Err(_) => Line::End,
            },
            Self::Plain => {
                let mut out = stdout().lock();
                let _ = out.write_all(prompt.as_bytes()).and_then(|()| out.flush());
                let mut line = String::new();
                match stdin().lock().read_line(&mut line) {
                    Ok(n) if n > 0 => Line::Text(line.trim_end_matches(['\n', '\r']).to_owned()),
                    _ => Line::End,
                }
            }
        }
    }

    /// Keeps the history.
    pub(crate) fn close(self) {
        let Self::Terminal(editor, Some(file)) = self else {
            return;
        };
        let history = editor.history();
        let first = history.len().saturating_sub(KEPT);
        let lines: Vec<String> = (first..history.len())
            .filter_map(|n| history.get(n, SearchDirection::Forward).ok().flatten())
            .map(|found| format!("{}\n", found.entry))
            .collect();
        if let Err(e) = kdo_vault::file::write(&file, lines.concat().as_bytes()) {
            screen::warn(&format!("cannot keep the history in {}: {e}", file.display()));
        }
    }
}

/// Completes words.
pub(crate) struct Words(Complete);

impl Completer for Words {
    type Candidate = Pair;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let begun = line.get(..at).unwrap_or(line);
        let start = begun.rfind([' ', ',']).map_or(0, |n| n + 1);
        let word = begun.get(start..).unwrap_or_default();
        let fitting = (self.0)(begun).into_iter().filter(|w| w.starts_with(word));
        let pairs = fitting.map(|w| Pair {
            display: w.clone(),
            replacement: w,
        });
        Ok((start, pairs.collect()))
    }
}

impl Hinter for Words {
    type Hint = String;
}

impl Highlighter for Words {}

impl Validator for Words {}

impl Helper for Words {}
