//! Modules that an administrator forbids (`plugin_filters_cfg`).

use crate::{
    screen,
    settings::Settings,
    stop::{Result, Stop},
};
use kdo_syntax::{LoadOptions, SourceMap, load_file};
use kdo_value::Value;
use std::path::{Path, PathBuf};

/// What counts where the configuration names no file.
const USUAL: &str = "/etc/ansible/plugin_filters.yml";

/// Names of the modules that may not be used. A file that says nothing sensible is told and counts for nothing.
pub(crate) fn rejected(settings: &Settings) -> Result<Vec<String>> {
    let named = settings.path("plugin_filters_cfg");
    let file = named.clone().unwrap_or_else(|| PathBuf::from(USUAL));
    if !file.exists() {
        if named.is_some() {
            skip(&file, "does not exist");
        }
        return Ok(Vec::new());
    }
    let read = load_file(&SourceMap::new(), &file, LoadOptions::UNTRUSTED).and_then(|d| d.single());
    let Ok(content) = read else {
        skip(&file, "was not parsable");
        return Ok(Vec::new());
    };
    let Some(version) = content.get("filter_version") else {
        skip(&file, "was invalid");
        return Ok(Vec::new());
    };
    if version.to_text().trim() != "1.0" {
        skip(&file, "was a version not recognized by this version of Ansible");
        return Ok(Vec::new());
    }
    let Some(Value::List(names)) = content.get("module_rejectlist") else {
        screen::warn(&format!(
            "Unable to parse the plugin filter file {} as module_rejectlist is not a list. Skipping.",
            file.display()
        ));
        return Ok(Vec::new());
    };
    let names: Vec<String> = names.to_vec().iter().map(Value::to_text).collect();
    if names.iter().any(|n| n == "stat") {
        return Err(Stop::usage(format!(
            "The stat module was specified in the module reject list file, {}, but Ansible will not function without the stat module.  Please remove stat from the reject list.",
            file.display()
        )));
    }
    Ok(names)
}

fn skip(file: &Path, why: &str) {
    screen::warn(&format!(
        "The plugin filter file, {} {why}. Skipping.",
        file.display()
    ));
}
