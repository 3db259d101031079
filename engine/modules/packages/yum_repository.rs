//! `yum_repository`: repositories of yum and dnf.

use super::repo_file::RepoFile;
use crate::prelude::*;
use std::path::PathBuf;

/// Configure a repository for dnf or yum
///
/// The whole section of the repository is replaced; comments in the file are lost when something changes.
#[derive(Params)]
#[params(required_if_any(state = "present", baseurl, mirrorlist, metalink))]
#[params(required_if(state = "present", description))]
pub struct YumRepository {
    /// No effect any more.
    r#async: Option<bool>,
    /// Most bytes a second that are used; number with `k`, `M`, `G` or a part of it in percent after `throttle`.
    bandwidth: Option<String>,
    /// Addresses of the folder with `repodata`.
    #[param(elements = "str")]
    baseurl: Option<Vec<String>>,
    /// How dear this repository is in comparison to others; 1000 unless set.
    cost: Option<String>,
    /// Be counted by the servers.
    countme: Option<bool>,
    /// No effect with dnf.
    deltarpm_metadata_percentage: Option<String>,
    /// How large a delta may be in percent of the package; 0 turns deltas off.
    deltarpm_percentage: Option<String>,
    /// What the repository is called where it is shown.
    description: Option<String>,
    /// Whether the repository is used.
    enabled: Option<bool>,
    /// Whether its groups are used.
    enablegroups: Option<bool>,
    /// Packages that are not taken from here.
    #[param(elements = "str", alias = "excludepkgs")]
    exclude: Option<Vec<String>>,
    /// `roundrobin` begins with any of the addresses, `priority` with the first.
    #[param(choices("roundrobin", "priority"))]
    failovermethod: Option<String>,
    /// Name of the file without `.repo`; the repository's name unless set.
    file: Option<String>,
    /// No effect with dnf.
    gpgcakey: Option<String>,
    /// Whether packages' signatures are checked.
    gpgcheck: Option<bool>,
    /// Addresses of the keys that packages are signed with.
    #[param(elements = "str")]
    gpgkey: Option<Vec<String>>,
    /// No effect with dnf.
    #[param(choices("all", "packages", "none"))]
    http_caching: Option<String>,
    /// File or address of further settings.
    include: Option<String>,
    /// The only packages that are taken from here.
    #[param(elements = "str")]
    includepkgs: Option<Vec<String>>,
    /// Kind of addresses to use.
    #[param(choices("4", "6", "IPv4", "IPv6", "whatever"))]
    ip_resolve: Option<String>,
    /// No effect with dnf.
    keepalive: Option<bool>,
    /// Keep fetched packages; only of effect in the main configuration.
    #[param(choices("0", "1"))]
    keepcache: Option<String>,
    /// How long the lists of packages are good: seconds, or with `m`, `h`, `d`; `never`.
    metadata_expire: Option<String>,
    /// No effect with dnf.
    #[param(choices("never", "read-only:past", "read-only:present", "read-only:future"))]
    metadata_expire_filter: Option<String>,
    /// Address of a metalink file with the servers.
    metalink: Option<String>,
    /// Address of a list of servers.
    mirrorlist: Option<String>,
    /// No effect with dnf.
    mirrorlist_expire: Option<String>,
    /// Its packages count even where a module stream hides them.
    module_hotfixes: Option<bool>,
    /// The repository's identifier: the section in the file.
    #[param(required)]
    name: String,
    /// Password for `username`.
    #[param(no_log)]
    password: Option<String>,
    /// Packages of a repository with a lower number are preferred; 99 unless set.
    priority: Option<String>,
    /// No effect with dnf.
    protect: Option<bool>,
    /// Address of a proxy, or `_none_`.
    proxy: Option<String>,
    /// Password for `proxy_username`.
    #[param(no_log)]
    proxy_password: Option<String>,
    /// User at the proxy.
    proxy_username: Option<String>,
    /// Whether the signature of the lists is checked.
    repo_gpgcheck: Option<bool>,
    /// Folder of the files.
    #[param(default = "/etc/yum.repos.d")]
    reposdir: PathBuf,
    /// How often fetching is tried again; 0 is without end.
    retries: Option<String>,
    /// The repository is in Amazon S3.
    s3_enabled: Option<bool>,
    /// Go on without the repository if it cannot be reached.
    skip_if_unavailable: Option<bool>,
    /// No effect with dnf.
    ssl_check_cert_permissions: Option<bool>,
    /// File or folder with the authorities that servers' certificates are checked by.
    #[param(alias = "ca_cert")]
    sslcacert: Option<String>,
    /// File with the client's certificate.
    #[param(alias = "client_cert")]
    sslclientcert: Option<String>,
    /// File with the client's key.
    #[param(alias = "client_key")]
    sslclientkey: Option<String>,
    /// Whether servers' certificates are checked.
    #[param(alias = "validate_certs")]
    sslverify: Option<bool>,
    /// Whether the repository is configured.
    #[param(default = "present", choices("present", "absent"))]
    state: String,
    /// Most bytes a second that are used, or percent of `bandwidth`.
    throttle: Option<String>,
    /// Seconds to wait for a connection.
    timeout: Option<String>,
    /// No effect with dnf.
    ui_repoid_vars: Option<String>,
    /// User at the server.
    username: Option<String>,
    #[param(flatten)]
    attrs: FileAttrs,
    /// Write into the existing file where it cannot be replaced in one step.
    #[param(default = false)]
    unsafe_writes: bool,
}

