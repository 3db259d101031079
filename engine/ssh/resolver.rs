//! From an endpoint to its settings: the endpoint's own values, then the ssh arguments, then ssh's configuration files.

use crate::{
    address::{self, Hop},
    config_file::ConfigReader,
    environment::Environment,
    fault::configuration,
    options::Options,
    settings::{Proxy, Settings},
    ssh_args::{self, SshArgs},
    words::split_keyword,
};
use kdo_transport::{Endpoint, TransportError};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::Semaphore;

/// Answers what configuration says of a host. Files are read by own code; where they use what only the user's `ssh`
/// answers exactly (`Match`, canonical names, keywords not known here), `ssh -G` is asked, once per host.
pub(crate) struct Resolver {
    pub(crate) environment: Environment,
    ssh: Option<PathBuf>,
    asked: Mutex<HashMap<Vec<String>, Arc<Options>>>,
    /// Keeps a run over many hosts from starting as many `ssh` at once.
    asking: Semaphore,
}

/// `ssh -G` processes at a time; they only use the processor.
const ASKING_AT_ONCE: usize = 4;

impl Resolver {
    pub(crate) fn new(environment: Environment) -> Self {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let ssh = std::env::split_paths(&path)
            .map(|dir| dir.join("ssh"))
            .find(|program| program.is_file());
        Self {
            environment,
            ssh,
            asked: Mutex::default(),
            asking: Semaphore::new(ASKING_AT_ONCE),
        }
    }

    /// Settings of an endpoint.
    pub(crate) async fn endpoint(&self, endpoint: &Endpoint) -> Result<Settings, TransportError> {
        let name = endpoint.address.as_deref().unwrap_or(&endpoint.name);
        let mut own = Options::default();
        if let Some(user) = &endpoint.user {
            own.add("user", user);
        }
        if let Some(port) = endpoint.port {
            own.add("port", &port.to_string());
        }
        if let Some(file) = &endpoint.private_key_file {
            own.add("identityfile", &file.to_string_lossy());
        }
        if !endpoint.host_key_checking {
            own.add("stricthostkeychecking", "no");
        }
        let args = ssh_args::parse(&endpoint.ssh_args).map_err(|e| configuration(format!("{name}: {e}")))?;
        self.resolve(name, own, &args, &endpoint.ssh_args, endpoint.connect_timeout)
            .await
    }

    /// Settings of a jump host; as with ssh, of the target's options only `-F` counts for it. `before` are the hops
    /// on the way to it; without any its own configuration decides.
    pub(crate) async fn hop(
        &self,
        hop: &Hop,
        before: Vec<Hop>,
        target: &Settings,
    ) -> Result<Settings, TransportError> {
        let mut own = Options::default();
        if let Some(user) = &hop.user {
            own.add("user", user);
        }
        if let Some(port) = hop.port {
            own.add("port", &port.to_string());
        }
        let args = SshArgs {
            options: Options::default(),
            config_file: target.config_file.clone(),
        };
        let words = target
            .config_file
            .iter()
            .flat_map(|file| ["-F".to_owned(), file.clone()])
            .collect::<Vec<_>>();
        let mut settings = self
            .resolve(&hop.host, own, &args, &words, target.connect_timeout)
            .await?;
        if !before.is_empty() {
            settings.proxy = Proxy::Jump(before);
        }
        Ok(settings)
    }

    async fn resolve(
        &self,
        name: &str,
        own: Options,
        args: &SshArgs,
        words: &[String],
        timeout: Duration,
    ) -> Result<Settings, TransportError> {
        let wrong = |e: String| configuration(format!("{name}: {e}"));
        address::check_host(name).map_err(wrong)?;
        let mut options = own.clone();
        options.merge(args.options.clone());
        let timeout = match args.options.get("connecttimeout") {
            Some("none") | None => timeout,
            Some(text) => text
                .parse()
                .map(Duration::from_secs)
                .map_err(|_| wrong(format!("ConnectTimeout {text:?}")))?,
        };
        let mut reader = ConfigReader {
            environment: &self.environment,
            original: name,
            options,
            beyond: None,
        };
        match args.config_file.as_deref() {
            Some("none") => {}
            Some(file) => reader
                .read(&self.environment.untilde(file), true)
                .map_err(wrong)?,
            None => {
                reader
                    .read(&self.environment.ssh_dir().join("config"), false)
                    .map_err(wrong)?;
                reader
                    .read(&self.environment.system_config, false)
                    .map_err(wrong)?;
            }
        }
        let (mut options, beyond) = (reader.options, reader.beyond);
        if let Some(what) = beyond {
            match &self.ssh {
                Some(program) => {
                    let asked = self.ask(program, name, &own, words).await.map_err(wrong)?;
                    options = own;
                    options.merge((*asked).clone());
                }
                None if what.starts_with("Match") => {}
                None => {
                    return Err(wrong(format!(
                        "{what} is not handled, and there is no ssh program to ask; use the ssh-cli connection"
                    )));
                }
            }
        }
        for keyword in ["proxyusefdpass", "pkcs11provider"] {
            if options
                .get(keyword)
                .is_some_and(|value| !matches!(value, "no" | "none"))
            {
                return Err(wrong(format!(
                    "{keyword} from the ssh configuration is not supported; use the ssh-cli connection"
                )));
            }
        }
        Settings::new(
            &options,
            name,
            &self.environment,
            timeout,
            args.config_file.clone(),
        )
        .map_err(wrong)
    }

