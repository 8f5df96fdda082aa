"""What comes from the field into the little county: files, changes, patrols; and the centres."""

from __future__ import annotations

import hashlib
import hmac
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from .expected_visibility import Row
    from .reference_engine import At

from .sample_county import NOW, SECRET, TITLES, Draw, Rows


def everything(cases: list[UUID], people: list[UUID]) -> dict[str, Rows]:
    """The rows by table, parents first."""
    draw = Draw(11)
    seats = [{"center_id": center, "unit_id": unit} for center, unit in ((1, 1), (1, 2), (2, 4), (4, 2))]
    return {
        "attachments.attachment": [attachment(draw, cases) for _ in range(40)],
        "sync.change": [change(draw, cases) for _ in range(40)],
        "sync.conflict": [conflict(draw, cases) for _ in range(30)],
        "patrols.patrol": [patrol(draw, cases, people) for _ in range(30)],
        "centers.center": centers(),
        "centers.seat": [{"id": at, **one} for at, one in enumerate(seats, 1)],
    }


def attachment(draw: Draw, cases: list[UUID]) -> dict[str, Any]:
    return {
        "id": draw.key(),
        "case_id": draw.maybe(draw.of(cases), 0.8),
        "kind": draw.of(("PHOTO", "VOICE", "VIDEO", "DOCUMENT")),
        "media_type": draw.of(("image/jpeg", "audio/amr")),
        "size": draw.of((0, 1, 2_000_000_000)),
        "thumbnail": draw.of((True, False)),
        "county": "610921",
        "account": draw.maybe("worker"),
        "at": draw.instant(),
    }


def change(draw: Draw, cases: list[UUID]) -> dict[str, Any]:
    written = {"account": draw.maybe("resident"), "role": draw.maybe("grid_worker")}
    texts = {"before": draw.maybe(draw.of(TITLES)), "after": draw.maybe(draw.of(TITLES))}
    times = {"occurred_at": draw.instant(), "at": draw.instant()}
    return {
        "id": draw.key(),
        "case_id": draw.of(cases),
        "field": draw.of(("title", "status")),
        **written,
        **texts,
        **times,
    }


def conflict(draw: Draw, cases: list[UUID]) -> dict[str, Any]:
    written = {"account": draw.maybe("resident"), "role": draw.maybe("grid_worker"), "by": draw.maybe("grid_leader")}
    texts = {name: draw.maybe(draw.of(TITLES)) for name in ("base", "mine", "theirs")}
    times = {name: draw.instant() for name in ("at", "occurred_at", "received_at")}
    decided = {"kept": draw.maybe("MINE"), "resolved_at": draw.maybe(NOW)}
    return {"id": draw.key(), "case_id": draw.of(cases), "field": "title", **written, **texts, **times, **decided}


def patrol(draw: Draw, cases: list[UUID], people: list[UUID]) -> dict[str, Any]:
    return {
        "id": draw.key(),
        "grid_id": draw.of((3, 5, 7, 9, 12, 12, 13, 16)),
        "patroller_id": draw.maybe(draw.of(people[:10]), 0.7),
        "account": "worker",
        "at": draw.instant(),
        "found": draw.of(TITLES),
        "case_id": draw.maybe(draw.of(cases)),
        "recorded_at": NOW + timedelta(minutes=1),
    }


def centers() -> Rows:
    """Of a county, a town and a village; one has been closed and opened again."""
    placed = (
        (1, 3, "汉阴县综治中心", None),
        (2, 5, "O'Centre", None),
        (3, 7, "村 50%_", date(2026, 1, 1)),
        (4, 7, "村 50%_", None),
    )
    return [
        {
            "id": key,
            "grid_id": grid,
            "name": name,
            "address": None,
            "duty_phone": "0915-5200000",
            "valid_to": to,
            "version": key,
        }
        for key, grid, name, to in placed
    ]


# the fields that are neither columns nor foreign keys


def link(variant: str, row: Row) -> str:
    """A link as RFC 2104 and docs/frontends.md say: good for five to ten minutes."""
    expires = (int(NOW.timestamp()) // 300 + 2) * 300
    key = hmac.digest(SECRET, f"attachment links {expires}".encode(), hashlib.sha256)
    signature = hmac.digest(key, f"{row.id}/{variant}".encode(), hashlib.sha256).hex()[:32]
    return f"/attachments/{row.id}/{variant}?expires={expires}&signature={signature}"


def thumbnail(at: At, row: Row) -> str | None:
    return link("thumbnail", row) if row.thumbnail else None


def units(at: At, center: Row) -> list[Row]:
    keys = {row.unit_id for row in at.rows.kinds["Seat"] if row.center_id == center.id}
    return at.page([row for row in at.scope.visible("Unit") if row.id in keys], "code", 50).part
