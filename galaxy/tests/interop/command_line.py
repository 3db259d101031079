"""The command line of ansible-galaxy: which options each action takes, and how it ends in common cases."""

import http.server
import json
import pathlib
import re
import tempfile
import threading

ACTIONS = {
    "role": ["init", "remove", "delete", "list", "search", "import", "setup", "info", "install"],
    "collection": ["download", "init", "build", "publish", "install", "list", "verify"],
}
# URL is a server that has nothing, DEAD one that is none.
CASES = {
    "missing_collection": "collection install acme.none -s URL",
    "missing_role": "role install acme.none -s URL",
    "missing_role_ignored": "role install acme.none -i -s URL",
    "bad_collection_name": "collection install no-name -s URL",
    "role_without_namespace": "role install noname -s URL",
    "unreachable_collection": "collection install acme.none -s DEAD",
    "unreachable_role": "role install acme.none -s DEAD",
    "no_file": "collection install -r none.yml",
    "no_file_of_roles": "role install -r none.yml",
    "no_file_both": "install -r none.yml",
    "wrong_YAML": "install -r wrong.yml",
    "wrong_YAML_collection": "collection install -r wrong.yml",
    "empty_file": "install -r empty.yml",
    "odd_keys": "install -r keys.yml",
    "text_instead_of_list": "install -r text.yml",
    "file_of_roles_has_another_end": "role install -r roles.txt",
    "list_for_collections": "collection install -r list.yml",
    "nothing_named": "role install",
    "nothing_named_collection": "collection install",
    "both_named": "collection install a.b -r good.yml",
    "unknown_option": "collection install --nonsense",
    "unknown_action": "role nonsense",
    "no_action": "role",
    "nothing_at_all": "",
    "list_missing_role": "role list acme.none",
    "list_missing_collection": "collection list acme.none",
    "list_bad_collection": "collection list nonsense",
    "list": "collection list",
    "list_roles": "role list",
    "list_no_folder": "role list -p none",
    "list_collections_no_folder": "collection list -p none",
    "remove_missing": "role remove acme.none",
    "remove_nothing": "role remove",
    "info_missing": "role info acme.none -s URL",
    "info_offline_missing": "role info --offline acme.none",
    "info_nothing": "role info",
    "search_nothing": "role search",
    "search_nothing_found": "role search x -s URL",
    "build_nothing": "collection build none",
    "build_no_galaxy_yml": "collection build .",
    "publish_missing": "collection publish none.tar.gz -s URL",
    "publish_nothing": "collection publish",
    "verify_missing": "collection verify acme.none -s URL",
    "verify_nothing": "collection verify",
    "verify_file": "collection verify ./acme-tools-1.0.0.tar.gz",
    "init_bad_name": "collection init nonsense",
    "init_role": "role init demo",
    "init_nothing": "role init",
    "download_missing": "collection download acme.none -s URL",
    "download_nothing": "collection download",
    "import_unreachable": "role import user repo -s DEAD",
    "import_nothing": "role import",
    "delete_unreachable": "role delete user repo -s DEAD",
    "setup_nothing": "role setup",
    "setup_unreachable": "role setup travis user repo secret -s DEAD",
    "version": "--version",
    "help": "--help",
    "no_deps_with_force_with_deps": "role install x -n --force-with-deps",
    "roles_only": "role install -r both.yml -p r -s URL",
}
FILES = {
    "wrong.yml": "roles: [\n- x: : y\n",
    "empty.yml": "",
    "keys.yml": "rolls: []\n",
    "text.yml": "just text\n",
    "roles.txt": "- src: a.b\n",
    "list.yml": "- a.b\n",
    "good.yml": "collections: [a.b]\n",
    "both.yml": "collections: [a.b]\nroles: []\n",
}


class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        page = {"api": {"available_versions": {"v1": "v1/", "v3": "v3/"}}, "api/v1/roles": {"results": []}}.get(self.path.split("?")[0].strip("/"))
        self.send_response(200 if page else 404)
        self.end_headers()
        self.wfile.write(json.dumps(page or {}).encode())

    def log_message(self, *_):
        pass


def options(text):
    """Spellings of each option, and whether a value follows."""
    found = []
    for line in text.split("options:")[1].splitlines():
        if line.startswith("  -"):
            spellings = re.split(r"\s{2,}", line.strip())[0].split(", ")
            found.append({"spellings": [s.split(" ")[0] for s in spellings], "value": " " in spellings[-1]})
    return [o for o in found if "--help" not in o["spellings"]]


def record(run):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    recorded = {"options": {}, "files": FILES, "cases": {}}
    with tempfile.TemporaryDirectory() as folder:
        for sort, actions in ACTIONS.items():
            for action in actions:
                recorded["options"][f"{sort} {action}"] = options(run(sort, action, "--help", folder=folder, home=folder).stdout)
    for name, line in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            for file, text in FILES.items():
                pathlib.Path(folder, file).write_text(text)
            words = line.replace("URL", f"http://127.0.0.1:{server.server_port}/api/").replace("DEAD", "http://127.0.0.1:1/api/").split()
            done = run(*words, folder=folder, home=folder)
        recorded["cases"][name] = {"line": line, "status": done.returncode}
        print(name, done.returncode, flush=True)
    return recorded
