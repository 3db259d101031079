//! `kdo galaxy search`

use super::{context::Context, server_args::ServerArgs};
use crate::{
    called_as, screen,
    stop::{Result, Stop},
};
use clap::Args;
use kdo_galaxy::{Found, Kind, Query};

/// Arguments of `kdo galaxy search`.
#[derive(Args)]
pub(crate) struct SearchArgs {
    /// Words to look for
    #[arg(value_name = "WORD")]
    words: Vec<String>,
    /// Platforms that roles are for, with commas between
    #[arg(long, value_name = "PLATFORMS", value_delimiter = ',')]
    platforms: Vec<String>,
    /// Tags, with commas between
    #[arg(long, visible_alias = "tags", value_name = "TAGS", value_delimiter = ',')]
    galaxy_tags: Vec<String>,
    /// Whose packages
    #[arg(long, value_name = "NAMESPACE")]
    author: Option<String>,
    #[command(flatten)]
    servers: ServerArgs,
}

/// Searches the servers in their order; what the first of them finds that finds anything is shown.
pub(crate) fn search(kind: Option<Kind>, args: &SearchArgs) -> Result<u8> {
    let kinds = match kind {
        Some(kind) => vec![kind],
        None if called_as::ansible() => vec![Kind::Role],
        None => vec![Kind::Role, Kind::Collection],
    };
    if args.words.is_empty()
        && args.platforms.is_empty()
        && args.galaxy_tags.is_empty()
        && args.author.is_none()
    {
        return Err(Stop::new(
            "Invalid query. At least one search term, platform, galaxy tag or author must be provided.",
        ));
    }
    let context = Context::new(&args.servers)?;
    let mut any = false;
    for kind in &kinds {
        let query = Query {
            kind: *kind,
            words: args.words.clone(),
            author: args.author.clone(),
            tags: args.galaxy_tags.clone(),
            platforms: args.platforms.clone(),
        };
        let found = first_found(&context, &query)?;
        if !found.is_empty() {
            any = true;
            screen::say(&table(&found, kind.word()));
        }
    }
    if !any {
        let words: Vec<String> = kinds.iter().map(|k| format!("{}s", k.word())).collect();
        screen::warn(&format!("No {} match your search.", words.join(" or ")));
    }
    Ok(0)
}

/// What the first server finds that finds anything.
fn first_found(context: &Context, query: &Query) -> Result<Vec<Found>> {
    for source in context.sources.all().map_err(|f| context.stop(&f))? {
        let found = source.search(query).map_err(|f| context.stop(&f))?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

fn table(found: &[Found], word: &str) -> String {
    let name = |f: &Found| match &f.version {
        Some(version) => format!("{} {version}", f.name),
        None => f.name.clone(),
    };
    let width = found
        .iter()
        .map(|f| name(f).chars().count())
        .max()
        .unwrap_or(0)
        .max(4);
    let mut out = format!("\nFound {} {word}s matching your search:\n\n", found.len());
    out += &format!(" {:width$} Description\n {:width$} -----------\n", "Name", "----");
    for entry in found {
        // What strangers wrote may hold anything.
        let description: String = entry.description.chars().filter(|c| !c.is_control()).collect();
        out += &format!(" {:width$} {description}\n", name(entry));
    }
    out
}
