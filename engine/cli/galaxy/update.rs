//! `kdo galaxy update`

use super::{
    context::{Context, FileArgs},
    install, lock,
    server_args::ServerArgs,
};
use crate::{
    screen,
    stop::{Result, Stop},
};
use clap::Args;
use kdo_galaxy::{Choice, Kind, Mode, lock as lock_all};
use kdo_syntax::nearest;

/// Arguments of `kdo galaxy update`.
#[derive(Args)]
pub(crate) struct UpdateArgs {
    /// Only these packages; the others stay as they are locked where that fits
    #[arg(value_name = "PACKAGE")]
    packages: Vec<String>,
    #[command(flatten)]
    file: FileArgs,
    /// Take pre-releases too
    #[arg(long)]
    pre: bool,
    /// Only tell what would change
    #[arg(long)]
    dry_run: bool,
    /// Write the lock file and install nothing
    #[arg(long)]
    no_install: bool,
    #[command(flatten)]
    servers: ServerArgs,
}

/// Takes newer versions into the lock file and installs them.
pub(crate) fn update(kind: Option<Kind>, args: &UpdateArgs) -> Result<u8> {
    if kind.is_some() {
        return Err(Stop::usage(
            "a lock file is for all that requirements.yml asks for: kdo galaxy update",
        ));
    }
    let context = Context::new(&args.servers)?;
    let asked = context.asked(None, &[], &args.file)?;
    let old = context.lock(&asked)?;
    let mut choice = Choice {
        prereleases: args.pre,
        ..Choice::default()
    };
    let installer = context.installer(context.paths(None, None)?, Mode::Needed);
    match &old {
        Some(old) => choice.prefer(old),
        None => choice.prefer_installed(&installer),
    }
    for name in &args.packages {
        if !choice.preferred.keys().any(|p| p.name() == name) {
            let near = nearest(name, choice.preferred.keys().map(kdo_galaxy::Package::name));
            let near = near.map_or_else(String::new, |n| format!(": did you mean {n}?"));
            return Err(Stop::new(format!("{name} is neither locked nor installed{near}")));
        }
    }
    choice.keep_only(|p| !args.packages.is_empty() && !args.packages.iter().any(|n| n == p.name()));
    let resolved = context
        .resolve(&asked.list, &choice)
        .map_err(|f| context.stop(&f))?;
    let new = lock_all(context.sources.store(), asked.digest(), &resolved).map_err(|f| context.stop(&f))?;
    if let Some(old) = &old {
        old.refuse_replaced(&new).map_err(|f| context.stop(&f))?;
    }
    for line in lock::differences(old.as_ref(), &new) {
        screen::say(&line);
    }
    if args.dry_run {
        return Ok(0);
    }
    new.write(&asked.lock_file()).map_err(|f| context.stop(&f))?;
    if !args.no_install {
        let done = installer
            .install(&resolved, Some(&new))
            .map_err(|f| context.stop(&f))?;
        install::tell(&done, args.servers.is_verbose());
    }
    Ok(0)
}
