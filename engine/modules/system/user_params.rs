//! The parameters of `user`.

use super::user_key::KeyParams;
use crate::prelude::*;
use std::path::PathBuf;

/// Make, change or remove a user account
///
/// Works with the programs of shadow-utils, and with busybox's where those are missing.
#[derive(Params)]
pub struct User {
    /// Keep the groups the user is in already.
    #[param(default = false)]
    pub(super) append: bool,
    /// For Solaris; no effect here.
    #[param(name = "authorization")]
    pub(super) _authorization: Option<String>,
    /// Full name or description.
    pub(super) comment: Option<String>,
    /// Make the home folder if it is missing.
    #[param(default = true, alias = "createhome")]
    pub(super) create_home: bool,
    /// When the account expires, in seconds since 1970; negative: never.
    pub(super) expires: Option<f64>,
    /// With `state: absent`, remove even if the user is logged in. With `generate_ssh_key`, replace a key that is there.
    #[param(default = false)]
    pub(super) force: bool,
    /// Primary group, by name or number.
    pub(super) group: Option<String>,
    /// Further groups; the user leaves others unless `append`. An empty list: none.
    #[param(elements = "str")]
    pub(super) groups: Option<Vec<String>>,
    /// For macOS; no effect here.
    #[param(name = "hidden")]
    pub(super) _hidden: Option<bool>,
    /// Home folder.
    pub(super) home: Option<PathBuf>,
    /// Manage the account in the local files even if the host knows accounts from elsewhere.
    pub(super) local: Option<bool>,
    /// For BSD; no effect here.
    #[param(name = "login_class")]
    pub(super) _login_class: Option<String>,
    /// With a new `home`, move the old folder there.
    #[param(default = false)]
    pub(super) move_home: bool,
    /// Login name.
    #[param(required, alias = "user")]
    pub(super) name: String,
    /// Let `uid` be one that another user has.
    #[param(default = false)]
    pub(super) non_unique: bool,
    /// Hash of the password.
    #[param(no_log)]
    pub(super) password: Option<String>,
    /// Days after the password's expiry until the account is locked. It is set each time.
    pub(super) password_expire_account_disable: Option<i64>,
    /// Greatest number of days between changes of the password.
    pub(super) password_expire_max: Option<i64>,
    /// Smallest number of days between changes of the password.
    pub(super) password_expire_min: Option<i64>,
    /// Days of warning before the password expires.
    pub(super) password_expire_warn: Option<i64>,
    /// Lock or unlock the password.
    pub(super) password_lock: Option<bool>,
    /// For Solaris; no effect here.
    #[param(name = "profile")]
    pub(super) _profile: Option<String>,
    /// With `state: absent`, remove the home folder too.
    #[param(default = false)]
    pub(super) remove: bool,
    /// For Solaris; no effect here.
    #[param(name = "role")]
    pub(super) _role: Option<String>,
    /// SELinux user of a new account.
    pub(super) seuser: Option<String>,
    /// Login shell.
    pub(super) shell: Option<PathBuf>,
    /// Folder whose content a new home folder gets.
    pub(super) skeleton: Option<String>,
    #[param(flatten)]
    pub(super) key: KeyParams,
    /// Whether the account must be there.
    #[param(default = "present", choices("absent", "present"))]
    pub(super) state: String,
    /// Make it a system account.
    #[param(default = false)]
    pub(super) system: bool,
    /// Number of the user.
    pub(super) uid: Option<i64>,
    /// Greatest number for a new user, instead of the host's setting.
    pub(super) uid_max: Option<i64>,
    /// Smallest number for a new user, instead of the host's setting.
    pub(super) uid_min: Option<i64>,
    /// Permissions that a new home folder does not get.
    pub(super) umask: Option<String>,
    /// Whether an existing user's password is changed.
    #[param(default = "always", choices("always", "on_create"))]
    pub(super) update_password: String,
}
