//! `user`: accounts.

use super::user_key::KeyParams;
use crate::{
    facts,
    host::{Command, User as Account},
    prelude::*,
    system::shadow,
};
use std::{
    fs,
    os::unix::fs::{MetadataExt, lchown},
    path::{Path, PathBuf},
};

/// Make, change or remove a user account
///
/// Works with the programs of shadow-utils, and with busybox's where those are missing.
#[derive(Params)]
pub struct User {
    /// Keep the groups the user is in already.
    #[param(default = false)]
    append: bool,
    /// For Solaris; no effect here.
    #[param(name = "authorization")]
    _authorization: Option<String>,
    /// Full name or description.
    comment: Option<String>,
    /// Make the home folder if it is missing.
    #[param(default = true, alias = "createhome")]
    create_home: bool,
    /// When the account expires, in seconds since 1970; negative: never.
    expires: Option<f64>,
    /// With `state: absent`, remove even if the user is logged in.
    #[param(default = false)]
    force: bool,
    /// Primary group, by name or number.
    group: Option<String>,
    /// Further groups; the user leaves others unless `append`. An empty list: none.
    #[param(elements = "str")]
    groups: Option<Vec<String>>,
    /// For macOS; no effect here.
    #[param(name = "hidden")]
    _hidden: Option<bool>,
    /// Home folder.
    home: Option<PathBuf>,
    /// Manage the account in the local files even if the host knows accounts from elsewhere.
    #[param(default = false)]
    local: bool,
    /// For BSD; no effect here.
    #[param(name = "login_class")]
    _login_class: Option<String>,
    /// With a new `home`, move the old folder there.
    #[param(default = false)]
    move_home: bool,
    /// Login name.
    #[param(required, alias = "user")]
    name: String,
    /// Let `uid` be one that another user has.
    #[param(default = false)]
    non_unique: bool,
    /// Hash of the password.
    #[param(no_log)]
    password: Option<String>,
    /// Days after the password's expiry until the account is locked.
    password_expire_account_disable: Option<i64>,
    /// Greatest number of days between changes of the password.
    password_expire_max: Option<i64>,
    /// Smallest number of days between changes of the password.
    password_expire_min: Option<i64>,
    /// Days of warning before the password expires.
    password_expire_warn: Option<i64>,
    /// Lock or unlock the password.
    password_lock: Option<bool>,
    /// For Solaris; no effect here.
    #[param(name = "profile")]
    _profile: Option<String>,
    /// With `state: absent`, remove the home folder too.
    #[param(default = false)]
    remove: bool,
    /// For Solaris; no effect here.
    #[param(name = "role")]
    _role: Option<String>,
    /// SELinux user.
    seuser: Option<String>,
    /// Login shell.
    shell: Option<PathBuf>,
    /// Folder whose content a new home folder gets.
    skeleton: Option<String>,
    #[param(flatten)]
    key: KeyParams,
    /// Whether the account must be there.
    #[param(default = "present", choices("absent", "present"))]
    state: String,
    /// Make it a system account.
    #[param(default = false)]
    system: bool,
    /// Number of the user.
    uid: Option<i64>,
    /// Greatest number for a new user, instead of the host's setting.
    uid_max: Option<i64>,
    /// Smallest number for a new user, instead of the host's setting.
    uid_min: Option<i64>,
    /// Permissions that a new home folder does not get.
    umask: Option<String>,
    /// Whether an existing user's password is changed.
    #[param(default = "always", choices("always", "on_create"))]
    update_password: String,
}

/// Outputs of the programs that ran.
#[derive(Default)]
struct Said {
    out: String,
    err: String,
}

impl User {
    fn existing(&self, host: &mut Host<'_>) -> Option<Account> {
        if self.local {
            let text = fs::read_to_string("/etc/passwd").unwrap_or_default();
            text.lines().find(|l| l.split(':').next() == Some(&self.name))?;
        }
        host.accounts().user(&self.name)
    }

    fn execute(&self, host: &mut Host<'_>, command: Command, said: &mut Said) -> Result<(), Failure> {
        if let Some(out) = host.execute(command)? {
            said.out += &out.stdout_text();
            said.err += &out.stderr_text();
            if out.rc != 0 {
                let words = if out.stderr.is_empty() {
                    out.stdout_text()
                } else {
                    out.stderr_text()
                };
                return Err(Failure::new(words)
                    .with("name", self.name.as_str())
                    .with("rc", out.rc));
            }
        }
        host.accounts().forget();
        Ok(())
    }

