//! `open_iscsi`: disks of other machines by iSCSI.

use super::iscsi_output::{has_session, nodes, starts_by_itself};
use crate::{files::file_text as text, host::Command, prelude::*};
use std::{
    fs,
    net::{IpAddr, ToSocketAddrs},
    path::Path,
    time::Duration,
};

/// Find iSCSI targets and log in to them
#[derive(Params)]
#[params(
    together(node_user, node_pass),
    together(node_user_in, node_pass_in),
    required_if(discover = "True", portal),
    required_if(auto_node_startup = "True", target),
    required_if(auto_portal_startup = "True", target)
)]
pub struct OpenIscsi {
    /// Name or address of the machine that has the targets.
    #[param(alias = "ip")]
    portal: Option<String>,
    /// Its port.
    #[param(default = "3260")]
    port: String,
    /// Name of the target; without, all that are known.
    #[param(alias = "name", alias = "targetname")]
    target: Option<String>,
    /// How to authenticate.
    #[param(default = "CHAP")]
    node_auth: String,
    /// User to log in as.
    node_user: Option<String>,
    /// Its password.
    #[param(no_log)]
    node_pass: Option<String>,
    /// User as whom the target must authenticate.
    node_user_in: Option<String>,
    /// Its password.
    #[param(no_log)]
    node_pass_in: Option<String>,
    /// Whether to be logged in.
    #[param(alias = "state")]
    login: Option<bool>,
    /// Whether to log in to the target at boot.
    #[param(alias = "automatic")]
    auto_node_startup: Option<bool>,
    /// Whether to log in to the target at boot, by this portal.
    auto_portal_startup: Option<bool>,
    /// Ask the portal for its targets.
    #[param(default = false)]
    discover: bool,
    /// Tell the known targets.
    #[param(default = false)]
    show_nodes: bool,
    /// Look again for disks of the sessions.
    #[param(default = false)]
    rescan: bool,
}

/// What `iscsiadm` ends with when it knows of nothing.
const NOTHING: i64 = 21;
/// What it ends with when the target refuses the login.
const REFUSED: i64 = 24;

/// A portal's address and port, if the user named one.
type Portal<'a> = Option<(&'a str, &'a str)>;

impl OpenIscsi {
    fn call(&self, host: &mut Host<'_>, args: &[&str], changes: bool) -> Result<Option<Output>, Failure> {
        let program = host.need_program("iscsiadm", "open-iscsi")?;
        let command = Command::new(program)
            .env("LC_ALL", "C")
            .args(args.iter().copied());
        if changes {
            host.execute(command)
        } else {
            host.query(command).map(Some)
        }
    }

    /// Runs what must succeed.
    fn must(&self, host: &mut Host<'_>, args: &[&str], changes: bool) -> Result<String, Failure> {
        match self.call(host, args, changes)? {
            Some(out) if out.rc != 0 => {
                let program = host.need_program("iscsiadm", "open-iscsi")?;
                let cmd = format!("{} {}", program.display(), args.join(" "));
                Err(Self::failure(&out).with("cmd", cmd))
            }
            out => Ok(out.map(|o| o.stdout_text()).unwrap_or_default()),
        }
    }

    fn failure(out: &Output) -> Failure {
        Failure::new(out.stderr_text().trim_end().to_owned())
            .with("rc", out.rc)
            .with("stdout", out.stdout_text())
            .with("stderr", out.stderr_text())
    }

    /// The portal's address, as `iscsiadm` shows it.
    fn address(&self) -> Result<Option<String>, Failure> {
        let Some(portal) = self.portal.as_deref().filter(|p| !p.is_empty()) else {
            return Ok(None);
        };
        if let Ok(address) = portal.parse::<IpAddr>() {
            return Ok(Some(address.to_string()));
        }
        let found = (portal, 0).to_socket_addrs().ok().and_then(|mut all| all.next());
        let found = found.ok_or("Portal address is incorrect")?;
        Ok(Some(found.ip().to_string()))
    }

    /// The targets that are known, of that portal if one is named.
    fn known(&self, host: &mut Host<'_>, portal: Option<&str>) -> Result<Vec<String>, Failure> {
        match self.call(host, &["--mode", "node"], false)? {
            Some(out) if out.rc == 0 => nodes(&out.stdout_text(), portal)
                .ok_or_else(|| "error parsing output of iscsiadm --mode node".into()),
            Some(out)
                if out.rc == NOTHING || out.stderr_text().to_lowercase().contains("no records found") =>
            {
                Ok(Vec::new())
            }
            Some(out) => Err(Self::failure(&out)),
            None => Ok(Vec::new()),
        }
    }

