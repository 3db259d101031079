//! `copy`: files of the controller (or of the host) to the host.

use crate::{engine::Engine, failure::TaskFailure, invoke::Order, step::Step};
use kdo_modules::files::stat::{checksum, file_checksum};
use kdo_template::SearchPath;
use kdo_value::{Map, Value, json};
use std::{
    fs,
    io::Read,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

/// Files up to this size travel with the order itself, which saves a turn.
const INLINE: u64 = 32 << 10;

pub(crate) async fn run(engine: &Engine, step: &Step, args: Map) -> Result<Map, TaskFailure> {
    let module = "ansible.builtin.copy";
    let truth = |name: &str| {
        args.get(name).is_some_and(|v| match &v {
            Value::Str(s) => kdo_modules::params::parse_bool(s).unwrap_or(false),
            v => v.truthy(),
        })
    };
    let given = |name: &str| args.get(name).filter(|v| !v.is_none());
    if given("src").is_some() && given("content").is_some() {
        return Err(TaskFailure::new("src and content are mutually exclusive"));
    }
    if let Some(content) = given("content") {
        if given("dest").is_some_and(|d| d.to_text().ends_with('/')) {
            return Err(TaskFailure::new("can not use content with a dir as dest"));
        }
        let text = match &content {
            Value::Str(s) => s.as_str().to_owned(),
            Value::List(_) | Value::Map(_) => json::line(&content),
            other => other.to_text(),
        };
        args.remove("content");
        inline(&args, text.as_bytes());
        return engine.invoke(step, module, &args, Order::default()).await;
    }
    if truth("remote_src") {
        return engine.invoke(step, module, &args, Order::default()).await;
    }
    let Some(src) = given("src").filter(|v| v.as_str() != Some("")) else {
        return Err(TaskFailure::new("src (or content) is required"));
    };
    if given("dest").is_none() {
        return Err(TaskFailure::new("dest is required"));
    }
    let src = src.to_text();
    let path = find(step, "files", &src)?;
    let decrypt = truth("decrypt") || given("decrypt").is_none();
    if path.is_dir() {
        return tree(engine, step, &args, (&src, &path), decrypt).await;
    }
    let mut order = Order::default();
    offer(engine, &args, &path, decrypt, &mut order)?;
    engine.invoke(step, module, &args, order).await
}

/// Where a file of the controller is, as the task's search path says.
pub(crate) fn find(step: &Step, folder: &str, name: &str) -> Result<PathBuf, TaskFailure> {
    let search = SearchPath {
        bases: step.vars.search_bases(),
    };
    search.find(folder, name).ok_or_else(|| {
        let looked: Vec<_> = search.candidates(folder, name).iter().map(|p| format!("\t{}", p.display())).collect();
        TaskFailure::new(format!(
            "Could not find or access '{name}'\nSearched in:\n{} on the Ansible Controller.\nIf you are using a module and expect the file to exist on the remote, see the remote_src option",
            looked.join("\n")
        ))
    })
}

/// Puts content into the arguments.
pub(crate) fn inline(args: &Map, content: &[u8]) {
    args.insert("_kdo_content", Value::Bytes(content.into()));
}

/// Puts a file into the order: small ones whole, larger ones by checksum, to be asked for.
pub(crate) fn offer(
    engine: &Engine,
    args: &Map,
    path: &Path,
    decrypt: bool,
    order: &mut Order,
) -> Result<(), TaskFailure> {
    let failed = |e: std::io::Error| TaskFailure::new(format!("cannot read {}: {e}", path.display()));
    let meta = fs::metadata(path).map_err(failed)?;
    args.remove("src");
    args.insert(
        "_kdo_name",
        path.file_name()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default(),
    );
    args.insert("_kdo_mode", meta.permissions().mode() & 0o7777);
    let original = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    args.insert("_kdo_original", original.to_string_lossy().into_owned());
    if decrypt && let Some(content) = opened(engine, path)? {
        inline(args, &content);
        return Ok(());
    }
    if meta.len() <= INLINE {
        inline(args, &fs::read(path).map_err(failed)?);
        return Ok(());
    }
    let checksum = file_checksum(path, "sha1")
        .ok_or_else(|| TaskFailure::new(format!("cannot read {}", path.display())))?;
    args.insert("_kdo_size", meta.len());
    args.insert("_kdo_checksum", checksum);
    order.files.push(("content".into(), path.to_owned()));
    Ok(())
}

/// What a file encrypted by vault holds; nothing if it is no such file.
fn opened(engine: &Engine, path: &Path) -> Result<Option<Vec<u8>>, TaskFailure> {
    let mut head = [0; 14];
    let read = fs::File::open(path).and_then(|mut f| f.read_exact(&mut head));
    if read.is_err() || &head != b"$ANSIBLE_VAULT" {
        return Ok(None);
    }
    let text = fs::read_to_string(path)
        .map_err(|e| TaskFailure::new(format!("cannot read {}: {e}", path.display())))?;
    let vault = engine.store.vault.as_ref().ok_or_else(|| {
        TaskFailure::new(format!(
            "A vault password or secret must be specified to decrypt {}",
            path.display()
        ))
    })?;
    let content = vault.decrypt_text(&text);
    content.map(Some).map_err(|e| TaskFailure::new(e.message))
}

/// What the encrypted files of a folder hold, by name; their entries then tell of that.
fn open_vaults(
    engine: &Engine,
    folder: &Path,
    entries: &[Value],
) -> Result<Vec<(String, Vec<u8>)>, TaskFailure> {
    let files = entries.iter().filter_map(Value::as_map);
    let mut files: Vec<_> = files
        .filter(|e| e.contains("checksum"))
        .filter_map(|e| Some((e.get("path")?.to_text(), e)))
        .collect();
    // Of several that cannot be opened the outermost is told.
    files.sort_by_key(|(name, _)| name.matches('/').count());
    let mut contents = Vec::new();
    for (name, entry) in files {
        if let Some(content) = opened(engine, &folder.join(&name))? {
            entry.insert("size", content.len());
            entry.insert("checksum", checksum(&mut content.as_slice(), "sha1").ok());
            contents.push((name, content));
        }
    }
    Ok(contents)
}

async fn tree(
    engine: &Engine,
    step: &Step,
    args: &Map,
    (src, path): (&str, &Path),
    decrypt: bool,
) -> Result<Map, TaskFailure> {
    let local_follow = args.get("local_follow").is_none_or(|v| v.truthy());
    let mut entries = Vec::new();
    walk(path, Path::new(""), local_follow, &mut Vec::new(), &mut entries)?;
    let contents = match decrypt {
        true => open_vaults(engine, path, &entries)?,
        false => Vec::new(),
    };
    args.remove("src");
    args.insert("_kdo_tree", Value::list(entries));
    let original = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let original = original.to_string_lossy();
    let original = original.trim_end_matches('/');
    // With a slash at its end the folder's content is meant, without it the folder itself.
    if src.ends_with('/') {
        args.insert("_kdo_original", format!("{original}/"));
    } else {
        args.insert("_kdo_original", original);
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned());
        args.insert("_kdo_name", name);
    }
    let order = Order {
        tree: Some(path.to_owned()),
        contents,
        ..Order::default()
    };
    engine.invoke(step, "ansible.builtin.copy", args, order).await
}

