"""Telling: who is told of watches, measures and errors, and in what words. Notices name no person and no fact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from gongzhi.core.notices.sending import NoticeDraft, Office, send_notice
from gongzhi.runtime.checks import today
from gongzhi.runtime.commands import Call
from gongzhi.values.errors import Text

from .models import EntryRow, ErrorRow, MeasureRow
from .rules import ADULT


@dataclass(frozen=True)
class Message:
    """What is told; the texts have no places, so that nothing of anybody can stand in them."""

    kind: str
    title: Text
    body: Text


def say(kind: str, en: str, zh: str, body_en: str, body_zh: str) -> Message:
    return Message(f"watch.{kind}", Text(en, zh), Text(body_en, body_zh))


# To households in the second person and without the words of offices: some read them with a neighbour.
PROPOSED = say(
    "proposed", "Your village proposes help to your household", "村里提议将您户纳入监测帮扶",
    "Read why. You say whether you want it: nothing happens if you do not.",
    "请查看理由。是否纳入由您户决定；不同意或不答复的，不会纳入。",
)  # fmt: skip
RECEIVED = say(
    "received", "Your household's request has arrived", "您户的监测帮扶申请已收到",
    "Two persons decide on it, and you read their reasons. You may leave at any time.",
    "将由两人核实审定，理由您可查看；您户可随时退出。",
)  # fmt: skip
# To the town: what is to be done, and not for whom, for notices lie in inboxes for long.
ASKED = say(
    "asked", "A household asks to be watched over", "有农户申请监测帮扶",
    "Look into what it has declared.", "请核实其申报的事实。",
)  # fmt: skip
DECLARED = say(
    "declared", "A household has declared something more", "监测户补充申报了事实",
    "Read it before you decide.", "请在认定前查看。",
)  # fmt: skip
WATCHED = say(
    "watched", "Your household is being helped from now on", "您户已纳入监测帮扶",
    "You read what is planned, and say what it did for you.", "帮扶措施您可随时查看，并反馈成效。",
)  # fmt: skip
# Each adverse message says what the household may do about it.
REFUSED = say(
    "refused", "Your household's request was refused", "您户的监测帮扶申请未予纳入",
    "Read the reasons. You may contest this once, or ask anew with other facts.",
    "请查看理由。您可申请一次复核，有新的情况也可重新申请。",
)  # fmt: skip
CONTESTED = say(
    "contested", "A household contests a refusal", "有农户对不予纳入申请复核",
    "Decide on it, as another person than the two who refused it.", "请由原核实、审定人员以外的人员处理。",
)  # fmt: skip
# That silence ends nothing stands in the message itself.
EXIT_PROPOSED = say(
    "exit_proposed", "It is proposed that your household's watch end", "拟将您户退出监测帮扶",
    "It ends only if you agree; if you say nothing, it goes on.",
    "经您户同意方可退出；不同意或不答复的，继续监测帮扶。",
)  # fmt: skip
EXIT_AGREED = say(
    "exit_agreed", "A household agreed that its watch end", "监测户已同意退出",
    "Nothing is left to do about it.", "该户监测帮扶已结束。",
)  # fmt: skip
EXIT_REFUSED = say(
    "exit_refused", "A household wants its watch to go on", "监测户不同意退出",
    "Read why, and look again how things are.", "请查看其意见，并再次复核。",
)  # fmt: skip
LEFT = say(
    "left", "A household has left its watch", "监测户已自行退出",
    "What was planned for it is cancelled.", "未落实的帮扶措施已取消。",
)  # fmt: skip
PLANNED = say(
    "planned", "Your unit is to help a household", "您单位有新的帮扶措施",
    "Read what is to be done, and by when.", "请查看措施内容和完成期限。",
)  # fmt: skip
HELP_PLANNED = say(
    "help_planned", "Something is planned for your household", "已为您户制定帮扶措施",
    "Read who does what, and by when.", "请查看由谁落实、何时完成。",
)  # fmt: skip
HELP_ENDED = say(
    "help_ended", "A measure for your household has ended", "您户的一项帮扶措施已办结",
    "Say what it did for you.", "请反馈成效。",
)  # fmt: skip
EFFECT = say(
    "effect", "A household said what a measure did for it", "监测户反馈了帮扶成效",
    "Read it.", "请查看。",
)  # fmt: skip
OVERDUE = say(
    "overdue", "A household waits for the county", "监测帮扶事项逾期",
    "A decision or a review was due.", "认定或复核已逾期，请尽快办理。",
)  # fmt: skip
MEASURE_OVERDUE = say(
    "measure_overdue", "A measure is overdue", "帮扶措施逾期未落实",
    "It was to be carried out by now.", "该措施已过完成期限，请尽快落实。",
)  # fmt: skip
# Who is affected hears of an error by this, and of the official by the record alone.
ERROR_ASKED = say(
    "error_asked", "An error that concerns you is reviewed", "与您有关的一起失误已申请容错认定",
    "You read what is said of it, and may object to the outcome.", "您可查看有关陈述，并可对认定结果提出异议。",
)  # fmt: skip
ERROR_DECIDED = say(
    "error_decided", "An error that concerns you was decided on", "与您有关的容错事项已认定",
    "Read the reasons of the reviewers. To the first decision you may object once.",
    "请查看复核理由；对首次认定可提出一次异议。",
)  # fmt: skip
ERROR_OBJECTED = say(
    "error_objected", "Somebody objects to how an error was decided", "容错认定有异议",
    "Other reviewers look at it once more.", "将由其他人员重新复核。",
)  # fmt: skip
SPEAKERS = f"""
select m.person_id from people.membership m join people.person p on p.id=m.person_id
where m.household_id=$1 and (m.until is null or m.until>$2) and p.died_on is null
and (p.birth_date is null or p.birth_date<=$2::date-interval '{ADULT} years')
"""


async def tell_home(call: Call, row: EntryRow, said: Message) -> None:
    """Tell everybody who speaks for the household."""
    # All who are of age, also where one of them has signed: it is about each of them.
    found = await call.fetch(SPEAKERS, row.household_id, today(call))
    await send(call, row.county_id, said, f"Watch:{row.id}", persons=[one["person_id"] for one in found])


async def tell_town(call: Call, row: EntryRow, said: Message) -> None:
    """Tell whoever decides where the household lives."""
    # The office and not an account: who decides changes, and what waits does not.
    await send(call, row.county_id, said, f"Watch:{row.id}", offices=[Office("cases.dispatch", row.grid_id)])


async def tell_county(call: Call, row: EntryRow, said: Message) -> None:
    """Tell whoever decides in the county, above the town."""
    assert row.county_id is not None, "a household lives in a county"
    await send(call, row.county_id, said, f"Watch:{row.id}", offices=[Office("cases.dispatch", row.county_id)])


async def tell_owner(call: Call, measure: MeasureRow, said: Message) -> None:
    """Tell the unit that carries out a measure; the person of it reads that with the others, and once."""
    await send(call, measure.county_id, said, f"WatchMeasure:{measure.id}", units=[measure.unit_id])


async def tell_involved(call: Call, row: ErrorRow, said: Message, affected: list[UUID]) -> None:
    """Tell whoever made an error, who asked for its review, and who was affected."""
    # An official who asks for themselves is told once.
    accounts = list(dict.fromkeys([row.official, row.asked_by]))
    await send(call, row.county_id, said, f"ErrorExemption:{row.id}", accounts=accounts, persons=affected)


async def send(call: Call, county: int | None, said: Message, about: str, **to: Any) -> None:
    await send_notice(call, NoticeDraft(said.kind, said.title, said.body, about, office_hours_of=county), **to)
