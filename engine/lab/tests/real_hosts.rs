//! Real hosts, from `up` to `down`. The binary is its own `kdo`: called with `lab` first it does what `kdo lab` does.
//!
//! Runs as root only, in a lab and a cache folder of its own. The slow tests (Debian, systemd, a virtual machine)
//! run with `--ignored`.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr)]

use std::path::Path;
use std::process::{Command, ExitCode, Output, Stdio};
use std::time::{Duration, Instant};

use clap::Parser;
use kdo_lab::{LabArgs, State};

#[derive(Parser)]
struct Kdo {
    #[command(subcommand)]
    command: Sub,
}

#[derive(clap::Subcommand)]
enum Sub {
    Lab(LabArgs),
}

/// The lab number of the tests, unless `KDO_LAB` says otherwise.
const NUMBER: &str = "7";

struct Bench {
    number: String,
}

impl Bench {
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("/proc/self/exe");
        command
            .arg("lab")
            .args(["--lab", &self.number])
            .args(args)
            .stdin(Stdio::null());
        command
    }

    fn output(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs `kdo lab ARGS`, which must succeed, and gives its standard output.
    fn lab(&self, args: &[&str]) -> String {
        let out = self.output(args);
        let said = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success(), "kdo lab {args:?}: {}\n{said}", out.status);
        String::from_utf8(out.stdout).unwrap()
    }

    fn exec(&self, host: &str, command: &str) -> String {
        self.lab(&["exec", host, "--", "sh", "-c", command])
            .trim()
            .to_owned()
    }

    fn run_folder(&self) -> std::path::PathBuf {
        kdo_lab::Lab::new(self.number.parse().unwrap()).unwrap().run()
    }

    fn state(&self) -> State {
        State::load(&kdo_lab::Lab::new(self.number.parse().unwrap()).unwrap()).unwrap()
    }

    fn ssh(&self, config: &Path, host: &str, command: &str) -> Output {
        Command::new("ssh")
            .args(["-o", "BatchMode=yes", "-o", "ConnectTimeout=3", "-F"])
            .arg(config)
            .args([host, command])
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = self.command(&["down"]).status();
    }
}

fn text(out: &Output) -> String {
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).trim().to_owned()
}

/// Waits for what the system will do by itself in a moment.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < end, "never came: {what}");
        std::thread::yield_now();
    }
}

fn parent(pid: i32) -> i32 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat.rsplit_once(')')
        .unwrap()
        .1
        .split_whitespace()
        .nth(1)
        .unwrap()
        .parse()
        .unwrap()
}

fn bridge(bench: &Bench) -> bool {
    Path::new(&format!("/sys/class/net/kdolab{}", bench.number)).exists()
}

