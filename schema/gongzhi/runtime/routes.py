"""Routes: HTTP that a plugin answers beside /graphql, below `/x/PLUGIN`.

    async def show_bin(call: RouteCall) -> Response:
        answer = await call.ask("query($id: ID!) { bin(id: $id) { number } }", id=call.request.path_params["id"])
        return JSONResponse(answer["data"])

    Route("/bins/{id}", show_bin)

The server authenticates, limits, refuses and adds the headers that keep browsers safe before and after the plugin has
its turn. Requests and responses are Starlette's.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources.abc import Traversable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gongzhi.declare.viewer import Viewer
from gongzhi.runtime.commands import Call
from gongzhi.runtime.context import Context
from gongzhi.values.errors import Text

PATH = "/x"
WELL_KNOWN = {"/open311": "integrations", "/bulk-exports": "list_exports", "/exports": "rights"}
WELL_KNOWN |= {"/console": "console", "/": "explorer"}
"""Paths outside of `/x` that standards prescribe, links lead to or people type, each with the plugin that may claim it.

What lies at `/` are pages for browsers: `/` itself, and `/graphql` for whoever opens that as a page. They are there
where the operator wants pages.
"""
DIGITS = 16
"""Hexadecimal digits of a content's hash in an address."""
COMPRESSIBLE = ("text/", "application/javascript", "application/json", "image/svg+xml", "application/wasm")


@dataclass(frozen=True)
class RouteCall:
    """One request to a route, from somebody who may send it."""

    request: Request
    """With a body that has arrived whole and is no longer than the route's `longest`."""
    context: Context
    """What there is at hand for whoever asks. Its `fetch` reads everything: what they may see is told by `ask`."""
    ask: Callable[..., Awaitable[Mapping[str, Any]]]
    """`await call.ask(document, **variables)`: what /graphql answers the same caller, as `data` and `errors`. Let pass
    what it raises: the server answers with the status that fits."""
    counties: frozenset[int] | None
    """The keys of the counties where the plugin is on; None where it is on everywhere."""
    load_viewer: Callable[[str], Awaitable[Viewer | None]]
    """Somebody else's account as it stands now, for what goes on for it while nobody is there; None if it is suspended
    or not there. Nothing of a person comes with it, such as their home."""
    transact: Callable[[Viewer, str, Sequence[str], Callable[[Call], Awaitable[Any]]], Awaitable[Any]]
    """`await call.transact(viewer, action, objects, work)`: what `async def work(call)` does as the plugin in one
    transaction, for a viewer. The audit has it by the action's name, with the global ids of its objects."""

    def is_on(self, county: int) -> bool:
        """Tell whether the plugin is on in the county with this key; where it is not, nothing of it is there."""
        return self.counties is None or county in self.counties


@dataclass(frozen=True)
class RouteRefusal:
    """Why a request is not answered: the status, the code that /graphql has for it, and what to tell the caller."""

    status: int
    code: str
    texts: tuple[Text, ...]
    paths: tuple[tuple[str, ...], ...] = ()
    """For each text the parameter or field that it is about, if the plugin said which."""


@dataclass(frozen=True)
class Route:
    """A path, such as `/bins/{id}` or `/pages/{rest:path}`, and what answers there.

    `answer` may raise `Refusal`. Whatever else it raises is answered by 500 and an id, which the log has with the
    plugin's name; what takes longer than `seconds` is cut off. Without `strangers` only accounts may call.
    """

    path: str
    answer: Callable[[RouteCall], Awaitable[Response]]
    methods: tuple[str, ...] = ("GET",)
    strangers: bool = False
    longest: int = 65_536
    """The most bytes of a body."""
    seconds: float = 10.0
    """The most time to answer, and to make the body of a response that is streamed."""
    root: str = ""
    """A well-known path in place of `/x/PLUGIN`, if it is this plugin's (`WELL_KNOWN`)."""
    credential: Callable[[Request], Awaitable[str | None]] | None = None
    """Finds a token or key where a standard has it, such as in a form; None leaves it to the header Authorization."""
    refuse: Callable[[Request, RouteRefusal], Response] | None = None
    """Writes a refusal as a standard has it. Without it refusals are JSON with `errors`, as those of /graphql."""


@dataclass(frozen=True)
class StaticFile:
    """A file as it is sent, compressed as well if that makes it smaller."""

    body: bytes
    media: str
    digest: str
    compressed: bytes | None

    @classmethod
    def of(cls, name: str, body: bytes) -> StaticFile:
        """Make it of a file's name and content."""
        media = mimetypes.guess_type(name)[0] or "application/octet-stream"
        # Without a time, so that the same content always makes the same bytes.
        packed = gzip.compress(body, 9, mtime=0) if media.startswith(COMPRESSIBLE) else body
        return cls(
            body,
            f"{media}; charset=utf-8" if media.startswith("text/") else media,
            hashlib.sha256(body).hexdigest()[:DIGITS],
            packed if len(packed) < len(body) else None,
        )


@dataclass(frozen=True)
class Files:
    """Files that anybody may fetch, such as the scripts and pictures of a page: a folder of the plugin's package.

    At `address` a file is kept by browsers for good, because another content has another address. At its plain name it
    is asked for anew each time. All of them are read once and stay in memory.
    """

    path: str
    folder: Traversable
    root: str = ""
    """A well-known path in place of `/x/PLUGIN`, as with routes."""

    def address(self, plugin: str, name: str) -> str:
        """Return the path of a file with the hash of its content in it. Raises KeyError if there is no such file."""
        return f"{self.root or f'{PATH}/{plugin}'}{self.path}/{hashed_name(name, self.contents[name].digest)}"

    @cached_property
    def contents(self) -> Mapping[str, StaticFile]:
        """The files by their names below the folder."""
        return {name: StaticFile.of(name, body) for name, body in walk_files(self.folder)}

    @cached_property
    def addressed(self) -> Mapping[str, StaticFile]:
        """The files by their names with the hash in them."""
        return {hashed_name(name, one.digest): one for name, one in self.contents.items()}


def hashed_name(name: str, digest: str) -> str:
    """Return a file's name with a hash before its ending."""
    folder, slash, last = name.rpartition("/")
    stem, dot, ending = last.rpartition(".")
    return f"{folder}{slash}{stem}.{digest}.{ending}" if dot else f"{name}.{digest}"


def walk_files(folder: Traversable, below: str = "") -> Iterator[tuple[str, bytes]]:
    """Yield the name and content of each file in a folder; hidden ones are left out."""
    for one in sorted(folder.iterdir(), key=lambda each: each.name):
        # Hidden files, and what Python compiled.
        if one.name.startswith((".", "__")):
            continue
        if one.is_dir():
            yield from walk_files(one, f"{below}{one.name}/")
        else:
            yield f"{below}{one.name}", one.read_bytes()
