"""Registers: what the tables of watch hold about people, the notice that a watch rests on, figures and findings."""

from __future__ import annotations

from datetime import date

from gongzhi.core.people.holdings import HOMES, OTHERS
from gongzhi.declare.register_entries import GONE, Check, Holding, Kpi, PrivacyNotice
from gongzhi.plugin.retention import CONSENT, NAMES, OPERATION, PUBLIC, SERVICE
from gongzhi.values.errors import Text

from .records import end_by_withdrawal
from .rules import PURPOSE, RECIPIENT

MONTHS = 36
"""Three years: as long as a household that fell back may ask what was done for it before."""
HOME_OF = "(select e.household_id from watch.entry e where e.id={})"
CLOSED = "(select e.closed_at from watch.entry e where e.id={})"
FACT_ENTRY = "(select f.watch_id from watch.fact f where f.id=t.fact_id)"
DONE = "(select r.closed_at from watch.error r where r.id={})"
REVIEW_ERROR = "(select v.exemption_id from watch.review v where v.id=t.review_id)"
ERRORS = f"select r.id from watch.error r where r.official in ({NAMES})"
SEALED = ("data_key", "content")
KEYS = {"data_key": "t.county"}

NOTICES = (
    PrivacyNotice(
        PURPOSE,
        RECIPIENT,
        1,
        Text("Your household is watched over and helped", "防返贫监测帮扶"),
        Text(
            "What you declare of your household is read by the workers of your grid and by those who decide, and "
            "by nobody else; it is used to help you and for nothing else. No score is made of it, and nothing of it is "
            "published. A unit that is to help is told your name, address, and what it is to do. You read all of it, "
            "and may end it at any time: what you declared is then deleted. Without it you lose no other service.",
            "您申报的情况仅供本网格工作人员和认定人员查看，仅用于帮扶您户，不作评分，不予公示。落实帮扶的单位只知悉您户户主姓名、住址"
            "和所落实的措施。全部记录您均可查看，并可随时退出，退出后您申报的内容即予删除。不同意的，不影响您享受其他服务。",
        ),
        Text(
            "Separate consent, PIPL 13(1)(1), 23, 29",
            "单独同意，《个人信息保护法》第十三条第一款第一项、第二十三、二十九条",
        ),
        since=date(2026, 1, 1),
        withdrawn=end_by_withdrawal,
    ),
)

# Counted by when they asked, so that a figure of a quarter does not change with what is asked in the next.
ASKED = Text("households that asked or agreed in the quarter, by town", "按镇街计的本季度申请监测户")
KPIS = (
    Kpi(
        "watch.watched",
        Text("households watched over ÷ households that asked", "纳入监测户 ÷ 申请户"),
        Text("of these, those that two persons, or a third, decided to help", "其中经两人审定或复核予以纳入的户数"),
        ASKED,
        Text("%", "%"),
    ),
    Kpi(
        "watch.ended",
        Text("ended by the household's agreement ÷ watched over", "经本户同意退出 ÷ 纳入监测户"),
        Text("of these, those that agreed that it is over", "其中本户同意退出的户数"),
        Text("of the households that asked in the quarter, those watched over", "本季度申请户中纳入监测的户数"),
        Text("%", "%"),
    ),
)

CHECKS = (
    Check(
        "watch.overdue",
        "select count(*) from watch.entry e where e.closed_at is null and e.due_at<now() "
        "and e.state not in ('PROPOSED','EXIT_PROPOSED')",
        Text("households are decided on and looked at again in time", "监测认定和定期复核均未逾期"),
        Text(
            "households that wait for a decision or a review: {0}; the list of watches has them, by overdue",
            "认定或复核逾期的监测户：{0}；可在监测列表中按“是否逾期”筛选查看",
        ),
    ),
    Check(
        "watch.measures",
        "select count(*) from watch.measure m where m.state='PLANNED' "
        "and m.due_on<(now() at time zone 'Asia/Shanghai')::date",
        Text("measures are carried out in time", "帮扶措施均按期落实"),
        Text(
            "measures that are overdue: {0}; the list of measures has them, by overdue",
            "逾期未落实的帮扶措施：{0}；可在帮扶措施列表中按“是否逾期”筛选查看",
        ),
    ),
    Check(
        "watch.reviews",
        "select count(*) from watch.error r where r.state='ASKED' and r.due_at<now()",
        Text("errors are reviewed in time", "容错事项均按期认定"),
        Text("errors that were not decided on in thirty days: {0}", "三十日内未认定的容错事项：{0}"),
    ),
)