fn minimal_hosts_live_and_die(bench: &Bench) {
    bench.lab(&["up", "3", "--boot-delay", "100"]);
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    std::fs::write(&config, bench.lab(&["ssh-config"])).unwrap();

    // strict host key checking works, names and addresses are right, uptime and processes are the host's own
    assert_eq!(
        text(&bench.ssh(&config, "host2", "hostname; whoami")),
        "host2\nroot"
    );
    assert_eq!(
        text(&bench.ssh(&config, "host1", "readlink /proc/1/exe")),
        "/bin/busybox"
    );
    let uptime: f64 = bench.exec("host1", "cut -d' ' -f1 /proc/uptime").parse().unwrap();
    assert!(uptime < 120.0, "{uptime}");
    assert!(!text(&bench.ssh(&config, "host1", "cat /proc/mounts")).contains("/run7"));

    // What has no namespace is out of reach, by either door. Only ever looked at: were the fence broken, trying it
    // would change the clock or the kernel settings of this machine.
    let beyond = 1u64 << 16 | 1 << 17 | 1 << 25; // CAP_SYS_MODULE, CAP_SYS_RAWIO, CAP_SYS_TIME
    let look =
        "grep -E '^Cap(Bnd|Prm|Eff)' /proc/self/status; grep -c '^proc /proc/sys proc ro,' /proc/mounts";
    for said in [
        text(&bench.ssh(&config, "host1", look)),
        bench.exec("host1", look),
    ] {
        assert_eq!(
            said.lines().filter(|line| line.starts_with("Cap")).count(),
            3,
            "{said}"
        );
        for line in said.lines().filter(|line| line.starts_with("Cap")) {
            let set = u64::from_str_radix(line.split_whitespace().nth(1).unwrap(), 16).unwrap();
            assert_eq!(set & beyond, 0, "{line}");
        }
        assert!(said.ends_with("\n1"), "{said}");
    }
    assert_eq!(
        bench
            .output(&["exec", "host1", "--", "sh", "-c", "exit 7"])
            .status
            .code(),
        Some(7)
    );

    // up again leaves them alone
    let boot = |name| bench.exec(name, "cat /proc/sys/kernel/random/boot_id");
    let first = boot("host1");
    bench.lab(&["up", "3"]);
    assert_eq!(boot("host1"), first);
    assert_ne!(boot("host2"), first);

    // a reboot is a new boot on the same disk
    bench.exec("host1", "echo kept >/root/note; echo lost >/run/note");
    bench.ssh(&config, "host1", "reboot");
    until("the second boot", || {
        bench.state().host("host1").unwrap().boots == 2
    });
    bench.lab(&["wait", "host1"]);
    assert_ne!(boot("host1"), first);
    assert_eq!(
        bench.exec("host1", "cat /root/note; ls /run/note 2>&1 | grep -c No"),
        "kept\n1"
    );

    // power
    bench.lab(&["stop", "host1"]);
    assert!(
        bench
            .lab(&["list"])
            .lines()
            .any(|line| line.starts_with("host1 ") && line.contains(" off "))
    );
    bench.lab(&["start", "host1"]);
    assert_eq!(bench.exec("host1", "cat /root/note"), "kept");
    bench.lab(&["reset", "host1"]);
    assert!(
        !bench
            .output(&["exec", "host1", "--", "cat", "/root/note"])
            .status
            .success()
    );
    bench.lab(&["kill", "host3"]);
    assert!(!bench.ssh(&config, "host3", "true").status.success());

    // a partition hangs, or is told; healing ends it
    bench.lab(&["partition", "host2"]);
    let said = String::from_utf8_lossy(&bench.ssh(&config, "host2", "true").stderr).into_owned();
    assert!(said.contains("timed out"), "{said}");
    bench.lab(&["heal"]);
    text(&bench.ssh(&config, "host2", "true"));
    bench.lab(&["slow", "1mbit", "host2"]);
    let began = Instant::now();
    let mut upload = Command::new("ssh")
        .args(["-F", config.to_str().unwrap(), "host2", "wc -c"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut upload.stdin.take().unwrap(), &[0; 200_000]).unwrap();
    assert_eq!(text(&upload.wait_with_output().unwrap()), "200000");
    assert!(began.elapsed() > Duration::from_secs(1), "{:?}", began.elapsed());
    bench.lab(&["slow", "off", "host2"]);

    // errors say what is wrong
    let out = bench.output(&["kill", "nobody"]);
    assert!(String::from_utf8_lossy(&out.stderr).contains("no host nobody in this lab"));
    let out = bench.output(&["up", "1", "--packages", "bc"]);
    assert!(String::from_utf8_lossy(&out.stderr).contains("--packages needs a Debian flavor"));
    let out = bench.output(&["up", "1", "--vm", "--engine", "qemu"]);
    assert!(String::from_utf8_lossy(&out.stderr).contains("no qemu engine yet"));

    assert!(bridge(bench));
    bench.lab(&["down"]);
    assert!(!bridge(bench) && !bench.run_folder().exists());
    assert_eq!(bench.lab(&["list"]), "");
}

fn hosts_die_with_a_killed_supervisor(bench: &Bench) {
    bench.lab(&["up", "2"]);
    let hosts: Vec<i32> = bench.state().hosts.iter().map(|host| host.pid.unwrap()).collect();
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", hosts[0])).unwrap();
    let parent: i32 = stat
        .rsplit_once(')')
        .unwrap()
        .1
        .split_whitespace()
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    let command = std::fs::read_to_string(format!("/proc/{parent}/cmdline")).unwrap();
    assert!(
        command.contains("supervise"),
        "the parent of a host is its supervisor, not {command}"
    );
    Command::new("kill")
        .args(["-9", &parent.to_string()])
        .status()
        .unwrap();
    for pid in hosts {
        until("the end of the host", || {
            !Path::new(&format!("/proc/{pid}")).exists()
        });
    }
    // the next up clears up by itself
    bench.lab(&["up", "2"]);
    assert_eq!(bench.exec("host2", "hostname"), "host2");
    bench.lab(&["down"]);
    assert!(!bridge(bench));
}

fn a_lab_is_not_touched_from_another_cache_folder(bench: &Bench) {
    bench.lab(&["up", "1"]);
    let other = tempfile::tempdir().unwrap();
    for command in ["up", "down"] {
        let mut other_lab = bench.command(&[command]);
        other_lab.env("KDO_LAB_CACHE", other.path());
        if command == "up" {
            // the roots are read only: no need to build them twice
            let roots = kdo_lab::Lab::new(0).unwrap().cache().join("roots");
            std::os::unix::fs::symlink(roots, other.path().join("roots")).unwrap();
        }
        let out = other_lab.output().unwrap();
        let said = String::from_utf8_lossy(&out.stderr);
        assert!(
            said.contains("is in use with the cache folder"),
            "{command}: {said}"
        );
    }
    assert_eq!(bench.exec("host1", "hostname"), "host1");
    bench.lab(&["down"]);
}

fn debian_and_systemd_hosts_work(bench: &Bench) {
    bench.lab(&["up", "1", "--flavor", "debian", "--prefix", "deb"]);
    bench.lab(&["up", "1", "--flavor", "systemd", "--prefix", "sd"]);
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    std::fs::write(&config, bench.lab(&["ssh-config"])).unwrap();
    let ssh = |args: &[&str]| {
        text(
            &Command::new("ssh")
                .arg("-F")
                .arg(&config)
                .args(args)
                .output()
                .unwrap(),
        )
    };
    assert_eq!(
        ssh(&["-l", "op", "deb1", "sudo id -u; command -v python3 || echo none"]),
        "0\nnone"
    );
    assert_eq!(
        ssh(&[
            "-l",
            "pw",
            "deb1",
            "sudo -n true 2>&1 | grep -c password; echo pw | sudo -S id -u 2>/dev/null"
        ]),
        "1\n0"
    );
    until(
        "a running systemd",
        || matches!(bench.output(&["exec", "sd1", "--", "systemctl", "is-system-running"]), out if out.stdout == b"running\n"),
    );
    bench.ssh(&config, "sd1", "systemctl reboot");
    until("the second boot", || {
        bench.state().host("sd1").unwrap().boots == 2
    });
    bench.lab(&["wait", "sd1"]);
    bench.lab(&["stop", "sd1", "--timeout", "30"]);

    // a user who is not root has a lab too: this program as `kdo` in a host without root
    let exe = std::fs::read_link("/proc/self/exe").unwrap();
    let mut put = bench.command(&[
        "exec",
        "deb1",
        "--",
        "sh",
        "-c",
        "cat >/usr/bin/kdo; chmod 755 /usr/bin/kdo",
    ]);
    assert!(
        put.stdin(std::fs::File::open(exe).unwrap())
            .status()
            .unwrap()
            .success()
    );
    let as_op = |command: &str| ssh(&["-l", "op", "deb1", command]);
    as_op("kdo lab up 1 && kdo lab up 1");
    assert_eq!(
        as_op("kdo lab ssh-config >c; ssh -F c -o BatchMode=yes host1 id -un"),
        "op"
    );
    assert!(as_op("kdo lab inventory").contains("ansible_port: "));
    assert!(as_op("kdo lab exec host1 -- id 2>&1 || true").contains("needs root"));
    assert!(as_op("kdo lab up 2 2>&1 || true").contains("needs root"));
    assert_eq!(
        as_op("kdo lab down; pgrep -u op -f sshd_[c]onfig || echo none"),
        "none"
    );
    bench.lab(&["down"]);
}

fn a_virtual_machine_boots_the_kernel_it_is_told(bench: &Bench) {
    bench.lab(&["up", "1", "--vm"]);
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    std::fs::write(&config, bench.lab(&["ssh-config"])).unwrap();
    let before = bench.exec("vm1", "cat /proc/sys/kernel/random/boot_id");
    assert!(bench.exec("vm1", "cat /proc/cpuinfo").contains("UML"));
    let mut put = bench.command(&["exec", "vm1", "--", "sh", "-c", "cat >/boot/linux-own; sync"]);
    assert!(
        put.stdin(std::fs::File::open("/usr/bin/linux.uml").unwrap())
            .status()
            .unwrap()
            .success()
    );
    bench.exec("vm1", "echo /boot/linux-own >/boot/uml-default; sync");
    bench.ssh(&config, "vm1", "reboot");
    let log = bench.run_folder().join("hosts/vm1/console.log");
    let end = Instant::now() + Duration::from_secs(300);
    while !std::fs::read_to_string(&log)
        .unwrap()
        .contains("loader: ./kernel /boot/linux-own")
    {
        assert!(Instant::now() < end);
        std::thread::sleep(Duration::from_millis(200));
    }
    bench.lab(&["wait", "vm1", "--timeout", "300"]);
    assert_ne!(bench.exec("vm1", "cat /proc/sys/kernel/random/boot_id"), before);
    bench.lab(&["stop", "vm1"]);

    // no process of a machine outlives its supervisor, however that ends
    bench.lab(&["start", "vm1", "--timeout", "300"]);
    let pid = bench.state().host("vm1").unwrap().pid.unwrap();
    let space = |pid: i32| std::fs::read_link(format!("/proc/{pid}/ns/pid")).ok();
    let own = space(pid).unwrap();
    let members = || {
        let all = std::fs::read_dir("/proc").unwrap().flatten();
        let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        pids.filter(|pid| space(*pid).as_ref() == Some(&own)).count()
    };
    assert!(members() > 3, "the machine and its processes share a namespace");
    Command::new("kill")
        .args(["-9", &parent(pid).to_string()])
        .status()
        .unwrap();
    until("the end of all processes of the machine", || members() == 0);
    bench.lab(&["down"]);
}

type Test = (&'static str, fn(&Bench));
const QUICK: &[Test] = &[
    ("minimal_hosts_live_and_die", minimal_hosts_live_and_die),
    (
        "hosts_die_with_a_killed_supervisor",
        hosts_die_with_a_killed_supervisor,
    ),
    (
        "a_lab_is_not_touched_from_another_cache_folder",
        a_lab_is_not_touched_from_another_cache_folder,
    ),
];
const SLOW: &[Test] = &[
    ("debian_and_systemd_hosts_work", debian_and_systemd_hosts_work),
    (
        "a_virtual_machine_boots_the_kernel_it_is_told",
        a_virtual_machine_boots_the_kernel_it_is_told,
    ),
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.first().is_some_and(|word| word == "lab") {
        let Sub::Lab(args) = Kdo::parse().command;
        return match kdo_lab::main(args) {
            Ok(code) => ExitCode::from(code),
            Err(error) => {
                eprintln!("kdo lab: {error}");
                ExitCode::FAILURE
            }
        };
    }
    let has = |word: &str| args.iter().any(|arg| arg == word);
    let tests: Vec<&Test> = match (has("--ignored"), has("--include-ignored")) {
        (true, _) => SLOW.iter().collect(),
        (_, true) => QUICK.iter().chain(SLOW).collect(),
        _ if has("--exact") => QUICK.iter().chain(SLOW).collect(),
        _ => QUICK.iter().collect(),
    };
    if has("--list") {
        tests.iter().for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    if !rustix::process::geteuid().is_root() {
        println!("real hosts need root: nothing was tested");
        return ExitCode::SUCCESS;
    }
    let wanted: Vec<&String> = args.iter().filter(|arg| !arg.starts_with('-')).collect();
    // all tests share the lab: held until the `down` that ends this one
    let lock = kdo_lab::Lab::new(0).map(|lab| std::fs::File::create(lab.cache().join("tests.lock")));
    let lock = lock.unwrap().unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let bench = Bench {
        number: std::env::var("KDO_LAB").unwrap_or_else(|_| NUMBER.to_owned()),
    };
    for (name, test) in tests {
        if wanted.is_empty() || wanted.iter().any(|part| name.contains(part.as_str())) {
            let began = Instant::now();
            test(&bench);
            println!("test {name} ... ok ({:.1} s)", began.elapsed().as_secs_f64());
        }
    }
    ExitCode::SUCCESS
}
