"""Mediation checks: what every step asks first (that it is there for the caller, where it stands, who they are)."""

from __future__ import annotations

from gongzhi.core.people.models import PersonRow
from gongzhi.declare.entity import key_of, ref
from gongzhi.runtime.actions import Action, Requirement, require_states, tell_state
from gongzhi.runtime.checks import today
from gongzhi.runtime.commands import Call
from gongzhi.values.errors import Text
from gongzhi_rights.representation import find_representatives, is_entitled

from ..events import MediationChanged
from ..matters.commands import notify_seats
from ..models import Acting, MatterRow, MediationRow, MediationState, MediatorRow, PartyRow
from ..visibility import HANDLE
from .requests import MediationPayload
from .types import Mediation

OPEN = (MediationState.REQUESTED, MediationState.MEDIATING)


def on_mediation(who: Requirement, *states: MediationState) -> Action:
    """Return what is done to mediations in one of these states, by those whom `who` lets."""
    return Action(Mediation, (who,), (require_states(states, tell_state(Text("mediation", "调解"))),))


async def load_mediation(call: Call, id: str) -> tuple[MediationRow, MatterRow]:
    """Return the mediation, locked, as the command's action allows, and its matter."""
    row: MediationRow = await call.find(Mediation, "mediation", id=key_of(Mediation)(id))
    return row, await MatterRow.get(id=row.matter_id)


async def is_mediator(call: Call, matter: MatterRow) -> bool:
    """Tell whether the caller is one of the mediators now."""
    me = call.viewer.account.name
    # By seat and not by grid: experts who support do not handle it.
    return call.viewer.can(HANDLE) and await MediatorRow.exists(
        matter=matter, until=None, acting=Acting.MEDIATOR, adviser__account=me
    )


async def find_own_party(call: Call, matter: MatterRow) -> PartyRow | None:
    """Return the party that the caller is, speaks for as its representative, or is the guardian of; None otherwise."""
    me = call.viewer.account.person
    if me is None:
        return None
    rows = await PartyRow.filter(matter=matter).order_by("place")
    # Who is in it themselves comes before whom they could speak for: parents may be parties beside their child.
    for row in rows:
        if row.person_id == me:
            # A representative stands in the party's place: what they do here is done for that party.
            return await PartyRow.get(id=row.represents_id) if row.represents_id else row
    for row in rows:
        person = await PersonRow.get_or_none(id=row.person_id) if row.person_id else None
        if person and is_entitled(me, person, today(call), await find_representatives(person.id, today(call))):
            return row
    return None


async def main_parties(matter: MatterRow) -> list[PartyRow]:
    """Return the parties themselves, without who speaks for them."""
    return await PartyRow.filter(matter=matter, represents_id=None).order_by("place")


async def save_mediation(call: Call, row: MediationRow, matter: MatterRow) -> MediationPayload:
    """Save a step, publish and notify it, and answer with the mediation."""
    row.version += 1
    await row.save()
    call.publish(MediationChanged(matter.id, row.id, row.state), matter)
    await notify_seats(call, matter.id, CHANGED, f"Mediation:{row.id}", except_caller=True)
    return MediationPayload(mediation=ref(Mediation, row.id))


CHANGED = (
    "legal.mediation_changed",
    Text("A mediation went on", "调解有新进展"),
    Text("Open it to see where it stands.", "请查看最新进展。"),
)
