//! Modules do what ansible-core's do: each play of tests/modules is run on a throw-away host, and each task's result is
//! compared with the one that was recorded from ansible-core on a like host with Python.
//!
//! `MODULES=copy,file` chooses plays. With `ORACLE=ansible-playbook` the results are recorded anew (tests/modules/record).

use crate::{
    program::{root, said},
    web_server::WebServer,
};
use kdo_value::{Map, Value, json};
use regex::Regex;
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
    thread,
};

/// Keys of results that are another's each time, or that no role reads.
const VOLATILE: &[&str] = &[
    "ansible_facts.discovered_interpreter_python",
    "atime",
    "birthtime",
    "cache_update_time",
    "ctime",
    "delta",
    "deprecations",
    "dev",
    "device_type",
    "end",
    "exception",
    "failed_when_result",
    "inode",
    "invocation",
    "mtime",
    "start",
    "version",
];

/// Programs that modules start; a stand-in takes their place where odd output is tried.
const PROGRAMS: &str = "apt-get apt-cache apt-key apt-mark dpkg dpkg-deb dpkg-query debconf-show debconf-set-selections dpkg-reconfigure \
    gpg dnf yum dnf5 rpm rpmkeys zypper systemctl service update-rc.d chkconfig useradd usermod userdel groupadd groupmod groupdel \
    chage ssh-keygen ssh-keyscan hostnamectl hostname timedatectl locale-gen localedef locale update-alternatives crontab git svn \
    make patch tar gtar unzip zipinfo zip gunzip bunzip2 xz unxz zstd curl rsync getfacl setfacl mkfs.ext4 mkfs.xfs mkfs.vfat wipefs \
    blkid lsblk blockdev parted sgdisk resize2fs dumpe2fs tune2fs xfs_info xfs_growfs btrfs pvs vgs lvs pvcreate vgcreate vgextend vgreduce \
    vgremove pvresize pvremove lvcreate lvremove lvextend lvresize lvreduce lvchange lvconvert vgchange iscsiadm mount umount findmnt swapon swapoff mkswap modprobe rmmod sysctl \
    getcap setcap getsebool setsebool getenforce setenforce semanage semodule restorecon firewall-cmd ufw iptables ip6tables ss npm cpanm \
    pip pip3 virtualenv lsattr chattr getent ip lspci udevadm dmidecode";

/// Properties of systemd's units that are another's each time: times, process numbers, use of the machine.
const UNIT_VOLATILE: &[&str] = &[
    "ControlGroupId",
    "CPUUsageNSec",
    "ExecMainPID",
    "InvocationID",
    "LimitNPROC",
    "LimitNPROCSoft",
    "LimitSIGPENDING",
    "LimitSIGPENDINGSoft",
    "MainPID",
    "MemoryCurrent",
    "NFileDescriptorStore",
    "TasksCurrent",
    "TasksMax",
];

/// Properties whose words come in any order.
const UNIT_SETS: &[&str] = &[
    "After",
    "Before",
    "Conflicts",
    "IPAddressDeny",
    "Names",
    "RequiredBy",
    "Requires",
    "SystemCallFilter",
    "TriggeredBy",
    "Triggers",
    "WantedBy",
    "Wants",
];

/// A kind of host that plays ask for with a first line `# host: KIND`; tests/modules/hosts.toml lists them.
#[derive(Clone)]
struct Kind {
    name: String,
    packages: String,
    /// What Ansible's modules need on the host beside that, for recordings.
    oracle_packages: String,
    flags: Vec<String>,
}

/// A host that runs, and the number of the lab it is in.
struct Lab {
    number: String,
}

impl Lab {
    /// That lab, unless `KDO_LAB` says another.
    fn new(number: &str) -> Self {
        Self {
            number: env::var("KDO_LAB").unwrap_or_else(|_| number.to_owned()),
        }
    }

    fn said(&self, args: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kdo"));
        let said = said(command.args(["lab", "--lab", &self.number]).args(args));
        assert_eq!(said.code, 0, "kdo lab {args:?}: {said:?}");
        said.out
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if env::var_os("KEEP_LAB").is_none() {
            let mut command = Command::new(env!("CARGO_BIN_EXE_kdo"));
            let _ = command.args(["lab", "--lab", &self.number, "down"]).output();
        }
    }
}

fn folder() -> PathBuf {
    root().join("tests/modules")
}

