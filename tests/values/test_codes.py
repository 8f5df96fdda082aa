"""Codes: shapes, check digits, receipts, masks."""

from __future__ import annotations

import pickle
import string
from collections import Counter
from datetime import date, timedelta
from itertools import pairwise
from operator import eq

import pytest
from gongzhi.values import codes
from gongzhi.values.codes import CodeError, Kind, Series, scatter_sequence
from gongzhi_server.demo.grids import grid_code
from hypothesis import assume, given
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.cn import ric

from .case_numbers import read_case_number

TODAY = date(2026, 5, 1)
SECRET = b"a secret of the tests, not short"

counties = st.integers(110101, 659999).map(str).filter(lambda code: not code.endswith("0000"))
villages = st.builds(
    lambda county, town, village: f"{county}{town:03}{village:03}", counties, *[st.integers(1, 999)] * 2
)
days = st.dates(date(1950, 1, 1), date(2100, 12, 31))


def refused(call, *arguments, **options) -> CodeError:
    with pytest.raises(CodeError) as caught:
        call(*arguments, **options)
    for argument in arguments:
        if isinstance(argument, str) and len(argument) > 5:
            assert argument not in f"{caught.value} {caught.value.text.zh}"
    return caught.value


# --- grids ---


@pytest.mark.parametrize(
    ("code", "kind", "parent"),
    [
        ("61", Kind.PROVINCE, None),
        ("6109", Kind.CITY, "61"),
        ("610921", Kind.COUNTY, "6109"),
        ("441900", Kind.COUNTY, "4419"),
        ("610921100", Kind.TOWN, "610921"),
        ("350527000", Kind.TOWN, "350527"),
        ("610921100201", Kind.VILLAGE, "610921100"),
        ("610921100201-010000", Kind.GRID_1, "610921100201"),
        ("610921100201-010200", Kind.GRID_2, "610921100201-010000"),
        ("610921100201-010203", Kind.GRID_3, "610921100201-010200"),
        ("610921100201-102030", Kind.GRID_3, "610921100201-102000"),
    ],
)
def test_shape_tells_kind(code, kind, parent):
    assert codes.grid_kind(code) is kind
    assert codes.parent_code(code) == parent


def test_ancestors_start_with_province():
    assert codes.ancestor_codes("610921100201-010203") == (
        "61",
        "6109",
        "610921",
        "610921100",
        "610921100201",
        "610921100201-010000",
        "610921100201-010200",
    )
    assert codes.ancestor_codes("61") == ()


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("", "DIGITS"),
        ("6109ab", "DIGITS"),
        ("061092", "DIGITS"),
        ("６１０９２１", "DIGITS"),
        (" 610921", "DIGITS"),
        ("610921\n", "DIGITS"),
        ("6.10921E+11", "DIGITS"),
        ("610", "LENGTH"),
        ("610921100201001", "LENGTH"),
        ("610921000000", "SHAPE"),
        ("610921100000", "SHAPE"),
        ("610000", "SHAPE"),
        ("610921100-010000", "SHAPE"),
        ("610921100201-", "LENGTH"),
        ("610921100201-0101", "LENGTH"),
        ("610921100201-01010x", "LENGTH"),
        ("610921100201-010000-010000", "LENGTH"),
        ("610921100201-000000", "SHAPE"),
        ("610921100201-000100", "SHAPE"),
        ("610921100201-010001", "SHAPE"),
    ],
)
def test_odd_shape_refused(code, reason):
    assert refused(codes.grid_kind, code).reason == reason


@given(villages, st.integers(1, 99), st.integers(0, 99), st.integers(0, 99))
def test_grid_code_round_trip(village, l1, l2, l3):
    assume(l2 or not l3)
    code = grid_code(village, l1, l2, l3)
    assert codes.grid_kind(code) is (Kind.GRID_3 if l3 else Kind.GRID_2 if l2 else Kind.GRID_1)
    above = codes.ancestor_codes(code)
    assert above[4] == village
    assert [codes.grid_kind(each) for each in (*above, code)] == list(Kind)[: len(above) + 1]


