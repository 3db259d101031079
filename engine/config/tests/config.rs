//! The configuration against what `ansible-config dump` of ansible-core 2.19.14 showed for the same files.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use kdo_config::{Config, ConfigError, Environment, Origin, SETTINGS};
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

struct Place(std::path::PathBuf);
impl Place {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("kdo-config-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        Self(path)
    }
    fn write(&self, text: &str) {
        fs::write(self.0.join("ansible.cfg"), text).unwrap();
    }
    fn load(&self, env: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let mut variables: std::collections::BTreeMap<String, String> = env
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        variables.insert("HOME".into(), "/home/u".into());
        Config::load_from(Environment {
            variables,
            working_directory: self.0.clone(),
            home: "/home/u".into(),
        })
    }
    fn under(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}
impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const CFG: &str = "# c
; c
[defaults]
forks = 7
remote_user = \"bob\" ; x
private_key_file = ./k # not comment
timeout: 20
roles_path = roles:../x:~/r:$HOME/q:{{CWD}}/z
inventory = hosts, /abs/h ,sub/i
host_key_checking = maybe
log_path=~/log
callbacks_enabled = a, b
  ,c
display_skipped_hosts = No
Nocows = 1
gathering = smart
vault_password_file = vp;notcomment
unknown_key = 1
[ssh_connection]
ssh_args = -o A=b  -C
retries = 3
[callback_diy]
on_any = x
[nosuch]
x=1
";

#[test]
fn files_are_read_as_ansible_reads_them() {
    let place = Place::new("file");
    place.write(CFG);
    let c = place.load(&[]).unwrap();
    assert_eq!(c.int("forks"), Some(7));
    assert_eq!(c.text("remote_user"), Some("bob"));
    assert_eq!(
        c.text("private_key_file"),
        Some(place.under("k # not comment").as_str())
    );
    assert_eq!(c.int("timeout"), Some(20));
    let parent = place.0.parent().unwrap().join("x").display().to_string();
    let roles = [
        &place.under("roles"),
        &parent,
        "/home/u/r",
        "/home/u/q",
        &place.under("z"),
    ];
    assert_eq!(c.list("roles_path"), roles);
    assert_eq!(
        c.list("inventory"),
        [&place.under("hosts"), "/abs/h", &place.under("sub/i")]
    );
    assert!(!c.bool("host_key_checking") && !c.bool("display_skipped_hosts") && c.bool("nocows"));
    assert_eq!(c.path("log_path").as_deref(), Some(Path::new("/home/u/log")));
    assert_eq!(c.list("callbacks_enabled"), ["a", "b", "c"]);
    assert_eq!(c.text("ssh_args"), Some("-o A=b  -C"));
    assert_eq!(c.text("gathering"), Some("smart"));
    assert_eq!(c.int("retries"), Some(3));
    assert_eq!(c.raw("callback_diy", "on_any"), Some("x"));
    assert_eq!(c.origin("forks"), &Origin::File(place.0.join("ansible.cfg"), 4));
    let warning = c.warnings.join("\n");
    assert!(
        warning.contains("[defaults] unknown_key") && warning.contains("[nosuch] x"),
        "{warning}"
    );
    assert!(
        !warning.contains("nocows") && !warning.contains("on_any"),
        "{warning}"
    );
    assert_eq!(c.warnings.len(), 1);
}

#[test]
fn the_environment_wins_over_the_file() {
    let place = Place::new("env");
    place.write("[defaults]\nforks=2\nhost_key_checking=True\n");
    let c = place
        .load(&[
            ("ANSIBLE_FORKS", "9"),
            ("ANSIBLE_HOST_KEY_CHECKING", "False"),
            ("ANSIBLE_ROLES_PATH", "a:b"),
            ("ANSIBLE_REMOTE_USER", "\"q\""),
            ("NO_COLOR", "1"),
            ("ANSIBLE_NONSENSE", "x"),
        ])
        .unwrap();
    assert_eq!(c.int("forks"), Some(9));
    assert!(!c.bool("host_key_checking") && c.bool("nocolor"));
    assert_eq!(c.list("roles_path"), [place.under("a"), place.under("b")]);
    assert_eq!(c.text("remote_user"), Some("\"q\""));
    assert_eq!(c.origin("forks").to_string(), "env: ANSIBLE_FORKS");
    assert_eq!(c.warnings.len(), 1);
    assert!(c.warnings[0].contains("ANSIBLE_NONSENSE"), "{:?}", c.warnings);
}

#[test]
fn without_anything_the_defaults_hold() {
    let place = Place::new("none");
    let mut c = place.load(&[]).unwrap();
    assert_eq!(c.int("forks"), Some(5));
    assert_eq!(c.int("remote_port"), None);
    assert_eq!(
        c.list("roles_path"),
        [
            "/home/u/.ansible/roles",
            "/usr/share/ansible/roles",
            "/etc/ansible/roles"
        ]
    );
    assert!(c.warnings.is_empty() && !c.is_set("forks"));
    c.set("forks", "30").unwrap();
    assert_eq!(
        (c.int("forks"), c.origin("forks")),
        (Some(30), &Origin::CommandLine)
    );
    assert!(c.set("forks", "x").is_err());
    assert_eq!(c.all().count(), SETTINGS.len());
}

#[test]
fn values_of_the_wrong_type_are_told_with_their_place() {
    let place = Place::new("bad");
    for (text, want) in [
        (
            "[defaults]\nforks=x\n",
            "ansible.cfg:2' has an invalid value: Invalid value provided for 'integer': 'x'",
        ),
        ("[defaults]\nforks=\n", "Invalid value provided for 'integer': ''"),
        ("[defaults]\ngathering=foo\n", "Valid values are: "),
        ("[defaults]\nforks = 4;x\n", "'4;x'"),
        ("forks=1\n", "ansible.cfg:1: there must be a section"),
    ] {
        place.write(text);
        let error = place.load(&[]).unwrap_err().to_string();
        assert!(error.contains(want), "{error}");
    }
    place.write("[defaults]\nforks=5.0\ndisplay_args_to_stdout=oN\nfact_caching_timeout=1_0\n");
    let c = place.load(&[]).unwrap();
    assert_eq!(
        (c.int("forks"), c.int("fact_caching_timeout")),
        (Some(5), Some(10))
    );
    assert!(c.bool("display_args_to_stdout"));
}

#[test]
fn a_file_that_anyone_could_have_put_there_is_ignored() {
    let place = Place::new("open");
    place.write("[defaults]\nforks=8\n");
    fs::set_permissions(&place.0, fs::Permissions::from_mode(0o777)).unwrap();
    let c = place.load(&[]).unwrap();
    assert_eq!(
        (c.int("forks"), c.file.is_none(), c.warnings.len()),
        (Some(5), true, 1)
    );
    let given = place.0.display().to_string();
    let c = place.load(&[("ANSIBLE_CONFIG", &given)]).unwrap();
    assert_eq!((c.int("forks"), c.warnings.len()), (Some(8), 0));
}

#[test]
fn the_table_is_sorted_and_names_nothing_twice() {
    for pair in SETTINGS.windows(2) {
        assert!(pair[0].name < pair[1].name, "{}", pair[1].name);
    }
    let mut seen = std::collections::HashSet::new();
    for name in SETTINGS.iter().flat_map(|s| s.keys.iter().chain(s.env)) {
        assert!(seen.insert(name), "{name}");
    }
}
