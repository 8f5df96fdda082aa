"""Jepsen: each property of the checker finds what breaks it, and a short run holds all of them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.jepsen import packets
from benchmarks.jepsen.checker import check
from benchmarks.jepsen.histories import History, read_history
from benchmarks.jepsen.postgres import SEGMENT, drop_unflushed

ROOT = Path(__file__).parents[2]
Lines = list[dict[str, Any]]
DOUBLED, LOST, DISORDERED, UNTOLD, BACKWARD, FORK = (
    "exactly once by key", "nothing acknowledged is lost", "order within a case", "all is told", "cursors go forward",
    "no fork",
)  # fmt: skip


def done(t: float, key: str, value: str, event: str, **more: Any) -> dict[str, Any]:
    return {"t": t, "who": "writer", "type": "ok", "op": event, "key": key, "value": value, "event": event, **more}


def told(t: float, who: str, position: int, number: str, event: str, **more: Any) -> dict[str, Any]:
    line = {"type": "told", "id": f"e{position}", "event": event, "number": number, "position": position}
    return {"t": t, "who": who, **line, **more}


def make_history() -> Lines:
    """Two cases, each reported and accepted, and two followers: one by cursors, one that may hear things twice."""
    steps = [(1, "A", "reported"), (2, "B", "reported"), (3, "A", "accepted"), (4, "B", "accepted")]
    return [
        {"t": 0.0, "who": "socket", "type": "follower", "position": 0, "once": True},
        {"t": 0.0, "who": "webhook", "type": "follower", "position": 0, "once": False},
        *(done(at, f"{number} {event}", number, event, rows=event == "reported") for at, number, event in steps),
        *(told(at + 0.5, "socket", at, number, event) for at, number, event in steps),
        *(told(at + 0.5, "webhook", at, number, event) | {"position": None} for at, number, event in steps),
        *(
            {"t": 9.0, "who": "database", "type": "event", "id": f"e{at}", "position": at, "event": event, "number": of}
            for at, of, event in steps
        ),
        *({"t": 9.0, "who": "database", "type": "row", "key": f"{of} reported", "value": of} for of in "AB"),
    ]


def find(lines: Lines, **facts: Any) -> int:
    """Where the line with these facts is."""
    [at] = [at for at, one in enumerate(lines) if facts.items() <= one.items()]
    return at


def broken(lines: Lines) -> dict[str, list[str]]:
    return {name: found for name, found in check(lines).items() if found}


def test_whole_history_is_left_alone() -> None:
    """As is one where something was asked for again, told twice to whom that may happen, and gone on with."""
    lines = make_history()
    assert broken(lines) == {}
    lines.insert(3, lines[2] | {"t": 1.1})
    lines.insert(-6, lines[find(lines, who="webhook", id="e3")] | {"t": 5.5})
    lines.insert(find(lines, who="socket", id="e3"), {"t": 3.4, "who": "socket", "type": "resumed", "position": 2})
    assert broken(lines) == {}


def remove(**facts: Any) -> Callable[[Lines], Any]:
    return lambda lines: lines.pop(find(lines, **facts))


def repeat(change: dict[str, Any], **facts: Any) -> Callable[[Lines], Any]:
    return lambda lines: lines.append(lines[find(lines, **facts)] | change)


def swap(first: dict[str, Any], second: dict[str, Any]) -> Callable[[Lines], Any]:
    def change(lines: Lines) -> None:
        one, other = find(lines, **first), find(lines, **second)
        lines[one], lines[other] = lines[other], lines[one]

    return change


BREACHES: list[tuple[str, Callable[[Lines], Any], str]] = [
    (DOUBLED, repeat({"value": "C"}, type="ok", key="A reported"), "A reported was answered with A and C"),
    (DOUBLED, repeat({"value": "C"}, type="row", value="A"), "A reported was carried out 2 times"),
    (DOUBLED, repeat({"key": "x"}, type="row", value="A"), "A stands under 2 keys"),
    (LOST, remove(type="row", value="B"), "B, acknowledged at 2, is not there"),
    (LOST, remove(type="event", id="e3"), "A has 0 accepted, acknowledged at 3"),
    (LOST, repeat({"id": "e9", "position": 9}, type="event", id="e3"), "A has 2 accepted, acknowledged at 3"),
    (LOST, lambda lines: lines.append({"t": 5, "type": "refused", "who": "w", "op": "rate", "errors": []}), "rate was"),
    (DISORDERED, swap({"who": "webhook", "id": "e1"}, {"who": "webhook", "id": "e3"}), "webhook was told of reported"),
    (UNTOLD, remove(who="webhook", id="e4"), "webhook was told never: 1 events, such as e4"),
    (UNTOLD, repeat({"position": 5}, who="socket", id="e4"), "socket was told twice: 1 events, such as e4"),
    (UNTOLD, repeat({"id": "x", "position": 5}, who="socket", id="e4"), "socket was told of what is not there: 1"),
    (BACKWARD, swap({"who": "socket", "id": "e2"}, {"who": "socket", "id": "e3"}), "socket was told of 2 after 3"),
    (BACKWARD, lambda lines: lines.insert(
        find(lines, who="socket", id="e2"), {"t": 2, "who": "socket", "type": "resumed", "position": 3}
    ), "socket was told of 2 after 3"),
    (FORK, repeat({"who": "pages", "id": "x"}, who="socket", id="e4"), "position 4 is e4 and x"),
]  # fmt: skip


@pytest.mark.parametrize(("property", "change", "said"), BREACHES)
def test_breach_is_found(property: str, change: Callable[[Lines], Any], said: str) -> None:
    lines = make_history()
    change(lines)
    assert any(one.startswith(said) for one in check(lines)[property]), check(lines)


def restored(lost_since: float | None) -> Lines:
    """The same, but that a copy with two events takes over after the third was told; then there is another third."""
    lines = make_history()
    for who, position in (("socket", 3), ("webhook", None)):
        at = find(lines, who=who, id="e3")
        lines[at] = lines[at] | {"id": "lost", "number": "A", "position": position}
    lines = [one for one in lines if one["t"] < 4 or one["type"] in ("event", "row")]
    lines = [one for one in lines if one["type"] not in ("event",) or one["position"] < 3]
    ends = [at for at, one in enumerate(lines) if one["type"] == "event"]
    took_over = {"t": 5.0, "who": "nemesis", "type": "epoch", "position": 2, "lost_since": lost_since}
    anew = {"t": 5.5, "who": "socket", "type": "anew", "position": 2}
    after = [took_over, anew, told(6, "socket", 3, "B", "accepted"), told(6, "webhook", 3, "B", "accepted")]
    lines[ends[0] : ends[0]] = [one | ({"position": None} if one["who"] == "webhook" else {}) for one in after]
    happened = {"id": "e3", "position": 3, "event": "accepted", "number": "B"}
    return [*lines, {"t": 9.0, "who": "database", "type": "event", **happened}]


def test_restored_copy() -> None:
    """What came after the copy may be gone; what came before it may not, nor may a cursor go on over the gap."""
    assert broken(restored(2.5)) == {}
    assert "A has 0 accepted, acknowledged at 3" in broken(restored(None))[LOST]
    assert "A has 0 accepted, acknowledged at 3" in broken(restored(4.5))[LOST]
    over = restored(2.5)
    del over[find(over, type="anew")]
    assert broken(over)[FORK] == ["socket went on at 3 with a cursor of what was lost"]


def test_events_of_a_history_that_is_not_noticed_yet_are_not_lost() -> None:
    """After a failover a process tells what happened since then, before it notices that an epoch has begun."""
    lines = make_history()
    at = find(lines, who="socket", id="e3") + 1
    lines.insert(at, {"t": 3.5, "who": "nemesis", "type": "epoch", "position": 2, "lost_since": None})
    assert broken(lines) == {}


def test_histories_are_read_as_they_are_written(tmp_path: Path) -> None:
    history = History(tmp_path / "history.jsonl")
    history.write("writer", "ok", key="k", value=1)
    history.close()
    [line] = read_history(tmp_path / "history.jsonl")
    assert line | {"t": 0} == {"t": 0, "who": "writer", "type": "ok", "key": "k", "value": 1}


def test_what_was_not_flushed_is_gone(tmp_path: Path) -> None:
    """Also at the very end of a segment, whose last byte is the last one that was flushed."""
    names = [f"00000001000000000000000{at}" for at in (1, 2, 3)]
    for flushed, kept in ((SEGMENT + 100, 100), (2 * SEGMENT, SEGMENT)):
        for name in names:
            (tmp_path / name).write_bytes(b"x" * SEGMENT)
        drop_unflushed(tmp_path, names[1], flushed)
        assert (tmp_path / names[0]).read_bytes() == b"x" * SEGMENT and not (tmp_path / names[2]).exists()
        assert (tmp_path / names[1]).read_bytes() == b"x" * kept + b"\0" * (SEGMENT - kept)


JUMPS = """
from benchmarks.jepsen import skewed
from gongzhi_server import clock as clocks
for seconds in (0, 7200, -7200, 0):
    skewed.file.write_text(str(seconds))
    assert abs((clocks.clock() - skewed.right()).total_seconds() - seconds) < 1
