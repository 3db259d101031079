//! Tests of files on the controller.

use crate::{Call, Callable, TemplateError, declare::callable, iterate::path_text};
use kdo_value::Value;
use std::{os::unix::fs::MetadataExt, path::Path};

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.builtin.exists", |c| is(c, Path::exists), "Whether the path exists, following links.", [];
        "{{ '/nosuch' is exists }}" => "false", "{{ '/' is exists }}" => "true"),
    callable!("ansible.builtin.link_exists", |c| is(c, |p| p.symlink_metadata().is_ok()), "Whether the path exists, be it a broken link.", [];
        "{{ '/nosuch' is link_exists }}" => "false"),
    callable!("ansible.builtin.file", |c| is(c, Path::is_file), "Whether it is a regular file.", ["is_file"];
        "{{ '/' is file }}" => "false"),
    callable!("ansible.builtin.directory", |c| is(c, Path::is_dir), "Whether it is a directory.", ["is_dir"];
        "{{ '/' is directory }}" => "true"),
    callable!("ansible.builtin.link", |c| is(c, Path::is_symlink), "Whether it is a symbolic link.", ["is_link"];
        "{{ '/' is link }}" => "false"),
    callable!("ansible.builtin.mount", |c| is(c, is_mount), "Whether a file system is mounted there.", ["is_mount"];
        "{{ '/' is mount }}" => "true", "{{ '/nosuch' is mount }}" => "false"),
    callable!("ansible.builtin.abs", |c| is(c, Path::is_absolute), "Whether the path is absolute.", ["is_abs"];
        "{{ '/x' is abs }}" => "true", "{{ 'x' is is_abs }}" => "false"),
    callable!("ansible.builtin.same_file", same_file, "Whether both paths lead to the same file.", ["is_same_file"];
        "{{ '/' is same_file('/../') }}" => "true"),
];

fn is(call: &Call<'_>, f: impl Fn(&Path) -> bool) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    // as in Python, a number is an open file of the controller
    if let Some(number) = value.as_int()
        && !call.name.ends_with("abs")
        && !call.name.contains("link")
        && !call.name.ends_with("mount")
    {
        return Ok(Value::Bool(f(Path::new(&format!("/proc/self/fd/{number}")))));
    }
    Ok(Value::Bool(f(Path::new(path_text(value)?))))
}

fn is_mount(path: &Path) -> bool {
    let Ok(here) = path.symlink_metadata() else {
        return false;
    };
    if here.is_symlink() {
        return false;
    }
    let Ok(above) = path.join("..").symlink_metadata() else {
        return false;
    };
    here.dev() != above.dev() || here.ino() == above.ino()
}

fn same_file(call: &Call<'_>) -> Result<Value, TemplateError> {
    let read = |value: &Value| -> Result<(u64, u64), TemplateError> {
        let path = path_text(value)?;
        let meta = std::fs::metadata(path)
            .map_err(|_| TemplateError::new(format!("[Errno 2] No such file or directory: '{path}'")))?;
        Ok((meta.dev(), meta.ino()))
    };
    Ok(Value::Bool(
        read(call.subject()?)? == read(call.required(1, "path2")?)?,
    ))
}
