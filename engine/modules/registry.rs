//! The one list of modules.

use crate::{Entry, commands, entry, files, kernel, net, packages, selinux, source_control, storage, system};

/// All modules, sorted by full name.
pub const MODULES: &[Entry] = &[
    entry::<packages::apt::Apt>(),
    entry::<packages::apt_key::AptKey>(),
    entry::<packages::apt_repository::AptRepository>(),
    entry::<files::assemble::Assemble>(),
    entry::<system::async_status::AsyncStatus>(),
    entry::<files::blockinfile::Blockinfile>(),
    entry::<commands::command::Command>(),
    entry::<files::copy::Copy>(),
    entry::<system::cron::Cron>(),
    entry::<packages::deb822_repository::Deb822Repository>(),
    entry::<packages::debconf::Debconf>(),
    entry::<packages::dnf::Dnf>(),
    entry::<packages::dnf5::Dnf5>(),
    entry::<packages::dpkg_selections::DpkgSelections>(),
    entry::<commands::expect::Expect>(),
    entry::<files::file::File>(),
    entry::<files::find::Find>(),
    entry::<net::get_url::GetUrl>(),
    entry::<system::getent::Getent>(),
    entry::<source_control::git::GitModule>(),
    entry::<system::group::Group>(),
    entry::<system::hostname::Hostname>(),
    entry::<net::iptables::Iptables>(),
    entry::<system::known_hosts::KnownHosts>(),
    entry::<files::lineinfile::Lineinfile>(),
    entry::<storage::mount_facts::MountFacts>(),
    entry::<packages::package::Package>(),
    entry::<packages::package_facts::PackageFacts>(),
    entry::<system::ping::Ping>(),
    entry::<packages::pip::Pip>(),
    entry::<files::replace::Replace>(),
    entry::<packages::rpm_key::RpmKey>(),
    entry::<commands::script::Script>(),
    entry::<system::service::Service>(),
    entry::<system::service_facts::ServiceFacts>(),
    entry::<system::setup::Setup>(),
    entry::<files::slurp::Slurp>(),
    entry::<files::stat::Stat>(),
    entry::<source_control::subversion::Subversion>(),
    entry::<system::systemd_service::SystemdService>(),
    entry::<system::sysvinit::Sysvinit>(),
    entry::<files::tempfile::Tempfile>(),
    entry::<files::unarchive::Unarchive>(),
    entry::<net::uri::Uri>(),
    entry::<system::user::User>(),
    entry::<net::wait_for::WaitFor>(),
    entry::<packages::yum_repository::YumRepository>(),
    entry::<files::acl::Acl>(),
    entry::<system::authorized_key::AuthorizedKey>(),
    entry::<net::firewalld::Firewalld>(),
    entry::<storage::mount::Mount>(),
    entry::<files::patch::Patch>(),
    entry::<selinux::boolean::Seboolean>(),
    entry::<selinux::config::Selinux>(),
    entry::<files::synchronize::Synchronize>(),
    entry::<kernel::sysctl::Sysctl>(),
    entry::<system::openssh_keypair::OpensshKeypair>(),
    entry::<system::alternatives::Alternatives>(),
    entry::<files::archive::Archive>(),
    entry::<files::capabilities::Capabilities>(),
    entry::<packages::cpanm::Cpanm>(),
    entry::<storage::filesystem::Filesystem>(),
    entry::<source_control::git_config::GitConfig>(),
    entry::<source_control::git_config_info::GitConfigInfo>(),
    entry::<files::htpasswd::Htpasswd>(),
    entry::<files::ini_file::IniFile>(),
    entry::<system::locale_gen::LocaleGen>(),
    entry::<storage::lvg::Lvg>(),
    entry::<storage::lvol::Lvol>(),
    entry::<commands::make::Make>(),
    entry::<kernel::modprobe::Modprobe>(),
    entry::<packages::npm::Npm>(),
    entry::<storage::open_iscsi::OpenIscsi>(),
    entry::<system::pam_limits::PamLimits>(),
    entry::<system::pamd::Pamd>(),
    entry::<storage::parted::Parted>(),
    entry::<selinux::context::Sefcontext>(),
    entry::<selinux::port::Seport>(),
    entry::<system::timezone::Timezone>(),
    entry::<net::ufw::Ufw>(),
    entry::<packages::zypper::Zypper>(),
    entry::<system::sr_fingerprint::SrFingerprint>(),
    entry::<system::boot_id::BootId>(),
    entry::<commands::custom::Custom>(),
    entry::<files::fetch::Fetch>(),
    entry::<system::reboot::Reboot>(),
];

