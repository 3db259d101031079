//! The hosts of a run.

use crate::{
    screen,
    settings::Settings,
    stop::{Result, Stop},
};
use kdo_inventory::{Inventory, LoadContext, VarsKind, load_vars_dir};
use kdo_syntax::{Diagnostic, SourceMap, render};
use kdo_vault::VaultKeys;

/// Reads the inventory that was named, or the configured one, and tells its warnings.
pub(crate) fn load(
    given: &[String],
    settings: &Settings,
    sources: &SourceMap,
    vault: &VaultKeys,
) -> Result<Inventory> {
    let inputs = inputs(given, settings);
    let inventory = quietly(given, settings, sources, vault);
    let color = screen::color(screen::Stream::Error);
    for warning in &inventory.warnings {
        if warning.message != NOTHING || settings.bool("inventory_unparsed_warning") {
            match warning.place {
                Some(_) => screen::complain(&render(warning, sources, color)),
                None => screen::warn(&plain(warning)),
            }
        }
    }
    let all_failed = inventory.unparsed > 0 && inventory.unparsed >= inputs.len();
    if inventory.unparsed > 0 && settings.bool("any_unparsed_is_failed")
        || all_failed && settings.bool("unparsed_is_failed")
    {
        return Err(Stop::new("Completely failed to parse inventory source"));
    }
    Ok(inventory)
}

/// Reads it and says nothing.
pub(crate) fn quietly(
    given: &[String],
    settings: &Settings,
    sources: &SourceMap,
    vault: &VaultKeys,
) -> Inventory {
    let decrypt = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        let clear = vault.open(&text).map_err(|e| e.to_string())?;
        String::from_utf8(clear).map_err(|_| "the decrypted text is not UTF-8".to_owned())
    };
    let context = LoadContext {
        decrypt: Some(&decrypt),
        ignore_extensions: settings.list("inventory_ignore_extensions").to_vec(),
        ignore_patterns: settings.list("inventory_ignore_patterns").to_vec(),
        ..LoadContext::new(sources)
    };
    let inputs = inputs(given, settings);
    let mut inventory = Inventory::load(&inputs, &context);
    if inputs.is_empty() {
        inventory.warnings.push(Diagnostic::warning(NOTHING));
    }
    inventory
}

fn plain(warning: &Diagnostic) -> String {
    let notes = warning
        .notes
        .iter()
        .map(|n| format!(" ({n})"))
        .collect::<String>();
    format!("{}{notes}", warning.message)
}

const NOTHING: &str = "No inventory was parsed, only implicit localhost is available";

/// What is read: what was named, else the configured inventory. The default one need not be there.
pub(crate) fn inputs(given: &[String], settings: &Settings) -> Vec<String> {
    if !given.is_empty() {
        return given.to_vec();
    }
    let configured = settings.list("inventory");
    if settings.is_set("inventory") {
        return configured.to_vec();
    }
    configured
        .iter()
        .filter(|p| std::path::Path::new(p).exists())
        .cloned()
        .collect()
}

/// The folder of a playbook as a further place of `group_vars` and `host_vars`.
pub(crate) fn add_playbook_dir(
    inventory: &mut Inventory,
    dir: &std::path::Path,
    sources: &SourceMap,
    vault: &VaultKeys,
) -> Result<()> {
    let decrypt = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        let clear = vault.open(&text).map_err(|e| e.to_string())?;
        String::from_utf8(clear).map_err(|_| "the decrypted text is not UTF-8".to_owned())
    };
    let context = LoadContext {
        decrypt: Some(&decrypt),
        ..LoadContext::new(sources)
    };
    let read = |kind, name: &str, into: &kdo_value::Map| -> Result<()> {
        let found =
            load_vars_dir(dir, kind, name, &context, &mut Vec::new()).map_err(|d| Stop::at(&d, sources))?;
        if let Some(found) = found {
            found.for_each(|k, v| {
                into.insert(k.clone(), v.clone());
            });
        }
        Ok(())
    };
    for group in inventory.groups.values() {
        read(VarsKind::Group, &group.name, &group.file_vars)?;
    }
    for host in inventory.hosts.values() {
        read(VarsKind::Host, &host.name, &host.file_vars)?;
    }
    Ok(())
}

/// The limit's parts; an error if no host is left.
pub(crate) fn limit(
    limit: Option<&str>,
    pattern: &str,
    inventory: &Inventory,
    settings: &Settings,
    sources: &SourceMap,
) -> Result<Option<Vec<String>>> {
    let parts = match limit {
        Some(text) => Some(Inventory::read_limit(text).map_err(|d| Stop::at(&d, sources))?),
        None => None,
    };
    if inventory.hosts.is_empty() {
        let here = kdo_inventory::LOCALHOST.contains(&pattern);
        if !here && settings.bool("localhost_warning") {
            screen::warn(
                "provided hosts list is empty, only localhost is available. Note that the implicit localhost does not \
                 match 'all'",
            );
        }
        return Ok(parts);
    }
    if parts.is_some() {
        let selection = inventory
            .select(&[pattern.to_owned()], parts.as_deref())
            .map_err(|d| Stop::at(&d, sources))?;
        if selection.hosts.is_empty() {
            for warning in &selection.warnings {
                screen::warn(&warning.message);
            }
            return Err(Stop::new(
                "Specified inventory, host pattern and/or --limit leaves us with no hosts to target.",
            ));
        }
    }
    Ok(parts)
}
