"""Forms of requirements.yml, and the world that they are about."""

import http.server
import pathlib
import subprocess
import tempfile
import threading

COLLECTION = "namespace: acme\nname: NAME\nversion: 1.0.0\nreadme: README.md\nauthors: [someone]\nDEPS"


def collection(name, needs="dependencies: {}\n"):
    return {
        "galaxy.yml": COLLECTION.replace("NAME", name).replace("DEPS", needs),
        "README.md": f"{name}\n",
        "roles/web/tasks/main.yml": "- debug:\n",
    }


def below(folder, files):
    return {f"{folder}/{name}": content for name, content in files.items()}


ROLE = {
    "meta/main.yml": "galaxy_info: {}\ndependencies: []\n",
    "tasks/main.yml": "- debug:\n",
    "tasks/again.yml": {"link": "main.yml"},
    "files/run.sh": ["#!/bin/sh\n", "755"],
    ".gitattributes": "unwanted export-ignore\n",
    "unwanted": "x\n",
}
# Folders; those that end in `.git` are repositories with the tag v1.0 and one commit more.
WORLD = {
    **below("role.git", ROLE),
    **below("needing.git", {**ROLE, "meta/main.yml": "galaxy_info: {}\ndependencies:\n- {src: 'git+file://ROOT/role.git', name: base}\n- local_role\n"}),
    **below("requiring.git", {**ROLE, "meta/requirements.yml": "- {src: 'git+file://ROOT/role.git', name: base, version: v1.0}\n"}),
    **below("plain", ROLE),
    **below("tools.git", collection("tools")),
    **below("several.git", {**below("tools", collection("tools")), **below("more", collection("more"))}),
    **below("tools", collection("tools")),
    **below("folders", {**below("tools", collection("tools")), **below("more", collection("more", "dependencies: {acme.tools: '*'}\n"))}),
    "included.yml": "- {src: 'git+file://ROOT/role.git', name: included}\n",
}
ARCHIVES = {"role.tar.gz": "z", "role.tar.bz2": "j", "role.tar.xz": "J", "role.tar": ""}

FORMS = {
    "role_git_text": "- git+file://ROOT/role.git,v1.0,demo\n",
    "role_git_without_name": "- src: git+file://ROOT/role.git\n",
    "role_git_keys": "- {src: 'git+file://ROOT/role.git', version: v1.0, name: demo}\n",
    "role_git_branch": "- {src: 'git+file://ROOT/role.git', version: main, name: demo}\n",
    "role_git_scm": "roles:\n- {src: 'file://ROOT/role.git', scm: git, name: demo}\n",
    "role_git_no_such_tag": "- {src: 'git+file://ROOT/role.git', version: v9, name: demo}\n",
    "role_key_role": "- {role: demo, src: 'git+file://ROOT/role.git'}\n",
    "role_unknown_key": "- {name: demo, src: 'git+file://ROOT/role.git', extra: 1}\n",
    "role_archive": "- {src: ROOT/role.tar.gz, name: demo}\n",
    "role_archive_without_name": "- src: ROOT/role.tar.gz\n",
    "role_archive_bz2": "- {src: ROOT/role.tar.bz2, name: demo}\n",
    "role_archive_xz": "- {src: ROOT/role.tar.xz, name: demo}\n",
    "role_archive_tar": "- {src: ROOT/role.tar, name: demo}\n",
    "role_url": "- {src: 'URL/role.tar.gz', name: demo, version: '1.0'}\n",
    "role_url_without_name": "roles:\n- src: URL/role.tar.gz\n",
    "role_url_missing": "- {src: 'URL/none.tar.gz', name: demo}\n",
    "role_include": "- include: ROOT/included.yml\n- {src: ROOT/role.tar.gz, name: demo}\n",
    "role_dependency": "- {src: 'git+file://ROOT/needing.git', name: demo}\n",
    "role_requirements": "- {src: 'git+file://ROOT/requiring.git', name: demo}\n",
    "role_no_source": "roles:\n- version: v1.0\n",
    "roles_null": "roles:\ncollections:\n",
    "other_key": "rolls:\n- x\n",
    "collection_archive": "collections:\n- name: ROOT/acme-tools-1.0.0.tar.gz\n",
    "collection_archive_type": "collections:\n- {name: ROOT/acme-tools-1.0.0.tar.gz, type: file}\n",
    "collection_archive_source": "collections:\n- {name: acme.tools, source: ROOT/acme-tools-1.0.0.tar.gz, type: file}\n",
    "collection_text": "collections:\n- ROOT/acme-tools-1.0.0.tar.gz\n",
    "collection_url": "collections:\n- name: URL/acme-tools-1.0.0.tar.gz\n",
    "collection_url_type": "collections:\n- {name: 'URL/acme-tools-1.0.0.tar.gz', type: url}\n",
    "collection_git": "collections:\n- {name: 'git+file://ROOT/tools.git'}\n",
    "collection_git_ref": "collections:\n- {name: 'git+file://ROOT/tools.git,v1.0'}\n",
    "collection_git_version": "collections:\n- {name: 'file://ROOT/tools.git', type: git, version: v1.0}\n",
    "collection_git_folder": "collections:\n- {name: 'git+file://ROOT/several.git#/more'}\n",
    "collection_git_folder_ref": "collections:\n- {name: 'git+file://ROOT/several.git#/more/,main'}\n",
    "collection_git_all": "collections:\n- {name: 'git+file://ROOT/several.git', type: git}\n",
    "collection_git_no_such_ref": "collections:\n- {name: 'git+file://ROOT/tools.git', version: v9}\n",
    "collection_folder": "collections:\n- {name: ROOT/tools, type: dir}\n",
    "collection_folder_guessed": "collections:\n- name: ROOT/tools\n",
    "collection_folders": "collections:\n- {name: ROOT/folders, type: subdirs}\n",
    "collection_folders_guessed": "collections:\n- ROOT/folders\n",
    "collection_bad_type": "collections:\n- {name: acme.tools, type: magic}\n",
    "both": "roles:\n- {src: ROOT/role.tar.gz, name: demo}\ncollections:\n- ROOT/acme-tools-1.0.0.tar.gz\n",
}


