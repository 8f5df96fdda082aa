"""Sign-in endpoints: `/auth/` over plain HTTP with JSON, and refusals shaped like those of GraphQL."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from gongzhi.runtime.checks import input_form, invalid_input
from gongzhi.values.errors import Language, Refusal, Refusals, Text
from starlette.requests import ClientDisconnect, Request, cookie_parser
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from gongzhi_server.auth.access_tokens import LIFETIME
from gongzhi_server.auth.attempts import Blocked
from gongzhi_server.auth.authentication import Authenticator
from gongzhi_server.auth.browser_sessions import HEADER
from gongzhi_server.auth.devices import LIFETIME as REMEMBERED
from gongzhi_server.auth.passwords import PasswordsBusy
from gongzhi_server.auth.second_step import LASTING, SecondFactorRequired, WrongCredentials
from gongzhi_server.auth.service import AttemptOrigin, AuthenticationService
from gongzhi_server.auth.sessions import IDLE, OpenedSession
from gongzhi_server.gateway import error_responses
from gongzhi_server.gateway.application import wrap_application
from gongzhi_server.gateway.error_codes import Code
from gongzhi_server.gateway.http_messages import SAFE
from gongzhi_server.gateway.interfaces import Unauthenticated
from gongzhi_server.gateway.negotiation import cross_site, fold_headers, is_json
from gongzhi_server.gateway.operations import client_address
from gongzhi_server.gateway.options import GatewaySettings
from gongzhi_server.gateway.rate_limits import RateLimited, RateLimiter, network_of

from .client_credentials import TokenRefused, issue_token, read_form, refuse_token
from .plain_http import BodyTooLarge, BodyTooLate, HttpRefused, MountedApp, read_body, refuse_if_away
from .second_factor import SecondFactorEndpoint

LARGEST = 8192
ANSWERING = 10.0
"""Seconds that an answer may take; a database that hangs would otherwise be waited for without end."""
CACHED = 300
"""Seconds that the public keys may be kept."""


@dataclass(frozen=True)
class AuthRequest:
    """A request: who sent it from where, and the fields of its body."""

    headers: Mapping[bytes, bytes]
    where: str
    address: str
    now: datetime
    body: Mapping[str, Any]

    @property
    def origin(self) -> AttemptOrigin:
        """Where it comes from, with what the device is known by. Raises Refusal for a token that is no text."""
        cookies = cookie_parser(self.headers.get(b"cookie", b"").decode("latin-1"))
        return AttemptOrigin(self.where, self.text("deviceToken"), cookies)

    def texts(self, *names: str) -> list[str]:
        """Return fields that must be there. Raises Refusals for all that are not."""
        with input_form() as read:
            found = [read(require_text, self.body, name) for name in names]
        return found

    def text(self, name: str) -> str | None:
        """Return a field that may be there."""
        return None if self.body.get(name) in (None, "") else require_text(self.body, name)


Answer = Callable[[AuthRequest], Awaitable[Any]]
ReadFields = Callable[[Request, Mapping[bytes, bytes], float], Awaitable[Mapping[str, Any]]]


def require_text(body: Mapping[str, Any], name: str) -> str:
    """Return a text of the body. Raises Refusal for one that is missing, too long or no text."""
    value = body.get(name)
    # Long enough for every token; a longer text need not be hashed or looked up. U+0000 cannot be stored.
    if not isinstance(value, str) or not 0 < len(value) <= 1024 or "\x00" in value:
        raise invalid_input(f"{name} is missing, or no text.", f"缺少 {name}，或格式不正确。", name)
    return value


class AuthEndpoint:
    """The endpoints at `/auth/`. `limiter` counts requests by address, where rates are limited."""

    def __init__(
        self,
        auth_service: AuthenticationService,
        authenticator: Authenticator,
        settings: GatewaySettings,
        limiter: RateLimiter | None,
        factors: SecondFactorEndpoint,
    ) -> None:
        self.auth_service, self.authenticator, self.settings, self.limiter = (
            auth_service,
            authenticator,
            settings,
            limiter,
        )
        self.factors = factors
        self.origins = frozenset(origin.encode() for origin in settings.origins)

    @property
    def routes(self) -> list[BaseRoute]:
        posts = {
            "sign-in": self.sign_in,
            "refresh": self.refresh,
            "sign-out": self.sign_out,
            "password": self.password,
            "invitation": self.invitation,
            **self.factors.posts,
        }
        gets = {"keys": self.keys}
        # In production nobody is given a token for the asking, so the paths are not even there.
        if self.authenticator.trials:
            posts["development-token"], gets["development-roles"] = self.development_token, self.development_roles
        answers = [(path, one, "POST") for path, one in posts.items()] + [
            (path, one, "GET") for path, one in gets.items()
        ]
        return [
            *(Route(f"/auth/{path}", self.serve_answer(answer, method)) for path, answer, method in answers),
            Route("/auth/token", self.serve_answer(self.token, "POST", read_form)),
        ]

    async def sign_in(self, asked: AuthRequest) -> Any:
        """Sign in with name and password."""
        name, password = asked.texts("name", "password")
        device = asked.text("device")
        return await self.auth_service.sign_in(name, password, device and device[:100], asked.origin, asked.now)

    async def refresh(self, asked: AuthRequest) -> Any:
        """Renew a session by its refresh token."""
        token = self.refresh_token(asked)
        opened = await self.auth_service.sessions.renew(token, asked.now)
        if opened is None:
            raise WrongCredentials("The session is over; sign in again.", "会话已结束，请重新登录。")
        return opened

    async def sign_out(self, asked: AuthRequest) -> Any:
        """End a session; the answer is the same whether it was open or not."""
        await self.auth_service.sessions.end(self.refresh_token(asked), asked.now)
        return {}

    def refresh_token(self, asked: AuthRequest) -> str:
        """Return the refresh token of the cookie, or of the body. Raises Refusals where there is none."""
        return self.authenticator.browsers.read_refresh(asked.headers) or asked.texts("refreshToken")[0]

    async def password(self, asked: AuthRequest) -> Any:
        """Change a password."""
        name, password, new = asked.texts("name", "password", "newPassword")
        return await self.auth_service.change(name, password, new, asked.origin, asked.now)

    async def invitation(self, asked: AuthRequest) -> Any:
        """Use an invitation: with the account that is signed in, or to set a password."""
        [code] = asked.texts("code")
        # Somebody who is signed in wants to be linked to a person; everybody else wants to set a password.
        if b"authorization" in asked.headers or self.authenticator.browsers.read_refresh(asked.headers):
            viewer = await self.authenticator(asked.headers)
            self.authenticator.admit(viewer.account, asked.address)
            await self.auth_service.link(code, viewer.account, asked.where, asked.now)
            return {}
        password, name = asked.texts("password")[0], asked.text("name") or ""
        return await self.auth_service.accept(code, name, password, asked.where, asked.now)

    async def token(self, asked: AuthRequest) -> Any:
        """Issue a token for an API key, as OAuth clients ask for one."""
        return await issue_token(self.authenticator, asked)

    async def keys(self, asked: AuthRequest) -> Any:
        """Return the public keys that access tokens are verified with."""
        return self.authenticator.access.keys.public(asked.now)

    async def development_roles(self, asked: AuthRequest) -> Any:
        """Return the roles in which one can try things out."""
        assert self.authenticator.trials
        roles = self.authenticator.trials.plugins.roles
        return {"roles": [{"name": one.name, "chinese": one.chinese, "description": one.description} for one in roles]}

    async def development_token(self, asked: AuthRequest) -> Any:
        """Issue a token to try things out with, as `gongzhi token` does."""
        assert self.authenticator.trials
        [role] = asked.texts("role")
        places = {name: found for name in ("grid", "unit", "person") if (found := asked.text(name))}
        try:
            token = await self.authenticator.trials.issue({"role": role, **places}, asked.now)
        except KeyError as error:
            [name] = error.args
            raise invalid_input("There is no such thing.", "查无此项。", name) from None
        except ValueError:
            raise invalid_input("That is no id of a person.", "人员编号无效。", "person") from None
        return {"accessToken": token, "tokenType": "Bearer"}

    def write_session(self, opened: OpenedSession, asked: AuthRequest) -> Response:
        """Answer with what a client keeps: tokens, and the device's token where somebody has just proved who they are.

        A page that asked for cookies is told nothing that a script could give away.
        """
        access = self.authenticator.access.issue(opened.account, opened.session, asked.now)
        lasting = {"expiresIn": int(LIFETIME.total_seconds())}
        if self.authenticator.browsers.is_own_page(asked.headers):
            response = json_response(200, lasting)
            self.authenticator.browsers.keep(response, access, opened.refresh, LIFETIME, IDLE)
        else:
            device = {"deviceToken": opened.device} if opened.device else {}
            tokens = {"accessToken": access, "tokenType": "Bearer", **lasting, "refreshToken": opened.refresh}
            response = json_response(200, {**device, **tokens})
        if opened.device:
            self.remember(response, opened.cookie, opened.device)
        return response

    def serve_answer(self, answer: Answer, method: str, read_fields: ReadFields | None = None) -> ASGIApp:
        """Make an ASGI application that answers with what `answer` makes of a request, which is JSON if not said."""

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            headers = fold_headers(scope["headers"])
            language = self.authenticator.language(headers.get(b"accept-language", b""))
            try:
                asked = await self.read(Request(scope, receive), headers, method, read_fields or read_json_object)
                async with asyncio.timeout(ANSWERING):
                    found = await answer(asked)
                if isinstance(found, OpenedSession):
                    response = self.write_session(found, asked)
                else:
                    response = json_response(200, found, CACHED if method == "GET" else 0)
            except ClientDisconnect:
                return
            except Exception as problem:
                response = refusal_response(refuse_if_away(problem), language)
            # A session that is over leaves no cookies, or the page would be refused instead of being a stranger.
            ended = answer == self.sign_out or (answer == self.refresh and response.status_code == 401)
            if ended and self.authenticator.browsers.is_own_page(headers):
                self.authenticator.browsers.forget(response)
            await response(scope, receive, send)

        return MountedApp(wrap_application(serve, self.settings))

    def remember(self, response: Response, cookie: str, device: str) -> None:
        """Have a browser keep what its device is known by; it sends it to `/auth/` and nowhere else."""
        response.set_cookie(
            cookie,
            device,
            max_age=int(REMEMBERED.total_seconds()),
            path="/auth",
            # Scripts cannot read it, other sites cannot have it sent, and over HTTPS it never goes out in clear.
            secure=self.authenticator.access.issuer.startswith("https://"),
            httponly=True,
            samesite="strict",
        )

    async def read(
        self, request: Request, headers: Mapping[bytes, bytes], method: str, read_fields: ReadFields
    ) -> AuthRequest:
        """Read a request. Raises HttpRefused and RateLimited."""
        if request.method != method:
            raise HttpRefused(
                405, Code.METHOD_NOT_ALLOWED, f"Send a {method}.", f"请使用 {method} 方法。", allow=method
            )
        # Who asks for cookies and is no page of ours must not be told tokens instead.
        foreign = HEADER in headers and not self.authenticator.browsers.is_own_page(headers)
        if foreign or cross_site(headers, self.origins):
            raise HttpRefused(
                403, Code.CROSS_SITE_REQUEST, "Requests from other sites are refused.", "不接受其他网站的请求。"
            )
        where = client_address(request.scope)
        # Paid before the body is read and a password hashed.
        if self.limiter:
            self.limiter.budget(None, None, where).consume()
        body = await read_fields(request, headers, self.settings.limits.reading) if method == "POST" else {}
        return AuthRequest(headers, network_of(where), where, self.authenticator.now(), body)


async def read_json_object(request: Request, headers: Mapping[bytes, bytes], seconds: float) -> Mapping[str, Any]:
    """Read the JSON object that was sent. Raises HttpRefused."""
    if not is_json(headers.get(b"content-type", b"")) or headers.get(b"content-encoding", b"identity") != b"identity":
        message = "Send the body as Content-Type: application/json, in UTF-8."
        raise HttpRefused(415, Code.UNSUPPORTED_MEDIA_TYPE, message, "请以 application/json（UTF-8）发送。")
    try:
        found = orjson.loads(await read_body(request, LARGEST, seconds))
    except BodyTooLarge:
        said = f"Send {LARGEST} bytes at most.", f"请求不得超过 {LARGEST} 字节。"
        raise HttpRefused(413, Code.REQUEST_TOO_LARGE, *said) from None
    except BodyTooLate as late:
        raise HttpRefused(408, Code.REQUEST_TIMEOUT, str(late), late.zh, connection="close") from None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise HttpRefused(400, Code.BAD_REQUEST, "The body must be a JSON object.", "请求体应为 JSON 对象。")
    return found


def refusal_response(problem: Exception, language: Language) -> Response:
    """Word what a caller is told. What was not expected is in the log under an id."""
    match problem:
        case HttpRefused(status=status, code=code, text=text, headers=headers):
            return error_response(status, [error_entry(code, text.say(language))], **headers)
        case TokenRefused(error=error, status=status):
            return refuse_token(problem, json_response(status, {"error": error, "error_description": str(problem)}))
        case Refusal():
            return error_response(400, [field_error(problem, language)])
        case Refusals(refusals=several):
            return error_response(400, [field_error(one, language) for one in several])
        case WrongCredentials(text=text):
            return error_response(
                401, [error_entry(Code.UNAUTHENTICATED, text.say(language))], **{"www-authenticate": "Bearer"}
            )
        case SecondFactorRequired(text=text, challenge=challenge):
            lasting = {"challenge": challenge, "expiresIn": int(LASTING.total_seconds())}
            entry = error_entry(Code.SECOND_FACTOR_REQUIRED, text.say(language), **lasting)
            return error_response(401, [entry], **{"www-authenticate": "Bearer"})
        case Unauthenticated(challenge=challenge):
            return error_response(
                401, [error_entry(Code.UNAUTHENTICATED, str(problem))], **{"www-authenticate": challenge}
            )
        case Blocked(after=after) | RateLimited(after=after):
            text = Text(f"Too many attempts. Try again in {after} seconds.", f"尝试次数过多，请在 {after} 秒后重试。")
            return error_response(
                429,
                [error_entry(Code.RATE_LIMITED, text.say(language), retryAfter=after)],
                **{"retry-after": str(after)},
            )
        case PasswordsBusy():
            text = Text("Too much at this moment. Try again in a second.", "系统繁忙，请稍后重试。")
            return error_response(503, [error_entry(Code.TIMEOUT, text.say(language))], **{"retry-after": "1"})
        case TimeoutError():
            text = Text("This took too long. Try again later.", "处理超时，请稍后重试。")
            return error_response(503, [error_entry(Code.TIMEOUT, text.say(language))], **{"retry-after": "1"})
    # Everything else is a fault: its text stays in the log.
    return error_response(500, error_responses.format_errors([error_responses.mask_fault(problem)]))


def error_entry(code: Code, message: str, **extensions: Any) -> dict[str, Any]:
    """Build an error with its code."""
    return {"message": message, "extensions": {"code": code.value, **extensions}}


def field_error(refusal: Refusal, language: Language) -> dict[str, Any]:
    """Build the error of a field."""
    return error_entry(Code.BAD_USER_INPUT, refusal.text.say(language), path=list(refusal.path))


def error_response(status: int, errors: list[dict[str, Any]], **headers: str) -> Response:
    """Answer with errors."""
    response = json_response(status, {"errors": errors})
    response.headers.update(headers)
    return response


def json_response(status: int, body: Any, cached: int = 0) -> Response:
    """Answer with JSON and the headers that all answers have."""
    response = Response(orjson.dumps(body, default=str), status, media_type="application/json")
    # The same headers as GraphQL has, first of all that nothing is cached: answers hold tokens.
    response.headers.update({name.decode(): value.decode() for name, value in SAFE})
    if cached:
        response.headers["cache-control"] = f"public, max-age={cached}"
    return response
