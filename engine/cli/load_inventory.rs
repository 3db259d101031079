//! The hosts of a run.

use crate::{
    screen,
    settings::Settings,
    stop::{Result, Stop},
};
use kdo_inventory::{Inventory, LoadContext};
use kdo_syntax::{SourceMap, render};
use kdo_vars::VaultKeys;

/// Reads the inventory that was named, or the configured one, and tells its warnings.
pub(crate) fn load(
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
    let mut context = LoadContext {
        decrypt: Some(&decrypt),
        ..LoadContext::new(sources)
    };
    if let Some(extensions) = &settings.inventory_ignore_extensions {
        context.ignore_extensions.clone_from(extensions);
    }
    context
        .ignore_patterns
        .clone_from(&settings.inventory_ignore_patterns);
    let inputs = if given.is_empty() {
        &settings.inventory
    } else {
        given
    };
    let inventory = Inventory::load(inputs, &context);
    let color = screen::color(screen::Stream::Error);
    for warning in &inventory.warnings {
        if settings.inventory_unparsed_warning || !warning.message.starts_with("No inventory was parsed") {
            screen::complain(&render(warning, sources, color));
        }
    }
    inventory
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
        if !here && settings.localhost_warning {
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