def git(folder, *arguments):
    subprocess.run(["git", "-C", folder, "-c", "user.name=x", "-c", "user.email=x@x.test", *arguments], check=True, capture_output=True)


def build_world(root, make, build):
    make(root, {n: c.replace("ROOT", root) if isinstance(c, str) else c for n, c in WORLD.items()})
    for repository in pathlib.Path(root).glob("*.git"):
        git(repository, "init", "-q", "-b", "main")
        git(repository, "add", "-A")
        git(repository, "commit", "-qm", "one")
        git(repository, "tag", "v1.0")
        (repository / "later").write_text("later\n")
        git(repository, "add", "-A")
        git(repository, "commit", "-qm", "two")
    for name, flag in ARCHIVES.items():
        subprocess.run(["tar", f"-c{flag}f", f"{root}/{name}", "-C", root, "plain"], check=True)
    build(root)


def record(run, make, tree):
    recorded = {}
    with tempfile.TemporaryDirectory() as root:
        def build(root):
            done = run("collection", "build", "--output-path", root, f"{root}/tools", folder=root, home=root)
            assert done.returncode == 0, done.stderr

        build_world(root, make, build)

        class Pages(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *arguments):
                super().__init__(*arguments, directory=root)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        for name, text in FORMS.items():
            with tempfile.TemporaryDirectory() as folder:
                file = pathlib.Path(folder, "requirements.yml")
                file.write_text(text.replace("ROOT", root).replace("URL", url))
                done = run("install", "-r", "requirements.yml", folder=folder, home=folder)
                entry = {"text": text, "installed": done.returncode == 0, "roles": {}, "collections": {}}
                if done.returncode == 0:
                    entry["roles"] = tree(f"{folder}/.ansible/roles", root)
                    entry["collections"] = tree(f"{folder}/.ansible/collections/ansible_collections", root)
                recorded[name] = entry
                print(name, entry["installed"], len(entry["roles"]), len(entry["collections"]), done.stderr[-300:] if done.returncode else "")
    return {"world": WORLD, "archives": ARCHIVES, "forms": recorded}
