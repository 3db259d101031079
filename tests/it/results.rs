//! `kdo results` over the tree of `tests/results`. `UPDATE_RESULTS=1` writes the expected outputs anew.

use crate::program::{Bench, Said, root};
use std::{fs, path::Path};

/// A folder with the tree, as `results`.
fn bench() -> Bench {
    let bench = Bench::new();
    copy(&root().join("tests/results/tree"), &bench.path().join("results"));
    bench
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[track_caller]
fn same(name: &str, text: &str) {
    let path = root().join("tests/results").join(name);
    if std::env::var_os("UPDATE_RESULTS").is_some() {
        fs::write(&path, text).unwrap();
    }
    let want = fs::read_to_string(&path).unwrap();
    assert!(want == text, "{name} differs:\n{text}");
}

#[track_caller]
fn fits(said: &Said) {
    for line in said.out.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn results_have_a_table_files_and_an_exit_status() {
    let bench = bench();
    let said = bench.run(&["results", "--html", "page.html", "--junit", "junit.xml"]);
    assert_eq!(said.code, 1, "{said:?}");
    same("terminal.txt", &said.out);
    same("warnings.txt", &said.err);
    fits(&said);
    let read = |name: &str| fs::read_to_string(bench.path().join(name)).unwrap();
    same("page.html", &read("page.html"));
    same("junit.xml", &read("junit.xml"));
    let json = bench.run(&["results", "--json"]);
    assert_eq!(json.code, 1);
    same("results.json", &json.out);
    kdo_value::json::read(&json.out).unwrap();
}

#[test]
fn results_are_filtered() {
    let bench = bench();
    let said = bench.run(&["results", "--host", "al*", "--failed", "--last", "2"]);
    same("failed.txt", &said.out);
    fits(&said);
    let said = bench.run(&["results", "results", "--kernel", "6.12.*", "--suite", "fstests"]);
    assert_eq!(said.code, 0, "{said:?}");
    same("kernel.txt", &said.out);
}

#[test]
fn a_baseline_is_brought_up_to_date() {
    let bench = bench();
    assert_eq!(bench.run(&["results", "--write-baseline"]).code, 0);
    let path = bench.path().join("results/baseline.tsv");
    let text = fs::read_to_string(&path).unwrap();
    same("baseline.tsv", &text);
    // Now nothing got worse, and writing again changes nothing.
    let again = bench.run(&["results", "--write-baseline"]);
    assert!(again.out.contains("\nnothing got worse: "), "{again:?}");
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    assert_eq!(bench.run(&["results"]).code, 0);
    // A new one.
    let made = bench.run(&["results", "--baseline", "new.tsv", "--write-baseline"]);
    assert_eq!(made.code, 0, "{made:?}");
    assert_eq!(bench.run(&["results", "--baseline", "new.tsv"]).code, 0);
}

#[test]
fn what_is_no_run_is_passed_over() {
    let bench = Bench::new();
    bench.file("results/.git/refs/heads/run.txt", "kernel\t1\n");
    bench.file("results/h/s/tmp/readme", "");
    bench.file("results/h/s/1/run.txt", "kernel\t6.1\nstarted\t2026\n");
    bench.file("results/h/s/1/results.tsv", "\ta\tpass\n");
    let said = bench.run(&["results"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(
        said.err,
        "[WARNING]: results/h/s/tmp: no run: neither run.txt nor results\n\
         [WARNING]: results/h/s/1: the run has no end, it was interrupted or goes on\n"
    );
    assert!(!said.out.contains(".git"), "{said:?}");
}

#[test]
fn wrong_use_of_results_is_told() {
    let bench = bench();
    for (args, word) in [
        (vec!["results", "nowhere"], "no folder nowhere"),
        (vec!["results", "--host", "zeta"], "no such runs in results"),
        (
            vec!["results", "--baseline", "none.tsv"],
            "none.tsv: No such file",
        ),
        (
            vec!["results", "--html", "no/such/page.html"],
            "no/such/page.html",
        ),
        (vec!["results", "--last", "many"], "--last"),
    ] {
        let said = bench.run(&args);
        assert_eq!(said.code, 2, "{args:?} {said:?}");
        assert!(said.err.contains(word), "{said:?}");
    }
}

#[test]
fn hostile_results_stay_texts() {
    let bench = Bench::new();
    let evil = "</pre></details><script>alert(1)</script><img src=x onerror=alert(2)>\"'&\u{202e}\u{1b}[31m";
    let run = "results/h\"<script>/s'<b>/1<i>";
    bench.file(
        &format!("{run}/run.txt"),
        &format!("kernel\t{evil}\nkey{evil}\t{evil}\n"),
    );
    let line = |section: &str, test: &str| format!("{section}\t{test}\tfail\t1\t{evil}\n");
    let tests = line(evil, evil) + &line("", "../../../x") + &line("", "t") + &format!("{evil}\n");
    bench.file(&format!("{run}/results.tsv"), &tests);
    bench.file(&format!("{run}/logs/t.{}", evil.replace('/', "")), evil);
    bench.file(&format!("{run}/x.log"), "outside");
    bench.file(
        "results/baseline.tsv",
        &format!("s'<b>\t{evil}\t{evil}\tpass\nx\t{evil}\t{evil}\tpass\n"),
    );
    let said = bench.run(&["results", "--html", "p.html", "--junit", "j.xml"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(
        !said.out.contains(['\u{1b}', '\u{202e}']) && !said.err.contains(['\u{1b}', '\u{202e}']),
        "{said:?}"
    );
    let page = fs::read_to_string(bench.path().join("p.html")).unwrap();
    let own = fs::read_to_string(root().join("engine/results/show/page.js")).unwrap();
    let page = page.replace(&own, "");
    assert_eq!(page.matches("<script").count(), 1, "{page}");
    for bad in ["<img", "<b>h", "s'<b>", "<i>", "\u{202e}", "\u{1b}", "outside"] {
        assert!(!page.contains(bad), "{bad}");
    }
    let tags = ["pre", "details", "table", "div", "summary", "dl", "tr"];
    for tag in tags {
        let (open, close) = (format!("<{tag}"), format!("</{tag}>"));
        let ends = |at: usize| page[at + open.len()..].starts_with([' ', '>']);
        let opened = page.match_indices(&open).filter(|(at, _)| ends(*at)).count();
        assert_eq!(opened, page.matches(&close).count(), "{tag}");
    }
    let junit = fs::read_to_string(bench.path().join("j.xml")).unwrap();
    assert!(!junit.contains("<script") && !junit.contains("<img"), "{junit}");
    let json = bench.run(&["results", "--json"]).out;
    kdo_value::json::read(&json).unwrap();
}
