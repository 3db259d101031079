//! No secret gets through, whatever it hides in.

use crate::{
    Console, Default, Journal, Options, Redact, Secrets, Tee,
    golden::{console, events},
};
use kdo_event::{Event, HostResult, Sink, Status, TaskInfo};
use kdo_value::{Map, Text, Value};
use std::rc::Rc;

fn task(no_log: bool) -> Rc<TaskInfo> {
    let some = events("none").into_iter().find_map(|e| match e {
        Event::TaskStart { task } => Some(task),
        _ => None,
    });
    let mut task = (*some.unwrap()).clone();
    task.no_log = no_log;
    task.diff = true;
    Rc::new(task)
}

fn result(task: Rc<TaskInfo>, result: Map, item: Option<Value>) -> HostResult {
    HostResult {
        host: "h".into(),
        delegated: None,
        task,
        status: Status::Changed,
        ignored: false,
        result,
        item,
        looped: false,
        elapsed: 0.0,
        error: None,
    }
}

/// What the default view and the journal say of events.
fn told(secrets: &Secrets, events: &[Event]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let (console, out, err): (Console, _, _) = console(false);
    let options = Options {
        verbosity: 3,
        ..Options::default()
    };
    let journal = Journal::new(Some(dir.path().to_owned()), |w| panic!("{w}"));
    let all = Tee(vec![Box::new(Default::new(console, options)), Box::new(journal)]);
    let mut sink = Redact::new(all, secrets.clone());
    sink.event(&Event::RunStart {
        run: "r".into(),
        argv: vec![],
        verbosity: 3,
    });
    events.iter().for_each(|e| sink.event(e));
    sink.event(&Event::RunEnd { code: 0 });
    out.text() + &err.text() + &std::fs::read_to_string(dir.path().join("r/journal.jsonl")).unwrap()
}

#[test]
fn secrets_are_masked_in_messages_nested_values_labels_and_diffs() {
    let secrets = Secrets::default();
    let map = Map::new();
    map.insert("password", Value::Str(Text::secret("s3cr3t-word")));
    map.insert("msg", "it is s3cr3t-word!");
    let nested: Map = [("deep", Value::list([Value::str("x s3cr3t-word")]))]
        .into_iter()
        .collect();
    map.insert("nested", nested);
    map.insert("s3cr3t-word", 1);
    let diff: Map = [("before", "a\n"), ("after", "pw=s3cr3t-word\n")]
        .into_iter()
        .collect();
    map.insert("diff", diff);
    let text = told(
        &secrets,
        &[
            Event::ItemResult(result(task(false), map.clone(), Some(Value::str("s3cr3t-word")))),
            Event::HostResult(result(task(false), map, None)),
            Event::Warning {
                text: "s3cr3t-word".into(),
            },
        ],
    );
    assert!(!text.contains("s3cr3t"), "{text}");
    assert!(
        text.contains("(item=********)") && text.contains("+pw=********"),
        "{text}"
    );
}

#[test]
fn lines_of_a_key_are_masked_on_their_own() {
    let secrets = Secrets::default();
    secrets.add("-----BEGIN KEY-----\nAAAABBBBCCCC\nDDDDEEEEFFFF\n-----END KEY-----\n");
    let map: Map = [("stdout_lines", Value::list([Value::str("  AAAABBBBCCCC")]))]
        .into_iter()
        .collect();
    let text = told(&secrets, &[Event::HostResult(result(task(false), map, None))]);
    assert!(!text.contains("AAAABBBB"), "{text}");
}

#[test]
fn nothing_of_a_no_log_task_is_told() {
    let task = task(true);
    let map: Map = [("stdout", "visible"), ("msg", "visible too")]
        .into_iter()
        .collect();
    let mut of = result(task.clone(), map, Some(Value::str("visible item")));
    let output = Event::Output {
        host: "h".into(),
        task,
        error: false,
        bytes: b"visible".to_vec(),
    };
    let mut all = vec![output, Event::ItemResult(of.clone())];
    (of.status, of.error) = (
        Status::Failed,
        Some("Task failed: Action failed: visible too\nOrigin: x.yml:1:1".into()),
    );
    all.push(Event::HostResult(of));
    let text = told(&Secrets::default(), &all);
    assert!(!text.contains("visible"), "{text}");
    assert!(
        text.contains("(item=(censored due to no_log))") && text.contains("Origin: x.yml"),
        "{text}"
    );
}

#[test]
fn of_a_no_log_loop_only_items_that_say_so_are_told() {
    let item = |name: &str, hidden: Option<bool>| {
        let map = Map::new();
        map.insert("item", name);
        if let Some(hidden) = hidden {
            map.insert("_ansible_no_log", hidden);
        }
        Value::Map(map)
    };
    let secrets = Secrets::default();
    let results = [
        item("visible", Some(true)),
        item("visible", None),
        item("shown", Some(false)),
        Value::str("visible"),
    ];
    let map: Map = [("results", Value::list(results))].into_iter().collect();
    map.insert("msg", "visible");
    let mut of = result(task(true), map, None);
    of.looped = true;
    let text = told(
        &secrets,
        &[Event::IncludeResult(of.clone()), Event::HostResult(of.clone())],
    );
    assert!(!text.contains("visible") && text.contains("shown"), "{text}");
    let shown = crate::clean::censored(&crate::clean::stripped(&of.result));
    let results = shown.get("results").unwrap();
    let results = results.as_sequence().unwrap();
    assert!(results[0].get("censored").is_some() && results[2].get("censored").is_none());
}