    /// What `ssh -G` says, from memory when it was asked before.
    async fn ask(
        &self,
        ssh: &Path,
        name: &str,
        own: &Options,
        words: &[String],
    ) -> Result<Arc<Options>, String> {
        let mut argv = vec!["-G".to_owned()];
        for keyword in ["user", "port"] {
            if let Some(value) = own.get(keyword) {
                argv.push(format!("-o{keyword}={value}"));
            }
        }
        argv.extend_from_slice(words);
        argv.extend(["--".to_owned(), name.to_owned()]);
        let _turn = self.asking.acquire().await.map_err(|e| e.to_string())?;
        if let Some(known) = self
            .asked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&argv)
        {
            return Ok(Arc::clone(known));
        }
        let run = tokio::process::Command::new(ssh)
            .args(&argv)
            .stdin(std::process::Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = match tokio::time::timeout(Duration::from_secs(20), run).await {
            Ok(output) => output.map_err(|e| format!("{}: {e}", ssh.display()))?,
            Err(_) => return Err("ssh -G did not answer within 20 s".to_owned()),
        };
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stderr);
            return Err(format!(
                "ssh configuration: {}",
                text.lines().last().unwrap_or("ssh -G failed").trim()
            ));
        }
        let mut options = Options::default();
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            if let Some((keyword, rest)) = split_keyword(line) {
                options.add(&keyword, rest);
            }
        }
        let options = Arc::new(options);
        self.asked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(argv, Arc::clone(&options));
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolver(config: &str) -> (tempfile::TempDir, Resolver) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join(".ssh")).unwrap();
        std::fs::write(dir.path().join(".ssh/config"), config).unwrap();
        let environment = Environment {
            home: dir.path().to_owned(),
            user: "me".into(),
            uid: 0,
            hostname: "desk".into(),
            agent_socket: None,
            system_config: dir.path().join("system"),
        };
        let resolver = Resolver {
            environment,
            ssh: None,
            asked: Mutex::default(),
            asking: Semaphore::new(1),
        };
        (dir, resolver)
    }

    #[tokio::test]
    async fn the_endpoint_beats_arguments_and_these_beat_the_file() {
        let (_dir, resolver) =
            resolver("Host web\n User file\n Port 3\n HostName 10.0.0.9\n IdentityFile /f\n");
        let mut endpoint = Endpoint::new("web");
        endpoint.ssh_args = ["-p", "2", "-o", "User=args", "-i", "/a"]
            .map(str::to_owned)
            .to_vec();
        let settings = resolver.endpoint(&endpoint).await.unwrap();
        assert_eq!(
            (settings.user.as_str(), settings.port, settings.host.as_str()),
            ("args", 2, "10.0.0.9")
        );
        endpoint.user = Some("own".into());
        endpoint.port = Some(1);
        endpoint.private_key_file = Some("/e".into());
        let settings = resolver.endpoint(&endpoint).await.unwrap();
        assert_eq!((settings.user.as_str(), settings.port), ("own", 1));
        assert_eq!(
            settings.identity_files,
            [Path::new("/e"), Path::new("/a"), Path::new("/f")]
        );
    }

    #[tokio::test]
    async fn the_address_is_what_the_configuration_is_searched_for() {
        let (_dir, resolver) = resolver("Host web\n Port 3\n");
        let mut endpoint = Endpoint::new("web");
        endpoint.address = Some("10.1.1.1".into());
        let settings = resolver.endpoint(&endpoint).await.unwrap();
        assert_eq!((settings.host.as_str(), settings.port), ("10.1.1.1", 22));
    }

    #[tokio::test]
    async fn what_cannot_be_done_is_refused_by_name() {
        let (_dir, resolver) = resolver("ProxyUseFdpass yes\n");
        let error = resolver.endpoint(&Endpoint::new("web")).await.unwrap_err();
        assert!(error.message.contains("proxyusefdpass"), "{}", error.message);
    }

    #[tokio::test]
    async fn a_jump_host_takes_its_own_configuration_and_not_the_targets_options() {
        let (_dir, resolver) = resolver("Host jump\n User j\n ProxyJump first\nHost web\n ProxyJump jump\n");
        let mut endpoint = Endpoint::new("web");
        endpoint.user = Some("root".into());
        let web = resolver.endpoint(&endpoint).await.unwrap();
        let Proxy::Jump(hops) = &web.proxy else {
            panic!("no jump")
        };
        let jump = resolver.hop(&hops[0], Vec::new(), &web).await.unwrap();
        assert_eq!(jump.user, "j");
        assert_eq!(jump.proxy, Proxy::Jump(vec![Hop::parse("first").unwrap()]));
    }
}
