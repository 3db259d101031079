//! Folders into archives: the same folder always gives the same bytes.

use crate::{Failure, Result, member::follow};
use flate2::{Compression, GzBuilder};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};
use tar::{Builder, EntryType, Header};

/// What goes into an archive under a name.
pub(crate) enum Member {
    /// A text that is no file.
    Text(String),
    /// A file, folder or link here.
    Path(PathBuf),
}

/// Writes the archive; links that lead out of the package are refused.
pub(crate) fn pack(members: &[(PathBuf, Member)], out: impl Write) -> Result<()> {
    let mut links = BTreeMap::new();
    for (name, member) in members {
        if let Member::Path(path) = member
            && let Ok(target) = fs::read_link(path)
        {
            links.insert(name.clone(), target);
        }
    }
    for (link, target) in &links {
        if follow(link, &links).is_none() {
            return Err(Failure::refused(format!(
                "the link {} leads to {}, out of the package",
                link.display(),
                target.display()
            ))
            .help(
                "put the file itself into the package; in a collection `build_ignore` can leave the link out",
            ));
        }
    }
    // No name and no time in the head of the archive.
    let packed = GzBuilder::new().mtime(0).write(out, Compression::default());
    let mut archive = Builder::new(packed);
    for (name, member) in members {
        add(&mut archive, name, member).map_err(|e| Failure::file(name, &e))?;
    }
    archive.into_inner()?.finish()?;
    Ok(())
}

fn add(archive: &mut Builder<impl Write>, name: &Path, member: &Member) -> std::io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_mtime(0);
    header.set_mode(0o644);
    header.set_size(0);
    match member {
        Member::Text(text) => {
            header.set_size(text.len() as u64);
            archive.append_data(&mut header, name, text.as_bytes())
        }
        Member::Path(path) => {
            let metadata = fs::symlink_metadata(path)?;
            if metadata.is_symlink() {
                header.set_entry_type(EntryType::Symlink);
                archive.append_link(&mut header, name, fs::read_link(path)?)
            } else if metadata.is_dir() {
                header.set_entry_type(EntryType::Directory);
                header.set_mode(0o755);
                // As everybody's archives call folders.
                let mut name = name.as_os_str().to_owned();
                name.push("/");
                archive.append_data(&mut header, name, std::io::empty())
            } else {
                if metadata.permissions().mode() & 0o100 != 0 {
                    header.set_mode(0o755);
                }
                header.set_size(metadata.len());
                archive.append_data(&mut header, name, File::open(path)?)
            }
        }
    }
}

/// A role's folder as members of an archive.
pub(crate) fn role_members(folder: &Path) -> Result<Vec<(PathBuf, Member)>> {
    let files = crate::tree::files(folder)?;
    Ok(files
        .into_iter()
        .map(|name| {
            let path = folder.join(&name);
            (name, Member::Path(path))
        })
        .collect())
}
