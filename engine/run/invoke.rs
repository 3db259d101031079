//! Running a module on the agent.

use crate::{connect::Route, engine::Engine, failure::TaskFailure, step::Step};
use kdo_event::Event;
use kdo_value::{Map, Value, codec};
use kdo_wire::{Invoke, Kind};
use std::{
    fs::File,
    io::{Read, Write},
    path::{Path, PathBuf},
    rc::Rc,
};

/// Bytes of one piece of a file.
const PIECE: usize = 64 << 10;

/// What a module run needs beside its arguments.
#[derive(Default)]
pub(crate) struct Order {
    /// Files that the module may ask for, by the name it uses.
    pub(crate) files: Vec<(String, PathBuf)>,
    /// Contents that the module may ask for, by the name it uses.
    pub(crate) contents: Vec<(String, Vec<u8>)>,
    /// Files below this folder that the module may ask for by relative path.
    pub(crate) tree: Option<PathBuf>,
    /// Where to write what the module sends.
    pub(crate) receive: Option<PathBuf>,
    /// Detached job id and time limit in seconds.
    pub(crate) job: Option<(String, i64)>,
    /// Overrides the task's check mode.
    pub(crate) check: Option<bool>,
}

impl Engine {
    /// Runs a module where the step runs and gives its result.
    pub(crate) async fn invoke(
        &self,
        step: &Step,
        module: &str,
        args: &Map,
        order: Order,
    ) -> Result<Map, TaskFailure> {
        let route = step
            .route
            .as_ref()
            .ok_or_else(|| TaskFailure::new("the task has no connection"))?;
        self.invoke_over(step, route, module, args, order).await
    }

    /// Runs a module over a given route.
    pub(crate) async fn invoke_over(
        &self,
        step: &Step,
        route: &Route,
        module: &str,
        args: &Map,
        order: Order,
    ) -> Result<Map, TaskFailure> {
        let session = self.connections.session(route).await?;
        if self.options.told_verbosity >= 3 {
            self.tell(&Event::Verbose {
                level: 3,
                host: Some(step.target().to_owned()),
                text: format!("EXEC {module} (by the agent)"),
            });
        }
        let invoke = Invoke {
            key: format!("{}/{}/{}", self.options.run_id, step.info.id, step.host),
            epoch: 1,
            module: module.to_owned(),
            args: args.clone(),
            check: order.check.unwrap_or(step.info.check),
            diff: step.info.diff,
            verbosity: self.options.info.verbosity,
            environment: step.environment.clone(),
            timeout: order.job.as_ref().map_or(0, |(_, limit)| *limit),
            job: order.job.as_ref().map(|(id, _)| id.clone()),
        };
        let lost = |e: kdo_transport::TransportError| TaskFailure::unreachable(e.message);
        let mut channel = session.invoke(invoke.encode()).await.map_err(lost)?;
        let mut received = None;
        loop {
            let frame = channel.next().await.map_err(lost)?;
            match frame.kind {
                Kind::Result => {
                    let (value, _) = codec::decode(&frame.payload)
                        .ok_or_else(|| TaskFailure::new("the agent's result is damaged"))?;
                    let Value::Map(map) = value else {
                        return Err(TaskFailure::new("the agent's result is no dictionary"));
                    };
                    // What a program of the user's said comes in one piece.
                    if let Some(Value::Map(said)) = map.remove("_kdo_result") {
                        said.entries().into_iter().for_each(|(k, v)| {
                            map.insert(k, v);
                        });
                    }
                    let map = crate::hide::secrets(map, module, args);
                    crate::invocation::add(&map, module, args);
                    return Ok(map);
                }
                Kind::Output if !step.info.no_log => {
                    let (stream, bytes) = frame.payload.split_first().unwrap_or((&0, &[]));
                    self.tell(&Event::Output {
                        host: step.host.clone(),
                        task: Rc::clone(&step.info),
                        error: *stream == 1,
                        bytes: bytes.to_vec(),
                    });
                }
                Kind::Chunk => {
                    if received.is_none()
                        && let Some(path) = &order.receive
                    {
                        received = Some(receiver(path)?);
                    }
                    if let Some(file) = &mut received {
                        file.write_all(&frame.payload)
                            .map_err(|e| TaskFailure::new(format!("cannot write what was fetched: {e}")))?;
                    }
                }
                Kind::Need => {
                    let name = String::from_utf8_lossy(&frame.payload).into_owned();
                    let error = match offered(&order, &name) {
                        Some(Ok(content)) => send(&mut channel, &name, content).await.map_err(lost)?,
                        Some(Err(message)) => Some(message),
                        None => Some(format!("the controller has no file {name}")),
                    };
                    channel
                        .send(Kind::BlobEnd, error.unwrap_or_default().into_bytes())
                        .await
                        .map_err(lost)?;
                }
                _ => {}
            }
        }
    }
}

/// The file that what a host sends is written to, with the folders that it is in.
pub(crate) fn receiver(path: &Path) -> Result<File, TaskFailure> {
    let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    made.and_then(|()| File::create(path))
        .map_err(|e| TaskFailure::new(format!("cannot write {}: {e}", path.display())))
}

/// What is behind a name: an offered content or file, or one below the offered folder and nowhere else.
fn offered<'a>(order: &'a Order, name: &str) -> Option<Result<Box<dyn Read + 'a>, String>> {
    let open = |path: &Path| -> Result<Box<dyn Read + 'a>, String> {
        match File::open(path) {
            Ok(file) => Ok(Box::new(file)),
            Err(e) => Err(format!("cannot read {}: {e}", path.display())),
        }
    };
    if let Some((_, content)) = order.contents.iter().find(|(n, _)| n == name) {
        return Some(Ok(Box::new(content.as_slice())));
    }
    if let Some((_, path)) = order.files.iter().find(|(n, _)| n == name) {
        return Some(open(path));
    }
    let relative = Path::new(name);
    let inside = relative
        .components()
        .all(|c| matches!(c, std::path::Component::Normal(_)));
    let tree = order.tree.as_ref().filter(|_| inside);
    tree.map(|t| open(&t.join(relative)))
}

/// Sends content in pieces; gives a message if it cannot be read.
async fn send(
    channel: &mut kdo_transport::StepChannel,
    name: &str,
    mut content: Box<dyn Read + '_>,
) -> Result<Option<String>, kdo_transport::TransportError> {
    let mut buffer = vec![0; PIECE];
    loop {
        match content.read(&mut buffer) {
            Ok(0) => return Ok(None),
            Ok(n) => {
                channel
                    .send(Kind::Blob, buffer.get(..n).unwrap_or_default().to_vec())
                    .await?;
            }
            Err(e) => return Ok(Some(format!("cannot read {name}: {e}"))),
        }
    }
}