"""


def test_clock_jumps_while_a_process_runs(tmp_path: Path) -> None:
    subprocess.run((sys.executable, "-c", JUMPS, tmp_path / "clock"), cwd=ROOT, check=True)


def test_connections_of_a_process_are_found() -> None:
    """Both ends, where it has both, and none at other ports."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(server.getsockname()) as client, server.accept()[0]:
            other = client.getsockname()[1]
            found = set(packets.find_connections(os.getpid(), [port]))
            assert {(port, other), (other, port)} <= found
            assert all(port in pair for pair in found)
            assert packets.find_connections(os.getpid(), [1]) == []


def test_faults_of_packets_are_left_out_where_rules_cannot_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packets, "find_tool", lambda: "no-such-program")
    assert packets.find_own_network() == []


PACKETS = """
import socket
from benchmarks.jepsen import packets

def connect():
    client = socket.create_connection(server.getsockname())
    return client, server.accept()[0]

def arrives(sender, receiver):
    receiver.settimeout(0.1)
    sender.send(b"x")
    try:
        return receiver.recv(1) == b"x"
    except TimeoutError:
        return False

def count(times):
    one, other = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    with one, other:
        one.bind(("127.0.0.1", 0))
        one.setblocking(False)
        found = 0
        for _ in range(times):
            other.sendto(b"x", one.getsockname())
            try:
                while one.recv(1):
                    found += 1
            except BlockingIOError:
                pass
        return found

packets.raise_loopback()
server = socket.create_server(("127.0.0.1", 0))
port = server.getsockname()[1]
client, answering = connect()
assert arrives(client, answering) and arrives(answering, client)
# One way only, and what was held arrives when the rule is gone.
with packets.set_rules([f"tcp sport {port} drop"]):
    assert arrives(client, answering) and not arrives(answering, client)
client.settimeout(5)
assert client.recv(1) == b"x"
# One in ten.
with packets.set_rules([packets.SOME]):
    assert 800 < count(1000) < 980
with packets.set_rules(["dup to 127.0.0.1"], hook="output"):
    assert count(100) == 200
assert count(100) == 100
# A process whose connections are held, beside one whose are not; none comes about.
second, of_second = connect()
with packets.set_rules(packets.isolate([(client.getsockname()[1], port)], [port])):
    assert not arrives(client, answering) and not arrives(answering, client)
    assert arrives(second, of_second) and arrives(of_second, second)
    try:
        socket.create_connection(server.getsockname(), timeout=0.1)
        raise AssertionError
    except TimeoutError:
        pass
"""


def test_packets_are_lost_doubled_and_let_go() -> None:
    if not (own := packets.find_own_network()):
        pytest.skip("needs unshare and nft, and the right to use them")
    subprocess.run((*own, sys.executable, "-c", PACKETS), cwd=ROOT, check=True)


@pytest.mark.slow
def test_short_run_holds(tmp_path: Path) -> None:
    """Two minutes of faults, and a copy that is restored."""
    command = (sys.executable, "-m", "benchmarks.jepsen", "--seconds", "120", "--seed", "1", "--histories", tmp_path)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(list(tmp_path.glob("*.jsonl"))) == 2
