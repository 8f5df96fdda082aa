"""Routes: HTTP of plugins below `/x/PLUGIN`, with the gateway's credentials, rate limits and browser rules."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import zip_longest
from typing import Any

import orjson
from gongzhi.declare.viewer import Viewer
from gongzhi.runtime.context import Context
from gongzhi.runtime.routes import PATH, Files, Route, RouteCall, RouteRefusal
from gongzhi.values.errors import Refusal, Refusals, Text
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount
from starlette.routing import Route as Path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gongzhi_server.auth.account_lookup import LoadedAccount
from gongzhi_server.auth.authentication import preferred_language
from gongzhi_server.auth.claims import OnBehalf
from gongzhi_server.errors import Unavailable
from gongzhi_server.gateway import error_responses
from gongzhi_server.gateway.application import wrap_application
from gongzhi_server.gateway.error_codes import Code
from gongzhi_server.gateway.http_messages import SAFE
from gongzhi_server.gateway.interfaces import Forbidden, RequestRefused, Unauthenticated
from gongzhi_server.gateway.negotiation import accepts_gzip, cross_site, fold_headers, is_followed_link
from gongzhi_server.gateway.operations import Caller, Operations
from gongzhi_server.gateway.options import GatewaySettings
from gongzhi_server.gateway.rate_limits import METER, CallerBudget, RateLimited, TimeMeter
from gongzhi_server.gateway.request import Request as Operation
from gongzhi_server.jobs.worker import ON, describe_error
from gongzhi_server.planner.execution import Fetch
from gongzhi_server.plugins.contributions import Plugins
from gongzhi_server.plugins.installed import FAULTS, Plugin, is_switched
from gongzhi_server.plugins.ownership import acting_as

from .plain_http import (
    BodyTooLarge,
    BodyTooLate,
    HttpRefused,
    MountedApp,
    RateLimitedApp,
    cost_headers,
    read_body,
    refuse_if_away,
)

log = logging.getLogger("gongzhi")

ACCOUNT = "select id from accounts.account where name=$1"
READING = ("GET", "HEAD")
ROOT, GRAPHQL = "/", "/graphql"
"""Where pages for browsers lie. At the second the gateway answers, and leaves to the page what browsers open."""
WITH_BODY = ("POST", "PUT", "PATCH")
PAGE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""What a page may load: what comes from here, and no script or style within it."""
ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?")
CONNECT = "connect-src 'self'"
WORKER = "default-src 'none'; connect-src 'self'; frame-ancestors 'none'"
"""What a script may load that a page runs as a worker: what comes from here, and no further script."""
DEVICES = "camera=(), geolocation=(), microphone=()"
"""What no page may use of a device unless its plugin's response says so in a header of its own."""
FOREVER, ANEW = "public, max-age=31536000, immutable", "no-cache"
STATUSES = {"FORBIDDEN": 403, "NOT_FOUND": 404, "CURSOR_EXPIRED": 410}
"""The statuses of refusals that are not 400."""
FOUND_NOTHING = Text("There is nothing here.", "此处无内容。")


class RouteFailed(Exception):
    """Code of a plugin has failed; the message is the name of what it failed by."""


@dataclass(frozen=True)
class RefusalAnswer:
    """A refusal, and the headers that go with its status."""

    refusal: RouteRefusal
    headers: Mapping[str, str]