    fn logged_in(&self, host: &mut Host<'_>, target: &str, portal: Portal<'_>) -> Result<bool, Failure> {
        match self.call(host, &["--mode", "session"], false)? {
            Some(out) if out.rc == 0 => Ok(has_session(&out.stdout_text(), target, portal)),
            Some(out) if out.rc != NOTHING => Err(Self::failure(&out)),
            _ => Ok(false),
        }
    }

    /// Logs in with the user's names and passwords; gives what `iscsiadm` ended with.
    fn log_in(
        &self,
        host: &mut Host<'_>,
        target: &str,
        portal: Portal<'_>,
        strict: bool,
    ) -> Result<i64, Failure> {
        let mut settings = Vec::new();
        if let Some(user) = &self.node_user {
            settings.push(("authmethod", self.node_auth.as_str()));
            settings.push(("username", user));
            settings.push(("password", self.node_pass.as_deref().unwrap_or_default()));
        }
        if let Some(user) = &self.node_user_in {
            settings.push(("username_in", user));
            settings.push(("password_in", self.node_pass_in.as_deref().unwrap_or_default()));
        }
        for (name, value) in settings {
            let name = format!("node.session.auth.{name}");
            self.update(host, target, None, &name, value, strict)?;
        }
        let place = portal.map(|(address, port)| format!("{address}:{port}"));
        let mut args = vec!["--mode", "node", "--targetname", target, "--login"];
        if let Some(place) = &place {
            args.extend(["--portal", place]);
        }
        let out = self.call(host, &args, true)?;
        match out {
            Some(out) if out.rc != 0 && strict => Err(Self::failure(&out)),
            out => Ok(out.map_or(0, |o| o.rc)),
        }
    }

    fn update(
        &self,
        host: &mut Host<'_>,
        target: &str,
        portal: Portal<'_>,
        name: &str,
        value: &str,
        strict: bool,
    ) -> Result<(), Failure> {
        let place = portal.map(|(address, port)| format!("{address}:{port}"));
        let mut args = vec![
            "--mode",
            "node",
            "--targetname",
            target,
            "--op=update",
            "--name",
            name,
            "--value",
            value,
        ];
        if let Some(place) = &place {
            args.extend(["--portal", place]);
        }
        match self.call(host, &args, true)? {
            Some(out) if out.rc != 0 && strict => Err(Self::failure(&out)),
            _ => Ok(()),
        }
    }

    /// Whether there was a change.
    fn start_at_boot(
        &self,
        host: &mut Host<'_>,
        target: &str,
        portal: Portal<'_>,
        wanted: bool,
    ) -> Result<bool, Failure> {
        let place = portal.map(|(address, port)| format!("{address}:{port}"));
        let mut args = vec!["--mode", "node", "--targetname", target];
        if let Some(place) = &place {
            args.extend(["--portal", place]);
        }
        let record = self.must(host, &args, false)?;
        if starts_by_itself(&record) == wanted {
            return Ok(false);
        }
        let word = if wanted { "automatic" } else { "manual" };
        self.update(host, target, portal, "node.startup", word, true)?;
        Ok(true)
    }

    /// Brings one session into its state and notes the result's keys.
    fn session(
        &self,
        host: &mut Host<'_>,
        target: &str,
        portal: Portal<'_>,
        (wanted, strict): (bool, bool),
        result: &Map,
    ) -> Result<Vec<Value>, Failure> {
        if self.logged_in(host, target, portal)? == wanted {
            return Ok(if wanted { disks(target) } else { Vec::new() });
        }
        let mut changed = true;
        let mut found = Vec::new();
        if wanted {
            // A target that is named is logged in to by all its portals.
            let portal = portal.filter(|_| !strict);
            let rc = self.log_in(host, target, portal, strict)?;
            if !host.check() {
                // udev makes the names of the disks.
                std::thread::sleep(Duration::from_secs(1));
                found = disks(target);
            }
            if rc == REFUSED {
                changed = false;
            }
        } else {
            self.must(
                host,
                &["--mode", "node", "--targetname", target, "--logout"],
                true,
            )?;
        }
        result.insert("connection_changed", changed);
        Ok(found)
    }
}

