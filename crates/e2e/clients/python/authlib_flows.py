"""Authlib does its whole flows: metadata, code with PKCE, refresh, UserInfo, client credentials by a
secret and by a signed token, device code, signing out.

Standard input: {"url", "tenant", "user", "password", "clientId", "clientSecret", "certificate":
{"key", "sha256"}}: a server (REQUESTS_CA_BUNDLE names the file that vouches for it), a person, and a
client with the redirect URIs below. Ends with 0 and a line "done" if everything was as a user of
Authlib may expect.
"""

import json
import sys
import time

import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.base_client.sync_openid import OpenIDMixin
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from authlib.oauth2.rfc9207.discovery import AuthorizationServerMetadata as NamesIssuer
from authlib.oidc.discovery import OpenIDProviderMetadata

from browser import Browser, parameters

NATIVE = "http://localhost:51234"
WEB = "https://app.example/cb"
SCOPE = "openid profile email offline_access User.Read"
GRAPH = "https://graph.microsoft.com/.default"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
given = json.load(sys.stdin)

metadata = requests.get(
    f"{given['url']}/{given['tenant']}/v2.0/.well-known/openid-configuration"
).json()
OpenIDProviderMetadata(metadata).validate()
AuthorizationServerMetadata(metadata).validate()
NamesIssuer(metadata).validate_authorization_response_iss_parameter_supported()
assert metadata["authorization_response_iss_parameter_supported"] is True, metadata


class Client(OAuth2Session, OpenIDMixin):
    """A session as Authlib's integrations for web frameworks have one."""

    def __init__(self, secret=None, **more):
        super().__init__(
            given["clientId"],
            secret,
            scope=SCOPE,
            code_challenge_method="S256",
            token_endpoint=metadata["token_endpoint"],
            **more,
        )
        self.server_metadata = metadata

    def load_server_metadata(self):
        return self.server_metadata

    def _get_session(self):
        return OAuth2Session()


def refused(error, ask, *args, **more):
    try:
        ask(*args, **more)
    except OAuthError as answer:
        assert answer.error == error, answer
        return
    raise AssertionError(f"{error} was expected")


def is_good(client, token, nonce=None):
    claims = client.parse_id_token(token, nonce)
    assert claims["preferred_username"] == given["user"], claims
    assert client.userinfo()["sub"] == claims["sub"]


def by_code(client, browser=None, **more):
    verifier, nonce = generate_token(48), generate_token()
    address, state = client.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce, **more
    )
    answer = (browser or Browser(given)).sign_in(address)
    assert parameters(answer)["iss"] == metadata["issuer"], answer
    token = client.fetch_token(
        authorization_response=answer,
        state=state,
        code_verifier=verifier,
        redirect_uri=client.redirect_uri,
    )
    is_good(client, token, nonce)
    return token


def stays_signed_in(client):
    for _ in range(3):
        is_good(client, client.refresh_token())


browser = Browser(given)
native = Client(redirect_uri=NATIVE)
first = by_code(native, browser)
used = first["refresh_token"]
stays_signed_in(native)
silent = Client(redirect_uri=NATIVE)
id_token = by_code(silent, browser, prompt="none", login_hint=given["user"])["id_token"]
refused("invalid_grant", native.refresh_token, refresh_token=used)

device = Client()
started = requests.post(
    metadata["device_authorization_endpoint"],
    data={"client_id": given["clientId"], "scope": SCOPE},
).json()
ask = {"grant_type": DEVICE, "device_code": started["device_code"]}
refused("authorization_pending", device.fetch_token, **ask)
Browser(given).enter_code(started)
time.sleep(started["interval"])
is_good(device, device.fetch_token(**ask))
stays_signed_in(device)

for method in ("client_secret_basic", "client_secret_post", "private_key_jwt"):
    certificate = given["certificate"]
    by_key = method == "private_key_jwt"
    secret = certificate["key"] if by_key else given["clientSecret"]
    web, own = (
        Client(secret, redirect_uri=WEB, token_endpoint_auth_method=method) for _ in range(2)
    )
    for client in (web, own):
        # The key's id as Entra's own libraries write it.
        client.register_client_auth_method(PrivateKeyJWT(headers={"kid": certificate["sha256"]}))
    by_code(web)
    stays_signed_in(web)
    assert own.fetch_token(grant_type="client_credentials", scope=GRAPH)["access_token"]

wrong = Client("not-the-secret")
refused("invalid_client", wrong.fetch_token, grant_type="client_credentials", scope=GRAPH)

out = silent.create_logout_url(NATIVE, id_token_hint=id_token)
back = browser.get(out["url"])
assert back.startswith(NATIVE) and parameters(back)["state"] == out["state"], back
gone, _ = silent.create_authorization_url(
    metadata["authorization_endpoint"], code_verifier=generate_token(48), prompt="none"
)
assert parameters(browser.sign_in(gone))["error"] == "login_required"
print("done")
