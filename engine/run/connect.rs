//! Connections and agents: made when first needed, kept for the run, one agent for each user whose rights are taken.

use crate::{
    failure::TaskFailure,
    options::Options,
    plugins::{self, Folders},
};
use kdo_transport::{
    AgentSession, Agents, Become, Connection, Connector, Endpoint, Secret, TransportErrorKind,
};
use std::{
    cell::RefCell,
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    rc::Rc,
    sync::Arc,
    time::Duration,
};
use tokio::sync::Mutex;

/// How a task reaches the machine it runs on.
#[derive(Clone)]
pub(crate) struct Route {
    /// `ssh` or `local`.
    pub(crate) kind: String,
    /// Where.
    pub(crate) endpoint: Endpoint,
    /// As whom.
    pub(crate) escalation: Option<Become>,
    /// Time limit for starting the agent.
    pub(crate) limit: Duration,
}

impl Route {
    fn connection_key(&self) -> String {
        let e = &self.endpoint;
        format!(
            "{} {} {:?} {:?} {:?} {:?} {:?} {:x} {:?}",
            self.kind,
            e.name,
            e.address,
            e.port,
            e.user,
            e.private_key_file,
            e.ssh_args,
            mark(e.password.as_ref()),
            e.directory
        )
    }

    fn session_key(&self) -> String {
        let user = self.escalation.as_ref().map(Become::key).unwrap_or_default();
        let password = self.escalation.as_ref().and_then(|b| b.password.as_ref());
        format!("{} {user} {:x}", self.connection_key(), mark(password))
    }
}

/// Tells passwords apart: a task with another one has to prove itself, even if an agent of that user runs.
fn mark(password: Option<&Secret>) -> u64 {
    let mut hasher = DefaultHasher::new();
    password.map(Secret::expose).hash(&mut hasher);
    hasher.finish()
}

type Slot<T> = Rc<Mutex<Option<T>>>;

/// All connections of a run.
pub(crate) struct Connections {
    ssh: Arc<dyn Connector>,
    local: Arc<dyn Connector>,
    agents: Agents,
    folders: Rc<Folders>,
    connections: RefCell<HashMap<String, Slot<Arc<dyn Connection>>>>,
    sessions: RefCell<HashMap<String, Slot<Rc<AgentSession>>>>,
    users: RefCell<HashMap<String, String>>,
}

impl Connections {
    pub(crate) fn new(options: &Options, folders: Rc<Folders>) -> Self {
        Self {
            ssh: Arc::clone(&options.ssh),
            local: Arc::clone(&options.local),
            agents: options.agents.clone(),
            folders,
            connections: RefCell::default(),
            sessions: RefCell::default(),
            users: RefCell::default(),
        }
    }

    fn slot<T>(table: &RefCell<HashMap<String, Slot<T>>>, key: String) -> Slot<T> {
        Rc::clone(table.borrow_mut().entry(key).or_default())
    }

    /// The connection of a route, made if it is not there or is lost.
    pub(crate) async fn connection(&self, route: &Route) -> Result<Arc<dyn Connection>, TaskFailure> {
        let slot = Self::slot(&self.connections, route.connection_key());
        let mut held = slot.lock().await;
        if let Some(connection) = held.as_ref().filter(|c| c.is_alive()) {
            return Ok(Arc::clone(connection));
        }
        let connector = match route.kind.as_str() {
            "local" => &self.local,
            "ssh" | "smart" | "paramiko" | "paramiko_ssh" => &self.ssh,
            other => {
                let file = plugins::of_kind(&self.folders, "connection", other);
                let file = file.map_or_else(String::new, |f| {
                    format!(", and runs no Python (`{}`)", f.display())
                });
                return Err(TaskFailure::new(format!(
                    "the connection plugin '{other}' was not found: kdo has ssh and local{file}"
                )));
            }
        };
        let connection = connector.connect(&route.endpoint).await.map_err(failure)?;
        *held = Some(Arc::clone(&connection));
        Ok(connection)
    }

    /// The agent of a route, started if it is not there or is lost.
    pub(crate) async fn session(&self, route: &Route) -> Result<Rc<AgentSession>, TaskFailure> {
        let slot = Self::slot(&self.sessions, route.session_key());
        let mut held = slot.lock().await;
        if let Some(session) = held.as_ref().filter(|s| s.is_alive()) {
            return Ok(Rc::clone(session));
        }
        let connection = self.connection(route).await?;
        let started =
            AgentSession::start(&*connection, &self.agents, route.escalation.as_ref(), route.limit).await;
        let session = Rc::new(started.map_err(failure)?);
        if let Some(escalation) = &route.escalation {
            let user = escalation.user.clone();
            self.users.borrow_mut().insert(route.session_key(), user);
        }
        *held = Some(Rc::clone(&session));
        Ok(session)
    }

    /// Ends everything that goes over a host's connections, so that the next task makes new ones.
    pub(crate) async fn reset(&self, name: &str) {
        let of_host = |key: &String| key.split(' ').nth(1) == Some(name);
        let sessions: Vec<_> = {
            let mut table = self.sessions.borrow_mut();
            let keys: Vec<_> = table.keys().filter(|k| of_host(k)).cloned().collect();
            keys.iter().filter_map(|k| table.remove(k)).collect()
        };
        for slot in sessions {
            if let Some(session) = slot.lock().await.take() {
                session.close().await;
            }
        }
        let connections: Vec<_> = {
            let mut table = self.connections.borrow_mut();
            let keys: Vec<_> = table.keys().filter(|k| of_host(k)).cloned().collect();
            keys.iter().filter_map(|k| table.remove(k)).collect()
        };
        for slot in connections {
            if let Some(connection) = slot.lock().await.take() {
                connection.close().await;
            }
        }
    }

    /// Ends the agents that run as a user on a host: its processes would keep it from being removed.
    pub(crate) async fn leave(&self, name: &str, user: &str) {
        let keys: Vec<String> = {
            let users = self.users.borrow();
            let of = |(k, u): &(&String, &String)| k.split(' ').nth(1) == Some(name) && u.as_str() == user;
            users.iter().filter(of).map(|(k, _)| k.clone()).collect()
        };
        for key in keys {
            let slot = self.sessions.borrow_mut().remove(&key);
            let Some(slot) = slot else { continue };
            let Some(session) = slot.lock().await.take() else {
                continue;
            };
            session.close().await;
            for _ in 0..200 {
                if !session.is_alive() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }

    /// Says good-bye to all agents and ends all connections.
    pub(crate) async fn close(&self) {
        let sessions: Vec<_> = self.sessions.borrow_mut().drain().map(|(_, s)| s).collect();
        for slot in sessions {
            if let Some(session) = slot.lock().await.take() {
                session.close().await;
            }
        }
        let connections: Vec<_> = self.connections.borrow_mut().drain().map(|(_, c)| c).collect();
        for slot in connections {
            if let Some(connection) = slot.lock().await.take() {
                connection.close().await;
            }
        }
    }
}

fn failure(error: kdo_transport::TransportError) -> TaskFailure {
    match error.kind {
        TransportErrorKind::Become => TaskFailure::early(error.message),
        TransportErrorKind::Agent => TaskFailure::new(error.message),
        _ => TaskFailure::unreachable(format!(
            "Failed to connect to the host via ssh: {}",
            error.message
        )),
    }
}
