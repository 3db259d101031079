//! `kdo ssh-config`: the inventory's hosts for `ssh`.

use crate::{
    extra_vars,
    inventory::selected,
    inventory_args::InventoryArgs,
    inventory_explain::Explain,
    load_inventory::{self, Wanted},
    screen, secrets,
    settings::Settings,
    stop::{Result, Stop},
    vault_args::VaultArgs,
};
use clap::Args;
use kdo_inventory::VarsKind;
use kdo_syntax::SourceMap;
use kdo_value::Value;
use std::{
    fmt::Write as _,
    fs,
    io::Write as _,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

/// Arguments of `kdo ssh-config`.
#[derive(Args)]
#[command(infer_long_args = true)]
pub(crate) struct SshConfigArgs {
    /// Hosts to write about
    #[arg(value_name = "PATTERN", default_value = "all")]
    pattern: String,
    /// Write it to ~/.ssh/config.d/kdo-NAME and have ~/.ssh/config include that, so that `ssh HOST` just works
    #[arg(long)]
    write: bool,
    /// Take that file away again
    #[arg(long, conflicts_with = "write")]
    remove: bool,
    /// Name of the set of hosts; without, that of the working directory
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    hosts: InventoryArgs,
    #[command(flatten)]
    vault: VaultArgs,
}

/// The line that makes `ssh` read our files.
const INCLUDE: &str = "Include config.d/kdo-*";

/// Variables and the keyword that each becomes; the first that is set counts.
const KEYWORDS: &[(&str, &[&str])] = &[
    ("HostName", &["ansible_ssh_host", "ansible_host"]),
    ("Port", &["ansible_ssh_port", "ansible_port"]),
    ("User", &["ansible_ssh_user", "ansible_user"]),
    (
        "IdentityFile",
        &["ansible_ssh_private_key_file", "ansible_private_key_file"],
    ),
];

/// Variables with options of `ssh`.
const OPTIONS: &[&str] = &[
    "ansible_ssh_args",
    "ansible_ssh_common_args",
    "ansible_ssh_extra_args",
];

/// Shows or writes what `ssh` must know of the hosts.
pub(crate) fn ssh_config(args: SshConfigArgs) -> Result<u8> {
    let name = match &args.name {
        Some(name) => name.clone(),
        None => std::env::current_dir()?
            .file_name()
            .map_or_else(|| "hosts".into(), |n| n.to_string_lossy().into_owned()),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if name.is_empty() || !name.chars().all(plain) {
        return Err(Stop::new(format!(
            "`{name}` cannot be part of a file's name\n  = help: --name with letters, digits, dots and dashes"
        )));
    }
    let folder = std::env::home_dir()
        .map(|home| home.join(".ssh"))
        .ok_or_else(|| Stop::new("there is no home folder"))?;
    let file = folder.join("config.d").join(format!("kdo-{name}"));
    if args.remove {
        match fs::remove_file(&file) {
            Ok(()) => screen::say(&format!("removed {}", file.display())),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => return Err(e.into()),
        }
        return Ok(0);
    }
    let text = stanzas(&args)?;
    if !args.write {
        screen::say(text.trim_end());
        return Ok(0);
    }
    install(&folder, &file, &text)?;
    screen::say(&format!("wrote {}", file.display()));
    Ok(0)
}

/// A stanza for each host that is reached by SSH.
fn stanzas(args: &SshConfigArgs) -> Result<String> {
    let settings = Settings::load()?;
    let vault = secrets::run_keys(&args.vault, &settings)?;
    let sources = SourceMap::new();
    let behaviour = settings.hash_behaviour();
    let extra = extra_vars::read(&args.hosts.extra_vars, &sources, &vault, behaviour)?;
    let wanted = Wanted {
        given: &args.hosts.inventory,
        settings: &settings,
        sources: &sources,
        vault: &vault,
        extra: &extra,
    };
    let inventory = load_inventory::load(&wanted, 0)?;
    let beside = load_inventory::beside_playbook(&inventory, Path::new("."), &wanted);
    let beside_play = |kind: VarsKind, name: &str| beside.of(kind, name).to_vec();
    let explain = Explain {
        inventory: &inventory,
        levels: &|host| inventory.levels(host, &beside_play),
        extra: &extra,
        vault: &vault,
        sources: &sources,
        behaviour,
    };
    let mut text = String::from("# Made by `kdo ssh-config`; do not edit.\n");
    for host in selected(&args.pattern, args.hosts.limit.as_deref(), &inventory, &sources)? {
        let levels = inventory.levels(&host, &beside_play);
        let first = |names: &[&str]| -> Result<Option<String>> {
            for name in names {
                let value = explain.value(&host, &levels, name);
                match value.map_err(|e| Stop::new(format!("{host}: {name}: {e}")))? {
                    Value::None => {}
                    value => return Ok(Some(value.to_text()).filter(|v| !v.is_empty())),
                }
            }
            Ok(None)
        };
        if first(&["ansible_connection"])?
            .is_some_and(|c| !matches!(c.as_str(), "ssh" | "smart" | "paramiko"))
        {
            continue;
        }
        let mut lines = Vec::new();
        for (keyword, names) in KEYWORDS {
            if let Some(value) = first(names)? {
                lines.push(((*keyword).to_owned(), value));
            }
        }
        for name in OPTIONS {
            lines.extend(options(&first(&[name])?.unwrap_or_default()));
        }
        text.push_str(&stanza(&host, &lines)?);
    }
    Ok(text)
}

/// `-o KEY=VALUE`, `-J HOST`, `-p`, `-i`, `-l` of a command line as keywords; other options have none.
fn options(words: &str) -> Vec<(String, String)> {
    let words: Vec<String> = kdo_modules::commands::words::split(words).unwrap_or_default();
    let mut out = Vec::new();
    let mut rest = words.into_iter();
    while let Some(word) = rest.next() {
        let Some((flag, tail)) = word.get(..2).zip(word.get(2..)) else {
            continue;
        };
        let keyword = match flag {
            "-o" => "",
            "-J" => "ProxyJump",
            "-p" => "Port",
            "-i" => "IdentityFile",
            "-l" => "User",
            _ => continue,
        };
        let value = if tail.is_empty() {
            rest.next().unwrap_or_default()
        } else {
            tail.to_owned()
        };
        if keyword.is_empty() {
            if let Some((key, value)) = value.split_once(['=', ' ']) {
                out.push((key.trim().to_owned(), value.trim().to_owned()));
            }
        } else {
            out.push((keyword.to_owned(), value));
        }
    }
    out
}

fn stanza(host: &str, lines: &[(String, String)]) -> Result<String> {
    let mut text = format!("\nHost {}\n", value(host, host)?);
    for (keyword, of) in lines {
        if !keyword.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Err(Stop::new(format!("{host}: `{keyword}` is no keyword of ssh")));
        }
        // Commands and lists of words stand as they are.
        let words = matches!(
            keyword.as_str(),
            "ProxyCommand" | "LocalCommand" | "RemoteCommand" | "SendEnv" | "SetEnv"
        );
        let of = if words && !of.contains(['\n', '\r', '\0']) {
            of.clone()
        } else {
            value(host, of)?
        };
        let _ = writeln!(text, "    {keyword} {of}");
    }
    Ok(text)
}

/// A value as one word of the file, which knows no escapes.
fn value(host: &str, text: &str) -> Result<String> {
    if text.contains(['\n', '\r', '\0', '"']) {
        return Err(Stop::new(format!(
            "{host}: {text:?} cannot be written to a configuration of ssh"
        )));
    }
    Ok(if text.contains([' ', '\t', '#']) {
        format!("\"{text}\"")
    } else {
        text.to_owned()
    })
}

/// Writes our file, and the line that includes it as the first of the user's own.
fn install(folder: &Path, file: &Path, text: &str) -> Result<()> {
    let below = file.parent().unwrap_or(folder);
    fs::DirBuilder::new().recursive(true).mode(0o700).create(below)?;
    replace(file, text)?;
    let config = folder.join("config");
    let own = match fs::read_to_string(&config) {
        Ok(own) => own,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(e) => return Err(Stop::new(format!("{}: {e}", config.display()))),
    };
    if !own.lines().any(|l| l.trim() == INCLUDE) {
        // Only before the first stanza does it count for all hosts.
        replace(&config, &format!("{INCLUDE}\n{own}"))?;
    }
    Ok(())
}

/// Replaces the file in one step, with the mode that it has, or as one that only its owner may read.
fn replace(file: &Path, text: &str) -> Result<()> {
    let target: PathBuf = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let folder = target.parent().unwrap_or(Path::new("."));
    let mode = fs::metadata(&target).map_or(0o600, |m| m.permissions().mode() & 0o777);
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    new.write_all(text.as_bytes())?;
    new.as_file().set_permissions(fs::Permissions::from_mode(mode))?;
    new.as_file().sync_all()?;
    new.persist(&target).map_err(|e| Stop::from(e.error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{options, stanza};

    fn pairs(words: &str) -> Vec<String> {
        options(words).iter().map(|(k, v)| format!("{k} {v}")).collect()
    }

    #[test]
    fn options_of_a_command_line_become_keywords() {
        assert_eq!(
            pairs("-C -o StrictHostKeyChecking=no -oUserKnownHostsFile=/dev/null -J 'op@jump' -p22"),
            [
                "StrictHostKeyChecking no",
                "UserKnownHostsFile /dev/null",
                "ProxyJump op@jump",
                "Port 22"
            ]
        );
        assert_eq!(
            pairs("-o ProxyCommand='ssh -W %h:%p gw'"),
            ["ProxyCommand ssh -W %h:%p gw"]
        );
    }

    #[test]
    fn values_cannot_bring_lines_of_their_own() {
        let line = |v: &str| vec![("HostName".to_owned(), v.to_owned())];
        assert!(stanza("h", &line("x\nProxyCommand evil")).is_err());
        assert!(stanza("h", &line("x\" y")).is_err());
        assert!(stanza("h\nHost *", &line("x")).is_err());
        let Ok(text) = stanza("h", &line("/a b")) else {
            panic!("refused");
        };
        assert_eq!(text, "\nHost h\n    HostName \"/a b\"\n");
    }
}