impl YumRepository {
    /// The lines of the section, in alphabetical order.
    fn settings(&self) -> Vec<(String, String)> {
        let texts = [
            ("bandwidth", &self.bandwidth),
            ("cost", &self.cost),
            ("deltarpm_metadata_percentage", &self.deltarpm_metadata_percentage),
            ("deltarpm_percentage", &self.deltarpm_percentage),
            ("failovermethod", &self.failovermethod),
            ("gpgcakey", &self.gpgcakey),
            ("http_caching", &self.http_caching),
            ("include", &self.include),
            ("ip_resolve", &self.ip_resolve),
            ("keepcache", &self.keepcache),
            ("metadata_expire", &self.metadata_expire),
            ("metadata_expire_filter", &self.metadata_expire_filter),
            ("metalink", &self.metalink),
            ("mirrorlist", &self.mirrorlist),
            ("mirrorlist_expire", &self.mirrorlist_expire),
            ("password", &self.password),
            ("priority", &self.priority),
            ("proxy", &self.proxy),
            ("proxy_password", &self.proxy_password),
            ("proxy_username", &self.proxy_username),
            ("retries", &self.retries),
            ("sslcacert", &self.sslcacert),
            ("sslclientcert", &self.sslclientcert),
            ("sslclientkey", &self.sslclientkey),
            ("throttle", &self.throttle),
            ("timeout", &self.timeout),
            ("ui_repoid_vars", &self.ui_repoid_vars),
            ("username", &self.username),
            ("name", &self.description),
        ];
        let truths = [
            ("async", self.r#async),
            ("countme", self.countme),
            ("enabled", self.enabled),
            ("enablegroups", self.enablegroups),
            ("gpgcheck", self.gpgcheck),
            ("keepalive", self.keepalive),
            ("module_hotfixes", self.module_hotfixes),
            ("protect", self.protect),
            ("repo_gpgcheck", self.repo_gpgcheck),
            ("s3_enabled", self.s3_enabled),
            ("skip_if_unavailable", self.skip_if_unavailable),
            ("ssl_check_cert_permissions", self.ssl_check_cert_permissions),
            ("sslverify", self.sslverify),
        ];
        let lists = [
            ("baseurl", &self.baseurl, "\n"),
            ("exclude", &self.exclude, " "),
            ("gpgkey", &self.gpgkey, "\n"),
            ("includepkgs", &self.includepkgs, " "),
        ];
        let texts = texts.into_iter().map(|(name, value)| (name, value.clone()));
        let truths = truths
            .into_iter()
            .map(|(name, value)| (name, value.map(|on| i32::from(on).to_string())));
        let lists = lists
            .into_iter()
            .map(|(name, list, between)| (name, list.as_ref().map(|l| l.join(between))));
        let mut all: Vec<(String, String)> = texts
            .chain(truths)
            .chain(lists)
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect();
        all.sort();
        all
    }
}

impl Module for YumRepository {
    const META: Meta = Meta {
        name: "ansible.builtin.yum_repository",
        aliases: &[],
        check: Support::Full,
        diff: Support::Full,
        returns: &[
            Return {
                name: "repo",
                doc: "The repository's name.",
            },
            Return {
                name: "state",
                doc: "The state that was wanted.",
            },
        ],
        examples: &[Example {
            title: "A repository in a file that others share",
            args: r#"{"name": "tools", "file": "ours", "description": "Our tools", "baseurl": "https://repo.example.org/$releasever/", "gpgcheck": true, "gpgkey": ["https://repo.example.org/key"], "reposdir": "{dir}"}"#,
            given: &[("ours.repo", "[other]\nname=Other\nbaseurl=http://example.org/\n")],
            then: &[(
                "ours.repo",
                "[other]\nname = Other\nbaseurl = http://example.org/\n\n[tools]\nbaseurl = https://repo.example.org/$releasever/\ngpgcheck = 1\ngpgkey = https://repo.example.org/key\nname = Our tools\n\n",
            )],
            changed: true,
            runs: true,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        if !self.reposdir.is_dir() {
            let folder = self.reposdir.display();
            return Err(Failure::new(format!("Repo directory '{folder}' does not exist.")));
        }
        let name = self.file.as_deref().unwrap_or(&self.name);
        let path = self.reposdir.join(format!("{name}.repo"));
        let text = if path.is_file() {
            String::from_utf8_lossy(&host.read(&path)?).into_owned()
        } else {
            String::new()
        };
        let mut file = RepoFile::read(&text)
            .map_err(|why| Failure::new(format!("{} cannot be read: {why}", path.display())))?;
        let before = file.sorted();
        if self.state == "present" {
            file.set(&self.name, self.settings());
        } else {
            file.remove(&self.name);
        }
        let after = file.sorted();
        let changed = before != after;
        if changed && file.is_empty() {
            host.remove(&path)?;
        } else if changed {
            host.mark_changed();
            if !host.check() {
                let save = Save {
                    unsafe_writes: self.unsafe_writes,
                    ..Save::default()
                };
                host.replace(&path, &mut file.text().as_bytes(), &save, &FileAttrs::default())?;
            }
        }
        if path.is_file() {
            host.apply(&path, &self.attrs, true)?;
        }
        let dest = path.display().to_string();
        let diff = Map::from_iter([
            ("before_header", dest.clone()),
            ("before", before),
            ("after_header", dest),
            ("after", after),
        ]);
        Ok(Outcome::new()
            .with("repo", self.name)
            .with("state", self.state)
            .with("diff", diff))
    }
}
