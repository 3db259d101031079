//! `kdo galaxy role import`, `delete` and `setup`: roles that a Galaxy server has of GitHub.

use super::{context::Context, server_args::ServerArgs};
use crate::{
    screen,
    stop::{Result, Stop},
};
use clap::Args;
use kdo_galaxy::{Kind, Repository, RoleImport, RoleImports};
use std::{collections::BTreeSet, path::PathBuf, thread, time::Duration};

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// The repository.
#[derive(Args)]
pub(crate) struct RepositoryArgs {
    /// Owner of the repository on GitHub
    github_user: String,
    /// Name of the repository
    github_repo: String,
}

impl RepositoryArgs {
    fn repository(&self) -> Repository {
        Repository {
            user: self.github_user.clone(),
            name: self.github_repo.clone(),
        }
    }
}

/// Arguments of `kdo galaxy role import`.
#[derive(Args)]
pub(crate) struct ImportArgs {
    #[command(flatten)]
    repository: RepositoryArgs,
    /// Do not wait for the end of the import
    #[arg(long)]
    no_wait: bool,
    /// Branch or tag [default: that of the repository]
    #[arg(long, value_name = "NAME")]
    branch: Option<String>,
    /// Name of the role [default: that of the repository]
    #[arg(long, value_name = "NAME")]
    role_name: Option<String>,
    /// Only tell of the last import
    #[arg(long)]
    status: bool,
    #[command(flatten)]
    servers: ServerArgs,
}

/// Arguments of `kdo galaxy role delete`.
#[derive(Args)]
pub(crate) struct DeleteArgs {
    #[command(flatten)]
    repository: RepositoryArgs,
    #[command(flatten)]
    servers: ServerArgs,
}

/// Arguments of `kdo galaxy role setup`.
#[derive(Args)]
pub(crate) struct SetupArgs {
    /// Service, owner, repository and secret
    #[arg(value_name = "WORD")]
    words: Vec<String>,
    #[arg(long, value_name = "ID", hide = true)]
    remove: Option<String>,
    #[arg(long, hide = true)]
    list: bool,
    #[arg(short = 'p', long, value_name = "FOLDER", hide = true)]
    roles_path: Vec<PathBuf>,
    #[command(flatten)]
    servers: ServerArgs,
}

/// Asks a server to import a role, or for how that goes.
pub(crate) fn import(kind: Option<Kind>, args: &ImportArgs) -> Result<u8> {
    must_be_roles(kind)?;
    let context = Context::new(&args.servers)?;
    let imports = context.sources.role_imports().map_err(|f| context.stop(&f))?;
    let repository = args.repository.repository();
    let import = if args.status {
        imports.last(&repository).map_err(|f| context.stop(&f))?
    } else {
        let started = imports.start(&repository, args.branch.as_deref(), args.role_name.as_deref());
        let started = started.map_err(|f| context.stop(&f))?;
        let [only] = started.as_slice() else {
            let names: Vec<&str> = started.iter().filter_map(|i| i.role.as_deref()).collect();
            screen::warn(&format!(
                "More than one Galaxy role associated with Github repo {}/{}: {}",
                repository.user,
                repository.name,
                names.join(", ")
            ));
            return Ok(0);
        };
        screen::say(&format!("Successfully submitted import request {}", only.id));
        if args.no_wait {
            let role = only.role.as_deref().unwrap_or(&repository.name);
            screen::say(&format!(
                "Role name: {role}\nRepo: {}/{}",
                repository.user, repository.name
            ));
            return Ok(0);
        }
        only.clone()
    };
    follow(&context, &imports, import)
}

/// Tells what a server says of an import until it ends.
fn follow(context: &Context, imports: &RoleImports, mut import: RoleImport) -> Result<u8> {
    let mut told = BTreeSet::new();
    let mut pause = FIRST_PAUSE;
    loop {
        for (id, _, text) in &import.messages {
            if told.insert(id.clone()) {
                // What strangers wrote may hold anything.
                let text: String = text.chars().filter(|c| !c.is_control()).collect();
                screen::say(&text);
            }
        }
        match import.state.as_str() {
            "SUCCESS" => return Ok(0),
            "FAILED" => return Ok(1),
            _ => {}
        }
        thread::sleep(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
        import = imports.import(&import.id).map_err(|f| context.stop(&f))?;
    }
}

/// Removes what a server has of a repository.
pub(crate) fn delete(kind: Option<Kind>, args: &DeleteArgs) -> Result<u8> {
    must_be_roles(kind)?;
    let context = Context::new(&args.servers)?;
    let imports = context.sources.role_imports().map_err(|f| context.stop(&f))?;
    let deleted = imports.delete(&args.repository.repository());
    let (roles, status) = deleted.map_err(|f| context.stop(&f))?;
    if roles.len() > 1 {
        screen::say(&format!("Deleted the following roles: {}", roles.join(", ")));
    }
    screen::say(&status);
    Ok(0)
}

/// Tells what there is instead.
pub(crate) fn setup(args: &SetupArgs) -> Result<u8> {
    let mut stop = String::from(
        "servers of Galaxy have no integrations with Travis and GitHub any more, so there is nothing to set up, list or remove",
    );
    if let [_, user, repository, ..] = args.words.as_slice() {
        stop += &format!(": let the CI of {user}/{repository} publish");
    }
    Err(Stop::new(format!(
        "{stop}\n  help: `kdo galaxy role import USER REPOSITORY --token …` asks a server for an import; `kdo galaxy publish` sends a role \
         itself, without GitHub"
    )))
}

fn must_be_roles(kind: Option<Kind>) -> Result<()> {
    match kind {
        Some(Kind::Collection) => Err(Stop::usage(
            "only roles are imported from GitHub; a collection is sent by `kdo galaxy collection publish`",
        )),
        _ => Ok(()),
    }
}
