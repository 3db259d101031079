#!/usr/bin/env python3
"""Records what the real ansible-galaxy makes of collections, requirements and catalogues.

    record.py ANSIBLE_GALAXY [builds] [resolver] [forms] [signatures] [command_line]

writes builds.json and so on beside this file; tests compare kdo with them.
"""

import base64
import gzip
import hashlib
import http.server
import io
import json
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import threading

import catalogues
import command_line
import forms
import signatures

HERE = pathlib.Path(__file__).parent
GALAXY = sys.argv[1]
SEEDS = range(200)


def run(*arguments, folder, home):
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "ANSIBLE_NOCOLOR": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_ALLOW_PROTOCOL": "file:http:https:ssh",
    }
    return subprocess.run([GALAXY, *arguments], cwd=folder, env=environment, capture_output=True, text=True)


def make(folder, files):
    """A text is a file, a list a file with a mode, a mapping a link, nothing a folder."""
    for name, content in files.items():
        path = pathlib.Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            path.mkdir(exist_ok=True)
        elif isinstance(content, dict):
            path.symlink_to(content["link"])
        elif isinstance(content, list):
            path.write_text(content[0])
            path.chmod(int(content[1], 8))
        else:
            path.write_text(content)


def tree(folder, root="ROOT"):
    """Each path with what is there; what tells of the installation itself is left out."""
    found = {}
    for path in sorted(pathlib.Path(folder).rglob("*")):
        name = str(path.relative_to(folder))
        if name.endswith(".galaxy_install_info") or ".info/" in name + "/":
            continue
        if path.is_symlink():
            found[name] = "link " + os.readlink(path)
        elif path.is_dir():
            found[name] = "folder"
        else:
            word = "program" if path.stat().st_mode & 0o100 else "file"
            found[name] = f"{word} {hashlib.sha256(path.read_bytes().replace(root.encode(), b'ROOT')).hexdigest()}"
    return found


GALAXY_YML = "namespace: acme\nname: tools\nversion: 1.2.3\nreadme: README.md\nauthors:\n- A <a@b.test>\n"
PLAIN = {"galaxy.yml": GALAXY_YML, "README.md": "text\n", "plugins/modules/m.py": "x = 1\n", "docs": None}
BUILDS = {
    "plain": PLAIN,
    "all_keys": {
        **PLAIN,
        "galaxy.yml": GALAXY_YML + "description: with 'quotes' and ünicode\nlicense: [MIT, Apache-2.0]\ntags: [a, b]\n"
        "dependencies: {other.thing: '>=1.0.0,<2.0.0', third.one: '*'}\nrepository: https://r.test\n"
        "documentation: https://d.test\nhomepage: https://h.test\nissues: https://i.test\n",
    },
    "license_file": {**PLAIN, "galaxy.yml": GALAXY_YML + "license_file: COPYING\n", "COPYING": "free\n"},
    "texts_for_lists": {**PLAIN, "galaxy.yml": GALAXY_YML + "license: MIT\ntags: one\n"},
    "empty_values": {**PLAIN, "galaxy.yml": GALAXY_YML + "license:\ntags:\ndependencies:\nissues:\n"},
    "always_ignored": {
        **PLAIN,
        "a.pyc": "",
        "x/b.pyc": "",
        "c.retry": "",
        "tests/output/o": "",
        "tests/units/u": "",
        "acme-tools-0.9.9.tar.gz": "",
        "x/__pycache__/c": "",
        ".git/config": "",
        ".svn/x": "",
        "x/.tox/y": "",
        ".gitignore": "x\n",
        ".github/workflows/w.yml": "",
        "galaxy.yaml": "",
    },
    "build_ignore": {
        **PLAIN,
        "galaxy.yml": GALAXY_YML + "build_ignore: ['*.tmp', 'docs/private', 'a?c', '[xy].txt', 'deep/*']\n",
        "a.tmp": "",
        "docs/x.tmp": "",
        "docs/private/secret": "",
        "docs/public": "",
        "abc": "",
        "abbc": "",
        "x.txt": "",
        "z.txt": "",
        "deep/er/file": "",
        "roles/a.tmp/tasks/main.yml": "",
    },
    "links_inside": {
        **PLAIN,
        "link_to_file": {"link": "README.md"},
        "docs/up": {"link": "../plugins/modules/m.py"},
        "link_to_folder": {"link": "plugins"},
    },
    "modes": {**PLAIN, "run.sh": ["#!/bin/sh\n", "755"], "secret": ["x\n", "600"], "odd": ["x\n", "4711"]},
    "names": {**PLAIN, "with space/ü.txt": "x", "a'b\"c": "", ".hidden": "x"},
    "build_metadata": {**PLAIN, "galaxy.yml": GALAXY_YML.replace("1.2.3", "1.2.3-beta.1")},
    "dangling_link": {**PLAIN, "gone": {"link": "nowhere"}},
    "no_version": {**PLAIN, "galaxy.yml": GALAXY_YML.replace("version: 1.2.3\n", "")},
    "bad_version": {**PLAIN, "galaxy.yml": GALAXY_YML.replace("1.2.3", "1.2")},
    "bad_name": {**PLAIN, "galaxy.yml": GALAXY_YML.replace("name: tools", "name: to-ols")},
}


