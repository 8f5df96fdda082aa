"""Sealed values, wrapped keys, blind indexes."""

from __future__ import annotations

import base64
import os
import traceback

import pytest
from gongzhi.runtime import sealing
from gongzhi.runtime.sealing import KeyRing, SealError
from hypothesis import given
from hypothesis import strategies as st

HANYIN, WUZHEN = "610921", "330483"
OLD, NEW = bytes(range(32)), bytes(range(32, 64))
KEY = bytes(range(64, 96))

contexts = st.text(max_size=60)


def encoded(key: bytes) -> str:
    return base64.b64encode(key).decode()


@pytest.fixture
def ring() -> KeyRing:
    return KeyRing({"k1": OLD})


# --- values ---


@given(contexts, st.text(max_size=200))
def test_seal_round_trip(context, value):
    blob = sealing.seal_value(KEY, context, value)
    assert sealing.open_value(KEY, context, blob) == value
    assert len(blob) == 29 + len(value.encode())


@given(st.integers(0, 39), st.integers(1, 255))
def test_any_tampering_found(place, change):
    blob = bytearray(sealing.seal_value(KEY, "people.person.phone:1", "13800000012"))
    assert len(blob) == 40
    blob[place] ^= change
    with pytest.raises(SealError) as caught:
        sealing.open_value(KEY, "people.person.phone:1", bytes(blob))
    assert str(caught.value) == "the sealed value cannot be opened"


@given(contexts, contexts)
def test_other_context_refused(context, other):
    blob = sealing.seal_value(KEY, context, "13800000012")
    if context != other:
        with pytest.raises(SealError):
            sealing.open_value(KEY, other, blob)


def test_other_key_refused():
    blob = sealing.seal_value(KEY, "x", "13800000012")
    with pytest.raises(SealError):
        sealing.open_value(sealing.data_key(), "x", blob)


@pytest.mark.parametrize("size", range(0, 30, 3))
def test_cut_blob_refused(size):
    blob = sealing.seal_value(KEY, "x", "13800000012")
    with pytest.raises(SealError):
        sealing.open_value(KEY, "x", blob[:size])


def test_same_value_differs():
    assert len({sealing.seal_value(KEY, "x", "13800000012") for _ in range(50)}) == 50
    assert b"13800000012" not in sealing.seal_value(KEY, "x", "13800000012")


def test_failure_tells_nothing():
    blob = sealing.seal_value(KEY, "people.person.phone:1", "13800000012")
    with pytest.raises(SealError) as caught:
        sealing.open_value(KEY, "people.person.phone:2", blob)
    told = "".join(traceback.format_exception(caught.value, chain=True))
    assert "InvalidTag" not in told
    assert "13800000012" not in told


# --- data keys ---


@given(st.binary(min_size=32, max_size=32))
def test_wrap_round_trip(key):
    ring = KeyRing({"k1": OLD})
    blob = ring.wrap(HANYIN, key)
    assert ring.unwrap(HANYIN, blob) == key
    assert key not in blob


def test_data_keys_are_random():
    assert len({sealing.data_key() for _ in range(50)}) == 50
    assert len(sealing.data_key()) == 32


def test_other_county_refused(ring):
    with pytest.raises(SealError):
        ring.unwrap(WUZHEN, ring.wrap(HANYIN, KEY))


@given(st.integers(0, 63), st.integers(1, 255))
def test_changed_wrap_refused(place, change):
    ring = KeyRing({"k1": OLD, "k2": NEW})
    blob = bytearray(ring.wrap(HANYIN, KEY))
    assert len(blob) == 64
    blob[place] ^= change
    with pytest.raises(SealError):
        ring.unwrap(HANYIN, bytes(blob))


@pytest.mark.parametrize("blob", [b"", b"\x01", b"\x01\x02k1", b"\x01\xffk1", b"\x01\x02\xff\xfe" + bytes(60)])
def test_odd_wrap_refused(ring, blob):
    with pytest.raises(SealError):
        ring.unwrap(HANYIN, blob)


def test_short_key_refused(ring):
    with pytest.raises(ValueError, match="32 bytes"):
        ring.wrap(HANYIN, KEY[:16])


@pytest.mark.parametrize("county", ["", "6109", "610921100", "61092x", "０１０９２１"])
def test_keys_need_county(ring, county):
    with pytest.raises(ValueError, match="six digits"):
        ring.wrap(county, KEY)


# --- rotation ---


