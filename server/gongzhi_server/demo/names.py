"""Names: put together by chance, and meant to be nobody's."""

from __future__ import annotations

from random import Random

from gongzhi.core.people.models import Gender

from .chance import WeightedChoice

SURNAMES = WeightedChoice({
    **dict.fromkeys("王李张刘陈", 12),
    **dict.fromkeys("杨黄赵吴周徐孙马朱胡", 5),
    **dict.fromkeys("郭何林高罗郑梁谢宋唐", 3),
    **dict.fromkeys(
        "许邓冯韩曹曾彭萧蔡潘田董袁于余叶蒋杜苏魏程吕丁沈任姚卢傅钟姜崔谭廖范汪陆金石戴贾韦夏邱方侯邹熊孟秦白江", 1
    ),
    **dict.fromkeys(("欧阳", "上官", "司马"), 0.1),
})  # fmt: skip
"""The common ones first."""
OLD = 1970
"""Fashions in names changed for those born about then."""
GIVEN = {
    (Gender.FEMALE, True): ("桂秀玉淑春金凤翠素兰月菊", "英兰珍芳香莲梅琴花云霞芝"),
    (Gender.MALE, True): ("国建志德明福永世正兴长庆", "华军平安贵林生祥忠荣昌文"),
    (Gender.FEMALE, False): ("晓雨欣思佳梦静雅婷诗语若", "涵怡琪萱瑶悦宁彤妍洁蕾琳"),
    (Gender.MALE, False): ("子浩宇俊嘉泽天文一晨博思", "轩豪涛杰鹏阳航睿翔宸霖哲"),
}


def given_name(random: Random, gender: Gender, year: int) -> str:
    """Draw a given name of two characters, or now and then of one, as was usual for the year of birth."""
    first, second = GIVEN[gender, year < OLD]
    return (random.choice(first) if random.random() < 0.85 else "") + random.choice(second)