def test_grids_need_village():
    refused(grid_code, "610921100", 1)


@pytest.mark.parametrize(
    ("padded", "code"),
    [
        ("610000000000", "61"),
        ("610900000000", "6109"),
        ("610921000000", "610921"),
        ("610921100000", "610921100"),
        ("610921100201", "610921100201"),
        ("441900000000", "4419"),
        ("441900003000", "441900003"),
        ("500101000000", "500101"),
    ],
)
def test_padding_is_dropped(padded, code):
    assert codes.shorten_code(padded) == code
    assert codes.normalise_grid_code(f" {padded}\t") == code


@given(villages)
def test_padding_round_trip(village):
    for code in (village, *codes.ancestor_codes(village)):
        if not code.endswith("00"):
            assert codes.shorten_code(code.ljust(12, "0")) == code


def test_short_codes_stay():
    for code in ("61", "6109", "441900", "610921100", "610921100201-010203"):
        assert codes.normalise_grid_code(code) == code
    assert codes.normalise_grid_code("６１０９２１１００２０１－０１０２０３") == "610921100201-010203"


@pytest.mark.parametrize("text", ["", "61092110020", "abcdefghijkl", "010921100201"])
def test_unpadded_shape_refused(text):
    refused(codes.shorten_code, text)
    refused(codes.normalise_grid_code, text)


# --- case numbers ---


def test_case_number_parts():
    number = codes.case_number("610921", date(2026, 5, 1), 1)
    assert number == "610921202605010000017"
    assert read_case_number(number) == (number, "610921", date(2026, 5, 1), 1, Series.ORDINARY)


@given(counties, days, st.integers(1, 99_999), st.sampled_from(Series))
def test_case_number_round_trip(county, day, sequence, series):
    number = codes.case_number(county, day, sequence, series)
    assert len(number) == 21
    assert read_case_number(number) == (number, county, day, sequence, series)


def test_series_never_meet():
    last = codes.case_number("610921", TODAY, 899_999)
    first = codes.case_number("610921", TODAY, 1, Series.SEALED)
    assert (last[14:20], first[14:20]) == ("899999", "900001")


@given(counties, days, st.integers(1, 899_999), st.integers(0, 20), st.integers(1, 9))
def test_any_wrong_digit_found(county, day, sequence, place, change):
    number = codes.case_number(county, day, sequence)
    wrong = str((int(number[place]) + change) % 10)
    assert not luhn.is_valid(number[:place] + wrong + number[place + 1 :])


@pytest.mark.parametrize("sequence", [0, -1, 900_000])
def test_sequence_out_of_range(sequence):
    assert refused(codes.case_number, "610921", TODAY, sequence).reason == "RANGE"


def test_sealed_series_ends():
    assert refused(codes.case_number, "610921", TODAY, 100_000, Series.SEALED).reason == "RANGE"


@pytest.mark.parametrize("county", ["6109", "610921100", "61092x", "610000"])
def test_case_number_needs_county(county):
    refused(codes.case_number, county, TODAY, 1)


# --- receipt codes ---


@given(st.binary(min_size=16, max_size=64), counties, days, st.integers(1, 899_999))
def test_receipt_is_readable(secret, county, day, sequence):
    number = codes.case_number(county, day, sequence)
    code = codes.receipt_code(secret, number)
    assert len(code) == 10
    assert set(code) <= set(string.digits + string.ascii_uppercase) - set("0O1IL")
    assert codes.receipt_matches(secret, number, f" {code[:5].lower()}-{code[5:]}\n")


def test_receipt_stays_same():
    # A change of derivation would void every receipt that was handed out.
    assert codes.receipt_code(SECRET, "610921202605010000017") == "ZYKVCJHMMJ"


def test_receipt_fits_one_case():
    number, other = (codes.case_number("610921", TODAY, sequence) for sequence in (1, 2))
    code = codes.receipt_code(SECRET, number)
    assert not codes.receipt_matches(SECRET, other, code)
    assert not codes.receipt_matches(SECRET + b"!", number, code)


