//! The hosts of a run.

use crate::{
    screen,
    settings::Settings,
    stop::{Result, Stop},
};
use kdo_inventory::{GroupNames, Inventory, LoadContext, Mismatch, Precedence, VarsFolder};
use kdo_syntax::{Diagnostic, Severity, SourceMap, render};
use kdo_value::Map;
use kdo_vars::Composer;
use kdo_vault::VaultKeys;

/// What an inventory is read from and with.
pub(crate) struct Wanted<'a> {
    /// What `-i` named.
    pub given: &'a [String],
    pub settings: &'a Settings,
    pub sources: &'a SourceMap,
    pub vault: &'a VaultKeys,
    /// `--extra-vars`
    pub extra: &'a Map,
}

/// Reads the inventory that was named, or the configured one, and tells its warnings; with `verbosity` also what was
/// read how.
pub(crate) fn load(wanted: &Wanted<'_>, verbosity: u8) -> Result<Inventory> {
    let inventory = quietly(wanted);
    tell(&inventory, wanted, verbosity);
    let settings = wanted.settings;
    if inventory.unparsed > 0 && settings.bool("any_unparsed_is_failed") {
        return Err(Stop::new("Completely failed to parse inventory source"));
    }
    let nothing = inventory.warnings.iter().any(|w| w.message == NOTHING);
    if nothing && settings.bool("unparsed_is_failed") {
        return Err(Stop::new(
            "No inventory was parsed, please check your configuration and options.",
        ));
    }
    Ok(inventory)
}

fn tell(inventory: &Inventory, wanted: &Wanted<'_>, verbosity: u8) {
    let settings = wanted.settings;
    for (level, remark) in &inventory.remarks {
        if *level > verbosity {
            continue;
        }
        if settings.bool("verbose_to_stderr") {
            screen::complain(remark);
        } else {
            screen::say(remark);
        }
    }
    if settings.bool("deprecation_warnings") {
        for message in &inventory.deprecations {
            screen::complain(&format!("[DEPRECATION WARNING]: {message}"));
        }
    }
    let color = screen::color(screen::Stream::Error);
    for warning in &inventory.warnings {
        if warning.message == NOTHING && !settings.bool("inventory_unparsed_warning") {
            continue;
        }
        match warning.place {
            Some(_) => screen::complain(&render(warning, wanted.sources, color)),
            None if warning.severity == Severity::Error => {
                screen::complain(&format!("[ERROR]: {}", plain(warning)));
            }
            None => screen::warn(&plain(warning)),
        }
    }
}

/// Reads it and says nothing.
pub(crate) fn quietly(wanted: &Wanted<'_>) -> Inventory {
    let settings = wanted.settings;
    with_context(wanted, |context| {
        let inputs = inputs(wanted.given, settings);
        let mut inventory = Inventory::load(&inputs, context);
        let mismatch = settings.text("host_pattern_mismatch");
        inventory.pattern_mismatch = Mismatch::of(mismatch.unwrap_or_default());
        for word in settings.list("precedence") {
            if Precedence::of(word).is_none() {
                let message = format!("Ignoring unknown variable precedence entry: {word}");
                inventory.warnings.push(Diagnostic::warning(message));
            }
        }
        if inputs.is_empty() {
            inventory.warnings.push(Diagnostic::warning(NOTHING));
        }
        inventory
    })
}

/// What loading needs, as the settings have it.
fn with_context<T>(wanted: &Wanted<'_>, then: impl FnOnce(&LoadContext<'_>) -> T) -> T {
    let (settings, vault) = (wanted.settings, wanted.vault);
    let decrypt = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        let clear = vault.open(&text).map_err(|e| e.to_string())?;
        String::from_utf8(clear).map_err(|_| "the decrypted text is not UTF-8".to_owned())
    };
    let composer = Composer::new(Some(vault), settings.list("jinja2_extensions"));
    let mut python_folders = settings.paths("inventory_plugins");
    python_folders.push("inventory_plugins".into());
    let own = settings.list("inventory_yaml_extensions");
    let stage = settings.text("vars_plugin_stage");
    let at_start = match stage.filter(|s| !s.is_empty()) {
        Some(stage) => stage == "inventory",
        None => settings.text("run_vars_plugins") == Some("start"),
    };
    let enabled = settings.list("vars_plugins_enabled");
    let context = LoadContext {
        decrypt: Some(&decrypt),
        evaluate: Some(&composer),
        enabled: settings.list("enable_plugins").to_vec(),
        ignore_extensions: settings.list("inventory_ignore_extensions").to_vec(),
        ignore_patterns: settings.list("inventory_ignore_patterns").to_vec(),
        yaml_extensions: if own.is_empty() {
            settings.list("yaml_valid_extensions").to_vec()
        } else {
            own.to_vec()
        },
        group_names: GroupNames::of(settings.text("force_valid_group_names").unwrap_or_default()),
        precedence: settings
            .list("precedence")
            .iter()
            .filter_map(|w| Precedence::of(w))
            .collect(),
        hash_behaviour: settings.hash_behaviour(),
        extra: wanted.extra.clone(),
        use_extra_vars: settings.bool("inventory_use_extra_vars"),
        script_errors: settings.bool("inventory_script_stderr"),
        vars_files: enabled
            .iter()
            .any(|p| matches!(p.as_str(), "host_group_vars" | "ansible.builtin.host_group_vars")),
        vars_at_start: at_start,
        python_folders,
        collections: settings.paths("collections_path"),
        stop_at_first: settings.bool("any_unparsed_is_failed"),
        ..LoadContext::new(wanted.sources)
    };
    then(&context)
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

/// The `group_vars` and `host_vars` beside a playbook.
pub(crate) fn beside_playbook(
    inventory: &Inventory,
    dir: &std::path::Path,
    wanted: &Wanted<'_>,
) -> VarsFolder {
    with_context(wanted, |context| {
        if context.vars_files {
            VarsFolder::load(dir, inventory, context, &mut Vec::new())
        } else {
            VarsFolder::default()
        }
    })
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
