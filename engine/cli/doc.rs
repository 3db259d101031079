//! `kdo doc`

use crate::{
    doc_markdown, doc_text, screen,
    stop::{Result, Stop},
};
use clap::{Args, ValueEnum};
use kdo_modules::registry;
use kdo_playbook::KEYWORDS;
use kdo_run::About;
use kdo_template::Callable;
use std::path::{Path, PathBuf};

/// Arguments of `kdo doc`.
#[derive(Args)]
#[command(infer_long_args = true)]
pub(crate) struct DocArgs {
    /// Names of modules, filters, tests, lookups or keywords
    #[arg(value_name = "NAME", required_unless_present_any = ["list", "write"])]
    names: Vec<String>,
    /// Show all names with a line on each
    #[arg(short = 'l', long)]
    list: bool,
    /// Only this kind
    #[arg(short = 't', long = "type", value_enum)]
    kind: Option<Kind>,
    /// As JSON, in the shape of ansible-doc
    #[arg(short = 'j', long)]
    json: bool,
    /// Write the reference as Markdown into this folder
    #[arg(long, value_name = "FOLDER")]
    write: Option<PathBuf>,
    /// With --write: change nothing, fail if the folder is out of date
    #[arg(long, requires = "write")]
    check: bool,
}

/// What can be told about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// What tasks run
    Module,
    /// `value | filter`
    Filter,
    /// `value is test`
    Test,
    /// `lookup('name')`
    Lookup,
    /// Keys of plays, blocks, tasks
    Keyword,
}

/// Tells about one thing or lists all.
pub(crate) fn doc(args: DocArgs) -> Result<u8> {
    if let Some(folder) = &args.write {
        return write(folder, args.check);
    }
    if args.list {
        let items = listed(args.kind);
        let wide = items.iter().map(|(_, n, _)| n.len()).max().unwrap_or(0).min(44);
        if args.json {
            let map = kdo_value::Map::new();
            for (_, name, text) in &items {
                map.insert(name.as_str(), text.as_str());
            }
            screen::say(&doc_text::json(&map.into()));
        } else {
            for (kind, name, text) in items {
                screen::say(&format!("{name:wide$}  {:8} {text}", doc_text::word(kind)));
            }
        }
        return Ok(0);
    }
    let all = kdo_value::Map::new();
    for (number, name) in args.names.iter().enumerate() {
        let found = find(name, args.kind).ok_or_else(|| unknown(name, args.kind))?;
        if args.json {
            let (name, value) = doc_text::as_json(&found);
            all.insert(name, value);
        } else {
            if number > 0 {
                screen::say("");
            }
            screen::say(&doc_text::as_text(&found));
        }
    }
    if args.json {
        screen::say(&doc_text::json(&all.into()));
    }
    Ok(0)
}

