"""Papers: what an application has and lacks, and files that lie sealed beside it."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence

import strawberry
from gongzhi.core.grids.models import GridRow
from gongzhi.runtime.checks import invalid_input, is_given
from gongzhi.runtime.commands import Call, input_field
from gongzhi.runtime.file_checks import ReceivedFile, UnfitFile
from gongzhi.runtime.sealing import seal_with_own_key
from gongzhi.values.errors import FIELD, Refusal
from strawberry import UNSET

from .models import ApplicationRow, PaperRow, PaperState

BYTES, FILES = 600_000, 5
TYPES = ("image/jpeg", "image/png", "application/pdf")
PLACE = "services.paper.content"


@strawberry.input(description="A paper that is handed in (提交材料).")
class ServicePaperInput:
    code: str = input_field("Its code within the matter or the application (材料编码).")
    content: str | None = input_field(
        "JPEG, PNG or PDF in base64, 600 kB at most; without it the paper was shown or handed over (文件内容).",
        longest=1_000_000,
        default=UNSET,
    )


async def receive_papers(
    call: Call, given: Sequence[ServicePaperInput]
) -> Mapping[str, tuple[int, ReceivedFile | None]]:
    """Return the files that came with a mutation, made harmless, by the codes of their papers and with their places."""
    if len({one.code for one in given}) < len(given):
        raise invalid_input("Name each paper once.", "每份材料只能提交一次。", "papers")
    if sum(is_given(one.content) for one in given) > FILES:
        raise invalid_input(f"{FIELD}: {FILES} files at once at most.", f"{FIELD}每次最多 {FILES} 个文件。", "papers")
    return {one.code: (at, await receive_file(call, one, at)) for at, one in enumerate(given)}


async def receive_file(call: Call, given: ServicePaperInput, at: int) -> ReceivedFile | None:
    if not is_given(given.content):
        return None
    try:
        return await call.context.files.receive(given.content, longest=BYTES, types=TYPES)
    except UnfitFile as error:
        raise error.at("papers", str(at), "content") from None


async def hand_in(
    call: Call,
    row: ApplicationRow,
    papers: Sequence[PaperRow],
    received: Mapping[str, tuple[int, ReceivedFile | None]],
) -> None:
    """Keep what was handed in with its papers; the caller saves these. Refuses what nobody asks for."""
    # By code, as people name them.
    by_code = {one.code: one for one in papers}
    county = (await GridRow.get(id=row.county_id)).code if received else ""
    for code, (at, file) in received.items():
        paper = by_code.get(code)
        if paper is None:
            raise unknown_paper("papers", str(at), "code")
        paper.state, paper.received_at = PaperState.PROVIDED, call.now
        if file is not None:
            # As it is shown: opened in the statement of the query, and never by a path of its own.
            url = f"data:{file.media_type};base64,{base64.b64encode(file.content).decode()}"
            paper.update_from_dict(seal_with_own_key(call.context.keys, county, f"{PLACE}:{paper.id}", url))


def unknown_paper(*path: str) -> Refusal:
    return invalid_input("The matter wants no such paper.", "该事项不需要此材料。", *path)


def missing_codes(papers: Iterable[PaperRow]) -> list[str]:
    """Return the codes of what is missing."""
    return [one.code for one in papers if one.state == PaperState.MISSING]
