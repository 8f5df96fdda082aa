"""Settings: the source of warnings that an operator names; without one nothing is asked and nothing is taken."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from gongzhi.plugin.settings import setting


def read_source(text: str) -> str:
    """Read the address of a source. Raises ValueError, which never repeats it: it may hold a password."""
    # Whether it may be reached is looked at with each request; a name may stand for another address tomorrow.
    if urlsplit(text).scheme not in ("http", "https") or not urlsplit(text).hostname:
        raise ValueError("is no address; write https://alerts.example.gov.cn/cap/feed.xml")
    return text


@dataclass(frozen=True)
class BulletinSettings:
    """Where warnings come from."""

    source: str | None = setting(
        "Address of a feed (Atom) or message (CAP 1.2) of warnings, which is asked each minute.",
        default=None,
        parse=read_source,
        secret=True,
    )
    secret: str | None = setting(
        "What pushed warnings are signed with, `whsec_…`, as Standard Webhooks are.", default=None, secret=True
    )
    account: str | None = setting("The account for which pushed warnings are taken.", default=None)
