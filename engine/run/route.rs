//! From variables and keywords to a route.

use crate::{connect::Route, engine::Engine, failure::TaskFailure, options::ConnectionDefaults};
use kdo_modules::params::parse_bool;
use kdo_playbook::Task;
use kdo_template::Variables;
use kdo_transport::{Become, Endpoint, Secret};
use kdo_value::Value;
use kdo_vars::TaskVars;
use std::{path::PathBuf, time::Duration};

impl Engine {
    /// An evaluated variable, if there is one.
    fn variable(&self, vars: &TaskVars, name: &str) -> Result<Option<Value>, TaskFailure> {
        match vars.get(name) {
            None | Some(Value::None) => Ok(None),
            Some(raw) => match self.resolve_or_omit(vars, &raw) {
                Ok(value) => Ok(value.filter(|v| !v.is_none())),
                Err(e) if name == "delegate_to" => Err(e),
                Err(e) => Err(e.during(&format!("Error processing keyword '{name}'"))),
            },
        }
    }

    fn first_variable(&self, vars: &TaskVars, names: &[&str]) -> Result<Option<Value>, TaskFailure> {
        for name in names {
            if let Some(value) = self.variable(vars, name)? {
                return Ok(Some(value));
            }
        }
        Ok(None)
    }

    /// The first of these variables that is set, as text.
    pub(crate) fn text_variable(
        &self,
        vars: &TaskVars,
        names: &[&str],
    ) -> Result<Option<String>, TaskFailure> {
        Ok(self.first_variable(vars, names)?.map(|v| v.to_text()))
    }

    /// A keyword of the task, evaluated.
    pub(crate) fn keyword(
        &self,
        vars: &TaskVars,
        task: &Task,
        name: &str,
    ) -> Result<Option<Value>, TaskFailure> {
        // What is omitted is as if it were not there: the level above counts.
        for level in task.scope.chain() {
            let Some(raw) = level.keywords.get(name).filter(|v| !v.is_none()) else {
                continue;
            };
            if let Some(value) = self.resolve_or_omit(vars, &raw)? {
                return Ok(Some(value).filter(|v| !v.is_none()));
            }
        }
        Ok(None)
    }

    /// A keyword that is a truth value.
    pub(crate) fn flag(&self, vars: &TaskVars, task: &Task, name: &str) -> Result<Option<bool>, TaskFailure> {
        let Some(value) = self.keyword(vars, task, name)? else {
            return Ok(None);
        };
        match &value {
            Value::Bool(b) => Ok(Some(*b)),
            Value::Int(n @ (0 | 1)) => Ok(Some(*n == 1)),
            Value::Str(s) => match parse_bool(s) {
                Some(b) => Ok(Some(b)),
                None => Err(no_bool(name, &value)),
            },
            other => Err(no_bool(name, other)),
        }
    }

    /// How the task reaches the machine that `vars` are of (the delegated host's, if it is delegated).
    pub(crate) fn route(&self, vars: &TaskVars, task: &Task) -> Result<Route, TaskFailure> {
        let defaults: &ConnectionDefaults = &self.options.connection;
        let name = vars.host.clone();
        let keyword = |k: &str| self.keyword(vars, task, k);
        let kind = match self.text_variable(vars, &["ansible_connection"])? {
            Some(kind) => kind,
            None => match keyword("connection")? {
                Some(v) => v.to_text(),
                None => defaults.connection.clone(),
            },
        };
        let kind = kind.strip_prefix("ansible.builtin.").unwrap_or(&kind).to_owned();
        let mut endpoint = Endpoint::new(&name);
        if kind == "local" {
            // Relative paths are meant from the playbook's folder.
            endpoint.directory = Some(vars.play.playbook_dir.clone());
        } else {
            self.fill_endpoint(vars, task, &mut endpoint)?;
        }
        Ok(Route {
            kind,
            endpoint,
            escalation: self.escalation(vars, task)?,
            limit: Duration::from_secs(60),
        })
    }

