"""As much of an S3 server as storing files asks for: objects put whole or in parts, read, removed. No keys."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

GONE = b"<Error><Code>NoSuchKey</Code><Message>The key is not there.</Message></Error>"


class Bucket(ThreadingHTTPServer):
    """Everything is in memory."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.objects: dict[str, bytes] = {}
        self.parts: dict[str, dict[int, bytes]] = {}


class Request(BaseHTTPRequestHandler):
    server: Bucket
    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        body, asked = self.body(), self.asked()
        if "partNumber" in asked:
            self.server.parts[asked["uploadId"]][int(asked["partNumber"])] = body
        else:
            self.server.objects[self.key()] = body
        self.answer(200, ETag='"1"')

    def do_POST(self) -> None:
        body = self.body().decode()
        if "delete" in self.asked():
            keys = re.findall("<Key>(.*?)</Key>", body)
            for key in keys:
                self.server.objects.pop(f"{self.key().rstrip('/')}/{key}", None)
            told = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
            return self.answer(200, f"<DeleteResult>{told}</DeleteResult>".encode())
        if "uploads" in self.asked():
            upload = f"upload-{len(self.server.parts)}"
            self.server.parts[upload] = {}
            text = f"<InitiateMultipartUploadResult><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>"
            return self.answer(200, text.encode())
        parts = self.server.parts[self.asked()["uploadId"]]
        self.server.objects[self.key()] = b"".join(part for _, part in sorted(parts.items()))
        done = b"<CompleteMultipartUploadResult><ETag>1</ETag></CompleteMultipartUploadResult>"
        return self.answer(200, done, ETag='"1"')

    def do_GET(self) -> None:
        found = self.server.objects.get(self.key())
        if found is None:
            self.answer(404, GONE)
        else:
            self.answer(200, found, ETag='"1"', **{"Last-Modified": "Tue, 30 Jun 2026 02:00:00 GMT"})

    def do_DELETE(self) -> None:
        self.server.objects.pop(self.key(), None)
        self.answer(204)

    def key(self) -> str:
        return urlsplit(self.path).path

    def asked(self) -> dict[str, str]:
        return {name: value[0] for name, value in parse_qs(urlsplit(self.path).query, keep_blank_values=True).items()}

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("content-length", 0)))

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *given: object) -> None:
        """Nobody reads it."""


@contextmanager
def running() -> Iterator[str]:
    """The address of a bucket for as long as the block lasts."""
    bucket = Bucket()
    thread = threading.Thread(target=bucket.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{bucket.server_port}"
    finally:
        bucket.shutdown()
        thread.join()
        bucket.server_close()
