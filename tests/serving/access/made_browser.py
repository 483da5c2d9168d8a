"""A browser as far as signing in goes: cookies, forms, redirects on request."""

from __future__ import annotations

import html
import re
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from serving.made_store import Address, Said

FORM = "application/x-www-form-urlencoded"


class Browser:
    """Keeps cookies, and answers forms with what their pages hold."""

    def __init__(self, server: Address) -> None:
        self.server = server
        self.cookies: dict[str, str] = {}
        self.set: list[str] = []

    def ask(self, method: str, path: str, body: object = None, kind: str = "application/json", **headers: str) -> Said:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        said = self.server.ask(method, path, body, sent, kind)
        for line in said.cookies:
            self.set.append(line)
            for name, morsel in SimpleCookie(line).items():
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value
        return said

    def get(self, path: str) -> Said:
        return self.ask("GET", path)

    def post(self, path: str, fields: dict[str, str], **headers: str) -> Said:
        return self.ask("POST", path, urlencode(fields).encode(), FORM, **headers)

    def fill(self, page: str, action: str, **fields: str) -> Said:
        """Load a page, fill in its form for an address and send it."""
        text = self.get(page).content.decode()
        form = next(one for one in re.findall(r"<form.*?</form>", text, re.DOTALL) if f'action="{action}"' in one)
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form))
        return self.post(action, {name: html.unescape(value) for name, value in hidden.items()} | fields)

    def sign_in(self, name: str, password: str, page: str = "/sign-in") -> Said:
        return self.fill(page, "/sign-in", name=name, password=password)
