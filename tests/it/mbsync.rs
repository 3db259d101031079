//! `examples/mbsync`: mailing lists from a real IMAP server into Maildirs by systemd user timers, on two lab hosts.

use crate::{
    program::{Said, root, said},
    roles_equal::{self, Lab},
};
use std::{
    fs,
    process::Command,
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;

const PACKAGES: &str = "dovecot-imapd isync openssl";

/// The example's two hosts, and a folder for the password and all that kdo keeps.
struct Example {
    lab: Lab,
    scratch: TempDir,
}

impl Example {
    fn new() -> Self {
        let (lab, scratch) = (Lab("1"), tempfile::tempdir().unwrap());
        lab.said(&["up", "2", "--flavor", "systemd", "--packages", PACKAGES]);
        fs::write(scratch.path().join("lab.yml"), lab.said(&["inventory"])).unwrap();
        Self { lab, scratch }
    }

    fn play(&self, playbook: &str, more: &[&str]) -> Said {
        let (folder, scratch) = (root().join("examples/mbsync"), self.scratch.path());
        let mut command = Command::new(env!("CARGO_BIN_EXE_kdo"));
        command.arg("play").arg(folder.join(playbook));
        command.arg("-i").arg(scratch.join("lab.yml"));
        command.arg("-i").arg(folder.join("hosts.yml"));
        command
            .arg("-e")
            .arg(format!("credentials={}", scratch.join("credentials").display()));
        let said = said(
            command
                .args(more)
                .current_dir(scratch)
                .env("HOME", scratch.join("home")),
        );
        assert_eq!(said.code, 0, "{playbook}: {}{}", said.out, said.err);
        said
    }

    fn on(&self, host: &str, script: &str) -> String {
        self.lab.said(&["exec", host, "--", "sh", "-c", script])
    }

    /// The subjects of a list's messages in the Maildir.
    fn subjects(&self) -> Vec<String> {
        let find = "find /home/op/Mail/lists/linux-fsdevel -path '*/new/*' -type f | xargs -r grep -h ^Subject: | sort";
        self.on("host2", find).lines().map(str::to_owned).collect()
    }

    /// The timers that the user's systemd has.
    fn timers(&self) -> String {
        let list = "XDG_RUNTIME_DIR=/run/user/1000 setpriv --reuid 1000 --clear-groups \
            systemctl --user list-units --no-legend --plain 'mbsync-*.timer' | cut -d' ' -f1";
        self.on("host2", list)
    }
}

#[test]
fn mail_arrives_by_timers_and_the_second_run_changes_nothing() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: hosts need root");
        return;
    }
    let example = Example::new();
    let scratch = example.scratch.path();
    let first = example.play("site.yml", &["-vvv", "--diff"]);
    // Sends a message to both lists, and succeeds as soon as timers have brought it.
    let arrived = example.play("deliver.yml", &[]);
    assert!(arrived.out.contains("2 timers listed"), "{}", arrived.out);
    let second = example.play("site.yml", &["-vvv", "--diff"]);
    for host in ["host1", "host2"] {
        let totals = second.out.lines().rfind(|l| l.starts_with(host)).unwrap();
        assert!(totals.contains(" changed=0 "), "{}", second.out);
    }

    // The password is nowhere but where it must be, in a file that only the user reads.
    let password = fs::read_to_string(scratch.join("credentials/password")).unwrap();
    let password = password.trim();
    for run in [&first, &second] {
        assert!(!run.out.contains(password) && !run.err.contains(password));
    }
    let kept = said(
        Command::new("grep")
            .args(["-rlaF", password])
            .arg(scratch.join("home")),
    );
    assert_eq!(kept.out, "");
    let find = format!("grep -rlF {password} /home /etc /run | xargs stat -c '%U %a %n'");
    let secret = "op 600 /home/op/.config/mbsync/secrets/mbsync-lists.password\n";
    assert_eq!(example.on("host2", &find), secret);

    // More arrive, and no more than three are kept of this list.
    let deliver = "for i in 1 2 3 4; do printf 'Subject: more %s\\n\\nText\\n' $i | doveadm save -u dev -m lists/linux-fsdevel; done";
    example.on("host1", deliver);
    let newest = ["Subject: more 2", "Subject: more 3", "Subject: more 4"];
    let end = Instant::now() + Duration::from_secs(40);
    while example.subjects() != newest {
        let journal = || example.on("host2", "journalctl --no-pager -n 40");
        assert!(Instant::now() < end, "{:?} {}", example.subjects(), journal());
        thread::sleep(Duration::from_millis(200));
    }

    // A list fewer: check mode tells and leaves it, then its timer goes, and its mail stays.
    let fewer = r#"{"mbsync_lists": [{"name": "linux-xfs", "account": "lists", "far": "lists/linux-xfs", "near": "lists/linux-xfs"}]}"#;
    let checked = example.play("site.yml", &["--check", "--diff", "-e", fewer]);
    assert!(
        checked.out.contains("+OnUnitInactiveSec=15min"),
        "{}",
        checked.out
    );
    let both = "mbsync-linux-fsdevel.timer\nmbsync-linux-xfs.timer\n";
    assert_eq!(example.timers(), both);
    example.play("site.yml", &["-e", fewer]);
    assert_eq!(example.timers(), "mbsync-linux-xfs.timer\n");
    assert_eq!(example.subjects(), newest);

    // And as ansible-core does it.
    let wrong = roles_equal::wrong(&example.lab, &["mbsync"]);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