/// Something that has documentation.
pub(crate) enum Topic {
    Module(About),
    Callable(Kind, &'static Callable),
    Keyword(&'static kdo_playbook::Keyword),
}

fn find(name: &str, kind: Option<Kind>) -> Option<Topic> {
    let wanted = |k: Kind| kind.is_none_or(|wanted| wanted == k);
    let module = || find_module(name).map(Topic::Module);
    let keyword = || KEYWORDS.iter().find(|k| k.name == name).map(Topic::Keyword);
    let callable = |k: Kind, found: Option<&'static Callable>| found.map(|c| Topic::Callable(k, c));
    None.or_else(|| wanted(Kind::Module).then(module).flatten())
        .or_else(|| wanted(Kind::Keyword).then(keyword).flatten())
        .or_else(|| {
            callable(
                Kind::Filter,
                wanted(Kind::Filter).then(|| kdo_template::filter(name)).flatten(),
            )
        })
        .or_else(|| {
            callable(
                Kind::Lookup,
                wanted(Kind::Lookup).then(|| kdo_template::lookup(name)).flatten(),
            )
        })
        .or_else(|| {
            callable(
                Kind::Test,
                wanted(Kind::Test).then(|| kdo_template::test(name)).flatten(),
            )
        })
}

/// All modules and actions for users, sorted; those of the namespace `kdo.` are parts of actions.
pub(crate) fn modules() -> Vec<About> {
    let modules = registry::MODULES.iter().map(|e| About {
        meta: e.meta,
        spec: e.spec,
    });
    let mut all: Vec<About> = modules
        .filter(|m| !m.meta.name.starts_with("kdo."))
        .chain(kdo_run::actions().copied())
        .collect();
    all.sort_by_key(|m| m.meta.name);
    all
}

/// The module or action of that name: full, or short as tasks may have it.
fn find_module(name: &str) -> Option<About> {
    let all = modules();
    let called = |wanted: &str| all.iter().find(|m| m.meta.name == wanted).copied();
    let action = || called(&format!("ansible.builtin.{name}"));
    called(name)
        .or_else(action)
        .or_else(|| called(registry::find(name)?.meta.name))
}

/// What is told about a module.
pub(crate) fn of_module(name: &str) -> Option<String> {
    find(name, Some(Kind::Module)).map(|t| doc_text::as_text(&t))
}

/// The names of a module's parameters.
pub(crate) fn parameters(module: &str) -> Vec<&'static str> {
    find_module(module)
        .map(|m| m.spec.params.iter().map(|p| p.name).collect())
        .unwrap_or_default()
}

fn unknown(name: &str, kind: Option<Kind>) -> Stop {
    let items = listed(kind);
    let mut names: Vec<&str> = items.iter().map(|(_, n, _)| n.as_str()).collect();
    names.extend(items.iter().filter_map(|(_, n, _)| n.rsplit('.').next()));
    let near = kdo_syntax::nearest(name, names);
    let near = near
        .map(|n| format!("\n  = help: did you mean `{n}`?"))
        .unwrap_or_default();
    Stop::new(format!("there is nothing called `{name}`{near}"))
}

/// The first sentence or line of a text.
pub(crate) fn summary(text: &str) -> &str {
    text.lines().next().unwrap_or_default().trim()
}

fn listed(kind: Option<Kind>) -> Vec<(Kind, String, String)> {
    let modules = modules().into_iter().map(|m| {
        (
            Kind::Module,
            m.meta.name.to_owned(),
            summary(m.spec.doc).to_owned(),
        )
    });
    let callables = [
        (Kind::Filter, kdo_template::filters::FAMILIES),
        (Kind::Test, kdo_template::tests::FAMILIES),
        (Kind::Lookup, kdo_template::lookups::FAMILIES),
    ];
    let callables = callables.into_iter().flat_map(|(kind, families)| {
        let mut all: Vec<&Callable> = families.iter().flat_map(|f| f.iter()).collect();
        all.sort_by_key(|c| c.name);
        all.into_iter()
            .map(move |c| (kind, c.name.to_owned(), summary(c.doc).to_owned()))
    });
    let keywords = KEYWORDS
        .iter()
        .map(|k| (Kind::Keyword, k.name.to_owned(), summary(k.doc).to_owned()));
    modules
        .chain(callables)
        .chain(keywords)
        .filter(|(k, _, _)| kind.is_none_or(|wanted| wanted == *k))
        .collect()
}

/// Writes, or with `check` compares, `FOLDER/modules/NAME.md` and the lists.
fn write(folder: &Path, check: bool) -> Result<u8> {
    let pages = doc_markdown::pages();
    let modules = folder.join("modules");
    let mut stale = Vec::new();
    if let Ok(entries) = std::fs::read_dir(&modules) {
        for entry in entries.flatten() {
            let path = entry.path();
            let expected = pages.iter().any(|(name, _)| folder.join(name) == path);
            if !expected && path.extension().is_some_and(|e| e == "md") {
                if !check {
                    std::fs::remove_file(&path)?;
                }
                stale.push(path);
            }
        }
    }
    for (name, text) in &pages {
        let path = folder.join(name);
        if std::fs::read_to_string(&path).is_ok_and(|old| old == *text) {
            continue;
        }
        if !check {
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            std::fs::write(&path, text)?;
        }
        stale.push(path);
    }
    if check && !stale.is_empty() {
        let names: Vec<String> = stale.iter().map(|p| p.display().to_string()).collect();
        return Err(Stop::new(format!(
            "out of date: {}\n  = help: run `kdo doc --write {}`",
            names.join(", "),
            folder.display()
        )));
    }
    Ok(0)
}
