//! Requirements in all the forms that users write.

use crate::bench::Project;
use kdo_galaxy::{Kind, Location, Requirements};
use kdo_syntax::{SourceMap, render};

/// `kind name version location` of each requirement.
fn read(text: &str) -> Vec<String> {
    let project = Project::new();
    project.write("more.yml", "- src: inner.role\n");
    let file = project.write("requirements.yml", text);
    let read = Requirements::read(&file, &SourceMap::new()).unwrap_or_else(|f| panic!("{f}: {text}"));
    let line = |r: &kdo_galaxy::Requirement| {
        let version = if r.version.is_empty() { "-" } else { &r.version };
        let location = match &r.location {
            Location::Registry(None) => "registry".to_owned(),
            other => other.to_string(),
        };
        format!(
            "{} {} {version} {location}",
            r.kind.word(),
            r.name.as_deref().unwrap_or("-")
        )
    };
    read.list.iter().map(line).collect()
}

#[test]
fn roles_in_all_forms() {
    for (text, wanted) in [
        ("- geerlingguy.docker", "geerlingguy.docker - registry"),
        ("- geerlingguy.docker,1.2.3", "geerlingguy.docker 1.2.3 registry"),
        ("- a.b,1.0,c", "c 1.0 a.b of the configured servers"),
        ("- src: a.b\n  version: 1.5", "a.b 1.5 registry"),
        ("- name: a.b", "a.b - registry"),
        ("- role: a.b", "a.b - registry"),
        (
            "- src: a.b\n  name: other",
            "other - a.b of the configured servers",
        ),
        (
            "- src: https://github.com/u/ansible-x",
            "ansible-x - git+https://github.com/u/ansible-x",
        ),
        (
            "- src: git+https://h.test/u/x.git\n  version: main",
            "x main git+https://h.test/u/x.git",
        ),
        (
            "- git+https://h.test/u/x.git,v1,y",
            "y v1 git+https://h.test/u/x.git",
        ),
        (
            "- src: git@h.test:u/x.git\n  scm: git",
            "x - git+git@h.test:u/x.git",
        ),
        (
            "- src: https://h.test/a/x-1.0.tar.gz",
            "x-1.0 - https://h.test/a/x-1.0.tar.gz",
        ),
        (
            "- src: https://h.test/x.tar.gz\n  name: y",
            "y - https://h.test/x.tar.gz",
        ),
        (
            "- src: oci://h.test/roles\n  name: a.b",
            "a.b - oci://h.test/roles",
        ),
        ("- include: more.yml", "inner.role - registry"),
        ("roles:\n  - a.b", "a.b - registry"),
    ] {
        assert_eq!(read(text), [format!("role {wanted}")], "{text}");
    }
}

#[test]
fn collections_in_all_forms() {
    for (entry, wanted) in [
        ("a.b", "a.b - registry"),
        ("{name: a.b, version: '>=1.0,<2'}", "a.b >=1.0,<2 registry"),
        (
            "{name: a.b, version: 1.5.0, source: 'https://h.test/api/'}",
            "a.b 1.5.0 https://h.test/api/",
        ),
        ("{name: a.b, source: my_server}", "a.b - my_server"),
        (
            "{name: 'https://h.test/a-b-1.0.0.tar.gz', type: url}",
            "- - https://h.test/a-b-1.0.0.tar.gz",
        ),
        (
            "https://h.test/a-b-1.0.0.tar.gz",
            "- - https://h.test/a-b-1.0.0.tar.gz",
        ),
        (
            "{name: 'https://h.test/c.git', type: git, version: devel}",
            "- devel git+https://h.test/c.git",
        ),
        (
            "{name: 'git+https://h.test/c.git#/sub/dir/,v1'}",
            "- v1 git+https://h.test/c.git#sub/dir",
        ),
        (
            "{source: 'git@h.test:c.git', type: git}",
            "- - git+git@h.test:c.git",
        ),
        (
            "{name: a.b, source: 'git@h.test:c.git', type: git}",
            "a.b - git+git@h.test:c.git",
        ),
        ("{name: ./x.tar.gz, type: file}", "- - ./x.tar.gz"),
        ("{source: ./x, type: dir}", "- - ./x"),
        ("{source: ./x, type: subdirs}", "- - folders of ./x"),
    ] {
        let text = format!("collections:\n  - {entry}\n");
        assert_eq!(read(&text), [format!("collection {wanted}")], "{text}");
    }
}

#[test]
fn words_of_the_command_line() {
    let of = |word: &str| {
        let r = Requirements::of_word(Kind::Collection, word).unwrap();
        format!("{} {}", r.name.unwrap_or_default(), r.version)
    };
    assert_eq!(of("a.b:1.2.3"), "a.b 1.2.3");
    assert_eq!(of("a.b:>=1,<2"), "a.b >=1,<2");
    assert_eq!(of("a.b>=1"), "a.b >=1");
    assert_eq!(of("a.b==1.0.0"), "a.b ==1.0.0");
    assert!(Requirements::of_word(Kind::Collection, "nonsense").is_err());
}

