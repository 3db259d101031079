//! `file`: symbolic and hard links.

use super::{
    file::{Diff, File, resolve, state_of, text},
    timestamps::Time,
};
use crate::{Failure, Host, Outcome};
use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// A symbolic link is at the path.
pub(super) fn symbolic(file: &File, host: &mut Host<'_>) -> Result<Outcome, Failure> {
    let path = &file.path;
    let previous = state_of(path);
    let failed = |message: String| Failure::new(message).with("path", text(path));
    let src = match &file.src {
        Some(src) => src.clone(),
        None if previous == "link" => fs::read_link(path).unwrap_or_default(),
        None if previous != "absent" => {
            return Err(Failure::new(format!(
                "refusing to convert from {previous} to symlink for {}",
                path.display()
            ))
            .with("path", text(path)));
        }
        None => return Err("src is required for creating new symlinks".into()),
    };
    let refuse = || {
        let text = format!(
            "refusing to convert from {previous} to symlink for {}",
            path.display()
        );
        Err(failed(text))
    };
    let base = if previous == "directory" {
        path.as_path()
    } else {
        path.parent().unwrap_or(Path::new(""))
    };
    let target = base.join(&src);
    if !file.force && file.src.is_some() && !target.exists() {
        return Err(failed(format!(
            "src file does not exist, use 'force=yes' if you really want to create the link: {}",
            target.display()
        ))
        .with("src", text(&src)));
    }
    if previous == "directory" {
        if !file.force {
            return refuse();
        }
        if fs::read_dir(path).is_ok_and(|mut d| d.next().is_some()) {
            return Err(failed(format!(
                "the directory {} is not empty, refusing to convert it",
                path.display()
            )));
        }
    } else if matches!(previous, "file" | "hard") && !file.force {
        return refuse();
    }
    let diff = Diff::new(path, "link", previous);
    if previous == "link"
        && let Ok(old) = fs::read_link(path)
        && old != src
    {
        diff.before.insert("src", text(&old));
        diff.after.insert("src", text(&src));
    }
    if previous == "directory" {
        host.remove_empty_directory(path)?;
    }
    let mut changed = host.make_symlink(&src, path).map_err(|f| {
        let what = if previous == "absent" {
            "Error while linking"
        } else {
            "Error while replacing"
        };
        Failure::new(format!("{what}: {}", f.message)).with("path", text(path))
    })?;
    let there = path.exists() || path.is_symlink();
    if (path.exists() || !host.check()) && there {
        let pointed = resolve(path);
        if file.follow && path.is_symlink() && !pointed.exists() {
            host.warn(
                "Cannot set fs attributes on a non-existent symlink target. follow should be set to False to avoid this.",
            );
        } else {
            changed |= file.attributes(host, path, Time::Preserve, &diff)?;
        }
    }
    let outcome = diff.into_outcome(host, "dest", path, changed);
    Ok(if file.src.is_none() && !file.follow {
        outcome.with("src", kdo_value::Value::None)
    } else {
        outcome.with("src", text(&src))
    })
}

/// A hard link is at the path.
pub(super) fn hard(file: &File, host: &mut Host<'_>) -> Result<Outcome, Failure> {
    let path = &file.path;
    let previous = state_of(path);
    if previous != "hard" && file.src.is_none() {
        return Err("src is required for creating new hardlinks".into());
    }
    let diff = Diff::new(path, "hard", previous);
    let mut changed = false;
    if let Some(src) = &file.src {
        let fail = |message: String| {
            Err(Failure::new(message)
                .with("dest", text(path))
                .with("src", text(src)))
        };
        if !src.exists() {
            return fail("src does not exist".into());
        }
        let same = match (fs::metadata(path), fs::metadata(src)) {
            (Ok(a), Ok(b)) => (a.dev(), a.ino()) == (b.dev(), b.ino()),
            _ => false,
        };
        match previous {
            "hard" if !same && !file.force => {
                return fail("Cannot link, different hard link exists at destination".into());
            }
            "file" if !file.force => return fail(format!("Cannot link, {previous} exists at destination")),
            "directory" => return fail("Cannot link: different hard link exists at destination".into()),
            "link" => {
                let old = fs::read_link(path).unwrap_or_default();
                diff.before.insert("src", text(&old));
                diff.after.insert("src", text(src));
            }
            _ => {}
        }
        if previous != "hard" || !same {
            let source: PathBuf = match fs::read_link(src) {
                Ok(target) if file.follow => src.parent().unwrap_or(Path::new("")).join(target),
                _ => src.clone(),
            };
            changed = host.make_hard_link(&source, path)?;
        }
    }
    if !host.check() || path.exists() {
        changed |= file.attributes(host, path, Time::Preserve, &diff)?;
    }
    let outcome = diff.into_outcome(host, "dest", path, changed);
    Ok(match &file.src {
        Some(src) => outcome.with("src", text(src)),
        None => outcome.with("src", kdo_value::Value::None),
    })
}

#[cfg(test)]
mod tests {
    use crate::{Host, NoLink, host::Context, registry};
    use kdo_value::{Map, Value, json};
    use std::{fs, os::unix::fs::PermissionsExt};

    fn run(args: &str) -> Map {
        let mut link = NoLink;
        let mut host = Host::new(Context::default(), &mut link);
        let args = json::read(args).unwrap();
        let result = (registry::find("file").unwrap().run)(args.as_map().unwrap(), &mut host);
        host.finish(result)
    }

    #[test]
    fn a_link_without_src_stays_and_its_target_keeps_its_mode() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("f"), dir.path().join("l"));
        fs::write(&file, "x").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        std::os::unix::fs::symlink("f", &link).unwrap();
        let args = |path: &std::path::Path| {
            format!(
                r#"{{"path": "{}", "state": "link", "mode": "0600", "follow": false}}"#,
                path.display()
            )
        };
        let kept = run(&args(&link));
        assert_eq!(
            kept.get("changed"),
            Some(Value::Bool(false)),
            "{}",
            json::line(&kept.into())
        );
        assert_eq!(kept.get("src"), Some(Value::None));
        assert_eq!(fs::read_link(&link).unwrap(), std::path::Path::new("f"));
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o644);
        let refused = run(&args(&file)).get("msg").unwrap().to_text();
        assert!(
            refused.starts_with("refusing to convert from file to symlink"),
            "{refused}"
        );
        let missing = run(&args(&dir.path().join("none"))).get("msg").unwrap().to_text();
        assert_eq!(missing, "src is required for creating new symlinks");
    }
}