    fn has_group(host: &mut Host<'_>, group: &str) -> bool {
        let accounts = host.accounts();
        accounts.group(group).is_some() || group.parse().is_ok_and(|gid| accounts.group_by_id(gid).is_some())
    }

    /// The wanted further groups by name; a failure names one that is missing.
    fn wanted_groups(
        &self,
        host: &mut Host<'_>,
        primary: Option<u32>,
    ) -> Result<Option<Vec<String>>, Failure> {
        let Some(groups) = &self.groups else {
            return Ok(None);
        };
        let mut out: Vec<String> = Vec::new();
        for name in groups.iter().map(|g| g.trim()).filter(|g| !g.is_empty()) {
            let by_name = host.accounts().group(name);
            let found =
                by_name.or_else(|| name.parse().ok().and_then(|gid| host.accounts().group_by_id(gid)));
            let group = found.ok_or_else(|| Failure::new(format!("Group {name} does not exist")))?;
            if Some(group.gid) != primary && !out.contains(&group.name) {
                out.push(group.name);
            }
        }
        Ok(Some(out))
    }

    fn memberships(&self) -> Vec<String> {
        let text = fs::read_to_string("/etc/group").unwrap_or_default();
        let member = |line: &str| -> Option<String> {
            let mut f = line.split(':');
            let name = f.next()?;
            f.nth(2)?
                .split(',')
                .any(|m| m == self.name)
                .then(|| name.to_owned())
        };
        text.lines().filter_map(member).collect()
    }

    fn expiry_date(&self) -> Option<String> {
        let seconds = self.expires?;
        if seconds < 0.0 {
            return Some(String::new());
        }
        let (year, month, day) = facts::civil((seconds / 86400.0).floor() as i64);
        Some(format!("{year:04}-{month:02}-{day:02}"))
    }

    fn locked(password: &str) -> bool {
        password.starts_with('!')
    }

    fn create(&self, host: &mut Host<'_>, said: &mut Said) -> Result<(), Failure> {
        let program = if self.local { "luseradd" } else { "useradd" };
        let Some(path) = host.find_program(program) else {
            return self.create_busybox(host, said);
        };
        let mut c = Command::new(path);
        if let Some(uid) = self.uid {
            c = c.arg("-u").arg(uid.to_string());
            if self.non_unique {
                c = c.arg("-o");
            }
        }
        if let Some(seuser) = &self.seuser {
            c = c.arg("-Z").arg(seuser);
        }
        if let Some(group) = &self.group {
            if !Self::has_group(host, group) {
                return Err(Failure::new(format!("Group {group} does not exist")));
            }
            c = c.arg("-g").arg(group);
        } else if Self::has_group(host, &self.name) {
            // A group of the user's name is there already: it cannot be made again.
            c = if self.local { c.arg("-n") } else { c.arg("-N") };
        }
        let groups = self.wanted_groups(host, None)?.unwrap_or_default();
        if !groups.is_empty() && !self.local {
            c = c.arg("-G").arg(groups.join(","));
        }
        if let Some(comment) = &self.comment {
            c = c.arg("-c").arg(comment);
        }
        if let Some(home) = &self.home {
            let parent = home.parent().filter(|_| self.create_home);
            if let Some(parent) = parent
                && !host.check()
            {
                host.make_directory(parent)?;
            }
            c = c.arg("-d").path(home);
        }
        if let Some(shell) = &self.shell {
            c = c.arg("-s").path(shell);
        }
        if let Some(date) = self.expiry_date().filter(|_| !self.local) {
            c = c.arg("-e").arg(date);
        }
        if let Some(password) = &self.password {
            let lock = if self.password_lock == Some(true) { "!" } else { "" };
            c = c.arg("-p").arg(format!("{lock}{password}"));
        }
        if self.create_home {
            if !self.local {
                c = c.arg("-m");
            }
            if let Some(skeleton) = &self.skeleton {
                c = c.arg("-k").arg(skeleton);
            }
        } else {
            c = c.arg("-M");
        }
        if !self.local {
            let umask = self
                .umask
                .as_deref()
                .filter(|_| self.create_home)
                .map(str::to_owned);
            let (min, max) = (
                self.uid_min.map(|n| n.to_string()),
                self.uid_max.map(|n| n.to_string()),
            );
            for (name, value) in [("UMASK", umask), ("UID_MIN", min), ("UID_MAX", max)] {
                if let Some(value) = value {
                    c = c.arg("-K").arg(format!("{name}={value}"));
                }
            }
        }
        if self.system {
            c = c.arg("-r");
        }
        self.execute(host, c.arg(&self.name), said)
    }

