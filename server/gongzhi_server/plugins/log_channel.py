"""Log channel: the way out for notices that every deployment has."""

from __future__ import annotations

import logging

from gongzhi.runtime.channels import Addressee, ChannelConsent, Outbound

log = logging.getLogger("gongzhi.notices")


class LogChannel:
    """Writes into the log that there was a notice, and not for whom."""

    name = "log"
    consent: ChannelConsent | None = None
    phone = False

    async def send(self, notice: Outbound, addressee: Addressee) -> None:
        log.info("notice %s %s", notice.kind, notice.id)
