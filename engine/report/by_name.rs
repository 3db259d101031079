//! Outputs by the names that configurations use.

use crate::{
    Console, Default, Json, Junit, Lucid, Minimal, Oneline, Options, ProfileTasks, ResultFormat, Timer, Tree,
};
use kdo_event::Sink;

/// The view of a `stdout_callback` name, with or without its collection; `None` if there is none of that name.
pub fn by_name(name: &str, console: &Console, options: &Options) -> Option<Box<dyn Sink>> {
    let (c, o) = (console.clone(), options.clone());
    let short = name.rsplit('.').next().unwrap_or(name);
    Some(match short {
        "default" | "diy" | "skippy" | "actionable" | "debug" | "full_skip" | "selective" | "unixy"
        | "null" | "counter_enabled" => {
            let mut o = o;
            match short {
                // Views that are the default one with settings.
                "skippy" | "full_skip" => o.display_skipped_hosts = false,
                "actionable" => (o.display_ok_hosts, o.display_skipped_hosts) = (false, false),
                "debug" => o.text_results = true,
                "null" => return Some(Box::new(crate::Tee::default())),
                _ => {}
            }
            Box::new(Default::new(c, o))
        }
        "yaml" => {
            let o = Options {
                result_format: ResultFormat::Yaml,
                ..o
            };
            Box::new(Default::new(c, o))
        }
        "minimal" => Box::new(Minimal::new(c, o)),
        "oneline" => Box::new(Oneline::new(c, o)),
        "json" => Box::new(Json::new(c, o)),
        "lucid" | "dense" => Box::new(Lucid::new(c, o)),
        _ => return None,
    })
}

/// An output of a `callbacks_enabled` name, to be used besides the view; `None` if there is none of that name.
pub fn additional_by_name(name: &str, console: &Console, options: &Options) -> Option<Box<dyn Sink>> {
    let (c, o) = (console.clone(), options.clone());
    Some(match name.rsplit('.').next().unwrap_or(name) {
        "timer" => Box::new(Timer::new(c)),
        "profile_tasks" | "profile_roles" => Box::new(ProfileTasks::new(c, o)),
        "junit" => Box::new(Junit::new(c, o)),
        "tree" => Box::new(Tree::new(c, o)),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{additional_by_name, by_name};
    use crate::{
        Options,
        golden::{console, events},
    };
    use kdo_event::{Event, HostResult, Status};
    use kdo_value::{Map, Value, json::read};

    const VIEWS: [&str; 9] = [
        "default",
        "minimal",
        "oneline",
        "ansible.posix.json",
        "community.general.yaml",
        "debug",
        "dense",
        "lucid",
        "null",
    ];

    #[test]
    fn views_are_found_by_short_and_full_name() {
        let (console, _, _) = console(false);
        for name in VIEWS {
            assert!(by_name(name, &console, &Options::default()).is_some(), "{name}");
        }
        for name in ["ansible.posix.profile_tasks", "timer", "junit", "tree"] {
            assert!(
                additional_by_name(name, &console, &Options::default()).is_some(),
                "{name}"
            );
        }
        assert!(by_name("nope", &console, &Options::default()).is_none());
    }

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
        for name in VIEWS
            .into_iter()
            .chain(["timer", "profile_tasks", "junit", "tree"])
        {
            for (color, verbosity) in [(false, 0), (true, 3)] {
                let (console, _, _) = console(color);
                let options = Options {
                    color,
                    verbosity,
                    text_results: true,
                    folder: Some(folder.path().to_owned()),
                    ..Options::default()
                };
                let found = by_name(name, &console, &options);
                let mut sink = found
                    .or_else(|| additional_by_name(name, &console, &options))
                    .unwrap();
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
}
