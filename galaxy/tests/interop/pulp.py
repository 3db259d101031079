#!/usr/bin/env python3
"""kdo against pulp_ansible with PostgreSQL, in both directions; by hand, since it takes minutes.

    python3 -m venv ~/.cache/kdo-pulp/venv && ~/.cache/kdo-pulp/venv/bin/pip install pulp-ansible
    apt install postgresql
    pulp.py KDO ANSIBLE_GALAXY [VENV]

Starts its own database and server on free ports and ends them. Says what was seen, and fails at the first surprise.
"""

import base64
import json
import os
import pathlib
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

KDO, ANSIBLE_GALAXY = map(os.path.abspath, sys.argv[1:3])
VENV = pathlib.Path(sys.argv[3] if len(sys.argv) > 3 else "~/.cache/kdo-pulp/venv").expanduser()
LIMIT = 600


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait(what, condition):
    until = time.monotonic() + LIMIT
    while time.monotonic() < until:
        value = condition()
        if value:
            return value
        time.sleep(0.5)
    raise SystemExit(f"{what}: not within {LIMIT} s")


class Pulp:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.programs = []
        self.api, self.content, self.database = free_port(), free_port(), free_port()

    def start_database(self):
        binaries = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))[-1]
        data = self.folder / "pg"
        data.mkdir()
        as_user = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(data, user.pw_uid, user.pw_gid)
            for folder in [self.folder, self.folder.parent]:
                folder.chmod(0o755)
            as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        at = {"cwd": "/", "stdout": subprocess.DEVNULL, **as_user}
        subprocess.run([binaries / "initdb", "-D", data, "-A", "trust", "-E", "UTF8", "-U", "pulp"], check=True, **at)
        options = ["-p", str(self.database), "-k", data, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
        self.programs.append(subprocess.Popen([binaries / "postgres", "-D", data, *options], stderr=subprocess.DEVNULL, **at))
        address = ["-h", "127.0.0.1", "-p", str(self.database), "-U", "pulp"]
        wait("PostgreSQL", lambda: subprocess.run([binaries / "createdb", *address, "pulp"], stderr=subprocess.DEVNULL).returncode == 0)

    def settings(self):
        key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
        (self.folder / "key").write_text(key)
        names = ["media", "work", "upload", "chunks", "static"]
        media, work, upload, chunks, static = (str(self.folder / n) for n in names)
        for name in names:
            (self.folder / name).mkdir()
        (self.folder / "settings.py").write_text(f"""
SECRET_KEY = "{secrets.token_hex(32)}"
DATABASES = {{"default": {{"ENGINE": "django.db.backends.postgresql", "HOST": "127.0.0.1", "PORT": {self.database}, "NAME": "pulp", "USER": "pulp"}}}}
CONTENT_ORIGIN = "http://127.0.0.1:{self.content}"
ANSIBLE_API_HOSTNAME = "http://127.0.0.1:{self.api}"
ANSIBLE_CONTENT_HOSTNAME = "http://127.0.0.1:{self.content}/pulp/content"
DB_ENCRYPTION_KEY = "{self.folder}/key"
MEDIA_ROOT = "{media}"
WORKING_DIRECTORY = "{work}"
FILE_UPLOAD_TEMP_DIR = "{upload}"
CHUNKED_UPLOAD_DIR = "{chunks}"
STATIC_ROOT = "{static}"
REDIS_URL = None
CACHE_ENABLED = False
ANALYTICS = False
""")
        importer = self.folder / "importer.cfg"
        importer.write_text("[galaxy-importer]\nRUN_ANSIBLE_LINT = False\nRUN_ANSIBLE_DOC = False\nRUN_FLAKE8 = False\n")
        return {
            **os.environ,
            "PULP_SETTINGS": str(self.folder / "settings.py"),
            "DJANGO_SETTINGS_MODULE": "pulpcore.app.settings",
            "GALAXY_IMPORTER_CONFIG": str(importer),
            "PATH": f"{VENV}/bin:{os.environ['PATH']}",
        }

    def start(self):
        self.start_database()
        environment = self.settings()
        log = (self.folder / "log").open("w")
        at = {"env": environment, "stdout": log, "stderr": log, "cwd": self.folder}
        manager = VENV / "bin/pulpcore-manager"
        subprocess.run([manager, "migrate", "--noinput"], check=True, **at)
        subprocess.run([manager, "reset-admin-password", "--password", "admin"], check=True, **at)
        for name, arguments in [
            ("pulpcore-api", ["--bind", f"127.0.0.1:{self.api}", "--workers", "1"]),
            ("pulpcore-content", ["--bind", f"127.0.0.1:{self.content}", "--workers", "1"]),
            ("pulpcore-worker", []),
        ]:
            self.programs.append(subprocess.Popen([VENV / "bin" / name, *arguments], **at))
        wait("pulp", lambda: (self.call("GET", "/pulp/api/v3/status/", fails=None) or {}).get("online_workers"))

    def call(self, method, path, body=None, kind="application/json", fails=SystemExit):
        request = urllib.request.Request(f"http://127.0.0.1:{self.api}{path}", method=method)
        request.add_header("Authorization", "Basic " + base64.b64encode(b"admin:admin").decode())
        if body is not None:
            request.add_header("Content-Type", kind)
            request.data = body if isinstance(body, bytes) else json.dumps(body).encode()
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except (urllib.error.URLError, OSError) as error:
            if fails is None:
                return None
            said = error.read().decode() if hasattr(error, "read") else ""
            raise fails(f"{method} {path}: {error} {said}") from None

    def task(self, answer):
        task = wait("a task", lambda: (t := self.call("GET", answer["task"]))["state"] in ("completed", "failed", "canceled") and t)
        assert task["state"] == "completed", task["error"]
        return task

    def repository(self, name):
        repository = self.call("POST", "/pulp/api/v3/repositories/ansible/ansible/", {"name": name})["pulp_href"]
        body = {"name": name, "base_path": name, "repository": repository}
        self.task(self.call("POST", "/pulp/api/v3/distributions/ansible/ansible/", body))
        return repository, f"http://127.0.0.1:{self.api}/pulp_ansible/galaxy/{name}/api/"

    def add_role(self, repository, namespace, name, version, archive):
        border = secrets.token_hex(8)
        head = f'--{border}\r\nContent-Disposition: form-data; name="file"; filename="role.tar.gz"\r\n\r\n'
        body = head.encode() + archive + f"\r\n--{border}--\r\n".encode()
        artifact = self.call("POST", "/pulp/api/v3/artifacts/", body, f"multipart/form-data; boundary={border}")
        role = {"artifact": artifact["pulp_href"], "namespace": namespace, "name": name, "version": version}
        role = self.call("POST", "/pulp/api/v3/content/ansible/roles/", role)
        self.task(self.call("POST", f"{repository}modify/", {"add_content_units": [role["pulp_href"]]}))

    def stop(self):
        for program in reversed(self.programs):
            program.terminate()
        for program in reversed(self.programs):
            program.wait()


def run(*command, folder, rc=0):
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "ANSIBLE_NOCOLOR": "1"}
    began = time.monotonic()
    done = subprocess.run([str(c) for c in command], cwd=folder, env=environment, capture_output=True, text=True)
    shown = " ".join(str(c) for c in command).replace(str(folder), "HOME")
    print(f"{time.monotonic() - began:6.1f} s  rc={done.returncode}  {shown}", flush=True)
    assert done.returncode == rc, done.stdout + done.stderr
    return done.stdout