fn kinds() -> Vec<Kind> {
    let text = fs::read_to_string(folder().join("hosts.toml")).unwrap();
    let table: toml::Table = text.parse().unwrap();
    let text = |kind: &toml::Value, key: &str| kind.get(key).map_or("", |v| v.as_str().unwrap()).to_owned();
    let of = |(name, kind): (&String, &toml::Value)| Kind {
        name: name.clone(),
        packages: text(kind, "packages"),
        oracle_packages: text(kind, "oracle_packages"),
        flags: kind.get("flags").map_or(Vec::new(), |f| {
            f.as_array()
                .unwrap()
                .iter()
                .map(|f| f.as_str().unwrap().to_owned())
                .collect()
        }),
    };
    table.iter().map(of).collect()
}

/// The plays that are wanted, by the kind of host they want.
fn plays() -> BTreeMap<String, VecDeque<String>> {
    let wanted = env::var("MODULES").ok();
    let mut out: BTreeMap<String, VecDeque<String>> = BTreeMap::new();
    let mut names: Vec<PathBuf> = fs::read_dir(folder())
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    names.sort();
    for path in names
        .into_iter()
        .filter(|p| p.extension().is_some_and(|e| e == "yml"))
    {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if wanted.as_ref().is_some_and(|w| !w.split(',').any(|w| w == name)) {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let kind = text
            .lines()
            .find_map(|l| l.strip_prefix("# host: "))
            .unwrap_or("base");
        out.entry(kind.to_owned()).or_default().push_back(name);
    }
    out
}

/// Makes equal what is another's each time: times, temporary names, addresses.
struct Scrub {
    rules: Vec<(Regex, &'static str)>,
}

impl Scrub {
    fn new(address: &str) -> Self {
        let gateway = gateway(address);
        let rule = |pattern: &str, by| (Regex::new(pattern).unwrap(), by);
        Self {
            rules: vec![
                rule(&regex::escape(folder().to_str().unwrap()), "@PLAYS@"),
                rule(&format!(r"\b{}\b", regex::escape(address)), "@HOST@"),
                rule(&format!(r"\b{}\b", regex::escape(&gateway)), "@GATEWAY@"),
                rule(r"\.\d+\.\d{4}-\d\d-\d\d@\d\d:\d\d:\d\d~", ".@BACKUP@~"),
                rule(
                    r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d([.,]\d+)?([+-]\d\d:?\d\d|Z)?",
                    "@TIME@",
                ),
                rule(r"_time=\[[^\]]*\]", "_time=[@]"),
                rule(r" ; pid=\d+ ;", " ; pid=@ ;"),
                rule(r"\|1\|[^ ]+", "|1|@"),
                rule(r"/tmp/crontab[A-Za-z0-9_]+", "/tmp/crontab@"),
                rule(r#"[^ '"]*/\.ansible/tmp/ansible-[^/ ']*/"#, "@TMP@/"),
                rule(r"^Paused for [\d.]+ ", "Paused for @N@ "),
                rule(r"/tmp/(ansible|kdo)[._][^/ ']*", "@TMP@"),
                rule(r"@TMP@/(tmp[a-z0-9_]{8}|content)\b", "@TMP@/@FILE@"),
                rule(r"/(tmp[a-z0-9_]{8}|kdo\.[a-z0-9]{8}/content)\b", "/@FILE@"),
                rule(r"^Paused for [\d.@N]+ seconds$", "Paused"),
                // Whether the bus has gone already.
                rule(
                    r"Failed to connect to bus: [A-Z][a-z ]+",
                    "Failed to connect to bus",
                ),
                rule(r"Sleeping for \d+ seconds", "Sleeping"),
                // dpkg counts the host's files; fetched packages have a temporary name.
                rule(
                    r"(\(Reading database \.\.\. (\d+%)?)+\d+ files and directories currently installed\.\)",
                    "@DATABASE@",
                ),
                rule(r"(_all|_amd64)[a-z0-9_]{8}\.deb", "$1.deb"),
                rule(r"/tmp/\.tmp\w{6}", "@HOME@"),
            ],
        }
    }

    fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (pattern, by) in &self.rules {
            text = pattern.replace_all(&text, *by).into_owned();
        }
        text
    }

    fn value(&self, value: &Value, path: &str) -> Value {
        match value {
            Value::Str(text) => Value::str(self.text(text.as_str())),
            Value::List(list) => {
                let items = list.to_vec();
                Value::list(items.iter().map(|v| self.value(v, path)))
            }
            Value::Map(map) => {
                let out = Map::new();
                for (key, value) in map.text_entries() {
                    let path = if path.is_empty() {
                        key.clone()
                    } else {
                        format!("{path}.{key}")
                    };
                    let value = match (key.as_str(), self.value(&value, &path)) {
                        ("elapsed", Value::Int(_)) => Value::str("@SECONDS@"),
                        ("warnings", value) => warnings(value),
                        (_, value) => value,
                    };
                    let empty = key == "warnings" && json::line(&value) == "[]";
                    let volatile =
                        empty || VOLATILE.contains(&key.as_str()) || VOLATILE.contains(&path.as_str());
                    if !volatile && !key.starts_with('_') {
                        let value = match path.strip_prefix("status.") {
                            Some(property) => unit_property(property, value),
                            None => value,
                        };
                        out.insert(self.text(&key), value);
                    }
                }
                out.into()
            }
            other => other.clone(),
        }
    }
}

/// A property of a unit, where it differs each time without what differs.
fn unit_property(name: &str, value: Value) -> Value {
    if UNIT_VOLATILE.contains(&name) || name.contains("Timestamp") {
        return Value::str("@");
    }
    if !UNIT_SETS.contains(&name) {
        return value;
    }
    let text = value.to_text();
    let words: BTreeSet<&str> = text.split(' ').collect();
    Value::str(words.into_iter().collect::<Vec<_>>().join(" "))
}

/// Warnings without those of where Ansible keeps its modules.
fn warnings(value: Value) -> Value {
    let Value::List(said) = &value else { return value };
    let mut said = said.to_vec();
    said.retain(|w| !w.to_text().starts_with("Module remote_tmp "));
    Value::list(said)
}

/// The tasks of a run with their results, from what the callback `json` wrote.
fn tasks(out: &str, scrub: &Scrub) -> Result<Vec<(String, Map)>, String> {
    let start = out.find('{').ok_or("no JSON")?;
    let end = out.rfind('}').ok_or("no JSON")?;
    let all = json::read(&out[start..=end]).map_err(|e| format!("{e:?}"))?;
    let get = |value: &Value, key: &str| value.as_map().and_then(|m| m.get(key)).unwrap_or(Value::None);
    let list = |value: &Value| match value {
        Value::List(list) => list.to_vec(),
        _ => Vec::new(),
    };
    let mut tasks = Vec::new();
    for play in list(&get(&all, "plays")) {
        for task in list(&get(&play, "tasks")) {
            let name = get(&get(&task, "task"), "name").to_text();
            if let Value::Map(hosts) = get(&task, "hosts") {
                for (_, result) in hosts.text_entries() {
                    let result = scrub.value(&result, "");
                    tasks.push((name.clone(), result.as_map().unwrap().clone()));
                }
            }
        }
    }
    Ok(tasks)
}

/// Whether two values are the same, but for where Ansible keeps a file before it is put in its place.
fn same(recorded: &Value, is: &Value) -> bool {
    match (recorded, is) {
        (Value::Str(old), Value::Str(_)) if old.as_str().starts_with("@TMP@") => true,
        (Value::Map(old), Value::Map(new)) => {
            let (old, new) = (old.text_entries(), new.text_entries());
            let failed = old.iter().any(|(k, v)| k == "failed" && v.truthy());
            let agrees = |(key, old): &(String, Value)| {
                let new = new.iter().find(|(k, _)| k == key);
                new.is_some_and(|(_, new)| (failed && key == "msg") || same(old, new))
            };
            old.len() == new.len() && old.iter().all(agrees)
        }
        (Value::List(old), Value::List(new)) => {
            let (old, new) = (old.to_vec(), new.to_vec());
            old.len() == new.len() && old.iter().zip(&new).all(|(old, new)| same(old, new))
        }
        _ => json::line(recorded) == json::line(is),
    }
}

/// The differences of two results, as key and words.
fn differences(name: &str, recorded: &Map, is: &Map, out: &mut Vec<(String, String)>) {
    let failed = recorded.get("failed").is_some_and(|v| v.truthy());
    let keys: BTreeSet<String> = recorded
        .text_entries()
        .into_iter()
        .chain(is.text_entries())
        .map(|(k, _)| k)
        .collect();
    for key in keys {
        let (old, new) = (recorded.get(&key), is.get(&key));
        let same = match (&old, &new) {
            (Some(old), Some(new)) => {
                // How a failure is worded is ours.
                (failed && key == "msg") || same(old, new)
            }
            // Ansible writes these only for some kinds of task.
            (Some(v), None) | (None, Some(v)) => {
                matches!(key.as_str(), "failed" | "skipped" | "changed") && !v.truthy()
            }
            (None, None) => true,
        };
        if !same {
            let show = |v: Option<Value>| v.map_or("nothing".to_owned(), |v| json::line(&v));
            let (place, old, new) = narrowed(&key, old, new);
            out.push((
                key,
                format!(
                    "{name}: {place}\n    recorded {}\n    kdo      {}",
                    show(old),
                    show(new)
                ),
            ));
        }
    }
}

/// The first place within two mappings that differs, so that what is told of long ones stays short.
fn narrowed(key: &str, old: Option<Value>, new: Option<Value>) -> (String, Option<Value>, Option<Value>) {
    let mut found = (key.to_owned(), old, new);
    while let (place, Some(Value::Map(old)), Some(Value::Map(new))) = &found {
        let keys: BTreeSet<String> = [old, new]
            .iter()
            .flat_map(|m| m.text_entries())
            .map(|(k, _)| k)
            .collect();
        let differs = |key: &&String| match (old.get(key.as_str()), new.get(key.as_str())) {
            (Some(old), Some(new)) => !same(&old, &new),
            _ => true,
        };
        let Some(key) = keys.iter().find(differs) else {
            break;
        };
        found = (
            format!("{place}.{key}"),
            old.get(key.as_str()),
            new.get(key.as_str()),
        );
    }
    found
}

struct Divergence {
    play: String,
    task: String,
    key: String,
}

fn divergences() -> Vec<Divergence> {
    let text = fs::read_to_string(root().join("divergences.toml")).unwrap();
    let table: toml::Table = text.parse().unwrap();
    let text = |entry: &toml::Value, key: &str| entry[key].as_str().unwrap().to_owned();
    table.get("module").map_or(Vec::new(), |all| {
        let all = all.as_array().unwrap();
        all.iter()
            .flat_map(|d| {
                assert!(!text(d, "reason").is_empty());
                let keys: Vec<String> = text(d, "key").split(' ').map(str::to_owned).collect();
                keys.into_iter().map(|key| Divergence {
                    play: text(d, "play"),
                    task: text(d, "task"),
                    key,
                })
            })
            .collect()
    })
}

struct Run<'a> {
    lab: &'a Lab,
    oracle: Option<PathBuf>,
    hosts: String,
    divergences: Vec<Divergence>,
    wrong: Mutex<Vec<String>>,
}

impl<'a> Run<'a> {
    fn new(lab: &'a Lab, oracle: Option<PathBuf>) -> Self {
        Self {
            hosts: lab.said(&["inventory"]),
            lab,
            oracle,
            divergences: divergences(),
            wrong: Mutex::default(),
        }
    }

    /// The web server of the plays, on the machine's address in the hosts' network.
    fn web_server(&self, hosts: &[(String, usize, Mutex<VecDeque<String>>)]) -> WebServer {
        let (prefix, ..) = hosts.first().unwrap();
        WebServer::start(&gateway(&address(&self.hosts, &format!("{prefix}1"))))
    }

    /// Fails if something was told.
    fn end(self) {
        let wrong = self.wrong.into_inner().unwrap();
        assert!(
            wrong.is_empty(),
            "{} differences\n{}",
            wrong.len(),
            wrong.join("\n")
        );
    }

    /// Runs one play of that folder on that host: what it said.
    fn play(&self, plays: &Path, name: &str, host: &str, address: &str, scratch: &Path) -> String {
        let inventory = scratch.join("hosts");
        let key = self
            .hosts
            .lines()
            .find_map(|l| l.trim().strip_prefix("ansible_ssh_private_key_file: "));
        let key = key.unwrap().trim_matches('\'');
        let ssh = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR";
        let line = format!(
            "h1 ansible_host={address} ansible_user=root ansible_ssh_private_key_file={key} ansible_ssh_common_args='{ssh}'\n"
        );
        fs::write(&inventory, line).unwrap();
        let gateway = gateway(address);
        let mut command = match &self.oracle {
            Some(oracle) => Command::new(oracle),
            None => {
                let mut command = Command::new(env!("CARGO_BIN_EXE_kdo"));
                command.arg("play");
                command
            }
        };
        command
            .arg("-i")
            .arg(&inventory)
            .args(["-e", &format!("gateway={gateway}")]);
        command.arg(format!("{name}.yml")).current_dir(plays);
        for (name, value) in [
            ("ANSIBLE_STDOUT_CALLBACK", "ansible.posix.json"),
            ("ANSIBLE_NOCOLOR", "1"),
            ("ANSIBLE_PIPELINING", "1"),
            ("ANSIBLE_SSH_USETTY", "0"),
            ("ANSIBLE_HOST_KEY_CHECKING", "0"),
            ("ANSIBLE_PYTHON_INTERPRETER", "/usr/bin/python3"),
            ("ANSIBLE_DEPRECATION_WARNINGS", "0"),
            ("LC_ALL", "C.UTF-8"),
            ("TZ", "UTC"),
        ] {
            command.env(name, value);
        }
        let said = said(command.env("HOME", scratch));
        if !said.out.contains("\"plays\"") {
            self.tell(format!("{name} on {host}: {}{}", said.out, said.err));
        }
        said.out
    }

    fn tell(&self, text: String) {
        self.wrong.lock().unwrap().push(text);
    }

    fn compare(&self, name: &str, out: &str, address: &str) {
        let scrub = Scrub::new(address);
        let tasks = match tasks(out, &scrub) {
            Ok(tasks) => tasks,
            Err(e) => return self.tell(format!("{name}: {e}")),
        };
        let file = folder().join("expected").join(format!("{name}.json"));
        if self.oracle.is_some() {
            let lines: Vec<String> = tasks
                .iter()
                .map(|(task, result)| {
                    let line = Map::new();
                    line.insert("task", task.as_str());
                    line.insert("result", result.clone());
                    json::line(&line.into())
                })
                .collect();
            fs::write(file, lines.join("\n") + "\n").unwrap();
            return;
        }
        let Ok(text) = fs::read_to_string(&file) else {
            return self.tell(format!("{name}: nothing recorded"));
        };
        let recorded: Vec<Map> = text
            .lines()
            .map(|l| json::read(l).unwrap().as_map().unwrap().clone())
            .collect();
        let mut listed: Vec<&Divergence> = self.divergences.iter().filter(|d| d.play == name).collect();
        for (number, record) in recorded.iter().enumerate() {
            let task = record.get("task").unwrap().to_text();
            let Some((_, is)) = tasks.get(number).filter(|(t, _)| *t == task) else {
                let is = tasks.get(number).map(|(t, _)| t.as_str());
                return self.tell(format!(
                    "{name}: recorded task {task}, kdo has {}",
                    is.unwrap_or("none")
                ));
            };
            let mut found = Vec::new();
            // Rules that are newer than the recording.
            let result = scrub.value(&record.get("result").unwrap(), "");
            differences(
                &format!("{name}: {task}"),
                result.as_map().unwrap(),
                is,
                &mut found,
            );
            for (key, text) in found {
                let known = listed.iter().position(|d| d.task == task && d.key == key);
                match known {
                    Some(at) => drop(listed.remove(at)),
                    None => self.tell(text),
                }
            }
        }
        if tasks.len() > recorded.len() {
            self.tell(format!(
                "{name}: kdo has {} tasks more",
                tasks.len() - recorded.len()
            ));
        }
        for d in listed {
            self.tell(format!(
                "{name}: {}: {} agrees, but is in divergences.toml",
                d.task, d.key
            ));
        }
    }
}

/// The address of that host in the lab's inventory.
fn address(hosts: &str, host: &str) -> String {
    let mut lines = hosts.lines().map(str::trim);
    lines.find(|l| *l == format!("{host}:")).unwrap();
    let address = lines.find_map(|l| l.strip_prefix("ansible_host: "));
    address.unwrap().trim_matches('\'').to_owned()
}

/// The address of the machine in the network of that host.
fn gateway(address: &str) -> String {
    format!("{}.1", address.rsplit_once('.').unwrap().0)
}

/// Starts hosts for those plays: for each kind their prefix, their number and the plays.
fn start(
    lab: &Lab,
    plays: BTreeMap<String, VecDeque<String>>,
    flavor: &str,
    most: usize,
) -> Vec<(String, usize, Mutex<VecDeque<String>>)> {
    let kinds = kinds();
    let mut all = Vec::new();
    for (name, plays) in plays {
        let kind = kinds.iter().find(|k| k.name == name).unwrap();
        let count = plays.len().min(most);
        let (prefix, packages) = if flavor == "systemd" {
            (name, kind.packages.clone())
        } else {
            (
                format!("py-{name}"),
                format!("{} {}", kind.packages, kind.oracle_packages),
            )
        };
        let number = count.to_string();
        let mut args = vec!["up", &number, "--flavor", flavor, "--prefix", &prefix];
        args.extend(["--packages", &packages]);
        args.extend(kind.flags.iter().map(String::as_str));
        lab.said(&args);
        all.push((prefix, count, Mutex::new(plays)));
    }
    all
}

/// Takes the plays one after the other on as many hosts as there are, each time on a fresh one.
fn on_fresh_hosts(
    run: &Run<'_>,
    hosts: &[(String, usize, Mutex<VecDeque<String>>)],
    each: &(dyn Fn(&str, &str, &str, &Path) + Sync),
) {
    thread::scope(|scope| {
        for (prefix, count, plays) in hosts {
            for number in 1..=*count {
                scope.spawn(move || {
                    let host = format!("{prefix}{number}");
                    let address = address(&run.hosts, &host);
                    let scratch = tempfile::tempdir().unwrap();
                    loop {
                        let Some(name) = plays.lock().unwrap().pop_front() else {
                            break;
                        };
                        run.lab.said(&["reset", &host]);
                        // A host answers before it is up: services would be in between.
                        let up = "systemctl is-system-running --wait || true";
                        run.lab.said(&["exec", &host, "--", "sh", "-c", up]);
                        each(&name, &host, &address, scratch.path());
                    }
                });
            }
        }
    });
}

#[test]
fn modules_return_and_leave_what_ansible_core_returns_and_leaves() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: hosts need root");
        return;
    }
    let oracle = env::var_os("ORACLE").map(PathBuf::from);
    let lab = Lab::new("6");
    let plays = plays();
    assert!(!plays.is_empty(), "no play is called that");
    let flavor = match oracle {
        Some(_) => "systemd-python",
        None => "systemd",
    };
    let hosts = start(&lab, plays, flavor, 2);
    let run = Run::new(&lab, oracle);
    let _web = run.web_server(&hosts);
    on_fresh_hosts(&run, &hosts, &|name, host, address, scratch| {
        let out = run.play(&folder(), name, host, address, scratch);
        run.compare(name, &out, address);
    });
    run.end();
}