class PluginRoutes:
    """Answers for plugins. `context` makes what a request has at hand; `report_failure` hears whose code failed."""

    def __init__(
        self,
        plugins: Plugins,
        operations: Operations[Any],
        context: Callable[[Viewer], Context],
        fetch: Fetch,
        settings: GatewaySettings,
        report_failure: Callable[[str, str], None],
        load: Callable[[OnBehalf, datetime], Awaitable[LoadedAccount | None]],
        transact: Callable[..., Awaitable[Any]],
    ) -> None:
        self.plugins, self.operations, self.context, self.fetch = plugins, operations, context, fetch
        self.settings, self.report_failure = settings, report_failure
        self.load, self.transact = load, transact

    @property
    def routes(self) -> list[BaseRoute]:
        """A mount for each place under which plugins answer: `/x/PLUGIN`, and the well-known paths that are theirs."""
        places: dict[str, list[BaseRoute]] = {}
        for plugin, one in self.plugins.routes:
            if one.root == ROOT and not self.settings.page:
                continue
            app = self.serve_files(one) if isinstance(one, Files) else self.serve(plugin, one)
            path = f"{one.path}/{{name:path}}" if isinstance(one, Files) else one.path
            methods = ("GET",) if isinstance(one, Files) else one.methods
            places.setdefault(place_of(plugin, one), []).append(
                Path(path, MountedApp(wrap_application(app, self.settings, methods)))
            )
        # Nothing is mounted at `/`, where it would hide what comes after it.
        bare = places.pop(ROOT, [])
        return [*bare, *(Mount(place, routes=found) for place, found in places.items())]

    @property
    def page(self) -> ASGIApp | None:
        """What answers browsers that open `/graphql`, if a plugin has a page there."""
        found = (
            self.serve(plugin, one)
            for plugin, one in self.plugins.routes
            if isinstance(one, Route) and (one.root, one.path) == (ROOT, GRAPHQL)
        )
        return next(found, None) if self.settings.page else None

    def serve(self, plugin: Plugin, route: Route) -> ASGIApp:
        """Make an ASGI application that answers at a route."""

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            request = Request(scope, receive)
            try:
                response = await self.respond(plugin, route, request)
            except ClientDisconnect:
                return
            # A plain response is short; a stream goes on in the plugin's code, so it has a time limit.
            if not isinstance(response, StreamingResponse):
                await response(scope, receive, send)
                return
            try:
                async with asyncio.timeout(route.seconds):
                    await response(scope, receive, send)
            except FAULTS as error:  # it has begun already, so all there is left is to end the connection
                self.note(plugin, route, error)

        return serve

    async def respond(self, plugin: Plugin, route: Route, request: Request) -> Response:
        """Answer a request with the headers that a response must have, whatever becomes of the request."""
        headers: dict[str, str] = {}
        caller: Caller | None = None
        budget = self.operations.budget(request.scope)  # for who cannot be asked who they are
        try:
            # The order is fixed: form of the request, body, credentials, points, and only then the plugin's code.
            self.admit(route, request)
            request = await self.receive_request(route, request)
            caller = await self.operations.enter(await credential_headers(route, request), request.scope)
            budget = caller.budget
            if budget:
                budget.consume()
            # After the point is taken: strangers who try are counted, too.
            if caller.stranger and not route.strangers:
                raise Unauthenticated("Credentials are missing.", "Bearer")
            if own := self.plugin_budget(plugin):
                own.consume()
            if request.method in READING:
                self.operations.admit(caller)
            response = await self.answer(plugin, route, request, caller)
            headers = cost_headers(caller)
        except ClientDisconnect:
            raise
        except FAULTS as error:
            told = self.refusal(plugin, route, error)
            response, headers = refuse_route(route, request, told.refusal), dict(told.headers)
            # A refusal is not for everybody, so no cache may keep it.
            caller = None
        finally:
            if budget:
                budget.settle()
        guard_browser(response, shared=caller is not None and caller.stranger)
        response.headers.update(headers)
        return response

    def admit(self, route: Route, request: Request) -> None:
        """Refuse what no plugin needs to see."""
        method = "GET" if request.method == "HEAD" else request.method
        if method not in route.methods:
            allow = ", ".join(route.methods)
            said = f"Send a {' or '.join(route.methods)}.", f"请使用 {'、'.join(route.methods)} 方法。"
            raise HttpRefused(405, Code.METHOD_NOT_ALLOWED, *said, allow=allow)
        origins = {origin.encode() for origin in self.settings.origins}
        headers = fold_headers(request.scope["headers"])
        if cross_site(headers, origins) and not is_followed_link(request.method, headers):
            said = "Requests from other sites are refused.", "不接受其他网站的请求。"
            raise HttpRefused(403, Code.CROSS_SITE_REQUEST, *said)

    async def receive_request(self, route: Route, request: Request) -> Request:
        """Read the whole body and return the request with it at hand. Raises HttpRefused and BodyTooLate."""
        read = request.method in WITH_BODY
        try:
            body = await read_body(request, route.longest, self.settings.limits.reading) if read else b""
        except BodyTooLarge:
            said = f"Send {route.longest} bytes at most.", f"请求不得超过 {route.longest} 字节。"
            raise HttpRefused(413, Code.REQUEST_TOO_LARGE, *said) from None

        # The plugin's code reads the body from memory, so no slow client keeps it waiting.
        async def replay() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        return Request(request.scope, replay)

    async def answer(self, plugin: Plugin, route: Route, request: Request, caller: Caller) -> Response:
        """Let the plugin answer, within its time.

        What its code fails by is Failed; what it refuses, and what is ours, passes.
        """
        call = RouteCall(
            request,
            self.context(caller.viewer),
            partial(self.ask, caller),
            # Pages for browsers are the operator's choice, not a county's.
            None if route.root == ROOT else await self.counties(plugin),
            partial(self.load_viewer, caller.viewer.now),
            partial(self.transact, plugin.name),
        )
        if call.counties is not None and not call.counties:
            raise Refusal("NOT_FOUND", FOUND_NOTHING.en, FOUND_NOTHING.zh)
        meter = TimeMeter()
        before = METER.set(meter)
        try:
            with acting_as(plugin.name):
                async with asyncio.timeout(route.seconds):
                    response = await route.answer(call)
            if not isinstance(response, Response):
                raise TypeError(f"it answered a {type(response).__name__}, which is no Response")
            return response
        except EXPECTED:
            raise
        except FAULTS as error:
            raise RouteFailed from error
        finally:
            METER.reset(before)
            for budget in (caller.budget, self.plugin_budget(plugin)):
                if budget:
                    budget.charge(0, meter.seconds, paid=1)

    def plugin_budget(self, plugin: Plugin) -> CallerBudget | None:
        """Return what pays for a plugin's routes, or None without rates."""
        return self.operations.limiter.plugin_budget(plugin.name) if self.operations.limiter else None

    async def ask(self, caller: Caller, document: str, **variables: Any) -> Mapping[str, Any]:
        """Answer a document as /graphql does for the caller, at the same cost."""
        prepared = self.operations.prepare_own(document, caller)
        # What the schema's own code does is not the plugin's act, even though the plugin has asked for it.
        with acting_as(None):
            answer = await self.operations.run(prepared, Operation(document, variables=variables), caller)
        found: Mapping[str, Any] = orjson.loads(answer.body)
        return found

    async def load_viewer(self, now: datetime, name: str) -> Viewer | None:
        """Return the account of this name as it stands now; None if it is suspended or not there."""
        found = await self.fetch(ACCOUNT, name)
        loaded = await self.load(OnBehalf(found[0][0]), now) if found else None
        return Viewer(loaded.account, now) if loaded else None

    async def counties(self, plugin: Plugin) -> frozenset[int] | None:
        """Return the counties where a plugin is on; None for one that is on everywhere."""
        if not is_switched(plugin.owner):
            return None
        return frozenset(row[0] for row in await self.fetch(ON, plugin.name))

    def refusal(self, plugin: Plugin, route: Route, problem: BaseException) -> RefusalAnswer:
        """Word what a caller is told.

        What was not expected is in the log under an id, with the plugin's name.
        """
        problem = refuse_if_away(problem)
        match problem:
            case HttpRefused(status=status, code=code, text=text, headers=headers):
                return RefusalAnswer(RouteRefusal(status, code.value, (text,)), headers)
            case Refusal(code=code, text=text, path=path):
                return RefusalAnswer(RouteRefusal(STATUSES.get(code, 400), code, (text,), (path,)), {})
            case Refusals(refusals=several):
                texts, paths = tuple(one.text for one in several), tuple(one.path for one in several)
                return RefusalAnswer(RouteRefusal(400, Code.BAD_USER_INPUT.value, texts, paths), {})
            case BodyTooLate():
                text = Text(str(problem), problem.zh)
                return RefusalAnswer(RouteRefusal(408, Code.REQUEST_TIMEOUT.value, (text,)), {"connection": "close"})
            case Unauthenticated(challenge=challenge):
                text = Text("The credentials are missing, wrong or expired.", "凭证缺失、无效或已过期。")
                return RefusalAnswer(
                    RouteRefusal(401, Code.UNAUTHENTICATED.value, (text,)), {"www-authenticate": challenge}
                )
            case Forbidden():
                text = Text("You may not do this.", "您无权进行此操作。")
                return RefusalAnswer(RouteRefusal(403, Code.FORBIDDEN.value, (text,)), {})
            case RateLimited(after=after):
                text = Text(f"{problem} Try again in {after} seconds.", f"请求过多，请在 {after} 秒后重试。")
                return RefusalAnswer(RouteRefusal(429, Code.RATE_LIMITED.value, (text,)), {"retry-after": str(after)})
            case RequestRefused(errors=errors):
                texts = tuple(Text(said, said) for said in (error_responses.hide_values(one.message) for one in errors))
                return RefusalAnswer(RouteRefusal(400, Code.BAD_REQUEST.value, texts), {})
            case RouteFailed(__cause__=TimeoutError() as late):
                self.note(plugin, route, late)
                text = Text("It took too long and was cut off.", "处理超时，已中止。")
                return RefusalAnswer(RouteRefusal(503, Code.TIMEOUT.value, (text,)), {})
        id = self.note(plugin, route, problem.__cause__ or problem)
        text = Text(f"Something went wrong; it is in the log under {id}.", f"服务出错，日志编号 {id}。")
        return RefusalAnswer(RouteRefusal(500, Code.INTERNAL_SERVER_ERROR.value, (text,)), {})

    def note(self, plugin: Plugin, route: Route, error: BaseException) -> str:
        """Log that a route has failed, without what it failed on, count it, and return the id of the entry."""
        id = secrets.token_hex(8)
        log.error(
            "the plugin %s failed in its route %s, id %s: %s; tell whoever makes it",
            plugin.name,
            route.path,
            id,
            describe_error(error),
        )
        self.report_failure(plugin.name, type(error).__name__)
        return id

    def serve_files(self, files: Files) -> ASGIApp:
        """Make an ASGI application that sends static files."""

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            response = send_file(files, Request(scope, receive))
            guard_browser(response, shared=True)
            await response(scope, receive, send)

        return RateLimitedApp(serve, self.operations.limiter)