def builds():
    recorded = {}
    for name, files in BUILDS.items():
        with tempfile.TemporaryDirectory() as folder:
            make(f"{folder}/source", files)
            done = run("collection", "build", "--output-path", ".", "source", folder=folder, home=folder)
            entry = {"files": files, "built": done.returncode == 0}
            archives = list(pathlib.Path(folder).glob("*.tar.gz"))
            if archives:
                raw = archives[0].read_bytes()
                with tarfile.open(fileobj=io.BytesIO(raw)) as archive:
                    for page in ["MANIFEST.json", "FILES.json"]:
                        entry[page] = json.load(archive.extractfile(page))
                entry["file_name"] = archives[0].name
                entry["archive"] = base64.b64encode(raw).decode()
                done = run("collection", "install", archives[0].name, "-n", "-p", "c", folder=folder, home=folder)
                # It builds what it does not install itself, such as 1.2 for a version.
                if done.returncode != 0:
                    entry = {"files": files, "built": False}
                else:
                    entry["installed"] = tree(f"{folder}/c/ansible_collections/acme/tools")
            recorded[name] = entry
            print(name, entry["built"])
    return recorded


def pages(name, version, needs):
    """MANIFEST.json and FILES.json of a collection with nothing else in it."""
    namespace, short = name.split(".")
    files = json.dumps({"files": [{"name": ".", "ftype": "dir", "chksum_type": None, "chksum_sha256": None, "format": 1}], "format": 1}).encode()
    info = {"namespace": namespace, "name": short, "version": version, "authors": ["x"], "readme": "README.md", "tags": [], "dependencies": needs}
    listed = {"name": "FILES.json", "ftype": "file", "chksum_type": "sha256", "chksum_sha256": hashlib.sha256(files).hexdigest(), "format": 1}
    manifest = json.dumps({"collection_info": info, "file_manifest_file": listed, "format": 1}).encode()
    return {"MANIFEST.json": manifest, "FILES.json": files}


def archive(name, version, needs):
    raw = io.BytesIO()
    # The same bytes each time they are asked for.
    with gzip.GzipFile(fileobj=raw, mode="w", mtime=0) as packed, tarfile.open(fileobj=packed, mode="w") as out:
        for page, content in pages(name, version, needs).items():
            member = tarfile.TarInfo(page)
            member.size = len(content)
            out.addfile(member, io.BytesIO(content))
    return raw.getvalue()


class Server(http.server.BaseHTTPRequestHandler):
    packages = {}

    def do_GET(self):
        path = self.path.split("?")[0].strip("/").split("/")
        body = None
        if path == ["api"]:
            body = {"available_versions": {"v3": "v3/"}}
        elif path[0] == "files":
            name, version = path[1], path[2]
            body = archive(name, version, self.packages[name][version])
        elif path[:3] == ["api", "v3", "collections"]:
            name = ".".join(path[3:5])
            known = self.packages.get(name)
            if known and len(path) == 5:
                body = {"created_at": "x", "updated_at": "x"}
            elif known and len(path) == 6:
                body = {"data": [{"version": v} for v in known], "links": {"next": None}}
            elif known and len(path) == 7:
                version = path[6]
                raw = archive(name, version, known[version])
                body = {
                    "version": version, "namespace": {"name": path[3]}, "collection": {"name": path[4]},
                    "download_url": f"/files/{name}/{version}", "href": self.path,
                    "artifact": {"sha256": hashlib.sha256(raw).hexdigest()},
                    "metadata": {"dependencies": known[version]}, "signatures": [],
                }
        self.send_response(404 if body is None else 200)
        self.end_headers()
        self.wfile.write(body if isinstance(body, bytes) else json.dumps(body or {}).encode())

    def log_message(self, *_):
        pass


def resolver():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    recorded = []
    for seed in SEEDS:
        case = {"seed": seed, **catalogues.catalogue(seed)}
        Server.packages = case["packages"]
        with tempfile.TemporaryDirectory() as folder:
            for name, version in case.get("installed", {}).items():
                place = pathlib.Path(folder, "c/ansible_collections", *name.split("."))
                place.mkdir(parents=True)
                for page, content in pages(name, version, Server.packages[name][version]).items():
                    (place / page).write_bytes(content)
            words = [f"{n}:{r}" for n, r in case["asked"]]
            done = run(
                "collection", "install", *words, "-p", "c", "-s", f"http://127.0.0.1:{server.server_port}/api/",
                "--no-cache", *case.get("flags", []), folder=folder, home=folder,
            )
            case["result"] = None
            if done.returncode == 0:
                manifests = pathlib.Path(folder).glob("c/ansible_collections/*/*/MANIFEST.json")
                infos = [json.loads(m.read_text())["collection_info"] for m in manifests]
                case["result"] = {f"{i['namespace']}.{i['name']}": i["version"] for i in infos}
        recorded.append(case)
        print(seed, case["result"], done.stderr.strip()[:300].replace("\n", " "), flush=True)
    return recorded


def main():
    wanted = sys.argv[2:] or ["builds", "resolver", "forms", "signatures", "command_line"]
    makers = {
        "builds": builds,
        "resolver": resolver,
        "forms": lambda: forms.record(run, make, tree),
        "command_line": lambda: command_line.record(run),
        "signatures": lambda: signatures.record(run, pages, archive),
    }
    for name in wanted:
        made = makers[name]()
        if isinstance(made, list):
            # One line for each case.
            text = "[\n" + ",\n".join(json.dumps(case, sort_keys=True) for case in made) + "\n]"
        else:
            text = json.dumps(made, indent=1, ensure_ascii=False, sort_keys=True)
        (HERE / f"{name}.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
