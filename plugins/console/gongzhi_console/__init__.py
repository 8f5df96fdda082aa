"""Console: pages for whoever works with cases, which talk to `/graphql` as everybody does.

The page is bundled from `frontend/` into `static/`, which is committed, so that nobody needs Node to install it.
"""

from __future__ import annotations

import json
import re
from importlib.resources import files

from gongzhi.declare.extend import Extension
from gongzhi.plugin.hooks import About, hookimpl
from gongzhi.runtime.routes import Files, Route, RouteCall
from starlette.responses import HTMLResponse, Response

from .base_map import ConsoleSettings

PLUGIN, ROOT = "console", "/console"
RESIDENTS = "/resident"
"""An entry of its own, short enough for a notice board; the page is the same, and begins with what residents do."""
STATIC = Files("/static", files(__name__) / "static", root=ROOT)
# What one looks at stands behind `#`, so one page is enough, and no log has the number of a case.
PAGE = """<!doctype html>
<html lang="zh-CN">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{style}">
{begun}<title>共治 Gongzhi</title>
<script type="module" src="{script}"></script>
<div id="console"></div>
<noscript>本页需要 JavaScript。This page needs JavaScript.</noscript>
"""
PRELOAD = '<link rel="modulepreload" href="{}">\n'
WORKER = "worker.js"
MAP = "board_ground"
"""Begins the names of what draws a map over tiles: large, for the board alone, and so not kept for the field."""
# Of a device the page uses what field work needs, and only after somebody has pressed a button for it.
DEVICES = "camera=(), geolocation=(self), microphone=(self)"


def fill_page() -> str:
    """Return the page with the addresses of what it loads, which change with their content."""
    script = STATIC.contents["console.js"].body.decode()
    # Asked for at once: else the browser would know of them only once it has read the script that imports them. Those
    # of pages stand within `import()` and are loaded when they are opened.
    begun = (PRELOAD.format(f"{ROOT}{STATIC.path}/{name}") for name in re.findall(r'\bfrom"\./([^"]+)"', script))
    style = STATIC.address(PLUGIN, "console.css")
    return PAGE.format(style=style, begun="".join(begun), script=STATIC.address(PLUGIN, "console.js"))


async def show_console(call: RouteCall) -> Response:
    """Show the console; the page holds nothing about anybody, so caches may keep it but ask each time."""
    headers = {"cache-control": "no-cache", "permissions-policy": DEVICES}
    if origins := call.context.settings[ConsoleSettings].origins:
        # Added by the server to its own policy for pages. Tiles are fetched by script, so it need allow nothing else.
        headers["content-security-policy"] = " ".join(("connect-src", *origins))
    return HTMLResponse(fill_page(), headers=headers)


def list_files() -> list[str]:
    """Return the addresses of all files that the page may load without a network."""
    names = [name for name in STATIC.contents if name.endswith((".js", ".css")) and not name.startswith((WORKER, MAP))]
    return [STATIC.address(PLUGIN, name) for name in names]


def fill_worker(files: list[str]) -> bytes:
    """Return the service worker with the files it keeps: any other file makes another worker, which browsers take."""
    return f"const FILES = {json.dumps(files)};\n".encode() + STATIC.contents[WORKER].body


async def show_worker(call: RouteCall) -> Response:
    """Send the service worker; from here, and not from below the static files, it may serve the page itself."""
    return Response(fill_worker(list_files()), media_type="text/javascript", headers={"cache-control": "no-cache"})


@hookimpl
def about() -> list[About]:
    # A page is the same for all counties: what it shows to whom is for the schema to say.
    return [About(always=True)]


@hookimpl
def channels() -> list[Route | Files]:
    # Strangers too: a browser that opens an address sends no token with it.
    pages = [Route(path, show_console, strangers=True, root=ROOT) for path in ("/", RESIDENTS)]
    return [*pages, Route(f"/{WORKER}", show_worker, strangers=True, root=ROOT), STATIC]


@hookimpl
def graphql() -> tuple[Extension, ...]:
    from . import base_map_types, view_types

    return (*view_types.EXTENSIONS, *base_map_types.EXTENSIONS)


@hookimpl
def settings() -> list[type]:
    return [ConsoleSettings]
