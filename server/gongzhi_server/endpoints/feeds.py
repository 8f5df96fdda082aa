"""Feeds: files that plugins make for whoever has the address, `/feeds/PLUGIN/TOKEN/NAME`; there is no list of them."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from time import perf_counter

from gongzhi.runtime.context import Context
from gongzhi.runtime.feeds import PATH, Feed, FeedPage
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from gongzhi_server.errors import Unavailable
from gongzhi_server.gateway.application import wrap_application
from gongzhi_server.gateway.http_messages import SAFE
from gongzhi_server.gateway.operations import client_address
from gongzhi_server.gateway.options import GatewaySettings
from gongzhi_server.gateway.overload import Guard
from gongzhi_server.gateway.rate_limits import RateLimited, RateLimiter
from gongzhi_server.jobs.worker import ON
from gongzhi_server.planner.execution import Fetch
from gongzhi_server.plugins.contributions import Plugins
from gongzhi_server.plugins.installed import FAULTS

from .plain_http import MountedApp

log = logging.getLogger("gongzhi")

PATIENCE = 5.0
"""Seconds a plugin has to make a feed."""
REST = re.compile(r"(?P<plugin>[a-z][a-z0-9_]+)/(?P<token>[A-Za-z0-9_-]{22,128})/(?P<name>[a-z0-9.-]+)")
ABSENT = {"error": "This link does not work, or no longer. 链接无效或已失效。"}
LATER = {"error": "This cannot be had at the moment. 暂时无法获取。"}
RETRY = 300
HEADERS = {name.decode(): value.decode() for name, value in SAFE} | {"x-robots-tag": "noindex"}


class Feeds:
    """The endpoint of feeds. `context` makes what a plugin has at hand; `limiter` counts requests by address.

    Nothing tells a token that is not known from a plugin that is not there or is off.
    """

    def __init__(
        self,
        plugins: Plugins,
        context: Callable[[str], Context],
        fetch: Fetch,
        settings: GatewaySettings,
        limiter: RateLimiter | None,
        guard: Guard | None = None,
    ) -> None:
        self.feeds, self.context, self.fetch = plugins.feeds, context, fetch
        self.settings, self.limiter, self.guard = settings, limiter, guard

    @property
    def routes(self) -> list[Route]:
        return [
            Route(f"{PATH}/{{rest:path}}", MountedApp(wrap_application(self.serve, self.settings)), methods=["GET"])
        ]

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for a feed."""
        request = Request(scope, receive)
        try:
            response = await self.answer(request)
        except Unavailable as away:
            response = JSONResponse(LATER, 503, headers={"retry-after": str(away.after)})
        except RateLimited as limited:
            response = JSONResponse(LATER, 429, headers={"retry-after": str(limited.after)})
        response.headers.update(HEADERS)
        await response(scope, receive, send)

    async def answer(self, request: Request) -> Response:
        """Answer with the file. Raises RateLimited for whoever asks too often, the sooner for those who guess."""
        budget = self.limiter.budget(None, None, client_address(request.scope)) if self.limiter else None
        if budget:
            budget.consume()
        # Like every read of strangers, feeds are refused while the server is behind.
        if self.guard:
            self.guard.admit(stranger=True)
        # Charged by time, since what a plugin makes may be large.
        begun = perf_counter()
        response = await self.find_feed(request.path_params["rest"])
        if budget:
            budget.charge(0, perf_counter() - begun, paid=1)
        if response is None and budget:
            # A link that does not work is a guess, until its address has none left.
            budget.consume(budget.limiter.rates.refused)
        return response or JSONResponse(ABSENT, 404)

    async def find_feed(self, rest: str) -> Response | None:
        """Return what lies at this address, if anything does."""
        match = REST.fullmatch(rest)
        feed = self.feeds.get((match["plugin"], match["name"])) if match else None
        if not match or not feed:
            return None
        try:
            page = await self.page(match["plugin"], feed, match["token"])
        except Unavailable:
            raise
        except FAULTS as error:
            log.error(
                "the plugin %s failed in its feed %s: %s; tell whoever makes it",
                match["plugin"],
                feed.name,
                type(error).__name__,
            )
            # An error that may pass: calendars and the like come back, where a 404 would make them forget the feed.
            return JSONResponse(LATER, 503, headers={"retry-after": str(RETRY)})
        return Response(page.body, headers={"content-type": feed.media}) if page else None

    async def page(self, plugin: str, feed: Feed, token: str) -> FeedPage | None:
        """Return what a token opens where the plugin is on."""
        on = {row[0] for row in await self.fetch(ON, plugin)}
        if not on:
            return None
        async with asyncio.timeout(PATIENCE):
            page = await feed.function(self.context(plugin), token)
        # The page's county is checked afterwards: only the plugin knows whose token it is.
        return page if page and page.county in on else None
