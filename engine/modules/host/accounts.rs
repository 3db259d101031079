//! Users and groups, read from the files themselves: a static program must not load the host's name service
//! modules. What the files lack is asked from the host's own `getent`.

use std::{collections::HashMap, fs, process};

/// A line of passwd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Login name.
    pub name: String,
    /// User id.
    pub uid: u32,
    /// Primary group id.
    pub gid: u32,
    /// Comment.
    pub gecos: String,
    /// Home folder.
    pub home: String,
    /// Login shell.
    pub shell: String,
}

/// A line of group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Name.
    pub name: String,
    /// Group id.
    pub gid: u32,
    /// Names of its members.
    pub members: Vec<String>,
}

/// Users and groups by name and number; answers are remembered until [`Accounts::forget`].
#[derive(Default)]
pub struct Accounts {
    users: HashMap<String, Option<User>>,
    groups: HashMap<String, Option<Group>>,
}

fn parse_user(line: &str) -> Option<User> {
    let f: Vec<_> = line.split(':').collect();
    let [name, _, uid, gid, gecos, home, shell] = f[..] else {
        return None;
    };
    Some(User {
        name: name.into(),
        uid: uid.parse().ok()?,
        gid: gid.parse().ok()?,
        gecos: gecos.into(),
        home: home.into(),
        shell: shell.into(),
    })
}

fn parse_group(line: &str) -> Option<Group> {
    let f: Vec<_> = line.split(':').collect();
    let [name, _, gid, members] = f[..] else {
        return None;
    };
    let members = members
        .split(',')
        .filter(|m| !m.is_empty())
        .map(str::to_owned)
        .collect();
    Some(Group {
        name: name.into(),
        gid: gid.parse().ok()?,
        members,
    })
}

/// A line of a name service database: of the file, else from `getent`.
fn line(database: &str, file: &str, wanted: impl Fn(&str) -> bool, key: &str) -> Option<String> {
    let text = fs::read(file).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    if let Some(line) = text.lines().find(|l| wanted(l)) {
        return Some(line.to_owned());
    }
    let out = process::Command::new("getent")
        .args([database, key])
        .stderr(process::Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    text.lines().next().map(str::to_owned)
}

fn field(line: &str, index: usize) -> Option<&str> {
    line.split(':').nth(index)
}

impl Accounts {
    /// The user of that name.
    pub fn user(&mut self, name: &str) -> Option<User> {
        let find = || {
            parse_user(&line(
                "passwd",
                "/etc/passwd",
                |l| field(l, 0) == Some(name),
                name,
            )?)
        };
        self.users.entry(name.to_owned()).or_insert_with(find).clone()
    }

    /// The user of that number.
    pub fn user_by_id(&mut self, uid: u32) -> Option<User> {
        let key = uid.to_string();
        let find = || {
            parse_user(&line(
                "passwd",
                "/etc/passwd",
                |l| field(l, 2) == Some(&key),
                &key,
            )?)
        };
        self.users.entry(format!(":{uid}")).or_insert_with(find).clone()
    }

    /// The group of that name.
    pub fn group(&mut self, name: &str) -> Option<Group> {
        let find = || parse_group(&line("group", "/etc/group", |l| field(l, 0) == Some(name), name)?);
        self.groups.entry(name.to_owned()).or_insert_with(find).clone()
    }

    /// The group of that number.
    pub fn group_by_id(&mut self, gid: u32) -> Option<Group> {
        let key = gid.to_string();
        let find = || parse_group(&line("group", "/etc/group", |l| field(l, 2) == Some(&key), &key)?);
        self.groups.entry(format!(":{gid}")).or_insert_with(find).clone()
    }

    /// Forgets all answers, after accounts were changed.
    pub fn forget(&mut self) {
        self.users.clear();
        self.groups.clear();
    }
}
