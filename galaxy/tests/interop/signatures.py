"""What ansible-galaxy makes of signatures by GnuPG: keys good, unknown, expired and revoked; counts; what is ignored."""

import base64
import hashlib
import http.server
import json
import os
import pathlib
import subprocess
import tempfile
import threading

PAST = "20200101T000000"

# Which signatures the server has, which are named (and how), and the flags.
CASES = {
    "unsigned": ([], [], "--required-valid-signature-count 1"),
    "unsigned_all": ([], [], "--required-valid-signature-count all"),
    "unsigned_strict": ([], [], "--required-valid-signature-count +1"),
    "unsigned_strict_all": ([], [], "--required-valid-signature-count +all"),
    "good": (["good"], [], ""),
    "good_strict": (["good"], [], "--required-valid-signature-count +1"),
    "good_all": (["good"], [], "--required-valid-signature-count all"),
    "good_strict_all": (["good"], [], "--required-valid-signature-count +all"),
    "good_two_wanted": (["good"], [], "--required-valid-signature-count 2"),
    "two_good": (["good", "second"], [], "--required-valid-signature-count 2"),
    "two_good_strict": (["good", "second"], [], "--required-valid-signature-count +2"),
    "two_good_one_wanted": (["good", "second"], [], "--required-valid-signature-count 1"),
    "none_wanted": (["good"], [], "--required-valid-signature-count 0"),
    "none_wanted_bad": (["bad"], [], "--required-valid-signature-count 0"),
    "count_negative": (["good"], [], "--required-valid-signature-count=-1"),
    "count_word": (["good"], [], "--required-valid-signature-count some"),
    "bad": (["bad"], [], ""),
    "bad_and_good": (["bad", "good"], [], ""),
    "bad_and_good_all": (["bad", "good"], [], "--required-valid-signature-count all"),
    "unknown": (["unknown"], [], ""),
    "unknown_and_good": (["unknown", "good"], [], ""),
    "unknown_and_good_all": (["unknown", "good"], [], "--required-valid-signature-count all"),
    "unknown_half_ignored": (["unknown"], [], "--ignore-signature-status-code NO_PUBKEY"),
    "unknown_ignored": (["unknown"], [], "--ignore-signature-status-codes NO_PUBKEY ERRSIG"),
    "unknown_ignored_each": (["unknown"], [], "--ignore-signature-status-code NO_PUBKEY --ignore-signature-status-code ERRSIG"),
    "unknown_ignored_all": (["unknown"], [], "--required-valid-signature-count all --ignore-signature-status-codes NO_PUBKEY ERRSIG"),
    "unknown_ignored_strict_all": (["unknown"], [], "--required-valid-signature-count +all --ignore-signature-status-codes NO_PUBKEY ERRSIG"),
    "unknown_ignored_and_good_all": (["unknown", "good"], [], "--required-valid-signature-count +all --ignore-signature-status-codes NO_PUBKEY ERRSIG"),
    "expired_key": (["expired_key"], [], ""),
    "expired_key_ignored": (["expired_key"], [], "--ignore-signature-status-codes EXPKEYSIG KEYEXPIRED"),
    "expired_key_ignored_all": (["expired_key"], [], "--required-valid-signature-count all --ignore-signature-status-codes EXPKEYSIG KEYEXPIRED"),
    "expired_signature": (["expired_signature"], [], ""),
    "expired_signature_ignored_all": (["expired_signature"], [], "--required-valid-signature-count all --ignore-signature-status-codes EXPSIG"),
    "revoked": (["revoked"], [], ""),
    "revoked_ignored_all": (["revoked"], [], "--required-valid-signature-count all --ignore-signature-status-codes REVKEYSIG KEYREVOKED"),
    "bad_ignored_all": (["bad"], [], "--required-valid-signature-count all --ignore-signature-status-codes BADSIG"),
    "nonsense": (["nonsense"], [], ""),
    "nonsense_ignored": (["nonsense"], [], "--required-valid-signature-count all --ignore-signature-status-codes NODATA"),
    "no_such_word": (["good"], [], "--ignore-signature-status-codes NOTHING"),
    "disabled": (["bad"], [], "--disable-gpg-verify"),
    "disabled_strict": ([], [], "--disable-gpg-verify --required-valid-signature-count +1"),
    "no_keyring": (["bad"], [], "NOKEYRING"),
    "no_such_keyring": (["good"], [], "NOSUCHKEYRING"),
    "named_file": ([], ["file good"], "--required-valid-signature-count +1"),
    "named_http": ([], ["http good"], "--required-valid-signature-count +1"),
    "named_path": ([], ["path good"], "--required-valid-signature-count +1"),
    "named_bad": ([], ["file bad"], ""),
    "named_and_server": (["good"], ["file second"], "--required-valid-signature-count 2"),
    "named_good_server_bad": (["bad"], ["file good"], "--required-valid-signature-count +1"),
    "named_twice": ([], ["file good", "http second"], "--required-valid-signature-count +2"),
    "named_same": ([], ["file good", "http good"], "--required-valid-signature-count 2"),
    "named_missing_file": (["good"], ["file none"], ""),
    "named_missing_http": (["good"], ["http none"], ""),
    "named_without_keyring": ([], ["file good"], "NOKEYRING"),
    "named_disabled": ([], ["file bad"], "--disable-gpg-verify"),
    "named_disabled_without_keyring": ([], ["file bad"], "NOKEYRING --disable-gpg-verify"),
}
# How the same is said.
FORMS = ["option", "list", "text"]


def gpg(home, *arguments, moment=None, check=True, **more):
    past = ["--faked-system-time", moment + "!"] if moment else []
    done = subprocess.run(["gpg", "--batch", "--quiet", "--no-tty", "--homedir", home, *past, *arguments], capture_output=True, **more)
    assert not check or done.returncode == 0, (arguments, done.stderr)
    return done.stdout


