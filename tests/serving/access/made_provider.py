"""A small OpenID Connect provider that signs with its own key and checks what a real one checks."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

from fastapi import FastAPI, Request
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey
from starlette.responses import JSONResponse, RedirectResponse, Response

CLIENT, SECRET = "spinecast", "the provider's secret for spinecast"
Claims = dict[str, Any]


@dataclass
class MadeProvider:
    """What it will say, and what it was asked.

    Parameters
    ----------
    twist : callable
        Changes the claims before they are signed: what a provider gone wrong would send.
    """

    issuer: str = ""
    person: Claims = field(default_factory=lambda: {"sub": "17", "preferred_username": "Berta", "groups": ["spine"]})
    twist: Callable[[Claims], Claims] = lambda claims: claims
    key: RSAKey | ECKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "first"}))
    sign_with: Any = None
    algorithm: str = "RS256"
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    def app(self) -> FastAPI:
        app = FastAPI(openapi_url=None)
        app.get("/.well-known/openid-configuration")(self._describe)
        app.get("/jwks")(self._keys)
        app.get("/authorize")(self._authorize)
        app.post("/token")(self._token)
        return app

    def _describe(self) -> Response:
        self.asked.append("description")
        places = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "jwks"}
        return JSONResponse({"issuer": self.issuer, **{name: f"{self.issuer}/{path}" for name, path in places.items()}})

    def _keys(self) -> Response:
        self.asked.append("keys")
        return JSONResponse(KeySet([self.key]).as_dict(private=False))

    def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        assert min(len(asked[name]) for name in ("state", "nonce", "code_challenge")) >= 43
        code = secrets.token_urlsafe()
        self.codes[code] = asked
        back = urlencode({"code": code, "state": asked["state"], "iss": self.issuer})
        return RedirectResponse(f"{asked['redirect_uri']}?{back}", status_code=302)

    async def _token(self, request: Request) -> Response:
        self.asked.append("token")
        sent = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        given = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
        asked = self.codes.pop(sent["code"], None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(sent["code_verifier"].encode()).digest()).decode()
        wrong = (
            "invalid_client"
            if given != f"{CLIENT}:{SECRET}"
            else "invalid_grant"
            if asked is None
            or asked["code_challenge"] != challenge.rstrip("=")
            or asked["redirect_uri"] != sent["redirect_uri"]
            else ""
        )
        if wrong or asked is None:
            self.refusals.append(wrong)
            return JSONResponse({"error": wrong, "error_description": "planted description"}, 400)
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 60, "nonce": asked["nonce"]}
        signed = self._signed(self.twist(claims | self.person))
        return JSONResponse({"access_token": "planted access token", "token_type": "Bearer", "id_token": signed})

    def _signed(self, claims: Claims) -> str:
        if self.algorithm == "none":
            parts = ({"alg": "none"}, claims)
            encoded = [base64.urlsafe_b64encode(_json(part)).decode().rstrip("=") for part in parts]
            return ".".join([*encoded, ""])
        key = self.sign_with or self.key
        header = {"alg": self.algorithm} | ({} if isinstance(key, OctKey) else {"kid": key.kid})
        return jwt.encode(header, claims, key, algorithms=[self.algorithm])


def _json(value: Any) -> bytes:
    import json

    return json.dumps(value).encode()
