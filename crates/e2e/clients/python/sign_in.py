"""People sign in with MSAL for Python: code with PKCE, refresh, device, secret, certificate.

Standard input: {"url", "tenant", "domain", "user", "password", "clientId", "clientSecret",
"certificate": {"key", "der"}}: a server (REQUESTS_CA_BUNDLE names the file that vouches for it), a
person, and a client with the redirect URIs below. Ends with 0 and a line "done" if everything was
as a user of MSAL may expect.
"""

import base64
import hashlib
import json
import sys
import threading

import msal
import requests

from browser import Browser, parameters

NATIVE = "http://localhost:51234"
WEB = "https://app.example/cb"
SCOPES = ["User.Read"]
given = json.load(sys.stdin)


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
    address = (browser or Browser(given)).sign_in(flow["auth_uri"])
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
    browser = Browser(given)
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
    Browser(given).enter_code(flow)
    waits.join(60)
    is_good(given_to[0])
    stays_signed_in(app)


def confidential_client():
    secret = application(
        msal.ConfidentialClientApplication, client_credential=given["clientSecret"]
    )
    by_code(secret, redirect_uri=WEB)
    stays_signed_in(secret)

    der = base64.b64decode(given["certificate"]["der"])
    proof = {
        "private_key": given["certificate"]["key"],
        "thumbprint": hashlib.sha1(der).hexdigest(),
    }
    certified = application(msal.ConfidentialClientApplication, client_credential=proof)
    by_code(certified, redirect_uri=WEB)
    by_code(certified, redirect_uri=WEB)
    stays_signed_in(certified)


public_client()
device()
confidential_client()
print("done")