@pytest.mark.parametrize("text", ["", "ABCDE", "收条收条收条收条收条", "ZYKVCJHMM", "ZYKVCJHMMJB"])
def test_wrong_receipt_fails(text):
    assert not codes.receipt_matches(SECRET, "610921202605010000017", text)


def test_short_secret_refused():
    with pytest.raises(ValueError, match="16 bytes"):
        codes.receipt_code(b"", "610921202605010000017")


# --- resident IDs ---


def number(region: str, day: date, sequence: int = 1) -> str:
    body = f"{region}{day:%Y%m%d}{sequence:03}"
    return body + ric.calc_check_digit(body + "0")


@pytest.mark.parametrize("sample", ["11010519491231002X", "440524188001010014", "610921199001010012"])
def test_known_samples_pass(sample):
    assert codes.resident_id(sample, TODAY) == sample


@pytest.mark.parametrize("region", ["000000", "612401", "999999", "810000", "820000", "830000", "911156"])
def test_unknown_regions_pass(region):
    sample = number(region, date(1990, 1, 1))
    assert codes.resident_id(sample, TODAY) == sample


def test_written_forms_normalised():
    assert codes.resident_id(" 110105-19491231-002x ", TODAY) == "11010519491231002X"
    assert codes.resident_id("１１０１０５１９４９１２３１００２ｘ", TODAY) == "11010519491231002X"


@given(st.integers(0, 999_999), st.dates(date(1900, 1, 1), TODAY), st.integers(0, 999))
def test_resident_id_parts(region, day, sequence):
    sample = codes.resident_id(number(f"{region:06}", day, sequence).lower(), TODAY)
    assert codes.birth_date(sample) == day
    assert codes.gender_of(sample) == ("MALE" if sequence % 2 else "FEMALE")


@given(st.dates(date(1900, 1, 1), TODAY), st.integers(0, 16), st.integers(1, 9))
def test_mistyped_id_found(day, place, change):
    sample = number("610921", day)
    wrong = str((int(sample[place]) + change) % 10)
    assert refused(codes.resident_id, sample[:place] + wrong + sample[place + 1 :], TODAY).reason == "CHECK_DIGIT"


def test_future_birth_refused():
    assert codes.resident_id(number("610921", TODAY), TODAY)
    assert refused(codes.resident_id, number("610921", TODAY + timedelta(1)), TODAY).reason == "FUTURE"


@pytest.mark.parametrize("digits", ["19900230", "19901301", "19900100", "00000101", "20230229"])
def test_impossible_birth_refused(digits):
    body = f"610921{digits}001"
    assert refused(codes.resident_id, body + ric.calc_check_digit(body + "0"), TODAY).reason == "DATE"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "LENGTH"),
        ("61092119900101001", "LENGTH"),
        ("6109211990010100122", "LENGTH"),
        ("61092119900101001A", "DIGITS"),
        ("6109211990O1010012", "DIGITS"),
        ("61092119900101X012", "DIGITS"),
        ("610921199001010013", "CHECK_DIGIT"),
        ("610921900101001", "LEGACY"),
        ("6109**********0012", "MASKED"),
        ("6109＊＊＊＊＊＊＊＊＊＊0012", "MASKED"),
    ],
)
def test_bad_resident_id_refused(text, reason):
    assert refused(codes.resident_id, text, TODAY).reason == reason


def test_legacy_is_converted():
    assert codes.resident_id("610921900101001", TODAY, legacy=True) == "610921199001010012"
    centenarian = codes.resident_id("610921840101999", TODAY, legacy=True)
    assert codes.birth_date(centenarian) == date(1884, 1, 1)


@pytest.mark.parametrize(("text", "reason"), [("61092190010100X", "DIGITS"), ("610921900230001", "DATE")])
def test_bad_legacy_refused(text, reason):
    assert refused(codes.resident_id, text, TODAY, legacy=True).reason == reason


# --- organisations ---