    fn create_busybox(&self, host: &mut Host<'_>, said: &mut Said) -> Result<(), Failure> {
        let mut c = Command::new(host.need_program("adduser", "passwd")?).arg("-D");
        if let Some(uid) = self.uid {
            c = c.arg("-u").arg(uid.to_string());
        }
        if let Some(group) = &self.group {
            if !Self::has_group(host, group) {
                return Err(Failure::new(format!("Group {group} does not exist")));
            }
            c = c.arg("-G").arg(group);
        }
        if let Some(comment) = &self.comment {
            c = c.arg("-g").arg(comment);
        }
        if let Some(home) = &self.home {
            c = c.arg("-h").path(home);
        }
        if let Some(shell) = &self.shell {
            c = c.arg("-s").path(shell);
        }
        if !self.create_home {
            c = c.arg("-H");
        }
        if let Some(skeleton) = &self.skeleton {
            c = c.arg("-k").arg(skeleton);
        }
        if self.system {
            c = c.arg("-S");
        }
        self.execute(host, c.arg(&self.name), said)?;
        if let Some(password) = &self.password {
            let line = format!("{}:{password}\n", self.name);
            let chpasswd = Command::new(host.need_program("chpasswd", "passwd")?)
                .arg("-e")
                .stdin(line);
            self.execute(host, chpasswd, said)?;
        }
        for group in self.wanted_groups(host, None)?.unwrap_or_default() {
            let c = Command::new(host.need_program("adduser", "passwd")?)
                .arg(&self.name)
                .arg(group);
            self.execute(host, c, said)?;
        }
        Ok(())
    }

    /// The arguments of `usermod` that make the account as wanted; empty if it is so already.
    fn differences(&self, host: &mut Host<'_>, now: &Account) -> Result<Vec<String>, Failure> {
        let mut args: Vec<String> = Vec::new();
        let mut add = |words: &[&str]| args.extend(words.iter().map(|w| (*w).to_owned()));
        if let Some(uid) = self.uid
            && uid != i64::from(now.uid)
        {
            add(&["-u", &uid.to_string()]);
            if self.non_unique {
                add(&["-o"]);
            }
        }
        let mut primary = now.gid;
        if let Some(group) = &self.group {
            let gid = host.accounts().group(group).map(|g| g.gid);
            let gid = gid.or_else(|| {
                group
                    .parse()
                    .ok()
                    .filter(|n| host.accounts().group_by_id(*n).is_some())
            });
            let gid = gid.ok_or_else(|| Failure::new(format!("Group {group} does not exist")))?;
            if gid != now.gid {
                add(&["-g", &gid.to_string()]);
            }
            primary = gid;
        }
        if let Some(wanted) = self.wanted_groups(host, Some(primary))? {
            let mut is = self.memberships();
            let own = host.accounts().group_by_id(primary).map(|g| g.name);
            is.retain(|g| Some(g) != own.as_ref());
            let missing = wanted.iter().any(|g| !is.contains(g));
            let surplus = is.iter().any(|g| !wanted.contains(g));
            if self.append && missing {
                add(&["-a", "-G", &wanted.join(",")]);
            } else if !self.append && (missing || surplus) {
                add(&["-G", &wanted.join(",")]);
            }
        }
        if let Some(comment) = &self.comment
            && *comment != now.gecos
        {
            add(&["-c", comment]);
        }
        if let Some(home) = &self.home
            && home.as_os_str() != now.home.as_str()
        {
            add(&["-d", &home.to_string_lossy()]);
            if self.move_home {
                add(&["-m"]);
            }
        }
        if let Some(shell) = &self.shell
            && shell.as_os_str() != now.shell.as_str()
        {
            add(&["-s", &shell.to_string_lossy()]);
        }
        let entry = shadow::entry(&self.name).unwrap_or_default();
        if let Some(date) = self.expiry_date() {
            let day = self
                .expires
                .filter(|s| *s >= 0.0)
                .map(|s| (s / 86400.0).floor() as i64);
            if day != entry.expires.filter(|d| *d >= 0) {
                add(&["-e", &date]);
            }
        }
        if self.password_lock == Some(true) && !Self::locked(&entry.password) {
            add(&["-L"]);
        } else if self.password_lock == Some(false)
            && Self::locked(&entry.password)
            && entry.password.len() > 1
        {
            add(&["-U"]);
        }
        if let Some(password) = &self.password
            && self.update_password == "always"
            && entry.password.trim_start_matches('!') != password.trim_start_matches('!')
        {
            let lock = if self.password_lock == Some(true) { "!" } else { "" };
            add(&["-p", &format!("{lock}{password}")]);
            args.retain(|a| a != "-L");
        }
        if let Some(seuser) = &self.seuser {
            let map = fs::read_to_string("/etc/selinux/targeted/seusers").unwrap_or_default();
            let is = map
                .lines()
                .find_map(|l| l.strip_prefix(&self.name)?.strip_prefix(':')?.split(':').next());
            if is != Some(seuser) {
                args.extend(["-Z".to_owned(), seuser.clone()]);
            }
        }
        Ok(args)
    }