/// Namespaces in which a short name is looked for, in this order.
const NAMESPACES: &[&str] = &[
    "ansible.builtin.",
    "ansible.posix.",
    "community.general.",
    "community.crypto.",
    "kdo.",
];

/// The module of that name: full, short, or with the prefix `ansible.legacy.`.
pub fn find(name: &str) -> Option<&'static Entry> {
    let name = name.strip_prefix("ansible.legacy.").unwrap_or(name);
    let exact = |wanted: &str| {
        MODULES
            .iter()
            .find(|e| e.meta.name == wanted || e.meta.aliases.contains(&wanted))
    };
    // Modules that have left ansible-core are still found under its name, as by its redirections.
    let name = match name.strip_prefix("ansible.builtin.") {
        Some(short) if exact(name).is_none() => short,
        _ => name,
    };
    if name.contains('.') {
        return exact(name);
    }
    NAMESPACES
        .iter()
        .find_map(|ns| exact(&format!("{ns}{name}")))
        .or_else(|| exact(name))
}

#[cfg(test)]
mod tests {
    use super::{MODULES, find};
    use crate::{
        Entry, Host,
        host::{Context, STARTED},
        link::NoLink,
        params::Spec,
    };
    use kdo_value::{Map, Value, json};
    use std::{fs, path::Path};

    fn run(entry: &Entry, args: &Map, check: bool) -> Map {
        let mut link = NoLink;
        let mut host = Host::new(
            Context {
                check,
                diff: true,
                ..Context::default()
            },
            &mut link,
        );
        let result = (entry.run)(args, &mut host);
        host.finish(result)
    }

    fn tree(dir: &Path) -> Vec<(String, Vec<u8>)> {
        let mut out = Vec::new();
        let mut todo = vec![dir.to_owned()];
        while let Some(d) = todo.pop() {
            for e in fs::read_dir(d).unwrap().flatten() {
                let path = e.path();
                if path.is_dir() && !path.is_symlink() {
                    todo.push(path.clone());
                }
                let content = if path.is_file() {
                    fs::read(&path).unwrap_or_default()
                } else {
                    Vec::new()
                };
                out.push((path.strip_prefix(dir).unwrap().display().to_string(), content));
            }
        }
        out.sort();
        out
    }

    #[test]
    fn names_are_sorted_unique_and_resolve() {
        let names: Vec<_> = MODULES.iter().map(|e| e.meta.name).collect();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(names, sorted);
        for entry in MODULES {
            assert_eq!(find(entry.meta.name).map(|e| e.meta.name), Some(entry.meta.name));
            let short = crate::module::short(entry.meta.name);
            assert_eq!(
                find(short).map(|e| crate::module::short(e.meta.name)),
                Some(short)
            );
        }
        let moved = find("ansible.builtin.mount").map(|e| e.meta.name);
        assert_eq!(moved, Some("ansible.posix.mount"));
        assert!(find("nothing").is_none() && find("other.collection.copy").is_none());
    }

    #[test]
    fn every_parameter_is_documented_and_named_once() {
        fn check(spec: &Spec, module: &str) {
            let mut seen = Vec::new();
            for p in spec.all() {
                assert!(
                    p.hidden || !p.doc.is_empty(),
                    "{module}: {} has no documentation",
                    p.name
                );
                for name in std::iter::once(&p.name).chain(p.aliases) {
                    assert!(!seen.contains(name), "{module}: {name} occurs twice");
                    seen.push(name);
                }
                if let Some(sub) = p.options {
                    check(sub, module);
                }
            }
        }
        for entry in MODULES {
            assert!(
                !entry.spec.doc.is_empty(),
                "{} has no documentation",
                entry.meta.name
            );
            check(entry.spec, entry.meta.name);
        }
    }

