"""Enums: the states and kinds of legal services as the schema has them."""

from __future__ import annotations

from gongzhi.declare.enums import describe_enum

from .models import (
    Acting,
    AdviceChannel,
    AdviceState,
    AdviserKind,
    AgreementForm,
    AidGround,
    AidMatter,
    AidState,
    Chooser,
    ClueState,
    ClueSubject,
    ConfirmationState,
    EntryState,
    LegalTopic,
    MatterKind,
    MediationOutcome,
    MediationState,
    Meeting,
    Referral,
    ScreeningState,
    SeatRole,
    Signing,
    Tension,
)

describe_enum(
    AdviserKind,
    "LegalAdviserKind",
    "What somebody on the legal panel is (三官一律、调解员).",
    JUDGE="A judge (法官)",
    PROSECUTOR="A prosecutor (检察官)",
    POLICE="A police officer (警官)",
    LAWYER="A lawyer (律师)",
    LEGAL_WORKER="A legal worker at the grassroots (基层法律服务工作者)",
    MEDIATOR="A people's mediator (人民调解员)",
)
describe_enum(
    Meeting,
    "LegalMeeting",
    "How one meets an adviser (会见方式).",
    OFFICE="At the office (办公室)",
    VILLAGE="In the village (驻村)",
    PHONE="By telephone (电话)",
)
describe_enum(
    MatterKind,
    "LegalMatterKind",
    "What sort of help a matter is (法律事务类型).",
    ADVICE="Advice (法律咨询)",
    MEDIATION="People's mediation (人民调解)",
    AID="Legal aid (法律援助)",
    CLUE="A clue for inspectors (执法线索)",
)
describe_enum(
    SeatRole,
    "LegalSeatRole",
    "As what somebody takes part in a matter (参与身份).",
    PARTY="A party (当事人)",
    REPRESENTATIVE="Who speaks for a party (代理人)",
    HANDLER="Who handles it, by name (承办人)",
)
describe_enum(
    MediationState,
    "MediationState",
    "Where a mediation stands (调解状态).",
    REQUESTED="Accepted; not all parties have joined yet (已受理，待各方同意)",
    MEDIATING="Under way (调解中)",
    AGREED="The parties agreed (已达成协议)",
    ENDED="Over without an agreement (已终止)",
)
describe_enum(
    MediationOutcome,
    "MediationOutcome",
    "What came of a mediation (调解结果).",
    WRITTEN_AGREEMENT="An agreement in writing (书面协议)",
    ORAL_AGREEMENT="An oral agreement (口头协议)",
    FAILED="They could not agree (调解不成)",
    WITHDRAWN="The applicant took it back (申请人撤回)",
    REFUSED="A party did not want it (一方不同意调解)",
    REFERRED="It is for somebody else (转其他途径)",
)
describe_enum(
    Referral,
    "MediationReferral",
    "Where parties go on (后续途径).",
    COURT="To court (诉讼)",
    ARBITRATION="To arbitration (仲裁)",
    POLICE="To the police (公安机关)",
    LEGAL_AID="To legal aid (法律援助)",
)
describe_enum(
    Chooser,
    "MediatorChooser",
    "Who chose a mediator (选定方式).",
    PARTIES="The parties (当事人选定)",
    COMMITTEE="The mediation committee (调委会指定)",
)
describe_enum(
    Acting,
    "MediatorActing",
    "As what somebody sits in a mediation (参与方式).",
    MEDIATOR="A mediator (调解员)",
    EXPERT="An expert who supports it (专家)",
)
describe_enum(
    AgreementForm,
    "AgreementForm",
    "Whether an agreement is on paper (协议形式).",
    WRITTEN="In writing (书面)",
    ORAL="By word, on record (口头)",
)
describe_enum(
    Signing,
    "AgreementSigning",
    "How somebody signed (签署方式).",
    SIGNATURE="By hand (签名)",
    FINGERPRINT="By fingerprint (按指印)",
    ONLINE="Online, as the mediator saw (线上确认)",
)
describe_enum(
    ConfirmationState,
    "ConfirmationState",
    "Where judicial confirmation stands (司法确认状态).",
    OPEN="The parties may ask for it together (可共同申请)",
    REQUESTED="Asked for (已申请)",
    ACCEPTED="The court has accepted it (法院已受理)",
    CONFIRMED="The agreement is valid and can be enforced (确认有效)",
    REJECTED="Not confirmed (驳回)",
)
describe_enum(
    AdviceState,
    "LegalAdviceState",
    "Where a question stands (咨询状态).",
    ASKED="Waits for an answer (待答复)",
    ANSWERED="Answered; one may ask on (已答复)",
    CLOSED="Closed (已结束)",
)
describe_enum(
    AdviceChannel,
    "LegalAdviceChannel",
    "How a question was asked (咨询方式).",
    TEXT="In writing (文字)",
    VOICE="By voice (语音)",
    APPOINTMENT="At an appointment (预约)",
)
describe_enum(
    LegalTopic,
    "LegalTopic",
    "What a question is about (咨询事项).",
    FAMILY="Marriage, family, inheritance (婚姻家庭继承)",
    LAND="Land and homesteads (土地、宅基地)",
    LABOUR="Work and wages (劳动)",
    DAMAGES="Damages (损害赔偿)",
    CONTRACT="Contracts and debts (合同、债务)",
    CONSUMER="Goods and services (消费)",
    SOCIAL_SECURITY="Social security (社会保障)",
    CRIMINAL="Criminal law (刑事)",
    OTHER="Something else (其他)",
)
describe_enum(
    EntryState,
    "LegalEntryState",
    "Where an entry of the knowledge base stands (知识条目状态).",
    PROPOSED="Somebody else is to review it (待审核)",
    PUBLISHED="Everybody reads it (已发布)",
    REFUSED="Not published (未通过)",
    WITHDRAWN="Taken back by whoever asked (已撤回)",
)
describe_enum(
    AidMatter,
    "LegalAidMatter",
    "What aid is asked for, by art. 31 of the Legal Aid Law (援助事项).",
    STATE_COMPENSATION="State compensation (国家赔偿)",
    SOCIAL_INSURANCE="Social insurance and assistance (社会保险、社会救助)",
    PENSION="Pensions for the bereaved (抚恤金)",
    MAINTENANCE="Maintenance (赡养费、抚养费、扶养费)",
    LABOUR="Work and wages (劳动关系、劳动报酬)",
    CAPACITY="Declaring somebody incapable (认定民事行为能力)",
    INJURY="Injury at work, on the road, by food or medicine (人身损害赔偿)",
    POLLUTION="Damage by pollution (环境污染、生态破坏)",
    OTHER="Something else (其他)",
)
describe_enum(
    AidGround,
    "LegalAidGround",
    "Why somebody asks for aid, by art. 32 and 42 of the Legal Aid Law (申请理由).",
    INCOME="They cannot pay (经济困难)",
    MARTYR_HONOUR="A martyr's honour is defended by close relatives (维护英烈人格权益)",
    BRAVERY="They acted bravely for others (见义勇为)",
    ACQUITTED="They were acquitted on retrial (再审改判无罪)",
    VIOLENCE="They suffered ill-treatment or violence at home (虐待、遗弃、家庭暴力)",
    RELIEF="They live on relief or are in a special hardship (特困、低保等救助对象)",
    WAGES="Migrant workers ask for wages or damages for injury (进城务工人员请求报酬、工伤赔偿)",
)
describe_enum(
    AidState,
    "LegalAidState",
    "Where an application stands (法律援助状态).",
    APPLIED="To be decided (待审查)",
    REFUSED="Refused, with grounds (不予援助)",
    GRANTED="Granted; a firm is to be named (给予援助)",
    ASSIGNED="A firm has it (已指派)",
    CLOSED="Done (已结案)",
)
describe_enum(
    Tension,
    "ScreeningTension",
    "How near a situation is to a dispute; said of the situation, never of anybody in it (风险程度).",
    CALM="Calm (平稳)",
    TENSE="Tense (紧张)",
    ACUTE="Acute (激化)",
)
describe_enum(
    ScreeningState,
    "ScreeningState",
    "Whether a situation is still looked at (排查状态).",
    OPEN="Looked at again by its date (跟踪中)",
    RESOLVED="Resolved (已化解)",
)
describe_enum(
    ClueState,
    "EnforcementClueState",
    "Where a clue stands (线索状态).",
    REPORTED="Reported (已上报)",
    DECLINED="Not taken up, with the reason (不予受理)",
    ACCEPTED="Taken up (已受理)",
    CALLED="Inspectors are called (已吹哨)",
    HANDLED="They are done; an answer is due (已处置)",
    REPLIED="Answered (已反馈)",
)
describe_enum(
    ClueSubject,
    "EnforcementSubject",
    "Which rules may have been broken (执法领域).",
    BUILDING="Building (违法建设)",
    LAND_USE="Use of land (土地)",
    ENVIRONMENT="Environment (生态环境)",
    WATER="Water (水务)",
    FOREST="Forest (林业)",
    FOOD="Food and medicine (食品药品)",
    SAFETY="Safety at work, fire (安全生产、消防)",
    TRAFFIC="Roads and traffic (交通)",
    MARKET="Markets (市场监管)",
    OTHER="Something else (其他)",
)
