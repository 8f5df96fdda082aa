"""What lives for one operation goes with it: what stays until garbage is collected makes others wait while it is."""

from __future__ import annotations

import gc
import weakref
from types import SimpleNamespace
from typing import Any

from gongzhi_server.planner.execution import OperationRun
from gongzhi_server.runtime import Runtime
from gongzhi_server.storage.connection_shares import Unshared

from .bench import Bench
from .sample_county import VIEWERS

TEXT = "{ cases(first: 3) { nodes { number requester { name birthDate } } } }"


async def test_an_operation_leaves_no_garbage(bench: Bench) -> None:
    await bench.data(TEXT, "county")  # prepared and planned once
    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            await bench.data(TEXT, "county")
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        assert not [one for one in gc.garbage if isinstance(one, OperationRun)]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


async def test_a_context_goes_with_whoever_holds_it() -> None:
    async def nothing(*given: Any) -> Any:
        raise AssertionError("nothing is read or written")

    runtime: Any = SimpleNamespace(
        shares=Unshared(nothing),
        ledger=SimpleNamespace(look=nothing),
        published="",
        events=None,
        lists=None,
        _perform=nothing,
        _enqueue=nothing,
        _common={},
    )
    gc.disable()
    try:
        context = Runtime.context(runtime, VIEWERS["county"])
        gone = weakref.ref(context)
        del context
        assert gone() is None
    finally:
        gc.enable()
