"""A browser that has no script: it keeps cookies, fills in forms, and signs a person in by the pages."""

import html
import re
from urllib.parse import parse_qs, urljoin, urlsplit

import requests


class Browser:
    """Stops where it is led away from the server."""

    def __init__(self, given):
        self.given = given
        self.session = requests.Session()

    def _go(self, answer):
        while answer.is_redirect:
            address = urljoin(answer.url, answer.headers["location"])
            if not address.startswith(self.given["url"]):
                return address
            answer = self.session.get(address, allow_redirects=False)
        assert answer.status_code == 200, answer.text
        return answer

    def get(self, address):
        return self._go(self.session.get(address, allow_redirects=False))

    def send(self, page, **fields):
        action, flow = (
            html.unescape(re.search(f'{name}="([^"]+)"', page.text).group(1))
            for name in ("action", 'name="flow" value')
        )
        fields["flow"] = flow
        address = urljoin(page.url, action)
        return self._go(self.session.post(address, data=fields, allow_redirects=False))

    def sign_in(self, address):
        """What the pages end with: a page, or the address that the client is answered at."""
        page = self.get(address)
        for _ in range(6):
            if isinstance(page, str):
                return page
            if 'id="name"' in page.text:
                if 'name="login_hint"' in page.text:
                    joint = "&" if "?" in address else "?"
                    page = self.get(f"{address}{joint}login_hint={self.given['user']}")
                else:
                    page = self.send(page, step="name", name=self.given["user"])
            elif 'id="password"' in page.text:
                page = self.send(page, step="password", password=self.given["password"])
            elif 'value="accept"' in page.text:
                page = self.send(page, step="consent", decision="accept")
            else:
                return page
        raise AssertionError(page.text)

    def enter_code(self, device):
        """Signs in for a device, by the answer that it has got (RFC 8628 §3.2)."""
        page = self.sign_in(device["verification_uri"])
        page = self.send(page, step="device", code=device["user_code"])
        page = self.send(page, step="consent", decision="accept")
        assert "You have signed in" in page.text, page.text


def parameters(address):
    """The answer in an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
