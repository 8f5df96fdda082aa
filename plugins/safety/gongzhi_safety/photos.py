"""Photos: what inspectors and firms show is made harmless, and lies sealed, each under a key of its own."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from typing import Any

from gongzhi.core.grids.models import GridRow
from gongzhi.runtime.checks import invalid_input
from gongzhi.runtime.commands import Call, input_field
from gongzhi.runtime.file_checks import UnfitFile
from gongzhi.runtime.sealing import seal_with_own_key
from gongzhi.values.errors import FIELD

from .models import PhotoRow, SiteRow

PHOTOS, BYTES = 5, 600_000
TYPES = ("image/jpeg", "image/png")
PLACE = "safety.photo.content"


def photo_field(description: str, *, least: int = 0) -> Any:
    """Return the field of an input for photos, of which there are this many at least."""
    # Unless one is a must, whoever has none leaves the field out.
    default: dict[str, Any] = {} if least else {"default_factory": list}
    return input_field(description, items=(least, PHOTOS), longest=900_000, **default)


async def receive_photos(call: Call, encoded: Sequence[str], *path: str) -> list[str]:
    """Return photos that came in base64 as data URLs, made harmless. Before anything is locked: a scan takes long."""
    return [await receive_photo(call, one, *path, str(at)) for at, one in enumerate(encoded)]


async def receive_photo(call: Call, encoded: str, *path: str) -> str:
    try:
        photo = await call.context.files.receive(encoded, longest=BYTES, types=TYPES)
    except UnfitFile as error:
        raise error.at(*path) from None
    return f"data:{photo.media_type};base64,{base64.b64encode(photo.content).decode()}"


def refuse_too_many(count: int, *path: str) -> None:
    """Refuse more photos than one request takes."""
    if count > PHOTOS:
        raise invalid_input(f"{FIELD}: {PHOTOS} photos in all at most.", f"{FIELD}每次最多 {PHOTOS} 张照片。", *path)


async def keep_photos(call: Call, site: SiteRow, photos: Iterable[tuple[str, Any]], **beside: Any) -> None:
    """Keep photos of a site with what they show: each a data URL, and the answer it belongs to if there is one."""
    rows, county = [], ""
    for number, (url, answer) in enumerate(photos, 1):
        county = county or (await GridRow.get(id=site.county_id)).code
        # The row before its content: the place where it lies sealed has its key.
        row = PhotoRow(site_id=site.id, answer_id=answer, number=number, at=call.now, **beside)
        row.update_from_dict(seal_with_own_key(call.context.keys, county, f"{PLACE}:{row.id}", url))
        rows.append(row)
    if rows:
        await PhotoRow.bulk_create(rows)
