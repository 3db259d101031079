//! `kdo results`

use crate::{
    screen::{self, Stream},
    stop::{Result, Stop},
};
use clap::Args;
use kdo_report::terminal_size;
use kdo_results::{Choice, Report, html, json, junit, terminal};
use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

/// Warnings that are told; the JSON and the page have all.
const WARNINGS: usize = 20;

/// Arguments of `kdo results`.
#[derive(Args)]
#[command(
    infer_long_args = true,
    args_override_self = true,
    after_help = "The exit status is 0 if nothing got worse, 1 for regressions and new failures, 2 for wrong use. \
                  docs/results.md tells of the formats."
)]
pub(crate) struct ResultsArgs {
    /// Folder that results were fetched to: HOST/SUITE/RUN in it
    #[arg(default_value = "results")]
    folder: PathBuf,
    /// What is known of tests [default: FOLDER/baseline.tsv if it is there]
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Bring the baseline up to date with these results, or make it
    #[arg(long)]
    write_baseline: bool,
    /// Only hosts that fit this pattern; can be given several times
    #[arg(long, value_name = "PATTERN")]
    host: Vec<String>,
    /// Only suites that fit this pattern; can be given several times
    #[arg(long, value_name = "PATTERN")]
    suite: Vec<String>,
    /// Only runs with a kernel that fits this pattern; can be given several times
    #[arg(long, value_name = "PATTERN")]
    kernel: Vec<String>,
    /// Only tests that failed
    #[arg(long)]
    failed: bool,
    /// Take the last N runs of each host and suite together; of each test the newest result counts
    #[arg(long, value_name = "N", default_value_t = 1)]
    last: usize,
    /// A test is flaky that both passed and failed in the last N runs with the same kernel
    #[arg(long, value_name = "N", default_value_t = 10)]
    runs: usize,
    /// Write JUnit's XML to this file
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write a page that needs nothing beside it to this file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Shows results.
pub(crate) fn results(args: ResultsArgs) -> Result<u8> {
    let choice = Choice {
        folder: args.folder,
        baseline: args.baseline,
        new_baseline: args.write_baseline,
        hosts: args.host,
        suites: args.suite,
        kernels: args.kernel,
        failed: args.failed,
        last: args.last,
        runs: args.runs,
    };
    let mut report = Report::read(&choice).map_err(|e| Stop::usage(e.0))?;
    for note in report.notes.iter().take(WARNINGS) {
        screen::warn(&note.to_string());
    }
    if report.notes.len() > WARNINGS {
        let more = report.notes.len() - WARNINGS;
        screen::warn(&format!("{more} more places that could not be read"));
    }
    if let Some(path) = &args.html {
        write(path, |out| html(&report, out))?;
    }
    if let Some(path) = &args.junit {
        write(path, |out| junit(&report, out))?;
    }
    if args.json {
        screen::say(&json(&report));
    } else {
        let columns = terminal_size().0.max(40);
        screen::say(&terminal(&report, columns, screen::color(Stream::Out)));
    }
    if args.write_baseline {
        let (path, text) = report.new_baseline();
        write(&path, |out| out.write_all(text.as_bytes()))?;
        return Ok(0);
    }
    Ok(u8::from(report.is_worse()))
}

/// Writes a file whole or not at all; into what is no plain file as it comes.
fn write(path: &Path, content: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> Result<()> {
    let plain = fs::metadata(path).map_or(true, |m| m.is_file());
    let mut new = path.as_os_str().to_owned();
    if plain {
        new.push(".new");
    }
    let write = || {
        let mut out = BufWriter::new(File::create(&new)?);
        content(&mut out)?;
        out.flush()?;
        if plain { fs::rename(&new, path) } else { Ok(()) }
    };
    write().map_err(|e| Stop::usage(format!("{}: {e}", path.display())))
}