def tree(folder):
    names = sorted(p for p in pathlib.Path(folder).rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): p.read_bytes() for p in names if p.name != ".galaxy_install_info"}


def home(base, name):
    folder = pathlib.Path(base, name)
    folder.mkdir()
    return folder


def source(folder, program, version):
    """A collection that pulp's importer takes, built by a program."""
    made = folder / "acme/tools"
    if not made.exists():
        run(KDO, "galaxy", "collection", "init", "acme.tools", folder=folder)
        (made / "meta/runtime.yml").write_text("requires_ansible: '>=2.15.0'\n")
        (made / "CHANGELOG.md").write_text("none\n")
    info = made / "galaxy.yml"
    lines = [f"version: {version}" if line.startswith("version:") else line for line in info.read_text().splitlines()]
    info.write_text("\n".join(lines) + "\n")
    run(*program, "collection", "build", "acme/tools", folder=folder)
    return folder / f"acme-tools-{version}.tar.gz"


def main():
    with tempfile.TemporaryDirectory() as base:
        pulp = Pulp(home(base, "pulp"))
        try:
            began = time.monotonic()
            pulp.start()
            print(f"{time.monotonic() - began:6.1f} s  pulp is up", flush=True)
            check(base, pulp)
        except BaseException:
            if (pulp.folder / "log").exists():
                shutil.copy(pulp.folder / "log", "pulp.log")
            raise
        finally:
            pulp.stop()


