"""Enums: the states and kinds of the party plugin as the schema has them."""

from __future__ import annotations

from gongzhi.declare.enums import describe_enum

from .models import (
    ActivityState,
    AskState,
    Audience,
    BranchKind,
    Choice,
    CodeState,
    CouncilKind,
    DeliberationState,
    Duty,
    FeedKind,
    Form,
    LessonKind,
    Manner,
    MeetingState,
    MemberStatus,
    PaperKind,
    ParticipationState,
    ProjectState,
    Shift,
    SuggestionState,
    TransferState,
    Voters,
    WishState,
)

describe_enum(
    BranchKind,
    "PartyBranchKind",
    "What an organisation is (组织类型).",
    COMMITTEE="A committee (党委)",
    GENERAL_BRANCH="A general branch (党总支)",
    BRANCH="A branch (党支部)",
    GROUP="A group of a branch (党小组)",
)
describe_enum(
    Duty,
    "PartyDuty",
    "An office of an organisation, held by one person at a time (党内职务).",
    SECRETARY="Secretary (书记)",
    DEPUTY_SECRETARY="Deputy secretary (副书记)",
    ORGANISER="Answers for organisation (组织委员)",
    PUBLICIST="Answers for publicity (宣传委员)",
    DISCIPLINE="Answers for discipline (纪检委员)",
    GROUP_LEADER="Leads a group (党小组长)",
)
describe_enum(
    MemberStatus,
    "PartyMemberStatus",
    "How somebody belongs to an organisation (党员状态).",
    PROBATIONARY="On probation (预备党员)",
    FULL="Full member (正式党员)",
    LEFT="No longer belongs to it (已离开)",
)
describe_enum(
    TransferState,
    "PartyTransferState",
    "Where a transfer stands (转接状态).",
    REQUESTED="Waits for the other organisation (待接收)",
    ACCEPTED="The other organisation took the member over (已接收)",
    REFUSED="The other organisation did not, with the reason (未接收)",
    WITHDRAWN="Taken back (已撤回)",
)
FORMS = {
    Form.MEMBERS_MEETING: "党员大会",
    Form.COMMITTEE_MEETING: "支委会",
    Form.GROUP_MEETING: "党小组会",
    Form.PARTY_LECTURE: "党课",
    Form.PARTY_DAY: "主题党日",
    Form.COUNCIL_DAY: "议事日",
    Form.VOTERS_DAY: "选民接待日",
    Form.VOLUNTEERING: "志愿服务",
    Form.PATROL: "红袖章巡逻",
    Form.STUDY: "学习",
    Form.OTHER: "其他",
}
SAID = {
    Form.MEMBERS_MEETING: "A meeting of all members",
    Form.COMMITTEE_MEETING: "A meeting of the branch committee",
    Form.GROUP_MEETING: "A meeting of a group",
    Form.PARTY_LECTURE: "A lecture",
    Form.PARTY_DAY: "A theme day",
    Form.COUNCIL_DAY: "A day for deliberation",
    Form.VOTERS_DAY: "Deputies receive voters",
    Form.VOLUNTEERING: "Volunteers at work",
    Form.PATROL: "Volunteers on patrol",
    Form.STUDY: "People study together",
    Form.OTHER: "Something else",
}
describe_enum(
    Form,
    "PartyActivityForm",
    "What sort of activity it is (活动形式).",
    **{form.name: f"{SAID[form]} ({chinese})" for form, chinese in FORMS.items()},
)
describe_enum(
    Audience,
    "PartyAudience",
    "Whom an activity is for (活动对象).",
    BRANCH="Who belongs or reports to the organisation (党组织内部)",
    GRID="Who lives in the grid (本网格居民)",
    PUBLIC="Everybody (公开)",
)
describe_enum(
    Shift,
    "PartyShift",
    "What becomes of an activity that falls on a day off; make-up days are worked (节假日安排).",
    KEEP="It takes place all the same (照常)",
    SKIP="It is left out (取消当次)",
    BEFORE="It takes place on the last working day before (提前)",
    AFTER="It takes place on the next working day (顺延)",
)
describe_enum(
    ActivityState,
    "PartyActivityState",
    "Where an activity stands (活动状态).",
    PLANNED="To come, or without minutes yet (已安排)",
    CANCELLED="Cancelled, with the reason (已取消)",
    HELD="Held, with minutes (已举办)",
)
describe_enum(
    ParticipationState,
    "PartyParticipationState",
    "Where somebody's coming stands (参加状态).",
    SIGNED_UP="Has a place (已报名)",
    WAITING="Waits for a place (候补)",
    CHECKED_IN="Came (已签到)",
    EXCUSED="Cannot come, and said why (已请假)",
    WITHDRAWN="Does not come (已取消报名)",
)
describe_enum(
    PaperKind,
    "PartyPaperKind",
    "What lies beside minutes (附件类型).",
    PHOTO="A photo, by consent of whoever is on it (照片)",
    DOCUMENT="A PDF document (文档)",
)
describe_enum(
    FeedKind,
    "PartyFeedKind",
    "Whose activities a calendar has (日历类型).",
    PERSON="Those one has signed up for (本人)",
    BRANCH="Those of an organisation (党组织)",
    GRID="Those in a grid (网格)",
)
describe_enum(
    DeliberationState,
    "DeliberationState",
    "Where a deliberation stands (议事状态).",
    RAISED="Raised (已提出)",
    ANNOUNCED="Its agenda is published (已公布议程)",
    RECORDED="The result of a meeting in the room waits for a second person (现场结果待复核)",
    VOTING="Votes are taken (表决中)",
    COUNTED="Votes are counted (已计票)",
    DECIDED="Decided, by a resolution (已决议)",
    PUBLICISED="The result is public, and may be evaluated (已公示)",
    DROPPED="Not pursued, with the reason (已终止)",
)
describe_enum(
    Voters,
    "VoteUnit",
    "Who has a vote (表决单位).",
    PERSON="Every adult (每人一票)",
    HOUSEHOLD="Every household (每户一票)",
)
describe_enum(
    Manner,
    "MatterVoteManner",
    "How a meeting votes in the room (现场表决方式).",
    SHOW_OF_HANDS="By a show of hands, of which the numbers are kept (举手表决)",
    ROLL_CALL="By name, one after the other; what each says is kept (唱名表决)",
)
describe_enum(
    MeetingState,
    "MatterMeetingState",
    "Where the record of a meeting stands (现场会议记录状态).",
    RECORDED="Waits for a second person (待复核)",
    CONFIRMED="Confirmed, and counted (已复核)",
    REFUSED="A second person says that it was not so (未通过复核)",
    WITHDRAWN="Recorded anew, or dropped with the matter (已撤回)",
)
describe_enum(
    Choice,
    "VoteChoice",
    "What a vote says (表决意见).",
    FOR="For (赞成)",
    AGAINST="Against (反对)",
    ABSTAIN="Abstains (弃权)",
)
describe_enum(
    CodeState,
    "VillageCodeState",
    "Where a version of a village code stands (村规民约状态).",
    DRAFT="Not adopted yet (草案)",
    ADOPTED="Holds (施行)",
    ENDED="No longer holds (废止)",
)
describe_enum(
    CouncilKind,
    "CouncilKind",
    "The councils of a village (四会).",
    DELIBERATION="Deliberates (村民议事会)",
    MORALITY="Appraises conduct (道德评议会)",
    WEDDINGS_AND_FUNERALS="Keeps feasts modest (红白理事会)",
    AGAINST_DRUGS_AND_GAMBLING="Works against drugs and gambling (禁毒禁赌会)",
)
describe_enum(
    SuggestionState,
    "DeputySuggestionState",
    "Where a deputy's proposal stands (代表建议状态).",
    SUBMITTED="Waits for a reply (待答复)",
    REPLIED="Replied to (已答复)",
    RATED="The deputy has said what they make of it (已评价)",
)
describe_enum(
    AskState,
    "PartyHelperRequestState",
    "Where a household's wish for a helper stands (申请状态).",
    OPEN="Waits for a helper (待安排)",
    MET="Has one (已安排)",
    WITHDRAWN="Taken back (已撤回)",
)
describe_enum(
    WishState,
    "WishState",
    "Where a wish stands (心愿状态).",
    OPEN="Waits for somebody (待认领)",
    CLAIMED="Somebody sees to it (已认领)",
    FULFILLED="Fulfilled (已实现)",
    WITHDRAWN="Taken back (已撤回)",
)
describe_enum(
    ProjectState,
    "ProjectState",
    "Where a project stands (项目状态).",
    PLANNED="Planned (计划中)",
    UNDER_WAY="Under way (推进中)",
    DONE="Done (已完成)",
    DROPPED="Dropped (已终止)",
)
describe_enum(
    LessonKind,
    "LessonKind",
    "What a lesson is (学习内容类型).",
    COMIC="A comic (漫画)",
    VIDEO="A video (视频)",
    ARTICLE="An article (文章)",
    QUIZ="A quiz (答题)",
)
