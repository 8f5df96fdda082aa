"""Client credentials: /auth/token gives systems a short-lived token for their API key (RFC 6749, section 4.4).

The client is an API key: its id is the client's, and the key itself is the client's secret. So a key that is revoked,
and an account that is suspended, end its tokens at once, and there is no second kind of secret to be kept or rotated.
Whoever had public keys registered with the key may sign an assertion instead, and the key never travels (RFC 7523).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from hmac import compare_digest
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote_plus

from gongzhi.core.accounts.secrets import PREFIX
from gongzhi.declare.viewer import ViewerAccount
from starlette.requests import Request
from starlette.responses import Response

from gongzhi_server.auth.access_tokens import LIFETIME
from gongzhi_server.auth.authentication import Authenticator
from gongzhi_server.auth.client_assertions import TYPE, bare_id
from gongzhi_server.auth.jws import InvalidToken
from gongzhi_server.gateway.interfaces import Unauthenticated

from .plain_http import BodyTooLarge, BodyTooLate, read_body

if TYPE_CHECKING:
    from .sign_in import AuthRequest

GRANT = "client_credentials"
LARGEST, FIELDS = 8192, 20
FORM = b"application/x-www-form-urlencoded"
CHALLENGE = 'Basic realm="gongzhi", charset="UTF-8"'


class TokenRefused(Exception):
    """Why there is no token, by the codes of RFC 6749, section 5.2."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error, self.status = error, status


async def read_form(request: Request, headers: Mapping[bytes, bytes], seconds: float) -> Mapping[str, str]:
    """Read the fields of a form. Raises TokenRefused."""
    if headers.get(b"content-type", b"").partition(b";")[0].strip().lower() != FORM:
        raise TokenRefused("invalid_request", "Send the fields as application/x-www-form-urlencoded.")
    try:
        pairs = parse_qsl(
            (await read_body(request, LARGEST, seconds)).decode(), keep_blank_values=True, max_num_fields=FIELDS
        )
    except BodyTooLarge:
        raise TokenRefused("invalid_request", f"Send {LARGEST} bytes at most.", 413) from None
    except BodyTooLate as late:
        raise TokenRefused("invalid_request", str(late), 408) from None
    except ValueError:
        raise TokenRefused("invalid_request", "The body is no form.") from None
    if len(dict(pairs)) < len(pairs):
        raise TokenRefused("invalid_request", "A field is there twice.")
    return dict(pairs)


async def issue_token(authenticator: Authenticator, asked: AuthRequest) -> dict[str, Any]:
    """Issue a token for the API key that is the client. Raises TokenRefused."""
    if asked.body.get("grant_type") != GRANT:
        raise TokenRefused("unsupported_grant_type", f"grant_type is {GRANT}.")
    if "client_assertion" in asked.body:
        account = await authenticate_by_assertion(authenticator, asked)
    else:
        client, secret = read_client(asked.headers, asked.body)
        account = await authenticate_client(authenticator, client, secret, asked)
    assert account.id and account.api_key and account.expires
    scope = read_scope(asked.body.get("scope"), account)
    expires = min(asked.now + LIFETIME, account.expires)
    token = authenticator.access.issue_for_key(account.id, account.api_key, scope, asked.now, expires)
    return {
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": int((expires - asked.now).total_seconds()),
        "scope": " ".join(sorted(account.granted if scope is None else scope)),
    }


def read_client(headers: Mapping[bytes, bytes], form: Mapping[str, str]) -> tuple[str, str]:
    """Read the client's id and secret, from the header or the form. Raises TokenRefused."""
    header = headers.get(b"authorization")
    if header is None:
        return form.get("client_id", ""), form.get("client_secret", "")
    if "client_secret" in form:
        raise TokenRefused("invalid_request", "Send the client's secret in one place.")
    scheme, _, given = header.decode("latin-1").partition(" ")
    try:
        client, _, secret = (
            base64.b64decode(given.strip() if scheme.lower() == "basic" else "", validate=True).decode().partition(":")
        )
    except (binascii.Error, ValueError):
        raise unknown_client() from None
    # Encoded before they are joined (RFC 6749, section 2.3.1).
    return unquote_plus(client), unquote_plus(secret)


async def authenticate_client(
    authenticator: Authenticator, client: str, secret: str, asked: AuthRequest
) -> ViewerAccount:
    """Return the account of a key that is the secret of this client. Raises TokenRefused."""
    if not secret.startswith(PREFIX):  # a token is no secret: nobody makes one last by asking for the next with it
        raise unknown_client()
    try:
        account = await authenticator.account(secret, asked.now)
        authenticator.admit(account, asked.address)
    except Unauthenticated:
        raise unknown_client() from None
    if not compare_digest(bare_id(client).encode(), str(account.api_key).encode()):
        raise unknown_client()
    return account


async def authenticate_by_assertion(authenticator: Authenticator, asked: AuthRequest) -> ViewerAccount:
    """Return the account of the key that an assertion speaks for. Raises TokenRefused."""
    form, assertions = asked.body, authenticator.assertions
    if "client_secret" in form or b"authorization" in asked.headers or form.get("client_assertion_type") != TYPE:
        raise TokenRefused("invalid_request", f"Send an assertion by itself, of the type {TYPE}.")
    assert assertions
    try:
        claim, claims = await assertions.verify(form["client_assertion"], form.get("client_id"), asked.now)
        loaded = await authenticator.accounts.load(claim, asked.now)
        if loaded is None:
            raise unknown_client()
        authenticator.admit(loaded.account, asked.address)
        # Last, so that what is refused for another reason takes up no room.
        await assertions.take(claim.key, claims, asked.now)
    except (InvalidToken, Unauthenticated):
        raise unknown_client() from None
    return loaded.account


def read_scope(text: str | None, account: ViewerAccount) -> frozenset[str] | None:
    """Read the permissions that are asked for; None for all. Raises TokenRefused for one that the key has not."""
    if not text:
        return None
    scope = frozenset(text.split())
    if not scope or scope - account.granted:
        raise TokenRefused("invalid_scope", "The scope is permissions of the key, with blanks in between.")
    return scope


def unknown_client() -> TokenRefused:
    """Make the one answer for every client that is not who it says, so that nothing tells why."""
    return TokenRefused("invalid_client", "The client is not known, or its key is over.", 401)


def refuse_token(refused: TokenRefused, response: Response) -> Response:
    """Add to an answer what RFC 6749 asks for."""
    if refused.status == 401:
        response.headers["www-authenticate"] = CHALLENGE
    return response
