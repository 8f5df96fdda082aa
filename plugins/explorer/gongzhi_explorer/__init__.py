"""Explorer: pages for browsers: a start page, and one to write operations in, run them and read about the schema.

The second is bundled from `frontend/` into `static/`, which is committed, so that nobody needs Node to install it.
"""

from __future__ import annotations

from importlib.resources import files

from gongzhi.plugin.hooks import hookimpl
from gongzhi.runtime.routes import Files, Route, RouteCall
from starlette.responses import HTMLResponse, Response

# Not below /x: these are the addresses that people type.
PLUGIN, ROOT = "explorer", "/"
STATIC = Files("/static", files(__name__) / "static")
# Browsers ask for an icon by themselves; an empty one spares them a 404.
HEAD = """<!doctype html>
<html lang="zh-CN">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{style}">
"""
EXPLORER = (
    HEAD
    + """<title>共治 Gongzhi</title>
<script type="module" src="{script}"></script>
<div id="explorer"></div>
<noscript>本页需要 JavaScript。This page needs JavaScript.</noscript>
"""
)
# In both languages at once, so that it needs no script.
START = (
    HEAD
    + """<title>共治 Gongzhi</title>
<main class="start">
<h1>共治 Gongzhi</h1>
<p>基层治理开放 GraphQL 接口服务。<br>An open GraphQL API server for grassroots governance.</p>
<ul>
<li><a href="/graphql"><b>接口浏览器 Explorer</b>
编写并运行查询，查阅中文文档，接收实时事件。<br>Write and run queries, read the documentation, follow events.</a></li>
<li><a href="/schema.graphql"><b>接口结构 Schema</b>
GraphQL SDL，供代码生成工具使用。<br>As SDL, for tools that generate code.</a></li>
<li><a href="/health"><b>运行状态 Health</b>
服务与插件是否正常。<br>Whether the server and its plugins are well.</a></li>
</ul>
</main>
"""
)


def fill_page(page: str) -> str:
    """Return a page with the addresses of what it loads, which change with their content."""
    return page.format(
        style=STATIC.address(PLUGIN, "explorer.css"),
        script=STATIC.address(PLUGIN, "explorer.js"),
    )


def send_page(page: str) -> Response:
    """Return a page that holds nothing about anybody, so that caches may keep it but ask each time."""
    return HTMLResponse(fill_page(page), headers={"cache-control": "no-cache"})


async def show_start(call: RouteCall) -> Response:
    """Show the start page."""
    return send_page(START)


async def show_explorer(call: RouteCall) -> Response:
    """Show the explorer."""
    return send_page(EXPLORER)


@hookimpl
def channels() -> list[Route | Files]:
    # Strangers too: a browser that opens an address sends no token with it.
    start = Route("/", show_start, strangers=True, root=ROOT)
    explorer = Route("/graphql", show_explorer, strangers=True, root=ROOT)
    return [start, explorer, STATIC]
