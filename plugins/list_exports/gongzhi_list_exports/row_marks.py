"""Row marks: by which a fragment of a file is known again, such as `E42-1-117-7K3M…`.

It reads export 42, fetched the first time, row 117, and a MAC of the three. Whoever has a file can leave marks out, or
put one beside another row of theirs; nobody can make one of a file that they never had.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

LENGTH = 10
"""Letters of the MAC: fifty bits."""
CODE = re.compile(rf"E([1-9][0-9]{{0,17}})-([1-9][0-9]{{0,4}})-([1-9][0-9]{{0,8}})-([A-Z2-7]{{{LENGTH}}})", re.ASCII)


def make_mark(secret: bytes, export: int, fetch: int, row: int) -> str:
    """Return the mark of a row, the first row being 1."""
    said = f"E{export}-{fetch}-{row}"
    # Bound to its use: no other MAC under the same secret passes for a mark.
    mac = hmac.digest(secret, b"export trace:" + said.encode(), hashlib.sha256)
    return f"{said}-{base64.b32encode(mac).decode()[:LENGTH]}"


def read_mark(secret: bytes, text: str) -> int | None:
    """Return the export that a mark is of, as somebody copied it by hand; None if it is no mark of ours."""
    found = CODE.fullmatch("".join(text.split()).upper())
    if not found:
        return None
    made = make_mark(secret, *map(int, found.groups()[:3]))
    # In constant time, or the delay would tell how much of a guess is right.
    return int(found[1]) if hmac.compare_digest(made, found[0]) else None
