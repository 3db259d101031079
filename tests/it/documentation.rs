use crate::program::{Bench, root};

#[test]
fn every_topic_that_is_listed_can_be_shown() {
    let bench = Bench::new();
    let list = bench.run(&["doc", "-l"]);
    assert_eq!(list.code, 0, "{list:?}");
    let mut by_kind: std::collections::BTreeMap<&str, Vec<&str>> = std::collections::BTreeMap::new();
    for line in list.out.lines() {
        let mut words = line.split_whitespace();
        if let (Some(name), Some(kind)) = (words.next(), words.next()) {
            by_kind.entry(kind).or_default().push(name);
        }
    }
    assert_eq!(
        by_kind.keys().copied().collect::<Vec<_>>(),
        ["filter", "keyword", "lookup", "module", "test"]
    );
    for (kind, names) in by_kind {
        for format in ["--type", "--json"] {
            let mut args = vec!["doc", "--type", kind];
            if format == "--json" {
                args.push("--json");
            }
            args.extend(&names);
            let said = bench.run(&args);
            assert_eq!(said.code, 0, "{said:?}");
            for name in &names {
                assert!(said.out.contains(name), "{name}");
            }
        }
    }
}

#[test]
fn the_written_reference_is_the_programs_own() {
    let bench = Bench::new();
    let docs = root().join("docs");
    let said = bench.run(&["doc", "--write", docs.to_str().unwrap(), "--check"]);
    assert_eq!(said.code, 0, "{}", said.err);
}

#[test]
fn a_stale_reference_is_found_and_mended() {
    let bench = Bench::new();
    assert_eq!(bench.run(&["doc", "--write", "d"]).code, 0);
    bench.file("d/modules/gone.module.md", "old");
    bench.file("d/keywords.md", "old");
    let said = bench.run(&["doc", "--write", "d", "--check"]);
    assert_eq!(said.code, 1);
    assert!(
        said.err.contains("gone.module.md") && said.err.contains("keywords.md"),
        "{said:?}"
    );
    assert_eq!(bench.run(&["doc", "--write", "d"]).code, 0);
    assert_eq!(bench.run(&["doc", "--write", "d", "--check"]).code, 0);
}