    fn password_ages(&self, host: &mut Host<'_>, said: &mut Said) -> Result<(), Failure> {
        let entry = shadow::entry(&self.name).unwrap_or_default();
        let mut args = Vec::new();
        for (flag, wanted, is) in [
            ("-m", self.password_expire_min, entry.min),
            ("-M", self.password_expire_max, entry.max),
            ("-W", self.password_expire_warn, entry.warn),
            ("-I", self.password_expire_account_disable, entry.inactive),
        ] {
            if let Some(wanted) = wanted.filter(|w| is != Some(*w) && !(is.is_none() && *w < 0)) {
                args.extend([flag.to_owned(), wanted.to_string()]);
            }
        }
        if args.is_empty() {
            return Ok(());
        }
        let c = Command::new(host.need_program("chage", "passwd")?)
            .args(args)
            .arg(&self.name);
        self.execute(host, c, said)
    }

    /// Gives an existing account its home folder, filled from the skeleton.
    fn make_home(&self, host: &mut Host<'_>, now: &Account) -> Result<(), Failure> {
        let home = Path::new(&now.home);
        if !self.create_home || now.home.is_empty() || home.exists() {
            return Ok(());
        }
        host.mark_changed();
        if host.check() {
            return Ok(());
        }
        let failed = |e: std::io::Error| Failure::new(format!("could not make {}: {e}", home.display()));
        let skeleton = self.skeleton.as_deref().unwrap_or("/etc/skel");
        fs::create_dir_all(home).map_err(failed)?;
        copy_tree(Path::new(skeleton), home, now.uid, now.gid).map_err(failed)?;
        let umask = self.umask.as_deref().and_then(|u| u32::from_str_radix(u, 8).ok());
        let mode = shadow::home_mode(umask);
        fs::set_permissions(home, std::os::unix::fs::PermissionsExt::from_mode(mode)).map_err(failed)?;
        lchown(home, Some(now.uid), Some(now.gid)).map_err(failed)
    }

    fn absent(self, host: &mut Host<'_>, there: bool) -> Result<Outcome, Failure> {
        let mut said = Said::default();
        let mut out = Outcome::new()
            .with("name", self.name.as_str())
            .with("state", "absent");
        if !there {
            return Ok(out);
        }
        let program = if self.local { "luserdel" } else { "userdel" };
        let command = match host.find_program(program) {
            Some(path) => {
                let mut c = Command::new(path);
                if self.force && !self.local {
                    c = c.arg("-f");
                }
                if self.remove {
                    c = c.arg("-r");
                }
                c.arg(&self.name)
            }
            None => {
                let c = Command::new(host.need_program("deluser", "passwd")?);
                let c = if self.remove { c.arg("--remove-home") } else { c };
                c.arg(&self.name)
            }
        };
        self.execute(host, command, &mut said)?;
        if host.check() {
            return Ok(Outcome::new());
        }
        out = out.with("force", self.force).with("remove", self.remove);
        Ok(said.into(out))
    }
}

