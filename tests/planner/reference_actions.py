"""What may be done to rows of the little county, the plain way: who may, and where the row must stand."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .expected_visibility import Row
    from .reference_engine import At

Refuses = Callable[["At", "Row"], str | None]
"""The code with which something is refused; None if it is not."""
OPEN = {"REPORTED", "ACCEPTED", "DISPATCHED", "RETURNED", "HANDLING", "SUSPENDED", "REPLIED"}
WORK = ("cases.accept", "cases.settle", "cases.handle", "cases.dispatch")
LIVE = {"ISSUED", "ACKNOWLEDGED", "HANDLING", "SUSPENDED"}


@dataclass(frozen=True)
class Deed:
    """A mutation of a row: what it is called in Chinese, the permission it needs anywhere, and what refuses it."""

    chinese: str
    permission: str | None
    refuses: tuple[Refuses, ...]

    def reason(self, at: At, row: Row) -> str | None:
        if self.permission and not at.scope.can(self.permission):
            return "FORBIDDEN"
        return next((code for one in self.refuses if (code := one(at, row))), None)


def unless(code: str, holds: Callable[[At, Row], bool]) -> Refuses:
    return lambda at, row: None if holds(at, row) else code


def stands(*states: str, column: str = "state", code: str = "ILLEGAL_TRANSITION") -> Refuses:
    return unless(code, lambda at, row: getattr(row, column) in states)


def case_stands(*statuses: str) -> Refuses:
    return stands(*statuses, column="status")


def entrusted(permission: str) -> Callable[[At, Row], bool]:
    """Whether it is held where the case lies, or for the unit that leads."""

    def holds(at: At, case: Row) -> bool:
        led = any(grant.unit is not None and grant.unit == case.lead_unit_id for grant in at.scope.grants(permission))
        return led or at.scope.serves(case, permission)

    return holds


def handles(at: At, case: Row) -> bool:
    units = {grant.unit for grant in at.scope.grants("cases.handle")}
    return at.scope.can("cases.dispatch") or case.lead_unit_id is None or case.lead_unit_id in units


def own(at: At, case: Row) -> bool:
    return at.scope.person is not None and at.scope.person in (case.requester_id, case.filed_by_id)


def works(at: At, case: Row) -> bool:
    return any(at.scope.holds(case, permission) for permission in WORK)


def uncontested(at: At, case: Row) -> bool:
    category = at.rows.keys["Category"][case.category_id]
    return case.accused_unit_id is None and bool(category.code != "platform")


def rateable(at: At, case: Row) -> bool:
    return case.status == "REPLIED" or (case.status == "MERGED" and bool(case.settled_at) and not case.closed_at)


def spared(at: At, case: Row) -> bool:
    return case.accused_unit_id is None or case.accused_unit_id not in at.scope.employers


def foreign(column: str) -> Callable[[At, Row], bool]:
    """Whether the row is of none of the units that the viewer works for."""
    return lambda at, row: (
        getattr(row, column) not in {grant.unit for grant in at.scope.viewer.account.grants if grant.unit is not None}
    )


def of_case(holds: Callable[[At, Row], bool]) -> Callable[[At, Row], bool]:
    return lambda at, row: holds(at, at.rows.keys["Case"][row.case_id])


SPARED = unless("CONFLICT_OF_INTEREST", spared)
OF_SPARED = unless("CONFLICT_OF_INTEREST", of_case(spared))


def may(holds: Callable[[At, Row], bool]) -> Refuses:
    return unless("FORBIDDEN", holds)


def entrusts(chinese: str, permission: str, *more: Refuses) -> Deed:
    return Deed(chinese, permission, (may(entrusted(permission)), SPARED, *more))


def handling(chinese: str, *statuses: str) -> Deed:
    refuses = may(entrusted("cases.handle")), may(handles), SPARED, case_stands(*statuses)
    return Deed(chinese, "cases.handle", refuses)


def own_order(at: At, order: Row) -> bool:
    grants = at.scope.grants("cases.handle")
    return any(grant.everywhere or grant.unit == order.unit_id for grant in grants)


def helps(at: At, order: Row) -> bool:
    return bool(order.role == "SUPPORT")


def answers(at: At, supervision: Row) -> bool:
    if supervision.unit_id is None:
        return of_case(entrusted("cases.dispatch"))(at, supervision)
    return supervision.unit_id in {grant.unit for grant in at.scope.grants("cases.handle")}


def lifts(at: At, supervision: Row) -> bool:
    permission = "supervision.list" if supervision.level == "LISTED" else "supervision.supervise"
    return of_case(entrusted(permission))(at, supervision)


def summoned(at: At, whistle: Row) -> bool:
    return bool(own_summons(at, whistle))


def awaited(at: At, whistle: Row) -> bool:
    return any(one.checked_in_at is None for one in own_summons(at, whistle))


def own_summons(at: At, whistle: Row) -> list[Row]:
    units = {grant.unit for grant in at.scope.grants("whistles.check_in") if grant.unit is not None}
    return [one for one in at.scope.all("WhistleUnit") if one.whistle_id == whistle.id and one.unit_id in units]


def publishes(at: At, row: Row) -> bool:
    return at.scope.serves(row, "statistics.publish")


def decides_signs(at: At, row: Row) -> bool:
    return at.scope.serves(row, "statistics.decide_signs")


def calls(at: At, whistle: Row) -> bool:
    return at.scope.serves(whistle, "whistles.call")


def own_task(at: At, task: Row) -> bool:
    return task.unit_id in {grant.unit for grant in at.scope.grants("whistles.check_in")}


def by_another(column: str) -> Refuses:
    """Refuses whoever did it themselves."""
    return unless(
        "FOUR_EYES",
        lambda at, row: at.scope.viewer.account.name is None or getattr(row, column) != at.scope.viewer.account.name,
    )


def where_held(permission: str) -> Refuses:
    return may(lambda at, row: at.scope.serves(row, permission))


def until(column: str, *states: str, code: str) -> Refuses:
    """Refuses what stands elsewhere, or whose time is over."""
    return unless(code, lambda at, row: row.state in states and getattr(row, column) > at.scope.viewer.now)


def asks(at: At, demand: Row) -> bool:
    return at.scope.speaks(demand) or at.scope.person is not None and demand.asked_by_id == at.scope.person


def foreign_demand(at: At, demand: Row) -> bool:
    return at.scope.person is None or at.scope.person not in (demand.person_id, demand.asked_by_id)


def ends(at: At, office: Row) -> bool:
    """Whether one may end a helper's office: one's own, that for one's household, and where one names helpers."""
    home = at.rows.keys["Household"][office.household_id]
    person = at.scope.person
    own = person is not None and (office.person_id == person or at.scope.at_home(office))
    return own or at.scope.serves(home, "people.appoint")


