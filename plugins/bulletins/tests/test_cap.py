"""The Common Alerting Protocol: what a message says, and that what is none, or is hostile, is refused."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

import pytest
from gongzhi_bulletins.models import Severity
from gongzhi_bulletins.warnings.areas import merge_places
from gongzhi_bulletins.warnings.cap import Alert, UnfitAlert, parse_xml, read_alert, trim_code
from gongzhi_bulletins.warnings.settings import read_source

from .messages import SENDER, alert, info, refer, square

CIRCLE = "<circle>32.9,108.5 10</circle>"
CODE = "<geocode><valueName>行政区划代码</valueName><value>610921101000</value></geocode>"


def read(text: str) -> Alert:
    return read_alert(parse_xml(text.encode()))


def test_what_a_message_says() -> None:
    english = info("en", event="Rainstorm", headline="Rainstorm warning", description="Heavy rain.", severity="Extreme")
    area = f"<polygon>{square(32.9, 108.5)}</polygon>{CODE}"
    found = read(alert("6109211", english, info(area=area), references=refer("6109210") + "\n " + refer("x")))
    assert (found.sender, found.identifier, found.status) == (SENDER, "6109211", "Actual")
    assert found.sent == datetime(2026, 6, 30, 2, tzinfo=UTC)
    assert [one.language for one in found.infos] == ["en", "zh-CN"] and found.main.event == "暴雨"
    assert found.main.severity is Severity.SEVERE and found.infos[0].severity is Severity.EXTREME
    assert found.main.text == "预计未来 3 小时降雨量将达 50 毫米以上。\n\n切断低洼地带室外电源。"
    assert found.polygons[0][0] == (108.499, 32.899) and found.codes == ("610921101",)
    assert len(found.references) == 2


def test_a_prefix_is_no_matter() -> None:
    """Names are the standard's by their namespace, whatever prefix a sender writes, and whatever else they add."""
    plain = alert("1", info(area=CODE))
    prefixed = re.sub(r"<(/?)(?=[a-zA-Z])", r"<\1cap:", plain).replace("xmlns=", "xmlns:cap=")
    assert prefixed != plain and read(prefixed) == read(plain)
    more = plain.replace("<scope>", "<code>profile</code><note>内部</note><scope>")
    assert read(more) == read(plain)


# One a pattern of the standard's appendix A, with all its optional elements, in words of our own: a system's notice
# without an area, a storm with a polygon and codes, an earthquake that cites another, and a search with a picture.
RESOURCE = (
    "<resource><resourceDesc>照片</resourceDesc><mimeType>image/jpeg</mimeType><size>123</size>"
    "<uri>https://alerts.example.gov.cn/1.jpg</uri><digest>da39a3ee</digest></resource>"
)
EXTRAS = "<senderName>县气象台</senderName><web>https://alerts.example.gov.cn</web><contact>0915-0000001</contact>"
PARAMETER = "<parameter><valueName>HSAS</valueName><value>ORANGE</value></parameter>"
EVENT_CODE = "<eventCode><valueName>SAME</valueName><value>SVR</value></eventCode>"
PATTERNS = {
    "notice": (alert("P1", info(area="")).replace("</info>", f"{EXTRAS}{PARAMETER}</info>"), 0, 0, 0),
    "storm": (
        alert("P2", info(area=f"<polygon>{square(32.9, 108.5)}</polygon>{CODE}<altitude>0</altitude>"))
        .replace("<area>", f"{EVENT_CODE}{PARAMETER}<area>"),
        1, 1, 0,
    ),
    "earthquake": (
        alert("P3", info(area=CIRCLE), msgType="Update", references=refer("P0"), incidents="13970876")
        .replace("<status>", "<source>台网</source><status>"),
        1, 0, 1,
    ),
    "search": (alert("P4", info(area=CODE), info("es-US")).replace("<area>", f"{RESOURCE}<area>"), 0, 1, 0),
}  # fmt: skip


@pytest.mark.parametrize("name", PATTERNS)
def test_patterns_of_the_standard(name: str) -> None:
    text, polygons, codes, references = PATTERNS[name]
    found = read(text)
    assert (len(found.polygons), len(set(found.codes)), len(found.references)) == (polygons, codes, references)
    assert found.main.headline == "汉阴县气象台发布暴雨橙色预警信号"


def test_the_most_severe_comes_first() -> None:
    """Of several in Chinese; what is said in other languages does not count for that."""
    text = alert(
        "1", info(severity="Minor"), info("zh", event="山洪", severity="Extreme"), info("en", severity="Extreme")
    )
    assert (read(text).main.event, read(text).main.severity) == ("山洪", Severity.EXTREME)


def test_references_are_of_moments() -> None:
    """The same moment may be written with another offset."""
    first = read(alert("1", info()))
    later = read(alert("2", info(), references=refer("1", "2026-06-30T02:00:00-00:00")))
    assert later.references == (first.reference,)


def test_a_circle_leaves_nobody_out() -> None:
    [corners] = read(alert("1", info(area=CIRCLE))).polygons
    middles = [((a[0] + b[0]) / 2, (a[1] + b[1]) / 2) for a, b in zip(corners, (*corners[1:], corners[0]), strict=True)]
    kilometres = [
        111.195 * math.hypot((longitude - 108.5) * math.cos(math.radians(32.9)), latitude - 32.9)
        for longitude, latitude in middles
    ]
    assert min(kilometres) > 9.999 and max(kilometres) < 10.2


