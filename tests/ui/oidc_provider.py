"""A small OpenID provider on this machine: it shows who may log in, and signs what it says of them.

Authorization code with PKCE left to the client, RS256, discovery and keys: what a company's provider does, and nothing kept.
"""

import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "assay", "a secret between the two"
_PAGE = "<!doctype html><title>Provider</title><h1>Who are you?</h1>{}"


@dataclass(frozen=True, slots=True)
class Somebody:
    name: str
    email: str
    verified: bool = True
    lives_s: float = 3600.0  # the token


@dataclass(slots=True)
class Provider:
    people: dict[str, Somebody]
    key: RSAKey
    issuer: str = ""
    codes: dict[str, tuple[str, str]] = field(default_factory=dict)  # code → (person, nonce)
    ends: dict[str, int] = field(default_factory=dict)  # person → the end of the last token

    def describe(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def offer(self, asked: dict[str, str]) -> str:
        links = []
        for name in self.people:
            code = secrets.token_urlsafe(16)
            self.codes[code] = (name, asked.get("nonce", ""))
            back = urlencode({"code": code, "state": asked["state"]})
            links.append(f'<p><a href="{asked["redirect_uri"]}?{back}">{name}</a></p>')
        return _PAGE.format("".join(links))

    def redeem(self, code: str) -> dict[str, Any]:
        """Each code once."""
        name, nonce = self.codes.pop(code)
        somebody, now = self.people[name], int(time.time())
        self.ends[name] = now + int(somebody.lives_s)
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": name,
            "iat": now,
            "exp": self.ends[name],
            "nonce": nonce,
            "name": somebody.name,
            "email": somebody.email,
            "email_verified": somebody.verified,
        }
        token = jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)
        return {"access_token": secrets.token_urlsafe(16), "token_type": "Bearer", "id_token": token}


@contextmanager
def provide(people: dict[str, Somebody]) -> Iterator[Provider]:
    provider = Provider(people, RSAKey.generate_key(2048, auto_kid=True))

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, asked = urlsplit(self.path).path, dict(_flatten(urlsplit(self.path).query))
            if path == "/.well-known/openid-configuration":
                self._say(provider.describe())
            elif path == "/keys":
                self._say({"keys": [provider.key.as_dict(private=False)]})
            elif path == "/authorize":
                self._send(provider.offer(asked).encode(), "text/html")
            else:
                self._send(b"", "image/x-icon")  # the browser asks for a favicon

        def do_POST(self) -> None:
            asked = dict(_flatten(self.rfile.read(int(self.headers["content-length"])).decode()))
            self._say(provider.redeem(asked["code"]))

        def _say(self, told: dict[str, Any]) -> None:
            self._send(json.dumps(told).encode(), "application/json")

        def _send(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None: ...

    server = ThreadingHTTPServer(("localhost", 0), Answers)
    provider.issuer = f"http://localhost:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _flatten(query: str) -> list[tuple[str, str]]:
    return [(name, values[0]) for name, values in parse_qs(query).items()]