def check(base, pulp):
    repository, url = pulp.repository("kdo")
    config = home(base, "author") / "ansible.cfg"
    config.write_text(f"[galaxy]\nserver_list = pulp\n[galaxy_server.pulp]\nurl = {url}\nusername = admin\npassword = admin\n")
    author = config.parent
    # What kdo builds is taken by pulp's importer, what ansible-galaxy builds too.
    first = source(author, [KDO, "galaxy"], "1.0.0")
    run(ANSIBLE_GALAXY, "collection", "publish", first, folder=author)
    second = source(author, [ANSIBLE_GALAXY], "1.1.0")
    run(ANSIBLE_GALAXY, "collection", "publish", second, folder=author)
    role = home(base, "role")
    run(ANSIBLE_GALAXY, "role", "init", "demo", folder=role)
    for version in ["1.0.0", "1.10.0"]:
        (role / "demo/vars/main.yml").write_text(f"version: {version}\n")
        subprocess.run(["tar", "-czf", "demo.tar.gz", "demo"], cwd=role, check=True)
        pulp.add_role(repository, "acme", "demo", version, (role / "demo.tar.gz").read_bytes())

    text = "collections:\n- acme.tools\nroles:\n- name: acme.demo\n"
    trees = []
    for name, program in [("kdo", [KDO, "galaxy"]), ("ansible", [ANSIBLE_GALAXY])]:
        user = home(base, name)
        shutil.copy(config, user)
        (user / "requirements.yml").write_text(text)
        run(*program, "install", "-r", "requirements.yml", folder=user)
        trees.append(tree(user / ".ansible/collections/ansible_collections/acme"))
        trees.append(tree(user / ".ansible/roles"))
        # Each tool takes what the other installed for installed, and whole.
        for other in ([KDO, "galaxy"], [ANSIBLE_GALAXY]):
            said = run(*other, "collection", "install", "acme.tools", folder=user)
            assert "Nothing to do" in said, said
            said = run(*other, "role", "list", folder=user)
            assert "- acme.demo, 1.10.0" in said, said
            run(*other, "collection", "verify", "acme.tools", folder=user)
    assert trees[0] == trees[2] and trees[1] == trees[3], "the trees differ"
    user = home(base, "more")
    shutil.copy(config, user)
    (user / "requirements.yml").write_text(text)
    print(run(KDO, "galaxy", "collection", "info", "acme.tools", folder=user))
    print(run(KDO, "galaxy", "collection", "search", "tools", folder=user))
    run(KDO, "galaxy", "lock", folder=user)
    run(KDO, "galaxy", "install", "--locked", folder=user)
    run(KDO, "galaxy", "download", "-p", "d", folder=user)
    run(ANSIBLE_GALAXY, "collection", "install", user / "d/acme-tools-1.1.0.tar.gz", "-p", "c", "--offline", folder=user)
    run(KDO, "galaxy", "mirror", "m", folder=user)
    run(KDO, "galaxy", "install", "acme.demo", "-s", f"file://{user}/m/api/", "-p", "r", folder=user)
    print("all is well")


if __name__ == "__main__":
    main()