def test_credit_code_normalised():
    assert codes.check_uscc(" 91350100-m000100y43 ") == "91350100M000100Y43"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("9135010M", "LENGTH"),
        ("91350100M000100Y44", "CHECK_DIGIT"),
        ("91350100M0001O0Y43", "DIGITS"),
        ("A1350100M000100Y43", "DIGITS"),
    ],
)
def test_bad_credit_code_refused(text, reason):
    assert refused(codes.check_uscc, text).reason == reason


# --- phones ---


@pytest.mark.parametrize(
    "text",
    [
        "13800000012",
        "+86 138 0000 0012",
        "0086-138-0000-0012",
        "8613800000012",
        "＋86 １３８００００００１２",
        "+8613800000012",
    ],
)
def test_mobile_forms_normalised(text):
    assert codes.check_phone(text) == "13800000012"


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("0915-5212345", "09155212345"),
        ("（0915）5212345", "09155212345"),
        ("+86 915 5212345", "09155212345"),
        ("+86 (0)915 5212345", "09155212345"),
        ("010 8888 0000", "01088880000"),
        ("+86-10-88880000", "01088880000"),
        ("0573-88712345", "057388712345"),
    ],
)
def test_landline_forms_normalised(text, digits):
    assert codes.check_phone(text) == digits


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12800000012",
        "1380000001",
        "138000000123",
        "5212345",
        "0915-1212345",
        "+852 91234567",
        "0915-5212345-801",
        "12345",
    ],
)
def test_other_numbers_refused(text):
    assert refused(codes.check_phone, text).reason == "SHAPE"


def test_masked_phone_refused():
    assert refused(codes.check_phone, "138****0012").reason == "MASKED"


# --- masks ---


def test_masks_show_the_end_alone():
    """Two characters of a resident ID, four of a number: nothing of region, birth date or operator."""
    assert codes.mask_resident_id("610921199001010012") == "****************12"
    assert codes.mask_phone("13800000012") == "*******0012"
    assert codes.mask_phone("09155212345") == "*******2345"


@given(st.text(string.digits, max_size=40))
def test_masks_never_show_more_than_half(value):
    for mask, most in ((codes.mask_resident_id(value), 2), (codes.mask_phone(value), 4)):
        shown = mask.lstrip("*")
        assert len(mask) == len(value) and value.endswith(shown)
        assert len(shown) in (0, most) and 2 * len(shown) <= len(value)


def test_masks_are_recognised():
    for text in ("138****0012", "6109＊＊0012", "张•", "●●●"):
        assert codes.is_masked(text)
    for text in ("", "13800000012", "11010519491231002X", "张三"):
        assert not codes.is_masked(text)


def test_errors_speak_chinese():
    assert refused(codes.check_phone, "5212345").text.say("zh") == "请填写11位手机号，或带区号、不带分机的座机号"
    assert refused(codes.resident_id, "6109", TODAY).text.say("zh") == "身份证号应为18位，现为4位"


def test_errors_survive_pickling():
    error = refused(codes.grid_kind, "610")
    again = pickle.loads(pickle.dumps(error))
    assert (again.reason, again.text, str(again)) == (error.reason, error.text, str(error))


def test_tip_offs_are_numbered_in_no_order() -> None:
    """Each number of the series once, and nothing about one from another, another day or another county."""
    day, other = date(2026, 6, 30), date(2026, 7, 1)
    secret = b"a secret of sixteen bytes"
    first = [scatter_sequence(secret, "610921", day, at) for at in range(1, 2001)]
    assert len(set(first)) == 2000 and all(1 <= one <= 99_999 for one in first)
    steps = [after - before for before, after in pairwise(first)]
    assert max(Counter(steps).values()) <= 3 and 800 < sum(step > 0 for step in steps) < 1200
    for county, on in (("610921", other), ("610922", day)):
        others = [scatter_sequence(secret, county, on, at) for at in range(1, 2001)]
        assert sum(map(eq, first, others)) < 5


@pytest.mark.slow
def test_every_tip_off_of_a_day_has_a_number() -> None:
    found = {
        scatter_sequence(b"a secret of sixteen bytes", "610921", date(2026, 6, 30), at) for at in range(1, 100_000)
    }
    assert found == set(range(1, 100_000))
