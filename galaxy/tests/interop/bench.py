#!/usr/bin/env python3
"""kdo and ansible-galaxy side by side: packages from a web server of this machine, cold, warm and again.

    bench.py KDO ANSIBLE_GALAXY [COUNT]        with nginx; COUNT is 50

cold: nothing was fetched before. warm: what each keeps is there (kdo's store, ansible-galaxy's cache of answers), the
packages are not installed. again: all is installed. Each run has a folder of its own; the median of three counts.
"""

import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

KDO, ANSIBLE_GALAXY = map(os.path.abspath, sys.argv[1:3])
COUNT = int(sys.argv[3]) if len(sys.argv) > 3 else 50
ROUNDS = 3
NGINX = """pid {0}/nginx.pid; error_log {0}/error.log; worker_processes 1; daemon off;
events {{}}
http {{ access_log off; default_type application/json;
  client_body_temp_path {0}/t1; proxy_temp_path {0}/t2; fastcgi_temp_path {0}/t3; uwsgi_temp_path {0}/t4; scgi_temp_path {0}/t5;
  server {{ listen 127.0.0.1:{1}; root {0}/tree; location / {{ try_files $uri $uri/index.html =404; }} }} }}
"""


def run(*args, **more):
    done = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    if done.returncode:
        raise SystemExit(f"{args}: {done.stdout}")


def make(folder):
    """COUNT collections with 20 roles each, in a static tree."""
    names = [f"acme.c{n}" for n in range(1, COUNT + 1)]
    for name in names:
        source = folder / "src" / name
        for role in range(1, 21):
            tasks = source / f"roles/r{role}/tasks/main.yml"
            tasks.parent.mkdir(parents=True)
            tasks.write_text(f"- debug: msg='{name} {role}'\n")
        (source / "meta").mkdir()
        (source / "meta/runtime.yml").write_text("requires_ansible: '>=2.15'\n")
        (source / "README.md").write_text(f"{name}\n")
        short = name.split(".")[1]
        (source / "galaxy.yml").write_text(f"namespace: acme\nname: {short}\nversion: 1.0.0\nreadme: README.md\nauthors: [x]\n")
    env = {**os.environ, "HOME": str(folder)}
    run(KDO, "galaxy", "publish", *[str(folder / "src" / n) for n in names], "--to", f"static:{folder}/tree", env=env)
    return names


def timed(program, home, target, url, names):
    home.mkdir(exist_ok=True)
    env = {**os.environ, "HOME": str(home), "XDG_CACHE_HOME": str(home / ".cache")}
    start = time.perf_counter()
    run(program, *([] if program == ANSIBLE_GALAXY else ["galaxy"]), "collection", "install", "-p", str(target), "-s", url, *names, env=env)
    return time.perf_counter() - start


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="kdo-galaxy-bench-"))
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    names = make(folder)
    folder.chmod(0o755)
    (folder / "nginx.conf").write_text(NGINX.format(folder, port))
    server = subprocess.Popen(["nginx", "-c", folder / "nginx.conf"], env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin"})
    try:
        while socket.socket().connect_ex(("127.0.0.1", port)):
            time.sleep(0.05)
        url = f"http://127.0.0.1:{port}/api/"
        found = {}
        for who, program in [("kdo", KDO), ("ansible-galaxy", ANSIBLE_GALAXY)]:
            for n in range(ROUNDS):
                home = folder / f"{who}-{n}"
                for what, target in [("cold", "a"), ("warm", "b"), ("again", "b")]:
                    took = timed(program, home, folder / f"{who}-{n}-{target}", url, names)
                    found.setdefault(what, {}).setdefault(who, []).append(took)
        print(f"{COUNT} collections of 26 files; median of {ROUNDS}")
        for what, both in found.items():
            ours, theirs = (statistics.median(both[w]) for w in ["kdo", "ansible-galaxy"])
            print(f"{what:6} kdo {ours:6.3f} s   ansible-galaxy {theirs:6.2f} s   {theirs / ours:5.0f} x")
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder)


main()