impl Said {
    fn into(self, mut out: Outcome) -> Outcome {
        if !self.out.is_empty() {
            out = out.with("stdout", self.out);
        }
        if !self.err.is_empty() {
            out = out.with("stderr", self.err);
        }
        out
    }
}

/// Copies a folder's content; everything belongs to the user then, links are copied as links.
fn copy_tree(from: &Path, to: &Path, uid: u32, gid: u32) -> std::io::Result<()> {
    let Ok(entries) = fs::read_dir(from) else {
        return Ok(());
    };
    for entry in entries {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let meta = fs::symlink_metadata(&source)?;
        if meta.is_dir() {
            fs::create_dir_all(&target)?;
            copy_tree(&source, &target, uid, gid)?;
        } else if meta.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(&source)?, &target)?;
        } else {
            fs::copy(&source, &target)?;
        }
        if !meta.is_symlink() {
            let mode = std::os::unix::fs::PermissionsExt::from_mode(meta.mode() & 0o7777);
            fs::set_permissions(&target, mode)?;
        }
        lchown(&target, Some(uid), Some(gid))?;
    }
    Ok(())
}

impl Module for User {
    const META: Meta = Meta {
        name: "ansible.builtin.user",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[
            Return {
                name: "uid",
                doc: "Number of the user.",
            },
            Return {
                name: "group",
                doc: "Number of the primary group.",
            },
            Return {
                name: "groups",
                doc: "The asked further groups, with commas.",
            },
            Return {
                name: "home",
                doc: "Home folder.",
            },
            Return {
                name: "shell",
                doc: "Login shell.",
            },
            Return {
                name: "comment",
                doc: "Description.",
            },
            Return {
                name: "create_home",
                doc: "For a new account, whether a home folder was asked for.",
            },
            Return {
                name: "ssh_public_key",
                doc: "The generated public key.",
            },
            Return {
                name: "ssh_key_file",
                doc: "Where the generated key is.",
            },
            Return {
                name: "ssh_fingerprint",
                doc: "Fingerprint of the generated key.",
            },
        ],
        examples: &[Example {
            title: "The superuser has number 0",
            args: r#"{"name": "root", "uid": 0}"#,
            given: &[],
            then: &[],
            changed: false,
            runs: true,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        if self.append && self.groups.is_none() {
            host.warn(
                "'append' is set, but no 'groups' are specified. Use 'groups' for appending new groups.",
            );
        }
        let now = self.existing(host);
        if self.state == "absent" {
            return self.absent(host, now.is_some());
        }
        let mut said = Said::default();
        let out = Outcome::new()
            .with("name", self.name.as_str())
            .with("state", "present");
        match &now {
            None => {
                self.create(host, &mut said)?;
                if host.check() {
                    return Ok(Outcome::new());
                }
                out.values.insert("system", self.system);
                out.values.insert("create_home", self.create_home);
                self.password_ages(host, &mut said)?;
                // Programs differ in what they do about a locked password at creation.
                if self.password_lock == Some(true) && self.password.is_none() {
                    let entry = shadow::entry(&self.name).unwrap_or_default();
                    if !Self::locked(&entry.password) {
                        let c = Command::new(host.need_program("usermod", "passwd")?)
                            .arg("-L")
                            .arg(&self.name);
                        self.execute(host, c, &mut said)?;
                    }
                }
            }
            Some(account) => {
                let differences = self.differences(host, account)?;
                if !differences.is_empty() {
                    let program = if self.local { "lusermod" } else { "usermod" };
                    let c = Command::new(host.need_program(program, "passwd")?).args(differences);
                    self.execute(host, c.arg(&self.name), &mut said)?;
                }
                self.password_ages(host, &mut said)?;
                out.values.insert("append", self.append);
                out.values.insert("move_home", self.move_home);
            }
        }
        if self.password.is_some() {
            out.values.insert("password", "NOT_LOGGING_PASSWORD");
        }
        if let Some(account) = self.existing(host) {
            self.make_home(host, &account)?;
            out.values.insert("uid", account.uid);
            out.values.insert("group", account.gid);
            out.values.insert("comment", account.gecos.as_str());
            out.values.insert("home", account.home.as_str());
            out.values.insert("shell", account.shell.as_str());
            if let Some(groups) = &self.groups {
                out.values.insert("groups", groups.join(","));
            }
            self.key.generate(host, &account, &out.values)?;
        }
        Ok(said.into(out))
    }
}