EXPECTED = (
    *(Refusal, Refusals, HttpRefused, RateLimited, Forbidden, Unauthenticated, RequestRefused, ClientDisconnect),
    Unavailable,
)
"""What a handler may raise of itself or pass on from us."""


def place_of(plugin: Plugin, one: Route | Files) -> str:
    """Return the path below which a route or files lie."""
    return one.root or f"{PATH}/{plugin.name}"


async def credential_headers(route: Route, request: Request) -> Mapping[bytes, bytes]:
    """Return the headers, with a token added that a standard puts elsewhere. Raises RouteFailed."""
    headers = fold_headers(request.scope["headers"])
    if route.credential is None:
        return headers
    try:
        token = await route.credential(request)
    except EXPECTED:
        raise
    except FAULTS as error:
        raise RouteFailed from error
    return {**headers, b"authorization": b"Bearer " + token.encode("latin-1", "replace")} if token else headers


def refuse_route(route: Route, request: Request, refusal: RouteRefusal) -> Response:
    """Write a refusal as the route does; in our form if it writes none, or fails at that."""
    if route.refuse:
        try:
            return route.refuse(request, refusal)
        except FAULTS as error:
            log.error(
                "a refusal of the route %s could not be written: %s; it is written in our form, tell whoever makes the "
                "plugin",
                route.path,
                describe_error(error),
            )
    language = preferred_language(request.headers.get("accept-language", "").encode("latin-1"))
    errors = [
        {"message": text.say(language), "extensions": {"code": refusal.code, **({"path": path} if path else {})}}
        for text, path in zip_longest(refusal.texts, refusal.paths)
    ]
    return JSONResponse({"errors": errors}, refusal.status)


