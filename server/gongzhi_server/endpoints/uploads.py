"""Uploads: takes files in at POST /attachments, and gives them out by the links that the schema tells."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import hmac
import logging
import re
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, cast
from uuid import UUID

from gongzhi.core.attachments import links
from gongzhi.core.attachments.models import AttachmentKind, AttachmentRow
from gongzhi.declare.viewer import Viewer
from gongzhi.runtime.file_checks import UnfitFile
from gongzhi.values.errors import Language, Text
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from gongzhi_server.auth.authentication import preferred_language
from gongzhi_server.files.archive import Archive
from gongzhi_server.files.content import LARGEST, MB, clean_upload
from gongzhi_server.files.malware_scan import Scan, ScanError
from gongzhi_server.files.picture_decoding import PictureDecoder
from gongzhi_server.files.vault import StoreUnavailable
from gongzhi_server.gateway import Code, error_responses, negotiation
from gongzhi_server.gateway.error_codes import coded_error
from gongzhi_server.gateway.interfaces import Forbidden, Unauthenticated
from gongzhi_server.gateway.operations import Operations
from gongzhi_server.gateway.rate_limits import RateLimited

from .plain_http import HttpRefused, cost_headers, refuse_if_away

logger = logging.getLogger(__name__)

SENDABLE = ("Authorization", "Content-Type", "X-Client-Id")

SECONDS = 300
"""How long an upload may take to arrive."""
SLOWEST = 2_000
"""Bytes a second that an upload must keep on average; a telephone on a weak network does."""
SPOOL = 1 * MB
FRAME = 10_000
"""What a form may add to its file, in bytes."""
STRANGERS = frozenset({AttachmentKind.PHOTO, AttachmentKind.VOICE})
"""What may be sent without an account."""
STRANGERS_MOST = 5 * MB
POINTS, STRANGERS_POINTS = 5, 30
"""What an upload costs of the caller's rate."""
DOWNLOAD_POINTS = 0.2
"""What a download costs of its address's rate; a page may show a dozen pictures, and a whole office has one address."""
# An uploaded file is a stranger's content on our origin: sandboxed, and never guessed to be another type.
HEADERS = {
    "content-security-policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "cross-origin-resource-policy": "cross-origin",  # the link is the right; pages of other origins show it
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
ENDINGS = {
    "image/jpeg": "jpg",
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
    "audio/wav": "wav",
    "audio/webm": "webm",
    "audio/amr": "amr",
    "audio/amr-wb": "awb",
    "video/mp4": "mp4",
    "application/pdf": "pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
}
TIME = re.compile(r"[0-9]{1,12}")


class FileService:
    """The ASGI application of /attachments. `secret` signs links; `run` is for what needs the tables.

    `share` has a place for each that is at the database.
    """

    def __init__(
        self,
        operations: Operations[Any],
        archive: Archive,
        scan: Scan,
        secret: bytes,
        now: Callable[[], datetime],
        run: Callable[[Coroutine[Any, Any, Response]], Awaitable[Response]],
        pictures: PictureDecoder,
        share: AbstractAsyncContextManager[Any],
    ) -> None:
        self.operations, self.archive, self.scan, self.secret = operations, archive, scan, secret
        self.now, self.run, self.pictures, self.share = now, run, pictures, share
        self._working = asyncio.Semaphore(2)  # files that are looked at: each takes a core

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request with a file, an upload's id or a refusal."""
        request = Request(scope, receive)
        try:
            response = await self.run(self.answer(request))
        except ClientDisconnect:
            return
        except Exception as problem:
            response = self.refusal(
                problem, preferred_language(request.headers.get("accept-language", "").encode("latin-1"))
            )
        await response(scope, receive, send)

    async def answer(self, request: Request) -> Response:
        """Tell uploads from downloads by the path."""
        rest = request.url.path.removeprefix(links.PATH).strip("/")
        methods = ("GET", "HEAD") if rest else ("POST",)
        if request.method not in methods:
            raise HttpRefused(405, Code.METHOD_NOT_ALLOWED, f"Send {' or '.join(methods)}.", "请求方法不支持。")
        return await (self.send_file(request, rest) if rest else self.take(request))

    # handing in

    async def take(self, request: Request) -> Response:
        """Take a file in and answer with the id to name in mutations."""
        headers = negotiation.fold_headers(request.scope["headers"])
        caller = await self.operations.enter(headers, request.scope)
        viewer: Viewer = caller.viewer
        stranger = viewer.account.name is None
        client = self.client(headers) if stranger else None
        if caller.budget:
            caller.budget.consume(STRANGERS_POINTS if stranger else POINTS)
        async with self.share:
            # The place is held for the query alone, not while the file arrives, which may take minutes.
            room = await self.archive.has_room(viewer, client)
        if not room:
            raise no_room()
        most = STRANGERS_MOST if stranger else LARGEST
        # Spooled to disk beyond a megabyte, so that many uploads at once do not fill the memory.
        with SpooledTemporaryFile(SPOOL) as spooled:
            file = cast(BinaryIO, spooled)
            size = await receive_file(request, file, most, self.operations.limits.reading)
            row = await self.keep_file(viewer, client, file, size)
        body = {"id": f"Attachment:{row.id}", "kind": row.kind, "mediaType": row.media_type, "size": row.size}
        return JSONResponse(body, 201, {"cache-control": "no-store", **HEADERS, **cost_headers(caller)})

    async def keep_file(self, viewer: Viewer, client: bytes | None, file: BinaryIO, size: int) -> AttachmentRow:
        """Examine the file, and keep what is harmless of it."""
        # Scanned as it came, before anything of it is decoded.
        if not await self.scan(file):
            raise HttpRefused(
                422, Code.BAD_USER_INPUT, "The malware scanner refuses the file.", "文件未通过恶意软件检查。"
            )
        kinds = STRANGERS if viewer.account.name is None else frozenset(AttachmentKind)
        async with self._working:
            content = await clean_upload(file, size, self.pictures, kinds)
        async with self.share:
            row = await self.archive.add(viewer, client, content)
        if row is None:
            raise no_room()
        return row

    def client(self, headers: Mapping[bytes, bytes]) -> bytes:
        """Return a MAC of a stranger's client id, which their app makes up once; the id itself is not kept."""
        try:
            made = UUID(headers.get(b"x-client-id", b"").decode("latin-1"))
        except ValueError:
            message = "Without an account send X-Client-Id: a UUID of your app's own."
            raise HttpRefused(400, Code.BAD_REQUEST, message, "未登录时须发送 X-Client-Id（UUID）。") from None
        return hmac.digest(self.secret, b"client " + made.bytes, hashlib.sha256)[:16]

    # giving out

    async def send_file(self, request: Request, rest: str) -> Response:
        """Send the file of a link that is good."""
        if budget := self.operations.budget(request.scope):
            budget.consume(DOWNLOAD_POINTS)
        id, variant = self.find_linked_file(request, rest)
        async with self.share:
            found = await self.archive.find(id, variant)
        if found is None:
            raise link_over()
        row, stream = found
        picture = row.kind == AttachmentKind.PHOTO
        media = "image/jpeg" if variant == links.THUMBNAIL else row.media_type
        headers = {
            **HEADERS,
            # Private: a browser may keep the file as long as the link works, and nothing between may.
            "cache-control": f"private, max-age={links.WINDOW}",
            "content-disposition": f'{"inline" if picture else "attachment"}; filename="{row.id}.{ENDINGS[media]}"',
        }
        if variant == links.FULL:
            headers["content-length"] = str(row.size)
        if request.method == "HEAD":
            return Response(None, 200, headers, media)
        return StreamingResponse(stream, 200, headers, media)

    def find_linked_file(self, request: Request, rest: str) -> tuple[UUID, str]:
        """Return which file a link is for.

        Raises HttpRefused; for a wrong link alike, whether there is such a file or not.
        """
        name, _, variant = rest.partition("/")
        expires, signature = request.query_params.get("expires", ""), request.query_params.get("signature", "")
        try:
            id = UUID(name)
        except ValueError:
            # A wrong id goes on to the comparison of signatures, so that it takes as long as a right one.
            id = UUID(int=0)
        good = TIME.fullmatch(expires) and variant in links.VARIANTS
        wanted = links.sign_link(self.secret, id, variant, int(expires) if good else 0)
        if not good or not hmac.compare_digest(wanted.encode(), signature.encode()):
            raise HttpRefused(403, Code.FORBIDDEN, "This is no link of ours.", "链接无效。")
        if int(expires) <= self.now().timestamp():
            raise link_over()
        return id, variant

    def refusal(self, problem: Exception, language: Language) -> Response:
        """Turn what was raised into a reply."""
        # The connection is closed: the rest of an upload that was refused is not read.
        headers = {"cache-control": "no-store", "connection": "close", **HEADERS}
        match refuse_if_away(problem):
            case HttpRefused(status=status, code=code, text=text, headers=more):
                return error_response(status, code, text.say(language), headers | more)
            case UnfitFile(text=text):
                return error_response(415, Code.UNSUPPORTED_MEDIA_TYPE, text.say(language), headers)
            case Unauthenticated(challenge=challenge):
                return error_response(
                    401, Code.UNAUTHENTICATED, str(problem), headers | {"www-authenticate": challenge}
                )
            case Forbidden():
                return error_response(403, Code.FORBIDDEN, str(problem), headers)
            case RateLimited(after=after):
                return error_response(429, Code.RATE_LIMITED, str(problem), headers | {"retry-after": str(after)})
            case ScanError():
                logger.error("no upload is taken: %s; start the scanner, or correct GONGZHI_SCAN", problem)
                message = Text(
                    "Files cannot be checked at the moment: try again later.", "暂时无法检查文件，请稍后再试。"
                )
                return error_response(503, Code.TIMEOUT, message.say(language), headers)
            # The same where an upload is put aside while it arrives.
            case StoreUnavailable() | OSError(errno=errno.ENOSPC | errno.EDQUOT | errno.EFBIG):
                logger.error("the store of files fails (%s); see whether it is full, and whether it answers", problem)
                message = Text(
                    "Files cannot be kept or fetched at the moment: try again later; cases are taken without them.",
                    "暂时无法保存或读取文件，请稍后再试；诉求可先提交，附件稍后补充。",
                )
                return error_response(503, Code.UNAVAILABLE, message.say(language), headers | {"retry-after": "60"})
            case TimeoutError():
                message = Text("The file did not arrive in time.", "文件上传超时。")
                return error_response(408, Code.REQUEST_TIMEOUT, message.say(language), headers)
        return JSONResponse(
            {"errors": error_responses.format_errors([error_responses.mask_fault(problem)])}, 500, headers
        )


def no_room() -> HttpRefused:
    message = "Too many uploads wait for their case: report it first."
    return HttpRefused(429, Code.RATE_LIMITED, message, "待提交的附件过多，请先上报。")


def link_over() -> HttpRefused:
    """Make the refusal of a link that is over."""
    return HttpRefused(410, Code.FORBIDDEN, "The link is over: ask for a new one.", "链接已失效，请重新获取。")


def error_response(status: int, code: Code, message: str, headers: Mapping[str, str]) -> Response:
    """Answer with an error."""
    return JSONResponse({"errors": error_responses.format_errors([coded_error(code, message)])}, status, headers)


def too_large(most: int) -> HttpRefused:
    """Make the refusal of a file that is too large."""
    return HttpRefused(
        413, Code.REQUEST_TOO_LARGE, f"The file is larger than {most // MB} MB.", f"文件超过 {most // MB} MB。"
    )


async def receive_file(request: Request, file: BinaryIO, most: int, pause: float) -> int:
    """Write the request's file as it comes and return its size. It is the body, or the one file of a form.

    Raises TimeoutError if nothing comes for `pause` seconds, or too little all in all.
    """
    length = request.headers.get("content-length", "0")
    if TIME.fullmatch(length) is None or int(length) > most + FRAME:
        raise too_large(most)
    request = Request(request.scope, limit_body(request.receive, most, pause))
    async with asyncio.timeout(SECONDS):
        media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media == "multipart/form-data":
            await copy_form_file(request, file)
        else:
            async for chunk in request.stream():
                file.write(chunk)
    if (size := file.tell()) > most:
        raise too_large(most)
    return size


async def copy_form_file(request: Request, file: BinaryIO) -> None:
    """Copy the one file of a form."""
    try:
        # Bounded parts and fields: the parser would otherwise keep all that a form brings.
        async with request.form(max_files=1, max_fields=8, max_part_size=FRAME) as parts:
            for _, part in parts.multi_items():
                if isinstance(part, UploadFile):
                    while chunk := await part.read(SPOOL):
                        file.write(chunk)
                    return
    except (HTTPException, ValueError) as problem:
        raise HttpRefused(400, Code.BAD_REQUEST, "The form cannot be read.", "无法读取表单。") from problem
    raise HttpRefused(400, Code.BAD_REQUEST, "The form has no file.", "表单中没有文件。")


def limit_body(receive: Receive, most: int, pause: float) -> Receive:
    """Bound a body: end it when it is too much, whatever its header promised, or comes too slowly."""
    now = asyncio.get_running_loop().time
    begun, size = now(), 0

    async def read() -> Message:
        nonlocal size
        async with asyncio.timeout(pause):
            message = await receive()
        size += len(message.get("body", b""))
        if size > most + FRAME:
            raise too_large(most)
        # Slow but steady senders are let go on; one that sends a byte now and then to hold the place is not.
        if message.get("more_body") and size < SLOWEST * (now() - begun - pause):
            raise TimeoutError
        return message

    return read


def upload_routes(files: FileService, origins: Sequence[str], proxies: Sequence[str]) -> list[Route]:
    """Return the routes for handing files in and giving them out, with what other origins and proxies need."""
    app: ASGIApp = files
    if origins:
        app = CORSMiddleware(app, list(origins), ("GET", "HEAD", "POST"), SENDABLE)
    if proxies:
        app = ProxyHeadersMiddleware(app, list(proxies))  # type: ignore[arg-type,assignment]
    return [Route(path, app) for path in (links.PATH, links.PATH + "/{rest:path}")]
