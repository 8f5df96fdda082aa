"""Rules: who may see attachments, which is whoever sees their case, and nobody while they have none."""

from __future__ import annotations

from pypika_tortoise.queries import Table

from gongzhi.declare.sql import Alternatives, Sql
from gongzhi.declare.viewer import ViewerScope


def visible_attachments(attachment: Table, viewer: ViewerScope) -> Alternatives:
    """Return files that belong to a case; the case's own rule is asked, too."""
    return [Sql("{0} is not null", attachment.case_id)]