def test_rotation_keeps_values(ring):
    wrapped = ring.wrap(HANYIN, KEY)
    blob = sealing.seal_value(KEY, "x", "13800000012")
    both = KeyRing({"k2": NEW, "k1": OLD})
    assert both.unwrap(HANYIN, wrapped) == KEY
    assert not wrapped.startswith(both.header)
    rewrapped = both.rewrap(HANYIN, wrapped)
    assert rewrapped.startswith(both.header)
    assert both.rewrap(HANYIN, rewrapped) == rewrapped
    assert sealing.open_value(KeyRing({"k2": NEW}).unwrap(HANYIN, rewrapped), "x", blob) == "13800000012"


def test_dropped_key_told(ring):
    with pytest.raises(SealError, match="not in the key ring"):
        KeyRing({"k2": NEW}).unwrap(HANYIN, ring.wrap(HANYIN, KEY))


def test_reused_id_refused(ring):
    with pytest.raises(SealError):
        KeyRing({"k1": NEW}).unwrap(HANYIN, ring.wrap(HANYIN, KEY))


def test_header_is_no_prefix():
    short, long = KeyRing({"k": OLD}), KeyRing({"k1": OLD})
    assert not long.wrap(HANYIN, KEY).startswith(short.header)


# --- blind indexes ---


@given(st.text(), st.text())
def test_blind_tells_equality(one, other):
    ring = KeyRing({"k1": OLD})
    assert (ring.blind(HANYIN, "phone", one) == ring.blind(HANYIN, "phone", other)) is (one == other)


def test_blind_is_separate(ring):
    value = "13800000012"
    found = {
        ring.blind(HANYIN, "phone", value),
        ring.blind(WUZHEN, "phone", value),
        ring.blind(HANYIN, "dutyPhone", value),
        KeyRing({"k1": NEW}).blind(HANYIN, "phone", value),
    }
    assert len(found) == 4
    assert {len(index) for index in found} == {16}


def test_blind_spans_rotation(ring):
    both = KeyRing({"k2": NEW, "k1": OLD})
    before, after = ring.blind(HANYIN, "phone", "13800000012"), both.blind(HANYIN, "phone", "13800000012")
    assert both.blinds(HANYIN, "phone", "13800000012") == [after, before]


def test_derivation_stays_same(ring):
    # A change here would leave every stored key and index of a deployment unreadable.
    assert ring.derive(HANYIN, "wrap").hex() == "e95cf8233c8f6dec4e50c75cfb365d39efdd719c2f8bdfd58d17cbdb227c7412"
    assert ring.blind(HANYIN, "phone", "13800000012").hex() == "2a10b1555eb4a9116c646cde5997c962"


# --- reading ---


def test_parse_orders_keys():
    ring = KeyRing.parse(f"k2:{encoded(NEW)},\n k1:{encoded(OLD)}\n")
    assert ring.ids == ("k2", "k1")
    assert ring.current == "k2"
    assert ring.unwrap(HANYIN, KeyRing({"k1": OLD}).wrap(HANYIN, KEY)) == KEY


def test_file_is_read(tmp_path):
    path = tmp_path / "keys"
    path.write_text(f"k1:{encoded(OLD)}\n")
    assert KeyRing.read(path).unwrap(HANYIN, KeyRing({"k1": OLD}).wrap(HANYIN, KEY)) == KEY


def test_urlsafe_keys_read():
    key = b"\xfb\xff" * 16
    assert set("-_") & set(base64.urlsafe_b64encode(key).decode())
    safe = KeyRing.parse(f"k1:{base64.urlsafe_b64encode(key).decode()}")
    assert safe.blind(HANYIN, "x", "y") == KeyRing({"k1": key}).blind(HANYIN, "x", "y")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        (encoded(OLD), "entry 1 .* not id:base64"),
        (f"k1:{encoded(OLD)},k1:{encoded(NEW)}", "entry 2 .* repeats"),
        ("k1:SECRET!SECRET", "entry 1 .* not in base64"),
        (f"k1:{encoded(OLD)},k2:SECRETSECRET", "key 2 has 9 bytes, not 32"),
        (f"{encoded(OLD)}:k1aa", "id of key 1"),
        (f"{encoded(OLD)[:12]}:k1aa", "key 1 has 3 bytes"),
        (f"SECRET KEY:{encoded(OLD)}", "entry 1"),
        (f":{encoded(OLD)}", "id of key 1"),
    ],
)
def test_bad_ring_refused(text, words):
    with pytest.raises(SealError, match=words) as caught:
        KeyRing.parse(text)
    told = "".join(traceback.format_exception(caught.value))
    assert "SECRET" not in str(caught.value)
    assert encoded(OLD)[:12] not in str(caught.value)
    assert "binascii" not in told


def test_keys_never_shown():
    key = os.urandom(32)
    ring = KeyRing({"k2": key, "k1": OLD})
    ring.wrap(HANYIN, KEY)
    for shown in (repr(ring), str(ring), f"{ring}"):
        assert shown == "<KeyRing k2, k1>"
