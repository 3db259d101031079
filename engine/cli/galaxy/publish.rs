//! `kdo galaxy publish`

use super::{context::Context, server_args::ServerArgs, tell};
use crate::{
    screen,
    stop::{Result, Stop},
};
use clap::Args;
use kdo_galaxy::{Kind, Overrides, Publication, SignBy, Target, Wish, publish as publish_all};
use std::{path::PathBuf, time::Duration};

/// Arguments of `kdo galaxy publish`.
#[derive(Args)]
pub(crate) struct PublishArgs {
    /// Folders of roles or collections, archives of collections
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<PathBuf>,
    /// Where to: oci://HOST/NAMESPACE, oci:FOLDER, galaxy+https://…, static:FOLDER [default: the server of -s or of the configuration]
    #[arg(long, value_name = "PLACE")]
    to: Option<String>,
    /// Name of the role, with its namespace [default: what meta/main.yml says, else the folder's]
    #[arg(long)]
    name: Option<String>,
    /// Namespace of the roles that say none themselves
    #[arg(long, conflicts_with = "name")]
    namespace: Option<String>,
    /// Version of the roles [default: the tag of git]
    #[arg(long)]
    version: Option<String>,
    /// Sign by this SSH key, in a registry of OCI
    #[arg(long, value_name = "KEYFILE", conflicts_with = "sign_gpg")]
    sign: Option<PathBuf>,
    /// Sign by GnuPG, in a static tree, with this key or the default one
    #[arg(long, value_name = "KEY", num_args = 0..=1, default_missing_value = "")]
    sign_gpg: Option<String>,
    /// URL that static:FOLDER is served at: ansible-galaxy finds roles only by whole URLs
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Only show what would be sent
    #[arg(long)]
    dry_run: bool,
    /// Do not wait for what a Galaxy server makes of it
    #[arg(long)]
    no_wait: bool,
    /// Seconds that its import may take [default: 1800; 0 for no limit]
    #[arg(long, value_name = "SECONDS")]
    import_timeout: Option<u64>,
    #[command(flatten)]
    servers: ServerArgs,
}

/// Publishes.
pub(crate) fn publish(kind: Option<Kind>, args: &PublishArgs) -> Result<u8> {
    if args.name.is_some() && args.paths.len() > 1 {
        return Err(Stop::usage("--name is for one role"));
    }
    let context = Context::of(&Overrides {
        no_wait: args.no_wait,
        import_timeout: args.import_timeout.map(|seconds| match seconds {
            // As with ansible-galaxy.
            0 => Duration::MAX,
            seconds => Duration::from_secs(seconds),
        }),
        ..args.servers.overrides()
    })?;
    let told = |f| tell::stop(&f, &context.texts);
    let servers = context.sources.servers();
    let to = match (&args.to, servers.first()) {
        (Some(to), _) => to.clone(),
        (None, Some(server)) => server.name.clone(),
        (None, None) => return Err(Stop::usage("say where to publish by --to")),
    };
    let mut target = Target::parse(&to, servers).map_err(told)?;
    match &mut target {
        Target::Static { url, .. } => url.clone_from(&args.url),
        _ if args.url.is_some() => return Err(Stop::usage("--url is for static:FOLDER")),
        _ => {}
    }
    let sign = match (&args.sign, &args.sign_gpg) {
        (Some(key), _) => Some(SignBy::Ssh(key.clone())),
        (None, Some(key)) => Some(SignBy::Gpg(Some(key.clone()).filter(|k| !k.is_empty()))),
        (None, None) => None,
    };
    let wish = Wish {
        kind,
        name: args.name.clone(),
        namespace: args.namespace.clone(),
        version: args.version.clone(),
    };
    // All are made ready before the first is sent: a mistake in one keeps all back.
    let mut ready = Vec::new();
    for path in &args.paths {
        let made = Publication::of_path(path, &wish, context.sources.store())
            .map_err(|f| told(f.of(path.display())))?;
        ready.push(made);
    }
    for made in &ready {
        screen::say(&format!(
            "{} {} {}: {} files, {} bytes, {}",
            made.package.kind().word(),
            made.package,
            made.version,
            made.files.len(),
            made.size,
            made.archive
        ));
        for (what, value) in &made.derived {
            screen::say(&format!("  {what}: {value}"));
        }
        if args.dry_run {
            made.files
                .iter()
                .for_each(|f| screen::say(&format!("  {}", f.display())));
        }
    }
    if args.dry_run {
        return Ok(0);
    }
    for done in publish_all(&ready, &target, sign.as_ref(), &context.sources) {
        let done = done.map_err(told)?;
        let word = if done.was_there {
            "is there already, with the same content"
        } else {
            "published"
        };
        screen::say(&format!("{} {word}\n  digest: {}", done.address, done.digest));
        if let Some(signer) = &done.signer {
            screen::say(&format!("  signed by {signer}"));
        }
    }
    Ok(0)
}