def foreign_review(at: At, review: Row) -> bool:
    person = at.scope.person
    return person is None or not (person in (review.person_id, review.asked_by_id) or at.scope.at_home(review))


def of_age(at: At, row: Row) -> bool:
    if at.scope.person is None or row.person_id != at.scope.person:
        return True
    birth = at.rows.keys["Person"][row.person_id].birth_date
    return birth is None or birth.replace(year=birth.year + 14) <= at.scope.today


def own_webhook(at: At, webhook: Row) -> bool:
    return bool(at.rows.keys["Account"][webhook.account_id].name == at.scope.viewer.account.name)


def of_webhook(holds: Callable[[At, Row], bool]) -> Callable[[At, Row], bool]:
    return lambda at, row: holds(at, at.rows.keys["Webhook"][row.webhook_id])


def unset(column: str) -> Refuses:
    """Refuses what has ended, or was decided."""
    return unless("ILLEGAL_TRANSITION", lambda at, row: getattr(row, column) is None)


def active(at: At, webhook: Row) -> bool:
    return bool(webhook.state == "ACTIVE")


def on_webhook(chinese: str, *more: Refuses) -> Deed:
    return Deed(chinese, "webhooks.edit", (may(own_webhook), *more))


DIRECTORY = "dispatch.edit_directory"
RELEASES = (
    where_held("exports.release"),
    by_another("account"),
    until("until", "WAITING", code="ILLEGAL_TRANSITION"),
)
CALLED = stands("CALLED")
DEEDS: dict[str, dict[str, Deed]] = {
    "Case": {
        "acceptCase": entrusts("受理", "cases.accept", case_stands("REPORTED")),
        "addAttachments": Deed(
            "补充附件", None, (may(lambda at, row: works(at, row) or own(at, row)), case_stands(*OPEN))
        ),
        "closeCase": Deed(
            "结案",
            "cases.close",
            (
                may(entrusted("cases.close")),
                unless("APPROVAL_NEEDED", uncontested),
                SPARED,
                case_stands("REPLIED"),
            ),
        ),
        "contactRequester": handling("首次联系", "DISPATCHED", "HANDLING"),
        "declineCase": entrusts("不予受理", "cases.accept", case_stands("REPORTED")),
        "dispatchCase": entrusts("派单", "cases.dispatch", case_stands("ACCEPTED", "RETURNED")),
        "editCase": Deed(
            "更正诉求",
            None,
            (may(lambda at, row: works(at, row) or own(at, row) and row.status == "REPORTED"), case_stands(*OPEN)),
        ),
        "escalateCase": Deed("逐级上报", None, (may(works), SPARED, case_stands(*(OPEN - {"REPLIED"})))),
        "handleCase": handling("开始办理", "DISPATCHED"),
        "handleInGrid": entrusts("网格自处理", "cases.settle", case_stands("REPORTED", "ACCEPTED")),
        "mergeCases": entrusts("并单", "dispatch.merge_cases", case_stands(*OPEN)),
        "objectToDispatch": handling("提出派单异议", "DISPATCHED"),
        "rateCase": Deed(
            "评价",
            None,
            (
                may(lambda at, row: at.scope.person is not None and row.requester_id == at.scope.person),
                unless("ILLEGAL_TRANSITION", rateable),
            ),
        ),
        "recordFollowUp": Deed(
            "登记回访",
            "dispatch.follow_up",
            (
                may(entrusted("dispatch.follow_up")),
                unless("CONFLICT_OF_INTEREST", foreign("lead_unit_id")),
                SPARED,
                case_stands("REPLIED"),
            ),
        ),
        "reopenCase": entrusts("重办", "cases.close", case_stands("REPLIED")),
        "replyToCase": handling("答复", "HANDLING"),
        "requestClosing": entrusts("申请结案", "cases.close", case_stands("REPLIED")),
        "requestExtension": handling("申请延期", "DISPATCHED", "HANDLING"),
        "requestSuspension": handling("申请挂账", "HANDLING"),
        "requestVoiding": entrusts("申请作废", "dispatch.request_voiding", case_stands(*OPEN)),
        "resumeCase": handling("恢复办理", "SUSPENDED"),
        "superviseCase": entrusts("催办、督办、挂牌督办", "supervision.supervise", case_stands(*OPEN)),
        "unmergeCase": entrusts("撤销并单", "dispatch.merge_cases", case_stands("MERGED")),
        "withdrawCase": Deed("撤回", None, (may(own), case_stands("REPORTED"))),
    },
    "WorkOrder": {
        "acknowledgeOrder": Deed("签收", "cases.handle", (may(own_order), OF_SPARED, stands("ISSUED"))),
        "contribute": Deed(
            "提交协办意见",
            "cases.handle",
            (may(own_order), OF_SPARED, unless("BAD_USER_INPUT", helps), stands(*LIVE)),
        ),
        "withdrawOrder": Deed(
            "收回协办工单",
            "cases.dispatch",
            (may(of_case(entrusted("cases.dispatch"))), may(helps), OF_SPARED, stands(*LIVE)),
        ),
    },
    "DispatchObjection": {
        "ruleOnObjection": Deed(
            "裁定派单异议",
            "dispatch.rule_objections",
            (
                may(of_case(entrusted("dispatch.rule_objections"))),
                OF_SPARED,
                unless("CONFLICT_OF_INTEREST", foreign("unit_id")),
                stands("OPEN", column="ruling", code="DUPLICATE"),
            ),
        ),
    },
    "Approval": {
        "decideApproval": Deed(
            "审批",
            "dispatch.approve",
            (
                may(of_case(entrusted("dispatch.approve"))),
                OF_SPARED,
                unless("CONFLICT_OF_INTEREST", foreign("unit_id")),
                stands("PENDING", code="DUPLICATE"),
            ),
        ),
    },
    "Supervision": {
        "answerSupervision": Deed("督办回复", None, (may(answers), OF_SPARED, stands("OPEN", code="DUPLICATE"))),
        "liftSupervision": Deed(
            "解除督办",
            "supervision.supervise",
            (may(lifts), OF_SPARED, stands("OPEN", "ANSWERED", code="DUPLICATE")),
        ),
    },
    "Whistle": {
        "assessWhistle": Deed(
            "双向评价",
            None,
            (may(lambda at, row: calls(at, row) or summoned(at, row)), stands("CLOSED")),
        ),
        "checkInToWhistle": Deed(
            "报到", "whistles.check_in", (unless("NOT_FOUND", summoned), CALLED, unless("DUPLICATE", awaited))
        ),
        "closeWhistle": Deed("吹哨办结", "whistles.call", (may(calls), CALLED)),
        "decideWhistle": Deed(
            "吹哨审批",
            "whistles.approve",
            (may(lambda at, row: at.scope.serves(row, "whistles.approve")), stands("PENDING", code="DUPLICATE")),
        ),
        "planWhistle": Deed("联合方案", "whistles.call", (may(calls), CALLED)),
    },
    "EarlySign": {
        "callUnitsOnSign": Deed(
            "预警吹哨",
            "statistics.decide_signs",
            (may(decides_signs), may(calls), stands("OPEN", "PATROL_PROPOSED")),
        ),
        "dismissEarlySign": Deed(
            "排除预警", "statistics.decide_signs", (may(decides_signs), stands("OPEN", "PATROL_PROPOSED"))
        ),
        "endEarlySign": Deed(
            "办结预警", "statistics.decide_signs", (may(decides_signs), stands("OPEN", "PATROL_PROPOSED", "WHISTLED"))
        ),
        "proposeSignPatrol": Deed("提议巡查", "statistics.decide_signs", (may(decides_signs), stands("OPEN"))),
    },
    "OpenDataset": {
        "decideOpenDataset": Deed(
            "审核发布开放数据",
            "statistics.publish",
            (
                may(publishes),
                by_another("proposed_by"),
                stands("PROPOSED"),
            ),
        ),
        "withdrawOpenDataset": Deed("撤回开放数据", "statistics.publish", (may(publishes), stands("PUBLISHED"))),
    },
    "BulkExport": {
        "refuseBulkExport": Deed("不予放行批量导出", "exports.release", RELEASES),
        "releaseBulkExport": Deed("放行批量导出", "exports.release", RELEASES),
    },
    "DataRequest": {
        "decideDataRequest": Deed(
            "办理个人信息请求", "rights.handle", (where_held("rights.handle"), may(foreign_demand), stands("OPEN"))
        ),
        "withdrawDataRequest": Deed("撤回请求", None, (may(asks), stands("OPEN"))),
    },
    "Emergency": {
        "confirmEmergency": Deed(
            "确认应急",
            "emergency.declare",
            (
                where_held("emergency.declare"),
                until("ends_at", "PENDING", code="DUPLICATE"),
                by_another("declared_by"),
            ),
        ),
        "endEmergency": Deed(
            "提前结束应急",
            "emergency.declare",
            (where_held("emergency.declare"), stands("ACTIVE", code="DUPLICATE")),
        ),
    },
    "Liaison": {"endLiaison": Deed("终止联系", None, (may(ends), unset("until")))},
    "DispatchRule": {
        "endDispatchRule": Deed("停用目录条目", DIRECTORY, (where_held(DIRECTORY), unset("valid_to"))),
    },
    "ListedDuty": {
        "unlistDuty": Deed("移出部门职责清单", DIRECTORY, (where_held(DIRECTORY), unset("valid_to"))),
    },
    "CaseConflict": {"resolveConflict": Deed("裁定冲突", None, (may(of_case(works)), unset("resolved_at")))},
    "Resolution": {
        "revokeResolution": Deed(
            "废止决议", "resolutions.record", (where_held("resolutions.record"), unset("revoked_at"))
        ),
    },
    "DecisionReview": {
        "decideReview": Deed(
            "作出复核决定",
            "rights.review",
            (where_held("rights.review"), unless("CONFLICT_OF_INTEREST", foreign_review), stands("OPEN")),
        ),
    },
    "Representative": {
        "endRepresentation": Deed(
            "终止代理",
            "rights.represent",
            (where_held("rights.represent"), unless("ILLEGAL_TRANSITION", lambda at, row: at.scope.lasts(row))),
        ),
    },
    "Release": {
        "revokeRelease": Deed(
            "撤回授权披露",
            None,
            (may(lambda at, row: at.scope.speaks(row)), unless("GUARDIAN_REQUIRED", of_age), unset("revoked_at")),
        ),
    },
    "Webhook": {
        "deleteWebhook": Deed("删除回调", None, ()),
        "replayWebhook": on_webhook("重放事件"),
        "rotateWebhookSecret": on_webhook("轮换回调密钥"),
        "setWebhookActive": Deed("启停回调", None, ()),
        "testWebhook": on_webhook("测试回调", unless("ILLEGAL_TRANSITION", active)),
        "updateWebhook": on_webhook("修改回调"),
    },
    "WebhookDelivery": {
        "inspectWebhookDelivery": Deed("查看投递详情", "webhooks.edit", (may(of_webhook(own_webhook)),)),
        "resendWebhookDelivery": Deed(
            "重发投递",
            "webhooks.edit",
            (may(of_webhook(own_webhook)), unless("ILLEGAL_TRANSITION", of_webhook(active))),
        ),
    },
    "WhistleTask": {
        "completeWhistleTask": Deed(
            "任务完成",
            "whistles.check_in",
            (may(own_task), unless("DUPLICATE", lambda at, row: row.done_at is None)),
        ),
    },
}


def actions(at: At, row: Row, deeds: dict[str, dict[str, Deed]] = DEEDS) -> list[dict[str, Any]]:
    """What may be done to a row, by the names of the mutations."""
    found = []
    for name, deed in deeds[row.typename].items():
        words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).capitalize()
        label = deed.chinese if at.scope.viewer.language == "zh" else words
        reason = deed.reason(at, row)
        found.append({"name": name, "label": label, "allowed": reason is None, "reason": reason})
    return found


FIELDS = {f"{kind}.actions": actions for kind in DEEDS}