def of_home(table: str, what: Text, home: str, closed: str, **more: object) -> Holding:
    """Return the holding of a table that is about a household: it goes with the last of its members."""
    return Holding(
        table,
        what,
        CONSENT,
        person=f"{home} in ({HOMES})",
        shared=OTHERS.format(home),
        months=MONTHS,
        since=closed,
        **{"erase": GONE, **more},  # type: ignore[arg-type]
    )


HOLDINGS = (
    Holding("watch.rule", Text("rules of counties", "县区监测与容错规则"), PUBLIC),
    Holding("watch.item", Text("facts and conditions that these name", "规则条目"), PUBLIC),
    # Pictures before facts, and facts and steps before the watch: each is found by the next.
    of_home(
        "watch.evidence",
        Text("pictures that your household showed; they lie sealed", "本户申报佐证（加密存放）"),
        HOME_OF.format(FACT_ENTRY),
        CLOSED.format(FACT_ENTRY),
        hidden=SEALED,
        wrapped=KEYS,
    ),
    of_home(
        "watch.fact",
        Text("what your household declared; the words lie sealed", "本户申报事实（内容加密存放）"),
        HOME_OF.format("t.watch_id"),
        CLOSED.format("t.watch_id"),
        hidden=SEALED,
        wrapped=KEYS,
    ),
    of_home(
        "watch.step",
        Text(
            "what was said and done about your household's watch; the words lie sealed",
            "本户监测办理记录（内容加密存放）",
        ),
        HOME_OF.format("t.watch_id"),
        CLOSED.format("t.watch_id"),
        hidden=SEALED,
        wrapped=KEYS,
    ),
    # In a household of several the steps stay, and are the household's.
    Holding(
        "watch.step",
        Text("that it was you who said it", "由您本人作出的陈述"),
        CONSENT,
        person="t.person_id=$1",
        erase={"person_id": "null"},
    ),
    of_home(
        "watch.measure",
        Text("what was done for your household", "本户帮扶措施"),
        HOME_OF.format("t.watch_id"),
        CLOSED.format("t.watch_id"),
        # That public money was spent stays on record; who did it does not.
        erase={"owner": "null"},
    ),
    # Without whoever agreed it rests on nothing: the next sweep ends it.
    Holding(
        "watch.entry",
        Text("that a watch rests on your consent", "由您同意的监测"),
        CONSENT,
        person="t.person_id=$1",
        erase={"person_id": "null"},
    ),
    of_home(
        "watch.entry",
        Text("that your household is watched over, and how it ended", "本户监测及退出情况"),
        "t.household_id",
        "t.closed_at",
        erase={
            "person_id": "null",
            "ground": "null",
            "proposed_by": "null",
            "assessed_by": "null",
            "confirmed_by": "null",
        },
    ),  # fmt: skip
    Holding(
        "watch.statement",
        Text("what was said of errors that you made or were affected by; it lies sealed", "容错事项陈述（加密存放）"),
        SERVICE,
        person=f"t.person_id=$1 or t.exemption_id in ({ERRORS})",
        # What somebody else said of it is theirs.
        shared=f"t.person_id is distinct from $1 and (t.account is null or t.account not in ({NAMES}))",
        erase=GONE,
        hidden=SEALED,
        months=MONTHS,
        since=DONE.format("t.exemption_id"),
        wrapped=KEYS,
    ),
    Holding(
        "watch.answer",
        Text("how reviewers answered each condition; the reasons lie sealed", "容错复核各项条件认定（理由加密存放）"),
        SERVICE,
        person=f"{REVIEW_ERROR} in ({ERRORS})",
        shared="true",
        erase=GONE,
        hidden=SEALED,
        months=MONTHS,
        since=DONE.format(REVIEW_ERROR),
        wrapped=KEYS,
    ),
    Holding("watch.review", Text("which reviewers decided on errors", "容错复核意见"), OPERATION),
    Holding(
        "watch.affected",
        Text("that you were affected by an error", "您受影响的容错事项"),
        SERVICE,
        person="t.person_id=$1",
        erase=GONE,
        months=MONTHS,
        since=DONE.format("t.exemption_id"),
    ),
    Holding(
        "watch.error",
        Text("errors that you made in office, and how they were decided", "您任职中的容错事项及认定"),
        SERVICE,
        person=f"t.official in ({NAMES})",
        erase={"official": "'—'", "asked_by": "'—'"},
        months=MONTHS,
        since="t.closed_at",
    ),
)
