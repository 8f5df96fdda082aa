"""Timeout: bounds how long a block of a request may take."""

from __future__ import annotations

from asyncio import CancelledError, current_task
from types import TracebackType

__all__ = ["Timeout"]


class Timeout:
    """Raise TimeoutError where a block takes longer than so many seconds: `with Timeout(10): …`.

    It does what asyncio.timeout does. That costs as much as looking a plan up, and every request needs two of them.
    """

    __slots__ = ("_before", "_expired", "_seconds", "_task", "_timer")

    def __init__(self, seconds: float) -> None:
        self._seconds, self._expired = seconds, False

    def __enter__(self) -> None:
        task = current_task()
        assert task
        # How often the task was being cancelled already, to tell our cancelling from somebody else's.
        self._task, self._before = task, task.cancelling()
        self._timer = task.get_loop().call_later(max(0.0, self._seconds), self._expire)

    def _expire(self) -> None:
        """Cancel the task because time is up."""
        self._expired = True
        self._task.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        # Somebody else may have cancelled the task as well; then it is not for us to say that it goes on.
        if self._expired and self._task.uncancel() <= self._before and kind is CancelledError:
            raise TimeoutError from error
