#!/usr/bin/env python3
"""A server of pulp_ansible and pulp_container with PostgreSQL on free ports, until standard input ends.

    pulp.py VENV [REPOSITORY…]

VENV has the packages of requirements.txt. Each repository is served at pulp_ansible/galaxy/REPOSITORY/api/; at `fixed` is a
version of a repository, which never changes. The user is `admin` with the password `admin`. Prints a line for each thing that
clients need to know, and `ready` as the last.
"""

import base64
import contextlib
import json
import os
import pathlib
import pwd
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

VENV = pathlib.Path(sys.argv[1])
LIMIT = 300
# One program instead of three, as each takes seconds to start.
USER = """
from django.contrib.auth import get_user_model
from rest_framework.authtoken.models import Token
user = get_user_model().objects.create_superuser("admin", password="admin")
print(Token.objects.create(user=user).key)
"""


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
        time.sleep(0.2)
    raise SystemExit(f"{what}: not within {LIMIT} s")


class Pulp:
    def __init__(self, folder):
        self.folder = folder
        self.programs = []
        self.api, self.content, self.database = free_port(), free_port(), free_port()

    def start_database(self):
        binaries = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: float(p.parent.name))
        data = self.folder / "pg"
        data.mkdir()
        as_user = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(data, user.pw_uid, user.pw_gid)
            self.folder.chmod(0o755)
            as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        at = {"cwd": "/", "stdout": subprocess.DEVNULL, **as_user}
        subprocess.run([binaries / "initdb", "-D", data, "-A", "trust", "-E", "UTF8", "-U", "pulp", "--no-sync"], check=True, **at)
        # Nothing here outlives a crash, so that nothing waits for the disk.
        options = ["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]
        command = [binaries / "postgres", "-D", data, "-p", str(self.database), "-k", data, *options]
        self.programs.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **at))
        address = ["-h", "127.0.0.1", "-p", str(self.database), "-U", "pulp"]
        wait("PostgreSQL", lambda: subprocess.run([binaries / "createdb", *address, "pulp"], stderr=subprocess.DEVNULL).returncode == 0)

    def settings(self):
        folder = self.folder
        (folder / "key").write_text(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
        private, public = folder / "private.pem", folder / "public.pem"
        quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(["openssl", "ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", private], **quiet)
        subprocess.run(["openssl", "ec", "-in", private, "-pubout", "-out", public], **quiet)
        for name in ["media", "work", "upload", "chunks", "static"]:
            (folder / name).mkdir()
        database = {"ENGINE": "django.db.backends.postgresql", "HOST": "127.0.0.1", "PORT": self.database, "NAME": "pulp", "USER": "pulp"}
        settings = {
            "SECRET_KEY": secrets.token_hex(32),
            "DATABASES": {"default": database},
            "DB_ENCRYPTION_KEY": f"{folder}/key",
            "CONTENT_ORIGIN": f"http://127.0.0.1:{self.content}",
            "ANSIBLE_API_HOSTNAME": f"http://127.0.0.1:{self.api}",
            "ANSIBLE_CONTENT_HOSTNAME": f"http://127.0.0.1:{self.content}/pulp/content",
            "MEDIA_ROOT": f"{folder}/media",
            "WORKING_DIRECTORY": f"{folder}/work",
            "FILE_UPLOAD_TEMP_DIR": f"{folder}/upload",
            "CHUNKED_UPLOAD_DIR": f"{folder}/chunks",
            "STATIC_ROOT": f"{folder}/static",
            "REDIS_URL": None,
            "CACHE_ENABLED": False,
            "ANALYTICS": False,
            # Each request has the password, and real hashes take a quarter of a second.
            "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
            # Tokens of Galaxy, as its servers give them.
            "INSTALLED_APPS": ["rest_framework.authtoken", "dynaconf_merge"],
            "REST_FRAMEWORK__DEFAULT_AUTHENTICATION_CLASSES": [
                "pulpcore.app.authentication.BasicAuthentication",
                "rest_framework.authentication.TokenAuthentication",
            ],
            # Tokens of registries.
            "TOKEN_SERVER": f"http://127.0.0.1:{self.api}/token/",
            "TOKEN_SIGNATURE_ALGORITHM": "ES256",
            "PRIVATE_KEY_PATH": str(private),
            "PUBLIC_KEY_PATH": str(public),
        }
        (folder / "settings.py").write_text("".join(f"{key} = {value!r}\n" for key, value in settings.items()))
        importer = folder / "importer.cfg"
        importer.write_text("[galaxy-importer]\nRUN_ANSIBLE_LINT = False\nRUN_ANSIBLE_DOC = False\nRUN_FLAKE8 = False\n")
        return {
            **os.environ,
            "PULP_SETTINGS": str(folder / "settings.py"),
            "DJANGO_SETTINGS_MODULE": "pulpcore.app.settings",
            "GALAXY_IMPORTER_CONFIG": str(importer),
            "PATH": f"{VENV}/bin:{os.environ['PATH']}",
        }

    def start(self):
        self.start_database()
        log = (self.folder / "log").open("w")
        at = {"env": self.settings(), "stderr": log, "cwd": self.folder, "stdin": subprocess.DEVNULL}
        manager = VENV / "bin/pulpcore-manager"
        subprocess.run([manager, "migrate", "--noinput"], check=True, stdout=log, **at)
        for name, arguments in [
            ("pulpcore-api", ["--bind", f"127.0.0.1:{self.api}", "--workers", "1"]),
            ("pulpcore-content", ["--bind", f"127.0.0.1:{self.content}", "--workers", "1"]),
            ("pulpcore-worker", []),
        ]:
            self.programs.append(subprocess.Popen([VENV / "bin" / name, *arguments], stdout=log, **at))
        told = subprocess.run([manager, "shell", "-c", USER], check=True, stdout=subprocess.PIPE, text=True, **at)
        wait("pulp", lambda: (self.call("GET", "status/", fails=False) or {}).get("online_workers"))
        return told.stdout.split()[-1]

    def call(self, method, path, body=None, fails=True):
        path = path if path.startswith("/") else f"/pulp/api/v3/{path}"
        request = urllib.request.Request(f"http://127.0.0.1:{self.api}{path}", method=method)
        request.add_header("Authorization", "Basic " + base64.b64encode(b"admin:admin").decode())
        if body is not None:
            request.add_header("Content-Type", "application/json")
            request.data = json.dumps(body).encode()
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except (urllib.error.URLError, OSError) as error:
            if not fails:
                return None
            said = error.read().decode() if hasattr(error, "read") else ""
            raise SystemExit(f"{method} {path}: {error} {said}") from None

    def serve(self, name, what):
        body = {"name": name, "base_path": name, **what}
        task = self.call("POST", "distributions/ansible/ansible/", body)["task"]
        wait(f"distribution {name}", lambda: self.call("GET", task)["state"] == "completed")

    def repository(self, name):
        return self.call("POST", "repositories/ansible/ansible/", {"name": name})

    def stop(self):
        for program in reversed(self.programs):
            # PostgreSQL waits for its clients after SIGTERM.
            program.send_signal(signal.SIGINT if program is self.programs[0] else signal.SIGTERM)
            try:
                program.wait(timeout=30)
            except subprocess.TimeoutExpired:
                program.kill()
                program.wait()


def main():
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        pulp = Pulp(pathlib.Path(folder))
        stack.callback(pulp.stop)
        try:
            token = pulp.start()
            for name in sys.argv[2:]:
                pulp.serve(name, {"repository": pulp.repository(name)["pulp_href"]})
            pulp.serve("fixed", {"repository_version": pulp.repository("fixed")["latest_version_href"]})
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                sys.stderr.write((pulp.folder / "log").read_text()[-4000:])
            raise
        print(f"host 127.0.0.1:{pulp.api}", f"token {token}", "ready", sep="\n", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
