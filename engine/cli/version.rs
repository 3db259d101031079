//! What `--version` prints under the names of Ansible's programs.

use crate::settings::Settings;

/// The version of ansible-core whose behaviour is the measure.
const REFERENCE: &str = "2.19.14";

/// Scripts look for the version in the first line, in brackets; so it is there, and who really answers below it.
pub(crate) fn text(program: &str) -> String {
    let settings = Settings::silent().ok();
    let file = settings.as_ref().and_then(|s| s.file.clone());
    let collections = settings
        .map(|s| s.list("collections_path").join(":"))
        .unwrap_or_default();
    let exe = std::env::current_exe()
        .map(|p| p.display().to_string())
        .unwrap_or_default();
    format!(
        "{program} [core {REFERENCE}]\n  kdo {} (behaves like ansible-core {REFERENCE}; no Python)\n  config file = {}\n  \
         ansible collection location = {collections}\n  executable location = {exe}",
        env!("CARGO_PKG_VERSION"),
        file.map_or_else(|| "None".to_owned(), |f| f.display().to_string()),
    )
}
