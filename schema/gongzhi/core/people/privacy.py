"""Privacy notices: what people are told of the core's use of their data, and what ends with their consent."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from gongzhi.declare.register_entries import PrivacyNotice
from gongzhi.runtime.commands import Call
from gongzhi.values.errors import Text

from .households import classify_household
from .models import HouseholdRow, IncomeBand, PostRow


async def forget_income(call: Call, person: UUID) -> None:
    """Remove the income band of the household whose head no longer agrees."""
    known = HouseholdRow.select_for_update().exclude(income_band=IncomeBand.UNKNOWN)
    for household in await known.filter(head_id=person):
        household.income_band, household.income_confirmed_on = IncomeBand.UNKNOWN, None
        # The service may have rested on the band, so it is decided anew without it.
        await classify_household(call, household)
        household.version += 1
        await household.save()


async def hide_phone(call: Call, person: UUID) -> None:
    """Stop publishing a duty phone whose holder takes the consent back."""
    # Posts that are over as well, for who held one before is still shown.
    await PostRow.filter(person_id=person).update(duty_phone=None)


SINCE = date(2026, 1, 1)
NOTICES = (
    PrivacyNotice(
        "people.service",
        "village",
        1,
        Text("How your data are used here", "个人信息处理告知书"),
        Text(
            "Your village keeps your name, household, address and, where you give them, resident ID and telephone "
            "number, to know whom it serves, to visit you and to answer what you raise. Protected values are kept "
            "encrypted; every look at your file is recorded and shown to you. You may ask for a copy, a correction, "
            "deletion or restriction, an explanation of any automated decision and its review by a person.",
            "本村（社区）为掌握服务对象、开展走访、答复您反映的事项，登记您的姓名、户、住址，以及您提供的身份证号、电话。受保护的信息加密"
            "保存；每次查阅您的档案均有记录并可由您查看。您可以查阅复制、更正、删除或限制处理您的信息，可以要求对自动化决定作出解释并由人工"
            "复核。",
        ),
        Text("PIPL 13(1)(3): statutory duties; 17", "《个人信息保护法》第十三条第一款第三项、第十七条"),
        SINCE,
        consent=False,
    ),
    PrivacyNotice(
        "people.income_band",
        "village",
        1,
        Text("Your household's income band", "收入区间的登记"),
        Text(
            "With your consent the village records whether your household's income is above or below the village's "
            "mean, and uses it only to decide how your household is served. No figure is kept. If you do not agree, or "
            "withdraw, you are served all the same.",
            "经您同意，村（社区）登记本户收入高于或低于本村平均水平，仅用于确定服务方式，不登记具体数额。不同意或撤回同意，不影响您获得服务。",
        ),
        Text("PIPL 13(1)(1), 29: separate consent", "《个人信息保护法》第十三条第一款第一项、第二十九条：单独同意"),
        SINCE,
        months=12,
        withdrawn=forget_income,
    ),
    PrivacyNotice(
        "people.duty_phone",
        "public",
        1,
        Text("Your duty telephone number", "值班电话的公开"),
        Text(
            "While you answer for a grid or help a household, the number you choose is published beside your name, so "
            "that residents can call you. It disappears at once when you withdraw.",
            "在您担任网格职责或联系人期间，您指定的号码将与姓名一并公开，便于群众联系。撤回同意后立即停止公开。",
        ),
        Text("PIPL 25: consent to publication", "《个人信息保护法》第二十五条：公开须取得单独同意"),
        SINCE,
        withdrawn=hide_phone,
    ),
)