/// Disks of a target, without their partitions.
fn disks(target: &str) -> Vec<Value> {
    let folder = fs::read_dir("/dev/disk/by-path").into_iter().flatten().flatten();
    let mut out: Vec<String> = Vec::new();
    for entry in folder {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.contains(target) && !name.contains("-part") {
            let disk = text(&fs::canonicalize(entry.path()).unwrap_or_else(|_| Path::new(&name).to_owned()));
            if !out.contains(&disk) {
                out.push(disk);
            }
        }
    }
    out.into_iter().map(Value::str).collect()
}

impl Module for OpenIscsi {
    const META: Meta = Meta {
        name: "community.general.open_iscsi",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[
            Return {
                name: "nodes",
                doc: "The known targets, with `show_nodes`.",
            },
            Return {
                name: "devicenodes",
                doc: "Disks of the targets that are logged in to.",
            },
            Return {
                name: "cache_updated",
                doc: "Whether the portal told of other targets than before.",
            },
            Return {
                name: "connection_changed",
                doc: "Whether a login or logout was done.",
            },
            Return {
                name: "automatic_changed",
                doc: "Whether the start at boot was changed.",
            },
            Return {
                name: "automatic_portal_changed",
                doc: "The same, by this portal.",
            },
            Return {
                name: "sessions",
                doc: "What the search for disks printed, with `rescan`.",
            },
        ],
        examples: &[Example {
            title: "All disks of a storage machine, also at boot",
            args: r#"{"portal": "10.1.2.3", "discover": true, "target": "iqn.2024-01.com.example:disk1", "login": true, "auto_node_startup": true}"#,
            given: &[],
            then: &[],
            changed: true,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let address = self.address()?;
        let portal: Portal<'_> = address.as_deref().map(|a| (a, self.port.as_str()));
        let mut cached = self.known(host, address.as_deref())?;
        let result = Map::new();
        let mut nodes = cached.clone();
        let mut changed = false;
        if let Some((address, port)) = portal.filter(|_| self.discover)
            && !host.check()
        {
            let place = format!("{address}:{port}");
            let args = ["--mode", "discovery", "--type", "sendtargets", "--portal", &place];
            self.must(host, &args, false)?;
            nodes = self.known(host, Some(address))?;
            nodes.sort();
            cached.sort();
            if nodes != cached {
                changed = true;
                result.insert("cache_updated", true);
            }
        }
        let acts = self.login.is_some() || self.auto_node_startup.is_some();
        let several = acts && self.target.is_none() && nodes.len() > 1;
        if let Some(target) = self.target.as_ref().filter(|_| acts)
            && !nodes.contains(target)
        {
            return Err("Specified target not found".into());
        }
        if self.show_nodes {
            result.insert("nodes", Value::list(nodes.iter().map(Value::from)));
        }
        let targets: Vec<&String> = match &self.target {
            Some(target) => vec![target],
            None => nodes.iter().collect(),
        };
        if let Some(wanted) = self.login {
            let mut found = Vec::new();
            for target in &targets {
                found.extend(self.session(host, target, portal, (wanted, !several), &result)?);
                changed |= result.get("connection_changed").is_some_and(|c| c.truthy());
            }
            if several || wanted && (!host.check() || result.get("connection_changed").is_none()) {
                result.insert("devicenodes", Value::list(found));
            }
        }
        let whole = [
            (self.auto_node_startup, "automatic_changed", None),
            (self.auto_portal_startup, "automatic_portal_changed", portal),
        ];
        for (wanted, key, portal) in whole {
            if let (Some(wanted), [target], false) = (wanted, targets.as_slice(), several) {
                let now = self.start_at_boot(host, target, portal, wanted)?;
                result.insert(key, now);
                changed |= now;
            }
        }
        if self.rescan {
            changed = true;
            let args: Vec<&str> = match &self.target {
                None => vec!["--mode", "session", "--rescan"],
                Some(target) => vec!["--mode", "node", "--rescan", "-T", target],
            };
            let out = self.call(host, &args, false)?;
            result.insert("sessions", out.map(|o| o.stdout_text()).unwrap_or_default());
        }
        Ok(Outcome::from(result).changed(changed))
    }
}
