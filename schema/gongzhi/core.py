"""The core's share of the schema, room by room."""

from __future__ import annotations

from . import findings
from .access import commands as access_commands
from .access import holdings as access_holdings
from .access import naming
from .access import types as access
from .accounts import commands as account_commands
from .accounts import credential_commands
from .accounts import holdings as account_holdings
from .accounts import types as accounts
from .attachments import commands as attachment_commands
from .attachments import holdings as attachment_holdings
from .attachments import types as attachments
from .calendars import types as calendars
from .cases import commands as case_commands
from .cases import escalating
from .cases import holdings as case_holdings
from .cases import types as cases
from .cases.events import EVENTS as CASE_EVENTS
from .centers import commands as center_commands
from .centers import types as centers
from .clocks import commands as clock_commands
from .clocks import sweeping
from .clocks import types as clocks
from .contacts import commands as contact_commands
from .contacts import holdings as contact_holdings
from .contacts import sending as contact_sending
from .dispatch import (
    approving,
    directory,
    dispatching,
    followup,
    merging,
    objecting,
    work,
    working,
)
from .dispatch import holdings as dispatch_holdings
from .dispatch import types as dispatch
from .emergency import commands as emergency_commands
from .emergency import ending
from .emergency import holdings as emergency_holdings
from .emergency import types as emergency
from .emergency.events import EVENTS as EMERGENCY_EVENTS
from .events import commands as job_commands
from .events import jobs
from .events import types as events
from .events.event import Event
from .events.work import Handler, Job
from .exports import commands as export_commands
from .exports import holdings as export_holdings
from .exports import types as exports
from .grids import commands as grid_commands
from .grids import types as grids
from .intake import commands as intake_commands
from .intake import holdings as intake_holdings
from .intake import types as intake
from .notices import commands as notice_commands
from .notices import holdings as notice_holdings
from .notices import outbound
from .notices import types as notices
from .patrols import commands as patrol_commands
from .patrols import holdings as patrol_holdings
from .patrols import types as patrols
from .people import cards, care_commands, household_commands, privacy
from .people import commands as person_commands
from .people import holdings as person_holdings
from .people import types as people
from .plugins import commands as plugin_commands
from .plugins import types as plugins
from .registers import holdings as public_holdings
from .registers import kpis
from .registers import types as registers
from .registers.book import Registers
from .resolutions import commands as resolution_commands
from .resolutions import types as resolutions
from .rights import commands as right_commands
from .rights import demand_commands, review_commands
from .rights import holdings as right_holdings
from .rights import types as rights
from .statistics import counting, digests, prefilling
from .statistics import holdings as figure_holdings
from .statistics import types as statistics
from .supervision import commands as supervision_commands
from .supervision import holdings as supervision_holdings
from .supervision import sweeping as supervising
from .supervision import types as supervision
from .sync import commands as sync_commands
from .sync import holdings as sync_holdings
from .sync import types as sync
from .units import commands as unit_commands
from .units import types as units
from .webhooks import commands as webhook_commands
from .webhooks import holdings as webhook_holdings
from .webhooks import jobs as webhook_jobs
from .webhooks import types as webhooks
from .whistles import calling, coming
from .whistles import escalating as whistle_escalating
from .whistles import holdings as whistle_holdings
from .whistles import types as whistles
from .whistles.events import EVENTS as WHISTLE_EVENTS

