//! `kdo galaxy login` and `logout`

use super::{context::Context, server_args::ServerArgs, tell};
use crate::{
    prompt, screen,
    stop::{Result, Stop},
};
use clap::Args;
use kdo_galaxy::{forget_token, keep_token, login as login_at, logout as logout_of};
use std::io::Read;
use zeroize::Zeroizing;

/// Arguments of `kdo galaxy login`.
#[derive(Args)]
pub(crate) struct LoginArgs {
    /// Registry of OCI [default: the Galaxy server, by its token]
    #[arg(value_name = "REGISTRY")]
    registry: Option<String>,
    /// User
    #[arg(short = 'u', long)]
    username: Option<String>,
    /// Read password or token from standard input
    #[arg(long)]
    password_stdin: bool,
    #[command(flatten)]
    servers: ServerArgs,
}

/// Arguments of `kdo galaxy logout`.
#[derive(Args)]
pub(crate) struct LogoutArgs {
    /// Registry of OCI [default: the Galaxy server]
    #[arg(value_name = "REGISTRY")]
    registry: Option<String>,
}

/// Keeps who we are.
pub(crate) fn login(args: &LoginArgs) -> Result<u8> {
    let context = Context::new(&args.servers)?;
    let told = |f| tell::stop(&f, &context.texts);
    let asked = |text: &str, secret| {
        let answer = prompt::ask(text, secret).filter(|a| !a.is_empty());
        answer.ok_or_else(|| Stop::new("nothing was typed"))
    };
    let secret = |text: &str| -> Result<Zeroizing<String>> {
        if !args.password_stdin {
            return asked(text, true);
        }
        let mut all = Zeroizing::new(String::new());
        std::io::stdin().read_to_string(&mut all)?;
        let read = Zeroizing::new(all.trim_end_matches(['\r', '\n']).to_owned());
        if read.is_empty() {
            return Err(Stop::new("there is nothing on standard input"));
        }
        Ok(read)
    };
    let place = match &args.registry {
        None => keep_token(&context.settings, &secret("Token: ")?)
            .map_err(told)?
            .display()
            .to_string(),
        Some(registry) => {
            let user = match &args.username {
                Some(user) => user.clone(),
                None => asked("User: ", false)?.to_string(),
            };
            login_at(&context.sources, registry, &user, &secret("Password: ")?).map_err(told)?
        }
    };
    screen::say(&format!("Kept in {place}"));
    Ok(0)
}

/// Forgets who we are.
pub(crate) fn logout(args: &LogoutArgs) -> Result<u8> {
    let context = Context::new(&ServerArgs::default())?;
    let known = match &args.registry {
        None => forget_token(&context.settings),
        Some(registry) => logout_of(registry),
    };
    let known = known.map_err(|f| tell::stop(&f, &context.texts))?;
    screen::say(if known { "Forgotten" } else { "Nothing was kept" });
    Ok(0)
}
