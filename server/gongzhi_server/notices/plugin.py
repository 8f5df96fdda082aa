"""Registration: the jobs that hand notices to channels."""

from __future__ import annotations

from gongzhi.plugin.hooks import hookimpl
from gongzhi.runtime.jobs import BackgroundJob


@hookimpl
def jobs() -> list[BackgroundJob]:
    from . import delivery

    return [delivery.hand_to_channels, delivery.send_notices]
