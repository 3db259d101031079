//! `kdo galaxy outdated`

use super::{
    context::{Asked, Context, FileArgs},
    lock::{is_git, shown},
    server_args::ServerArgs,
};
use crate::{screen, stop::Result};
use clap::Args;
use kdo_galaxy::{Choice, Kind, Mode, Package, Requirement, Resolved, Version};

/// Arguments of `kdo galaxy outdated`.
#[derive(Args)]
pub(crate) struct OutdatedArgs {
    #[command(flatten)]
    file: FileArgs,
    /// End with 3 if anything is outdated
    #[arg(long)]
    check: bool,
    /// Look at pre-releases too
    #[arg(long)]
    pre: bool,
    #[command(flatten)]
    servers: ServerArgs,
}

struct Row {
    name: String,
    now: String,
    fitting: String,
    newest: String,
}

/// Lists what is locked, or installed, in an older version than there is.
pub(crate) fn outdated(kind: Option<Kind>, args: &OutdatedArgs) -> Result<u8> {
    let context = Context::new(&args.servers)?;
    let asked = match context.asked_if_any(kind, &[], &args.file)? {
        Some(asked) => asked,
        None => installed(&context, kind),
    };
    let choice = Choice {
        prereleases: args.pre,
        ..Choice::default()
    };
    let resolved = context
        .resolve(&asked.list, &choice)
        .map_err(|f| context.stop(&f))?;
    let mut rows = Vec::new();
    for package in &resolved {
        rows.extend(row(&context, &asked, package, args.pre)?);
    }
    if rows.is_empty() {
        screen::say("all packages are up to date");
        return Ok(0);
    }
    let width = |of: fn(&Row) -> &String, title: &str| {
        rows.iter()
            .map(|r| of(r).chars().count())
            .max()
            .unwrap_or(0)
            .max(title.len())
    };
    let (a, b, c) = (
        width(|r| &r.name, "Package"),
        width(|r| &r.now, "Now"),
        width(|r| &r.fitting, "Fitting"),
    );
    let mut out = format!("{:a$}  {:b$}  {:c$}  Newest\n", "Package", "Now", "Fitting");
    for row in &rows {
        out += &format!(
            "{:a$}  {:b$}  {:c$}  {}\n",
            row.name, row.now, row.fitting, row.newest
        );
    }
    screen::say(&out);
    Ok(if args.check { 3 } else { 0 })
}

/// What installers brought, in any version.
fn installed(context: &Context, kind: Option<Kind>) -> Asked {
    let found = context.installed(kind);
    let managed = found.iter().filter(|f| f.is_managed());
    let list = managed.map(|f| Requirement::named(f.package.kind(), f.package.name(), ""));
    Asked::new(list.collect(), None)
}

fn row(context: &Context, asked: &Asked, resolved: &Resolved, pre: bool) -> Result<Option<Row>> {
    let package = &resolved.release.package;
    let fitting = &resolved.release.version;
    let locked = context.lock(asked)?.and_then(|l| l.find(package).cloned());
    let now = match &locked {
        Some(locked) => Some(locked.version.clone()),
        None => installed_version(context, package)?,
    };
    let moved = locked
        .as_ref()
        .filter(|l| is_git(l) && l.source != resolved.place());
    let versions = resolved.source.versions(package).map_err(|f| context.stop(&f))?;
    let newest = versions.into_iter().filter(|v| pre || !v.is_prerelease()).max();
    let newest = newest.filter(|n| n > fitting).unwrap_or_else(|| fitting.clone());
    if let Some(locked) = moved {
        let there = shown(fitting, &resolved.place());
        return Ok(Some(Row {
            name: package.name().to_owned(),
            now: shown(&locked.version, &locked.source),
            fitting: there.clone(),
            newest: there,
        }));
    }
    let current = now.as_ref().is_some_and(|n| n == fitting && *n == newest);
    Ok((!current).then(|| Row {
        name: package.name().to_owned(),
        now: now.map_or_else(|| "-".to_owned(), |v| v.to_string()),
        fitting: fitting.to_string(),
        newest: newest.to_string(),
    }))
}

fn installed_version(context: &Context, package: &Package) -> Result<Option<Version>> {
    let installer = context.installer(context.paths(None, None)?, Mode::Needed);
    Ok(installer.present(package).and_then(|p| p.version))
}