def guard_browser(response: Response, shared: bool) -> None:
    """Add the headers that every response has. Caches keep nothing but what is for everybody and says so."""
    # Taken out before the common headers replace them.
    own = response.headers.get("cache-control") if shared else None
    vary, asked = response.headers.get("vary"), response.headers.get("content-security-policy", "")
    response.headers.update({name.decode(): value.decode() for name, value in SAFE})
    if own:
        response.headers["cache-control"] = own
    if vary:
        response.headers.add_vary_header(vary)
    media = response.headers.get("content-type", "")
    if media.startswith("text/html"):
        response.headers["content-security-policy"] = widen_policy(asked)
        response.headers.setdefault("permissions-policy", DEVICES)
    elif media.startswith("text/javascript"):
        # A worker has the policy that comes with its script, and not that of the page.
        response.headers["content-security-policy"] = WORKER


def widen_policy(asked: str) -> str:
    """Return the policy of a page with the hosts that its plugin's response may fetch from, by a policy of its own.

    Whatever else that policy allows is left out: a page runs no script of others, and shows nothing of theirs.
    """
    directives = (each.split() for each in asked.split(";"))
    named = [source for name, *sources in filter(None, directives) if name == "connect-src" for source in sources]
    return PAGE.replace(CONNECT, " ".join([CONNECT, *filter(ORIGIN.fullmatch, named)]))


def send_file(files: Files, request: Request) -> Response:
    """Answer with a static file; at its address for good, and at its plain name until it changes."""
    name = request.path_params["name"]
    lasting = files.addressed.get(name)
    found = lasting or files.contents.get(name)
    if request.method not in READING:
        return JSONResponse({"error": "Send a GET. 请使用 GET 方法。"}, 405, {"allow": "GET"})
    if found is None:
        return JSONResponse({"error": f"{FOUND_NOTHING.en} {FOUND_NOTHING.zh}"}, 404)
    packed = found.compressed is not None and accepts_gzip(request.headers.get("accept-encoding", "").encode("latin-1"))
    # A compressed file is other bytes, so it has a tag of its own.
    tag = f'"{found.digest}{"-gzip" if packed else ""}"'
    headers = {"cache-control": FOREVER if lasting else ANEW, "etag": tag}
    if tag in [each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")]:
        return Response(None, 304, headers)
    if packed:
        headers["content-encoding"] = "gzip"
    body = found.compressed if packed else found.body
    return Response(body, headers={**headers, "content-type": found.media})
