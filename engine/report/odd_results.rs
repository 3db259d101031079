//! Every callback with results that no module gives.

use crate::{
    Chosen, Options,
    callbacks::CALLBACKS,
    golden::{console, events},
};
use kdo_event::{Event, HostResult, Status};
use kdo_value::{Map, Value, json::read};
use std::rc::Rc;

#[test]
fn every_view_takes_odd_results() {
    let task = events("none")
        .into_iter()
        .find_map(|e| match e {
            Event::TaskStart { task } => Some(task),
            _ => None,
        })
        .unwrap();
    let odd = [
        "{}",
        r#"{"msg": null, "rc": [], "stdout": 1, "stdout_lines": {}, "diff": 3, "warnings": 7, "deprecations": [1, {}]}"#,
        r#"{"results": "x", "ansible_loop_var": [], "diff": [{"before": {}, "after": []}], "_ansible_x": 1, "finished": 1}"#,
        r#"{"diff": {"before": null, "after": null, "prepared": []}, "ansible_job_id": {}, "finished": true}"#,
    ];
    let folder = tempfile::tempdir().unwrap();
    let mut chosen = Chosen::default();
    let dir = folder.path().display().to_string();
    chosen.0.insert(("junit".into(), "output_dir".into()), dir);
    let chosen = Rc::new(chosen);
    for callback in CALLBACKS {
        for (color, verbosity) in [(false, 0), (true, 3)] {
            let (console, _, _) = console(color);
            let options = Options {
                color,
                verbosity,
                text_results: true,
                folder: Some(folder.path().to_owned()),
                chosen: Rc::clone(&chosen),
                ..Options::default()
            };
            let mut sink = callback.make(&console, &options);
            for status in [
                Status::Ok,
                Status::Changed,
                Status::Failed,
                Status::Skipped,
                Status::Unreachable,
            ] {
                for json in odd {
                    let map: Map = read(json).unwrap().as_map().unwrap().clone();
                    map.insert("bytes", Value::Bytes(vec![0xff, 0].into()));
                    map.insert("omit", Value::Omit);
                    map.insert(Value::Int(1), Value::missing(None, "gone"));
                    let mut of = HostResult {
                        host: "h".into(),
                        delegated: Some("x".into()),
                        task: task.clone(),
                        status,
                        ignored: true,
                        result: map,
                        item: Some(Value::Tuple(vec![Value::None].into())),
                        looped: false,
                        elapsed: f64::NAN,
                        error: Some(String::new()),
                    };
                    sink.event(&Event::ItemResult(of.clone()));
                    of.looped = true;
                    sink.event(&Event::HostResult(of.clone()));
                    of.looped = false;
                    sink.event(&Event::HostResult(of));
                }
            }
            sink.event(&Event::Recap {
                stats: vec![],
                custom: Map::new(),
            });
            sink.event(&Event::RunEnd { code: 0 });
            sink.tick();
        }
    }
}
