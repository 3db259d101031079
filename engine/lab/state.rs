use std::fmt::Write as _;
use std::fs;
use std::io::ErrorKind;

use crate::error::During;
use crate::{Host, Lab, LabError};

/// All hosts of a lab, in the order in which they came.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// The hosts.
    pub hosts: Vec<Host>,
}

impl State {
    /// Reads the state file; a lab that is not up has no hosts.
    pub fn load(lab: &Lab) -> Result<Self, LabError> {
        let path = lab.run().join("state");
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Self {
                hosts: text.lines().map(str::parse).collect::<Result<_, _>>()?,
            }),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).during(|| format!("cannot read {}", path.display())),
        }
    }

    pub(crate) fn save(&self, lab: &Lab) -> Result<(), LabError> {
        let mut text = String::new();
        for host in &self.hosts {
            let _ = writeln!(text, "{host}");
        }
        let path = lab.run().join("state");
        let new = lab.run().join("state.new");
        fs::write(&new, text)
            .and_then(|()| fs::rename(&new, &path))
            .during(|| format!("cannot write {}", path.display()))
    }

    /// The host of that name.
    pub fn host(&self, name: &str) -> Result<&Host, LabError> {
        self.hosts
            .iter()
            .find(|host| host.name == name)
            .ok_or_else(|| LabError::NoHost(name.to_owned()))
    }

    pub(crate) fn host_mut(&mut self, name: &str) -> Result<&mut Host, LabError> {
        self.hosts
            .iter_mut()
            .find(|host| host.name == name)
            .ok_or_else(|| LabError::NoHost(name.to_owned()))
    }

    /// The hosts of those names, in that order.
    pub fn pick(&self, names: &[String]) -> Result<Vec<&Host>, LabError> {
        names.iter().map(|name| self.host(name)).collect()
    }
}
