//! Settings, as the lookup `config` shows them.

use kdo_value::Value;

/// A setting's value and where it comes from (`default`, `env: NAME`, a file).
#[derive(Clone, Debug)]
pub struct SettingValue {
    /// The value.
    pub value: Value,
    /// Where it comes from.
    pub origin: String,
}

/// Why there is no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoSetting {
    /// There is no setting or option of that name.
    Unknown,
    /// There is no such plugin.
    NoPlugin,
}

/// The settings of a run under Ansible's names.
pub trait Settings {
    /// A base setting, or the option of a plugin (its type and name).
    fn setting(&self, name: &str, plugin: Option<(&str, &str)>) -> Result<SettingValue, NoSetting>;
}