/// Lists what is below a folder. A link to a folder that it is in (`above`, by device and inode) stays a link.
fn walk(
    root: &Path,
    below: &Path,
    follow: bool,
    above: &mut Vec<(u64, u64)>,
    out: &mut Vec<Value>,
) -> Result<(), TaskFailure> {
    let folder = root.join(below);
    let failed = |e: std::io::Error| TaskFailure::new(format!("cannot read {}: {e}", folder.display()));
    let identity = |meta: &fs::Metadata| (meta.dev(), meta.ino());
    above.push(identity(&fs::metadata(&folder).map_err(failed)?));
    let mut names: Vec<_> = fs::read_dir(&folder)
        .map_err(failed)?
        .flatten()
        .map(|e| e.file_name())
        .collect();
    names.sort();
    for name in names {
        let relative = below.join(&name);
        let path = root.join(&relative);
        let own = fs::symlink_metadata(&path).map_err(failed)?;
        let meta = match fs::metadata(&path) {
            Ok(meta) if follow && !above.contains(&identity(&meta)) => meta,
            _ => own,
        };
        let entry = Map::new();
        entry.insert("path", relative.to_string_lossy().into_owned());
        entry.insert("mode", meta.permissions().mode() & 0o7777);
        if meta.is_dir() {
            entry.insert("kind", "directory");
            out.push(entry.into());
            walk(root, &relative, follow, above, out)?;
        } else if meta.file_type().is_symlink() {
            entry.insert("kind", "link");
            entry.insert(
                "target",
                fs::read_link(&path)
                    .map_err(failed)?
                    .to_string_lossy()
                    .into_owned(),
            );
            out.push(entry.into());
        } else if meta.is_file() {
            entry.insert("kind", "file");
            entry.insert("size", meta.len());
            entry.insert(
                "checksum",
                file_checksum(&path, "sha1")
                    .ok_or_else(|| TaskFailure::new(format!("cannot read {}", path.display())))?,
            );
            out.push(entry.into());
        }
    }
    above.pop();
    Ok(())
}