def test_what_the_standard_leaves_open() -> None:
    """Without an end a day, without a language English, without a headline the event."""
    text = alert("1", info(expires="", headline="").replace("<language>zh-CN</language>", ""))
    main = read(text).main
    assert (main.expires, main.language, main.headline) == (datetime(2026, 7, 1, 2, tzinfo=UTC), "en-US", "暴雨")


@pytest.mark.parametrize(
    ("code", "trimmed"),
    [("610000", "61"), ("610900000000", "6109"), ("610921", "610921"), ("610921101222", "610921101222")],
)
def test_codes_are_trimmed(code: str, trimmed: str) -> None:
    assert trim_code(code) == trimmed


BOMB = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
FILE = '<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
OUTSIDE = '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd">'
HOSTILE = {
    "entities that grow": alert("1", info(event="&b;")).replace("?>", f"?>{BOMB}", 1),
    "a file": alert("1", info(event="&a;")).replace("?>", f"?>{FILE}", 1),
    "an address": alert("1", info()).replace("?>", f"?>{OUTSIDE}", 1),
    "an unknown entity": alert("1", info(event="&nothing;")),
    "too long": alert("1", info(description="雨" * 200_000)),
    "too deep": "<a>" * 100_000,
    "no end": alert("1", info())[:-8],
    "nothing": "",
    "an encoding that is none": '<?xml version="1.0" encoding="nothing"?><alert/>',
    "a character that is none": alert("1", info(event="\x00")),
    "too many points": alert("1", info(area=f"<polygon>{square(1, 1)} {'1,1 ' * 20_001}0.999,0.999</polygon>")),
    "too many infos": alert("1", *[info()] * 21),
}
UNFIT = {
    "version 1.1": alert("1", info()).replace("cap:1.2", "cap:1.1"),
    "no namespace": alert("1", info()).replace(' xmlns="urn:oasis:names:tc:emergency:cap:1.2"', ""),
    "no identifier": alert("", info()),
    "a comma in the identifier": alert("a,b", info()),
    "a long sender": alert("1", info(), sender="a" * 201),
    "no offset": alert("1", info(), sent="2026-06-30T10:00:00"),
    "no time": alert("1", info(), sent="soon"),
    "no info": alert("1"),
    "an unknown status": alert("1", info(), status="Real"),
    "a long type": alert("1", info(), msgType="Alert" * 9),
    "an unknown scope": alert("1", info(), scope="public"),
    "a time before all": alert("1", info(), sent="0001-01-01T00:00:00+14:00"),
    "a time after all": alert("1", info(expires="9999-12-31T23:59:59-14:00")),
    "an unknown severity": alert("1", info(severity="SEVERE")),
    "no event": alert("1", info(event="")),
    "an open polygon": alert("1", info(area="<polygon>32,108 32,109 33,109 33,108</polygon>")),
    "a polygon of two": alert("1", info(area="<polygon>32,108 32,109 32,108</polygon>")),
    "a place beyond": alert("1", info(area="<polygon>95,108 32,109 33,109 95,108</polygon>")),
    "no number": alert("1", info(area="<circle>nan,108 1</circle>")),
    "a circle without a radius": alert("1", info(area="<circle>32,108</circle>")),
    "a circle around the world": alert("1", info(area="<circle>32,108 1e9</circle>")),
    "a second moment that is none": alert("1", info(), references=refer("1") + " a,b,soon"),
    "no sender": alert("1", info(), sender=""),
    "no scope": alert("1", info(), scope=""),
    "no status": alert("1", info(), status=""),
    "a circle at the pole": alert("1", info(area="<circle>89.9,108 1</circle>")),
    "a longitude beyond": alert("1", info(area="<circle>32,181 1</circle>")),
    "a reference without a time": alert("1", info(), references="a,b"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_messages_are_refused(name: str) -> None:
    with pytest.raises(UnfitAlert):
        read(HOSTILE[name])


@pytest.mark.parametrize("name", UNFIT)
def test_unfit_messages_are_refused(name: str) -> None:
    with pytest.raises(UnfitAlert) as caught:
        read(UNFIT[name])
    # What it says goes into a log and to the sender: never what the message holds.
    assert "SEVERE" not in str(caught.value) and "a,b" not in str(caught.value)


def test_addresses_of_sources() -> None:
    assert read_source("https://alerts.example.gov.cn/cap") == "https://alerts.example.gov.cn/cap"
    for text in ("alerts.example", "ftp://alerts.example", "https://", "secret"):
        with pytest.raises(ValueError, match="is no address") as caught:
            read_source(text)
        assert "secret" not in str(caught.value)


LEAVES = {
    # of each leaf its town and whether it is reached: what is reached in the end
    "nothing of it": ([(11, 1, False), (12, 1, False)], set()),
    "one village": ([(11, 1, True), (12, 1, False)], {11}),
    "a whole town": ([(11, 1, True), (12, 1, True), (21, 2, False)], {1}),
    "a town and a village": ([(11, 1, True), (21, 2, True), (22, 2, False)], {1, 21}),
    "all": ([(11, 1, True), (21, 2, True)], {9}),
    "what lies in no town": ([(8, None, True), (21, 2, False)], {8}),
}


@pytest.mark.parametrize("name", LEAVES)
def test_places_are_merged(name: str) -> None:
    """A town of which all is reached stands for its villages, and the county for its towns."""
    leaves, merged = LEAVES[name]
    rows = [{"id": id, "town_id": town, "reached": reached} for id, town, reached in leaves]
    assert merge_places(9, rows) == merged