/// A folder like the plays' own, in which that play goes on after a task that failed.
fn going_on(plays: &Path, name: &str) {
    let _ = fs::remove_dir_all(plays);
    fs::create_dir(plays).unwrap();
    let play = format!("{name}.yml");
    for entry in fs::read_dir(folder()).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() != *play {
            std::os::unix::fs::symlink(entry.path(), plays.join(entry.file_name())).unwrap();
        }
    }
    let text = fs::read_to_string(folder().join(&play)).unwrap();
    let text = text.replace("- hosts: h1\n", "- hosts: h1\n  ignore_errors: true\n");
    fs::write(plays.join(&play), text).unwrap();
}

#[test]
fn odd_output_of_programs_is_an_error_at_most() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: hosts need root");
        return;
    }
    let lab = Lab::new("4");
    let odd = fs::read_to_string(folder().join("odd")).unwrap();
    let mut plays = plays();
    for plays in plays.values_mut() {
        // It would wait long for hosts that do not boot.
        plays.retain(|name| name != "reboot");
    }
    let hosts = start(&lab, plays, "systemd", 2);
    let run = Run::new(&lab, None);
    let _web = run.web_server(&hosts);
    on_fresh_hosts(&run, &hosts, &|name, host, address, scratch| {
        let mut script = format!("cat > /odd <<'END'\n{odd}END\nchmod +x /odd\n");
        script.push_str(&format!("for p in {PROGRAMS}; do\n"));
        script.push_str(
            "f=$(PATH=$PATH:/usr/sbin:/sbin command -v $p) || f=/usr/bin/$p\nrm -f $f; ln -s /odd $f\ndone\n",
        );
        lab.said(&["exec", host, "--", "sh", "-c", &script]);
        let plays = scratch.join("plays");
        going_on(&plays, name);
        let out = run.play(&plays, name, host, address, scratch);
        for line in out.lines().filter(|l| l.contains("panicked")) {
            run.tell(format!("{name}: {line}"));
        }
    });
    run.end();
}