    fn fill_endpoint(&self, vars: &TaskVars, task: &Task, e: &mut Endpoint) -> Result<(), TaskFailure> {
        let defaults = &self.options.connection;
        e.address = self.text_variable(vars, &["ansible_ssh_host", "ansible_host"])?;
        let port = match self.first_variable(vars, &["ansible_ssh_port", "ansible_port"])? {
            Some(v) => Some(v),
            None => self.keyword(vars, task, "port")?,
        };
        e.port = match port {
            Some(v) => Some(
                v.to_text()
                    .trim()
                    .parse()
                    .map_err(|_| TaskFailure::new(format!("'{}' is no port number", v.to_text())))?,
            ),
            None => defaults.port,
        };
        e.user = match self.text_variable(vars, &["ansible_ssh_user", "ansible_user"])? {
            Some(user) => Some(user),
            None => match self.keyword(vars, task, "remote_user")? {
                Some(v) => Some(v.to_text()),
                None => defaults.user.clone(),
            },
        };
        e.password = match self.text_variable(
            vars,
            &["ansible_ssh_password", "ansible_ssh_pass", "ansible_password"],
        )? {
            Some(p) => Some(Secret::new(p)),
            None => defaults.password.clone(),
        };
        e.private_key_file = match self.text_variable(
            vars,
            &["ansible_ssh_private_key_file", "ansible_private_key_file"],
        )? {
            Some(p) => Some(PathBuf::from(kdo_modules::host::expand(&p))),
            None => defaults.private_key_file.clone(),
        };
        e.private_key = self
            .text_variable(vars, &["ansible_ssh_private_key", "ansible_private_key"])?
            .map(Secret::new)
            .or_else(|| defaults.private_key.clone());
        e.private_key_passphrase = self
            .text_variable(
                vars,
                &[
                    "ansible_ssh_private_key_passphrase",
                    "ansible_private_key_passphrase",
                ],
            )?
            .map(Secret::new)
            .or_else(|| defaults.private_key_passphrase.clone());
        e.ssh_args = defaults.ssh_args.clone();
        for name in [
            "ansible_ssh_args",
            "ansible_ssh_common_args",
            "ansible_ssh_extra_args",
        ] {
            if let Some(text) = self.text_variable(vars, &[name])? {
                e.ssh_args.extend(kdo_modules::commands::words::split(&text)?);
            }
        }
        e.host_key_checking = match self.first_variable(
            vars,
            &["ansible_ssh_host_key_checking", "ansible_host_key_checking"],
        )? {
            Some(v) => truth(&v),
            None => defaults.host_key_checking,
        };
        e.connect_timeout = match self.first_variable(vars, &["ansible_ssh_timeout", "ansible_timeout"])? {
            Some(v) => Duration::from_secs(v.to_text().trim().parse().unwrap_or(defaults.timeout.as_secs())),
            None => defaults.timeout,
        };
        e.retries = match self.first_variable(vars, &["ansible_ssh_retries"])? {
            Some(v) => v.to_text().trim().parse().unwrap_or(defaults.retries),
            None => defaults.retries,
        };
        Ok(())
    }

    fn escalation(&self, vars: &TaskVars, task: &Task) -> Result<Option<Become>, TaskFailure> {
        let defaults = &self.options.escalation;
        let wanted = match self.first_variable(vars, &["ansible_become"])? {
            Some(v) => truth(&v),
            None => self.flag(vars, task, "become")?.unwrap_or(defaults.enabled),
        };
        if !wanted {
            return Ok(None);
        }
        let pick = |variables: &[&str],
                    keyword: &str,
                    default: &Option<String>|
         -> Result<Option<String>, TaskFailure> {
            if let Some(text) = self.text_variable(vars, variables)? {
                return Ok(Some(text));
            }
            match self.keyword(vars, task, keyword)? {
                Some(v) => Ok(Some(v.to_text())),
                None => Ok(default.clone()),
            }
        };
        let method = pick(&["ansible_become_method"], "become_method", &defaults.method)?
            .unwrap_or_else(|| "sudo".into());
        let method = method.rsplit('.').next().unwrap_or(&method).to_owned();
        let own = |suffix: &str| {
            [
                format!("ansible_{method}_{suffix}"),
                format!("ansible_become_{suffix}"),
            ]
        };
        let names = own("user");
        let user =
            pick(&[&names[1], &names[0]], "become_user", &defaults.user)?.unwrap_or_else(|| "root".into());
        let names = own("flags");
        let flags = pick(&[&names[1], &names[0]], "become_flags", &defaults.flags)?;
        let names = own("exe");
        let executable = pick(&[&names[1], &names[0]], "become_exe", &defaults.executable)?;
        let folder = self
            .text_variable(vars, &["ansible_sudo_chdir"])?
            .or_else(|| defaults.folder.clone());
        let password = match self.text_variable(
            vars,
            &[
                "ansible_become_password",
                "ansible_become_pass",
                &format!("ansible_{method}_pass"),
                &format!("ansible_{method}_password"),
            ],
        )? {
            Some(p) => Some(Secret::new(p)),
            None => defaults.password.clone(),
        };
        let prompts = match self.first_variable(vars, &["ansible_su_prompt_l10n"])? {
            Some(Value::List(items)) => items.to_vec().iter().map(Value::to_text).collect(),
            Some(v) if !v.is_none() => v.to_text().split(',').map(|p| p.trim().to_owned()).collect(),
            _ => defaults.prompts.clone(),
        };
        Ok(Some(Become {
            method,
            user,
            executable,
            flags,
            folder,
            password,
            prompts,
        }))
    }
}

fn no_bool(name: &str, value: &Value) -> TaskFailure {
    TaskFailure::early(format!(
        "Error processing keyword '{name}': The value {} could not be converted to 'bool'.",
        value.repr()
    ))
}

fn truth(value: &Value) -> bool {
    match value {
        Value::Str(s) => parse_bool(s).unwrap_or(!s.is_empty()),
        v => v.truthy(),
    }
}
