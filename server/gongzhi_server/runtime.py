"""Runtime: what everything that runs for a viewer has at hand, and the tables that it works on."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Any, TypeVar

from gongzhi.declare.viewer import Viewer, ViewerAccount
from gongzhi.runtime.channels import NoticeChannel
from gongzhi.runtime.commands import Command
from gongzhi.runtime.context import Context
from gongzhi.runtime.event_access import EventAccess
from gongzhi.runtime.jobs import BackgroundJob
from gongzhi.runtime.lists import Lists, NoLists
from gongzhi.runtime.sealing import KeyRing
from tortoise.models import Model

from .commands import mutations
from .commands.reactions import ReactionTable
from .events import Outbox
from .events.outbox import TransactionEvents
from .files.archive import Archive
from .files.checker import FileChecker
from .files.malware_scan import Scan, trust_file
from .files.picture_decoding import PictureDecoder
from .graphql.engine import value_of
from .graphql.published_registers import PublishedPlugins
from .graphql.schema import Schema
from .graphql.view_checks import Views
from .labels.collection import Labels
from .plugins.contributions import Plugins
from .storage.access_log import AccessLog
from .storage.connection_shares import Shares
from .telemetry.traces import carry_request

T = TypeVar("T")


class Runtime:
    """The context in which Tortoise knows its connections, whichever task a request came in."""

    def __init__(
        self,
        shares: Shares,
        keys: KeyRing,
        secret: bytes,
        published_plugins: PublishedPlugins,
        views: Views,
        schema: Schema,
        plugins: Plugins,
        ledger: AccessLog,
        outbox: Outbox,
        archive: Archive,
        channels: tuple[NoticeChannel, ...] = (),
        choices: Mapping[type, Any] = MappingProxyType({}),
        address: str = "",
        scan: Scan = trust_file,
    ) -> None:
        self.address = address
        self.choices = choices
        # Tortoise keeps its connections in a context variable, which
        # requests do not inherit: they come in tasks of the server.
        self._variables = contextvars.copy_context()
        self.ledger = ledger
        self.shares, self.keys, self.secret, self.schema = shares, keys, secret, schema
        self.published_plugins, self.plugins = published_plugins, plugins
        self.outbox, self.archive, self.channels = outbox, archive, channels
        self.reactions = ReactionTable(plugins.reactions)
        self.events = EventAccess()
        self.lists: Lists = NoLists()
        self.published = published_plugins.json()
        self.labels, self.views = Labels(schema, plugins), views
        self.pictures = PictureDecoder()
        self.files = FileChecker(self.pictures, scan)
        self._common = self._common_context()

    def report_failing(self, failing: Mapping[str, str]) -> None:
        """Tell of the plugins that are not well."""
        self.published = self.published_plugins.json(failing)

    def context(self, viewer: Viewer) -> Context:
        """Build what everything that runs for a viewer has at hand."""

        # Read within the viewer's share, so that what plugins read for a stranger takes a stranger's place.
        fetch = self.shares.reader(viewer, "query")
        own = {
            "viewer": viewer,
            "perform": partial(self._perform, viewer),
            "value": partial(value_of, fetch),
            "fetch": fetch,
            "look": partial(self.ledger.look, viewer),
            "enqueue": partial(self._enqueue, viewer),
            "published": self.published,
            "events": self.events,
            "lists": self.lists,
        }
        # One is made for each operation, and setting thirty fields of a frozen class takes as long as planning it.
        # What is the same for everybody is copied instead. And nothing in it refers to it: what goes in a circle stays
        # until garbage is collected, and while it is collected nobody is answered.
        context = Context.__new__(Context)
        vars(context).update(self._common, **own)
        return context

    async def _perform(self, viewer: Viewer, command: Command, given: Any) -> Any:
        """Carry a command out for a viewer."""
        context = self.context(viewer)
        work = mutations.perform_command(context, command, given, self.schema.owner(command), self.outbox)
        done = await self.run(work)
        # The chain of acts is extended soon after, not in the
        # command's transaction, where all would queue for its end.
        self.ledger.note_act(viewer.now)
        return done

    async def _enqueue(
        self,
        viewer: Viewer,
        job: BackgroundJob,
        key: str,
        *,
        at: datetime | None = None,
        row: Model | None = None,
        **arguments: Any,
    ) -> None:
        """Have a job run for a viewer, in a transaction of its own."""
        outgoing = TransactionEvents(self.outbox, viewer)
        outgoing.enqueue(job, key, at, row, arguments)
        await self.run(outgoing.commit())

    def _common_context(self) -> dict[str, Any]:
        """Return the fields of a context that are the same for all viewers, as long as the server runs."""

        async def stored(row: Any) -> bytes | None:
            return await self.archive.read(row)

        plugins = self.plugins
        made = Context(
            Viewer(ViewerAccount(), datetime.min),
            self.keys,
            self.secret,
            nothing,
            nothing,
            nothing,
            bounds=self.ledger.bounds,
            held=plugins.held,
            holders=plugins.holders,
            guarded=plugins.guarded,
            registers=plugins.registers,
            channels=self.channels,
            settings=self.choices,
            feedable=plugins.registry.feedable,
            files=self.files,
            civic=plugins.civic,
            naming=plugins.naming,
            grantors=plugins.grantors,
            reactions=self.reactions,
            address=self.address,
            timeline=plugins.timeline,
            stored=stored,
            labels=self.labels.select,
            views=self.views.select,
            forms=self.views.forms.write,
        )
        return dict(vars(made))

    async def transact(
        self, plugin: str, viewer: Viewer, action: str, objects: Sequence[str], work: Callable[[Any], Awaitable[Any]]
    ) -> Any:
        """Do something as a plugin for a viewer, in one transaction with the act that is kept of it."""
        done = await self.run(mutations.transact(self.context(viewer), plugin, action, objects, work, self.outbox))
        self.ledger.note_act(viewer.now)
        return done

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something where the tables are known."""
        return await asyncio.get_running_loop().create_task(work, context=carry_request(self._variables.copy()))


async def nothing(*given: Any) -> None:
    """Do nothing, in the place of what each viewer has of their own."""