#[test]
fn slips_are_told_with_their_place() {
    for (text, place, said) in [
        (
            "roles: []\nrole: []\n",
            "requirements.yml:2:1",
            "Expecting only 'roles' and/or 'collections'",
        ),
        (
            "- version: 1.0\n",
            "requirements.yml:1:3",
            "a role needs `name` or `src`",
        ),
        (
            "- a,b,c,d\n",
            "requirements.yml:1:3",
            "it is written SRC[,VERSION[,NAME]]",
        ),
        (
            "collections:\n  - name: a.b\n    type: svn\n",
            "requirements.yml:2:5",
            "\"svn\" is no type",
        ),
        (
            "collections:\n  - a.b.c\n",
            "requirements.yml:2:5",
            "neither NAMESPACE.NAME",
        ),
        ("collections: a.b\n", "requirements.yml:1:14", "must be a list"),
        (
            "- src: x\n  scm: svn\n",
            "requirements.yml:1:3",
            "scm: svn is not supported",
        ),
        ("- include: none.yml\n", "requirements.yml:1:12", "does not exist"),
    ] {
        let project = Project::new();
        let file = project.write("requirements.yml", text);
        let sources = SourceMap::new();
        let failure = Requirements::read(&file, &sources).expect_err(text);
        let shown = render(&failure.diagnostic, &sources, false);
        assert!(shown.contains(said) && shown.contains(place), "{shown}");
    }
    let project = Project::new();
    let file = project.write("requirements.yml", "- src: a.b\n  versoin: 1\n");
    let warnings = Requirements::read(&file, &SourceMap::new()).unwrap().warnings;
    assert_eq!(warnings[0].label.as_deref(), Some("did you mean `version`?"));
}

#[test]
fn all_that_is_wrong_is_told_at_once_with_its_place_and_a_likely_fix() {
    let project = Project::new();
    project.write(
        "inner.yml",
        "- version: 1\n- include: more.yml\n- src: good.one\n",
    );
    project.write("mapping.yml", "roles: [a.b]\n");
    let text = "\
roles:
  - src: a.b
  - version: v1
  - 5
  - {src: x, scm: svn}
  - src: 'git+https://h.test/x.git'
    name: ../up
  - include: inner.yml
  - include: mapping.yml
  - include: none.yml
  - {src: a.b, version: 'a b'}
colections: []
collections:
  - good.one
  - [a]
  - {name: a.b, version: '~>1'}
  - {name: a.b, type: gti, source: 'https://h.test/x.git'}
  - {name: a.b, signatures: {a: b}}
  - name: only-one-part
  - version: 1.0.0
";
    let file = project.write("requirements.yml", text);
    let sources = SourceMap::new();
    let failure = Requirements::read(&file, &sources).unwrap_err();
    let all = std::iter::once(&*failure.diagnostic).chain(&failure.more);
    let shown: Vec<String> = all.map(|d| render(d, &sources, false)).collect();
    for (place, said, fix) in [
        (
            "requirements.yml:12:1",
            "Found: colections",
            "did you mean `collections`?",
        ),
        ("requirements.yml:3:5", "a role needs `name` or `src`", ""),
        ("", "entry 3 of roles: a role is a text or a mapping", "write SRC"),
        ("requirements.yml:5:6", "scm: svn is not supported", "git is"),
        (
            "requirements.yml:7:11",
            "no name of a role",
            "give another one by `name:`",
        ),
        ("inner.yml:1:3", "a role needs `name` or `src`", ""),
        ("inner.yml:2:12", "includes no further one", "name it in the file"),
        (
            "mapping.yml:1:1",
            "an included file is a list of roles",
            "leave `roles:` out",
        ),
        ("requirements.yml:10:14", "does not exist", ""),
        (
            "requirements.yml:11:25",
            "no requirement of a version",
            "write 1.2.3",
        ),
        (
            "",
            "entry 2 of collections: a collection is a text or a mapping",
            "NAMESPACE.NAME",
        ),
        (
            "requirements.yml:16:26",
            "\"~>1\" is no requirement",
            ">=1.2.0,<2.0.0",
        ),
        ("requirements.yml:17:6", "\"gti\" is no type", "did you mean git?"),
        (
            "requirements.yml:18:6",
            "a signature is the path or URL",
            "a list of them",
        ),
        (
            "requirements.yml:19:5",
            "neither NAMESPACE.NAME",
            "<namespace>.<collection>",
        ),
        (
            "requirements.yml:20:5",
            "Neither the collection requirement entry key",
            "",
        ),
    ] {
        let here = shown.iter().find(|s| s.contains(said) && s.contains(place));
        let here = here.unwrap_or_else(|| panic!("{place} {said}: {}", shown.join("\n")));
        assert!(here.contains(fix), "{fix}: {here}");
    }
    assert_eq!(shown.len(), 16, "{}", shown.join("\n"));
}

#[test]
fn a_version_that_yaml_takes_for_another_number_is_told() {
    let project = Project::new();
    let text = "- {src: a.b, version: 1.10}\n- src: c.d\n  version: 1.5\n- src: e.f\n  version: '1.10'\n";
    let file = project.write("requirements.yml", text);
    let read = Requirements::read(&file, &SourceMap::new()).unwrap();
    let told: Vec<&str> = read.warnings.iter().map(|w| w.message.as_str()).collect();
    assert_eq!(told, ["the version 1.10 is the number 1.1 here"]);
    assert_eq!(
        read.warnings[0].label.as_deref(),
        Some("write it in quotes: '1.10'")
    );
}
