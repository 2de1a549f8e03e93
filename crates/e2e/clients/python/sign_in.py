"""People sign in with MSAL for Python: code with PKCE, refresh, device, secret, certificate.

Standard input: {"url", "tenant", "domain", "user", "password", "clientId", "clientSecret",
"applicationId", "adminToken"}: a server (REQUESTS_CA_BUNDLE names the file that vouches for it),
a person, and a client with the redirect URIs below. The pages are followed as a browser does that
has no script. Ends with 0 and a line "done" if everything was as a user of MSAL may expect.
"""

import base64
import datetime
import html
import json
import re
import sys
import threading
from urllib.parse import parse_qs, urljoin, urlsplit

import msal
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

NATIVE = "http://localhost:51234"
WEB = "https://app.example/cb"
SCOPES = ["User.Read"]
given = json.load(sys.stdin)


class Browser:
    """Keeps cookies, fills in forms, and stops where it is led away from the server."""

    def __init__(self):
        self.session = requests.Session()

    def _go(self, answer):
        while answer.is_redirect:
            address = urljoin(answer.url, answer.headers["location"])
            if not address.startswith(given["url"]):
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
                    page = self.get(f"{address}{joint}login_hint={given['user']}")
                else:
                    page = self.send(page, step="name", name=given["user"])
            elif 'id="password"' in page.text:
                page = self.send(page, step="password", password=given["password"])
            elif 'value="accept"' in page.text:
                page = self.send(page, step="consent", decision="accept")
            else:
                return page
        raise AssertionError(page.text)


def parameters(address):
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def application(kind, authority=None, **more):
    return kind(
        given["clientId"],
        authority=f"{given['url']}/{authority or given['tenant']}",
        instance_discovery=False,
        **more,
    )


def is_good(result):
    assert "access_token" in result, result
    claims = result["id_token_claims"]
    assert claims["preferred_username"] == given["user"], claims
    assert claims["tid"] == given["tenant"], claims
    told = requests.get(
        f"{given['url']}/oidc/userinfo",
        headers={"authorization": f"Bearer {result['access_token']}"},
    )
    assert told.status_code == 200 and told.json()["sub"] == claims["sub"], told.text
    return result


def by_code(app, redirect_uri=NATIVE, browser=None, **more):
    flow = app.initiate_auth_code_flow(SCOPES, redirect_uri=redirect_uri, **more)
    address = (browser or Browser()).sign_in(flow["auth_uri"])
    assert isinstance(address, str) and address.startswith(redirect_uri), address
    return is_good(app.acquire_token_by_auth_code_flow(flow, parameters(address)))


def stays_signed_in(app):
    """The account is kept, and its refresh token used, again and again."""
    (account,) = app.get_accounts()
    assert account["username"] == given["user"], account
    for _ in range(3):
        result = app.acquire_token_silent_with_error(SCOPES, account, force_refresh=True)
        assert result and "access_token" in result, result


def public_client():
    app = application(msal.PublicClientApplication)
    browser = Browser()
    by_code(app, browser=browser)
    stays_signed_in(app)
    # The browser is signed in, so that nobody is asked; unless the client wants it.
    by_code(app, browser=browser, prompt="none", login_hint=given["user"])
    by_code(app, browser=browser, prompt="login")
    by_code(application(msal.PublicClientApplication, authority=given["domain"]))
    by_code(application(msal.PublicClientApplication, authority="organizations"))
    # What wasn't consented to has to be asked for.
    (account,) = app.get_accounts()
    more = app.acquire_token_silent_with_error(["User.ReadWrite"], account)
    assert more["error"] == "invalid_grant" and more["suberror"] == "consent_required", more
    flow = app.initiate_auth_code_flow(["User.ReadWrite"], redirect_uri=NATIVE, prompt="none")
    refused = parameters(browser.sign_in(flow["auth_uri"]))
    result = app.acquire_token_by_auth_code_flow(flow, refused)
    assert result["error"] == "consent_required", result
    # A code is good once, and takes what it gave along.
    flow = app.initiate_auth_code_flow(SCOPES, redirect_uri=NATIVE)
    answer = parameters(browser.sign_in(flow["auth_uri"]))
    is_good(app.acquire_token_by_auth_code_flow(flow, answer))
    again = app.acquire_token_by_auth_code_flow(flow, answer)
    assert again["error"] == "invalid_grant" and 54005 in again["error_codes"], again


def device():
    app = application(msal.PublicClientApplication)
    flow = app.initiate_device_flow(SCOPES)
    assert flow["user_code"] in flow["message"], flow
    given_to = []
    waits = threading.Thread(target=lambda: given_to.append(app.acquire_token_by_device_flow(flow)))
    waits.start()
    browser = Browser()
    page = browser.sign_in(flow["verification_uri"])
    page = browser.send(page, step="device", code=flow["user_code"])
    page = browser.send(page, step="consent", decision="accept")
    assert "You have signed in" in page.text, page.text
    waits.join(60)
    is_good(given_to[0])
    stays_signed_in(app)


def confidential_client():
    secret = application(
        msal.ConfidentialClientApplication, client_credential=given["clientSecret"]
    )
    by_code(secret, redirect_uri=WEB)
    stays_signed_in(secret)

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "client")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    der = certificate.public_bytes(serialization.Encoding.DER)
    registered = requests.patch(
        f"{given['url']}/v1.0/applications/{given['applicationId']}",
        headers={"authorization": f"Bearer {given['adminToken']}"},
        json={
            "keyCredentials": [
                {
                    "type": "AsymmetricX509Cert",
                    "usage": "Verify",
                    "key": base64.b64encode(der).decode(),
                    "displayName": "MSAL",
                }
            ]
        },
    )
    assert registered.status_code == 204, registered.text
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    proof = {
        "private_key": pem.decode(),
        "thumbprint": certificate.fingerprint(hashes.SHA1()).hex(),
    }
    certified = application(msal.ConfidentialClientApplication, client_credential=proof)
    by_code(certified, redirect_uri=WEB)
    by_code(certified, redirect_uri=WEB)
    stays_signed_in(certified)


public_client()
device()
confidential_client()
print("done")