def make_keys(home, manifest):
    """The keyring, and signatures over the manifest."""

    def key(name, moment=None, ends="never"):
        gpg(home, "--passphrase", "", "--quick-generate-key", f"{name}@acme.test", "ed25519", "default", ends, moment=moment)

    def sign(name, message=manifest, moment=None, more=()):
        return gpg(home, "--armor", "--local-user", f"{name}@acme.test", *more, "--detach-sign", input=message, moment=moment).decode()

    for name in ["good", "second", "unknown", "revoked"]:
        key(name)
    key("expired", PAST, "1d")
    key("aged", PAST)
    signatures = {name: sign(name) for name in ["good", "second", "unknown", "revoked"]}
    signatures["bad"] = sign("good", b"{}")
    signatures["nonsense"] = "nonsense\n"
    signatures["expired_key"] = sign("expired", moment=PAST)
    signatures["expired_signature"] = sign("aged", moment=PAST, more=["--default-sig-expire", "1d"])
    listed = gpg(home, "--with-colons", "--list-keys", "revoked@acme.test").decode()
    print_of_revoked = next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr:"))
    certificate = pathlib.Path(home, "openpgp-revocs.d", f"{print_of_revoked}.rev").read_text().replace(":-----BEGIN", "-----BEGIN")
    gpg(home, "--import", input=certificate.encode())
    names = [f"{n}@acme.test" for n in ["good", "second", "revoked", "expired", "aged"]]
    return gpg(home, "--export", *names), signatures


class Server(http.server.BaseHTTPRequestHandler):
    archive = b""
    told = []
    signatures = {}

    def do_GET(self):
        path = self.path.split("?")[0].strip("/")
        base = "api/v3/collections/acme/tools"
        body = {
            "api": {"available_versions": {"v3": "v3/"}},
            base: {"created_at": "x", "updated_at": "x"},
            f"{base}/versions": {"data": [{"version": "1.0.0"}], "links": {"next": None}},
            f"{base}/versions/1.0.0": {
                "version": "1.0.0", "namespace": {"name": "acme"}, "collection": {"name": "tools"},
                "download_url": "/file", "href": f"/{base}/versions/1.0.0/",
                "artifact": {"sha256": hashlib.sha256(self.archive).hexdigest()},
                "metadata": {"dependencies": {}}, "signatures": [{"signature": self.signatures[n]} for n in self.told],
            },
            "file": self.archive,
        }.get(path)
        if path.startswith("signatures/"):
            body = self.signatures.get(path.split("/")[1], "").encode() or None
        self.send_response(404 if body is None else 200)
        self.end_headers()
        self.wfile.write(body if isinstance(body, bytes) else json.dumps(body or {}).encode())

    def log_message(self, *_):
        pass


def addresses(named, url, folder):
    return [{"file": f"file://{folder}/", "http": f"{url}/signatures/", "path": f"{folder}/"}[how] + name for how, name in (n.split() for n in named)]


def flags_of(text, keyring):
    keyring = [] if "NOKEYRING" in text else ["--keyring", f"{keyring}.none" if "NOSUCHKEYRING" in text else keyring]
    return keyring + text.replace("NOSUCHKEYRING", "").replace("NOKEYRING", "").split()


def record(run, pages, archive):
    recorded = {"cases": {}}
    with tempfile.TemporaryDirectory() as world:
        manifest = pages("acme.tools", "1.0.0", {})["MANIFEST.json"]
        home = f"{world}/gnupg"
        os.mkdir(home, 0o700)
        keyring, signatures = make_keys(home, manifest)
        subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=True)
        pathlib.Path(world, "keyring").write_bytes(keyring)
        for name, text in signatures.items():
            pathlib.Path(world, name).write_text(text)
        Server.archive, Server.signatures = archive("acme.tools", "1.0.0", {}), signatures
        recorded["keyring"] = base64.b64encode(keyring).decode()
        recorded["archive"] = base64.b64encode(Server.archive).decode()
        recorded["signatures"] = signatures
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        for name, (told, named, text) in CASES.items():
            Server.told = told
            for form in FORMS if named else ["option"]:
                if form == "text" and len(named) > 1:
                    continue
                for action in ["install", "verify", "verify --offline"]:
                    if action != "install" and "disable" in text:
                        continue
                    with tempfile.TemporaryDirectory() as folder:
                        if action != "install":
                            run("collection", "install", "acme.tools", "-s", f"{url}/api/", "--disable-gpg-verify", folder=folder, home=folder)
                        uris = addresses(named, url, world)
                        words = ["acme.tools", *(w for u in uris for w in ("--signature", u))]
                        if form != "option":
                            said = uris if form == "list" else uris[0]
                            entry = {"collections": [{"name": "acme.tools", "signatures": said}]}
                            pathlib.Path(folder, "requirements.yml").write_text(json.dumps(entry))
                            words = ["-r", "requirements.yml"]
                        done = run("collection", *action.split(), *words, "-s", f"{url}/api/", *flags_of(text, f"{world}/keyring"), folder=folder, home=folder)
                        there = pathlib.Path(folder, ".ansible/collections/ansible_collections/acme/tools").is_dir()
                    case = f"{name} {form} {action}"
                    recorded["cases"][case] = {"server": told, "named": named, "flags": text, "form": form, "action": action, "status": done.returncode, "installed": there}
                    last = [l for l in (done.stderr + done.stdout).splitlines() if l.strip() and "WARNING" not in l]
                    print(case, done.returncode, there, (last or [""])[-1][:150], flush=True)
    return recorded
