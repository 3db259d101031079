//! The greeting.

use kdo_value::{Map, Value, codec};

/// Version of the protocol; both sides must have the same.
pub const VERSION: i64 = 1;

/// What the agent writes before its first frame, so that the controller can skip what a login shell prints.
pub const MAGIC: &[u8] = b"\x00kdo-agent\x00";

/// What each side says first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Greeting {
    /// Protocol version.
    pub version: i64,
    /// Controller: the run's id. Agent: the boot id of the host.
    pub id: String,
    /// Fencing number: an agent refuses frames of a run whose epoch is lower than one it has seen.
    pub epoch: i64,
    /// Agent: its user id. Controller: 0.
    pub uid: i64,
    /// Agent: its process id.
    pub pid: i64,
}

impl Greeting {
    /// As payload.
    pub fn encode(&self) -> Vec<u8> {
        let map = Map::new();
        map.insert("version", self.version);
        map.insert("id", self.id.as_str());
        map.insert("epoch", self.epoch);
        map.insert("uid", self.uid);
        map.insert("pid", self.pid);
        let mut out = Vec::new();
        codec::encode(&map.into(), &mut out);
        out
    }

    /// From payload.
    pub fn decode(payload: &[u8]) -> Option<Self> {
        let (value, _) = codec::decode(payload)?;
        let int = |key: &str| value.get(key).as_ref().and_then(Value::as_int);
        Some(Self {
            version: int("version")?,
            id: value.get("id")?.as_str()?.to_owned(),
            epoch: int("epoch")?,
            uid: int("uid")?,
            pid: int("pid")?,
        })
    }
}
