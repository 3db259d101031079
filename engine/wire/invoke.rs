//! The order to run a module.

use kdo_value::{Map, Value, codec};

/// One module run.
#[derive(Clone, Debug)]
pub struct Invoke {
    /// Names the step in the run, for ledger and journal: the same key is started at most once in an epoch.
    pub key: String,
    /// Fencing number of the run.
    pub epoch: i64,
    /// The module's full name.
    pub module: String,
    /// Its arguments.
    pub args: Map,
    /// Look, but change nothing.
    pub check: bool,
    /// Record what changes in texts.
    pub diff: bool,
    /// `-v` count.
    pub verbosity: i64,
    /// Variables for the programs it starts.
    pub environment: Map,
    /// Stop it after this many seconds; 0 = no limit.
    pub timeout: i64,
    /// Run detached from the controller under this job id, for at most `timeout` seconds.
    pub job: Option<String>,
}

impl Invoke {
    /// As payload.
    pub fn encode(&self) -> Vec<u8> {
        let map = Map::new();
        map.insert("key", self.key.as_str());
        map.insert("epoch", self.epoch);
        map.insert("module", self.module.as_str());
        map.insert("args", self.args.clone());
        map.insert("check", self.check);
        map.insert("diff", self.diff);
        map.insert("verbosity", self.verbosity);
        map.insert("environment", self.environment.clone());
        map.insert("timeout", self.timeout);
        map.insert("job", self.job.clone());
        let mut out = Vec::new();
        codec::encode(&map.into(), &mut out);
        out
    }

    /// From payload.
    pub fn decode(payload: &[u8]) -> Option<Self> {
        let (value, _) = codec::decode(payload)?;
        let text = |key: &str| Some(value.get(key)?.as_str()?.to_owned());
        let map = |key: &str| Some(value.get(key)?.as_map()?.clone());
        Some(Self {
            key: text("key")?,
            epoch: value.get("epoch")?.as_int()?,
            module: text("module")?,
            args: map("args")?,
            check: value.get("check")?.as_bool()?,
            diff: value.get("diff")?.as_bool()?,
            verbosity: value.get("verbosity")?.as_int()?,
            environment: map("environment")?,
            timeout: value.get("timeout")?.as_int()?,
            job: match value.get("job")? {
                Value::None => None,
                v => Some(v.as_str()?.to_owned()),
            },
        })
    }
}