EXTENSIONS = (
    *plugins.EXTENSIONS,
    *plugin_commands.EXTENSIONS,
    *grids.EXTENSIONS,
    *units.EXTENSIONS,
    *people.EXTENSIONS,
    *cases.EXTENSIONS,
    *calendars.EXTENSIONS,
    *clocks.EXTENSIONS,
    *accounts.EXTENSIONS,
    *grid_commands.EXTENSIONS,
    *unit_commands.EXTENSIONS,
    *person_commands.EXTENSIONS,
    *household_commands.EXTENSIONS,
    *care_commands.EXTENSIONS,
    *case_commands.EXTENSIONS,
    *notices.EXTENSIONS,
    *notice_commands.EXTENSIONS,
    *events.EXTENSIONS,
    *jobs.EXTENSIONS,
    *job_commands.EXTENSIONS,
    *access.EXTENSIONS,
    *access_commands.EXTENSIONS,
    *naming.EXTENSIONS,
    *clock_commands.EXTENSIONS,
    *findings.EXTENSIONS,
    *account_commands.EXTENSIONS,
    *credential_commands.EXTENSIONS,
    *registers.EXTENSIONS,
    *rights.EXTENSIONS,
    *right_commands.EXTENSIONS,
    *review_commands.EXTENSIONS,
    *demand_commands.EXTENSIONS,
    *resolutions.EXTENSIONS,
    *resolution_commands.EXTENSIONS,
    *dispatch.EXTENSIONS,
    *work.EXTENSIONS,
    *directory.EXTENSIONS,
    *dispatching.EXTENSIONS,
    *working.EXTENSIONS,
    *objecting.EXTENSIONS,
    *approving.EXTENSIONS,
    *merging.EXTENSIONS,
    *followup.EXTENSIONS,
    *attachments.EXTENSIONS,
    *attachment_commands.EXTENSIONS,
    *patrols.EXTENSIONS,
    *patrol_commands.EXTENSIONS,
    *centers.EXTENSIONS,
    *center_commands.EXTENSIONS,
    *sync.EXTENSIONS,
    *sync_commands.EXTENSIONS,
    *webhooks.EXTENSIONS,
    *webhook_commands.EXTENSIONS,
    *intake.EXTENSIONS,
    *intake_commands.EXTENSIONS,
    *statistics.EXTENSIONS,
    *prefilling.EXTENSIONS,
    *digests.EXTENSIONS,
    *escalating.EXTENSIONS,
    *emergency.EXTENSIONS,
    *emergency_commands.EXTENSIONS,
    *whistles.EXTENSIONS,
    *calling.EXTENSIONS,
    *coming.EXTENSIONS,
    *supervision.EXTENSIONS,
    *supervision_commands.EXTENSIONS,
    *contact_commands.EXTENSIONS,
    *exports.EXTENSIONS,
    *export_commands.EXTENSIONS,
)

EVENTS: tuple[type[Event], ...] = (*CASE_EVENTS, *WHISTLE_EVENTS, *EMERGENCY_EVENTS)

HANDLERS: tuple[Handler, ...] = (counting.counted,)

JOBS: tuple[Job, ...] = (
    sweeping.swept,
    webhook_jobs.forgotten,
    counting.followed,
    supervising.swept,
    whistle_escalating.escalated,
    ending.ended,
    outbound.handed_out,
    outbound.sent,
    contact_sending.sent,
    contact_sending.forgotten,
)

TYPES: tuple[type, ...] = (grids.Grid, units.Unit, people.Person, people.Household, cases.Case, cases.CaseEvent)

REGISTERS = Registers(
    cards=cards.CARDS,
    kpis=kpis.KPIS,
    notices=privacy.NOTICES,
    holdings=(
        *person_holdings.HOLDINGS,
        *case_holdings.HOLDINGS,
        *notice_holdings.HOLDINGS,
        *right_holdings.HOLDINGS,
        *public_holdings.HOLDINGS,
        *access_holdings.HOLDINGS,
        *account_holdings.HOLDINGS,
        *dispatch_holdings.HOLDINGS,
        *attachment_holdings.HOLDINGS,
        *sync_holdings.HOLDINGS,
        *patrol_holdings.HOLDINGS,
        *webhook_holdings.HOLDINGS,
        *intake_holdings.HOLDINGS,
        *figure_holdings.HOLDINGS,
        *emergency_holdings.HOLDINGS,
        *whistle_holdings.HOLDINGS,
        *supervision_holdings.HOLDINGS,
        *contact_holdings.HOLDINGS,
        *export_holdings.HOLDINGS,
    ),
)
"""What the core declares for the public registers."""