    #[test]
    fn examples_do_what_they_say_and_nothing_in_check_mode_or_the_second_time() {
        for entry in MODULES {
            for example in entry.meta.examples {
                let what = format!("{}: {}", entry.meta.name, example.title);
                let raw = json::read(example.args).unwrap_or_else(|e| panic!("{what}: {e}"));
                if !example.runs {
                    let errors = entry.spec.normalise(raw.as_map().unwrap(), "x").err();
                    assert!(errors.is_none(), "{what}: {errors:?}");
                    continue;
                }
                let dir = tempfile::tempdir().unwrap();
                for (name, content) in example.given {
                    let path = dir.path().join(name);
                    fs::create_dir_all(path.parent().unwrap()).unwrap();
                    fs::write(path, content).unwrap();
                }
                let text = example.args.replace("{dir}", &dir.path().display().to_string());
                let args = json::read(&text).unwrap();
                let args = args.as_map().unwrap();
                let before = tree(dir.path());
                let dry = run(entry, args, true);
                assert_eq!(tree(dir.path()), before, "{what}: check mode changed something");
                let first = run(entry, args, false);
                assert!(!first.contains("failed"), "{what}: {}", json::line(&first.into()));
                assert_eq!(
                    first.get("changed"),
                    Some(Value::Bool(example.changed)),
                    "{what}: changed"
                );
                if !dry.contains("skipped") {
                    assert_eq!(
                        dry.get("changed"),
                        first.get("changed"),
                        "{what}: changed in check mode"
                    );
                }
                for (name, content) in example.then {
                    let is = fs::read_to_string(dir.path().join(name))
                        .unwrap_or_else(|e| panic!("{what}: {name}: {e}"));
                    assert_eq!(is, *content, "{what}: {name}");
                }
                let second = run(entry, args, false);
                assert_eq!(
                    second.get("changed"),
                    Some(Value::Bool(false)),
                    "{what}: second run"
                );
            }
        }
    }

    #[test]
    fn what_is_as_it_should_be_costs_no_process() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().display();
        fs::write(dir.path().join("f"), "a\nb\n").unwrap();
        let mut tasks = vec![
            ("file", format!(r#"{{"path": "{place}/f", "mode": "0600"}}"#)),
            ("stat", format!(r#"{{"path": "{place}/f", "get_mime": false}}"#)),
            ("lineinfile", format!(r#"{{"path": "{place}/f", "line": "c"}}"#)),
            (
                "blockinfile",
                format!(r#"{{"path": "{place}/g", "block": "x", "create": true}}"#),
            ),
            (
                "replace",
                format!(r#"{{"path": "{place}/f", "regexp": "^a", "replace": "A"}}"#),
            ),
            (
                "ini_file",
                format!(r#"{{"path": "{place}/i", "section": "s", "option": "o", "value": "v"}}"#),
            ),
            ("find", format!(r#"{{"paths": ["{place}"]}}"#)),
            ("slurp", format!(r#"{{"src": "{place}/f"}}"#)),
            ("group", r#"{"name": "root"}"#.to_owned()),
        ];
        if Path::new("/var/lib/dpkg/status").exists() {
            tasks.push(("apt", r#"{"name": ["dpkg"], "state": "present"}"#.to_owned()));
            tasks.push(("package_facts", r#"{"manager": ["apt"]}"#.to_owned()));
        }
        for (module, args) in tasks {
            let entry = find(module).unwrap();
            let args = json::read(&args).unwrap();
            let first = run(entry, args.as_map().unwrap(), false);
            assert!(
                !first.contains("failed"),
                "{module}: {}",
                json::line(&first.into())
            );
            let before = STARTED.get();
            let again = run(entry, args.as_map().unwrap(), false);
            assert_eq!(again.get("changed"), Some(Value::Bool(false)), "{module}");
            assert_eq!(STARTED.get() - before, 0, "{module} started programs");
        }
    }
}
