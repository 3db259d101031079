"""A server of OAuth, by authlib, and a Galaxy server that takes its tokens only: what Keycloak is to a hub.

    oauth.py ARCHIVE

tells its port, and serves the collection acme.tools 1.0.0 with that archive.
"""

import hashlib
import os
import pathlib
import sys
import threading
import time

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

from authlib.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector  # noqa: E402
from authlib.oauth2.rfc6749 import ClientMixin, TokenMixin, grants  # noqa: E402
from authlib.oauth2.rfc6750 import BearerTokenValidator  # noqa: E402
from flask import Flask, jsonify, request  # noqa: E402
from werkzeug.serving import make_server  # noqa: E402

# Short, so that a test sees how a token is renewed before it ends.
LIFETIME = 3
ARCHIVE = pathlib.Path(sys.argv[1]).read_bytes()


class Client(ClientMixin):
    def __init__(self, name, secret, method, grant):
        self.name, self.secret, self.method, self.grant = name, secret, method, grant

    def get_client_id(self):
        return self.name

    def get_default_redirect_uri(self):
        return None

    def get_allowed_scope(self, scope):
        return scope or ""

    def check_client_secret(self, secret):
        return secret == self.secret

    def check_endpoint_auth_method(self, method, endpoint):
        return method == self.method

    def check_grant_type(self, grant):
        return grant == self.grant


class Token(TokenMixin):
    def __init__(self, client, scope, ends):
        self.client, self.scope, self.ends = client, scope, ends

    def check_client(self, client):
        return client.name == self.client

    def get_scope(self):
        return self.scope

    def get_expires_in(self):
        return LIFETIME

    def is_expired(self):
        return time.time() > self.ends

    def is_revoked(self):
        return False


CLIENTS = {
    "cloud-services": Client("cloud-services", "", "none", "refresh_token"),
    "robot": Client("robot", "s+c/r=t&", "client_secret_post", "client_credentials"),
}
REFRESH = {"offline+token/1=": Token("cloud-services", "", time.time() + 3600)}
KNOWN = {}
ASKED = []


class Refresh(grants.RefreshTokenGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["none"]

    def authenticate_refresh_token(self, text):
        return REFRESH.get(text)

    def authenticate_user(self, token):
        return "user"

    def revoke_old_credential(self, token):
        pass


class Secret(grants.ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_post"]


class Validator(BearerTokenValidator):
    def authenticate_token(self, text):
        return KNOWN.get(text)


def save(token, asked):
    ASKED.append(asked.payload.grant_type)
    KNOWN[token["access_token"]] = Token(asked.client.name, token.get("scope", ""), time.time() + LIFETIME)


app = Flask(__name__)
app.config["OAUTH2_TOKEN_EXPIRES_IN"] = {"refresh_token": LIFETIME, "client_credentials": LIFETIME}
server = AuthorizationServer(app, query_client=CLIENTS.get, save_token=save)
server.register_grant(Refresh)
server.register_grant(Secret)
needs_token = ResourceProtector()
needs_token.register_token_validator(Validator())


@app.post("/token")
def token():
    return server.create_token_response()


@app.get("/asked")
def asked():
    return jsonify(ASKED)


@app.get("/api/")
@needs_token()
def root():
    return jsonify({"available_versions": {"v3": "v3/"}})


BASE = "/api/v3/collections/acme/tools/versions/"


@app.get(BASE)
@needs_token()
def versions():
    return jsonify({"data": [{"version": "1.0.0"}], "links": {"next": None}})


@app.get(f"{BASE}1.0.0/")
@needs_token()
def version():
    return jsonify(
        {
            "version": "1.0.0",
            "download_url": f"{request.host_url}file",
            "artifact": {"sha256": hashlib.sha256(ARCHIVE).hexdigest()},
            "metadata": {"dependencies": {}},
            "signatures": [],
        }
    )


@app.get("/file")
@needs_token()
def file():
    return ARCHIVE


listening = make_server("127.0.0.1", 0, app, threaded=True)
print("port", listening.port, "", flush=True)
threading.Thread(target=listening.serve_forever, daemon=True).start()
# It ends with whoever started it.
sys.stdin.read()
