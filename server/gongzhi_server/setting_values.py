"""Setting values: how the text of an environment variable is read, and what is said of one that is wrong."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit, urlunsplit

MODES = ("development", "production")
SECRET_LENGTH = 32
TARGET, PRIMARY = "target_session_attrs", "primary"
BETWEEN = re.compile(r",\s*(?=postgres(?:ql)?://)")
"""Between two addresses; there may be commas in one, too."""
ORIGIN = re.compile(r"https?://[^\s/?#]+")


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """Accept a whole number from `low` to `high`."""

    def parse(text: str) -> int:
        # isdecimal() alone would let digits of other scripts through, and an endless row of them into the message.
        if not (text.isascii() and text.isdecimal() and len(text) < 10 and low <= int(text) <= high):
            raise ValueError(f"is no whole number from {low} to {high}; give one, or unset it")
        return int(text)

    return parse


def one_of(*words: str) -> Callable[[str], str]:
    """Accept one of some words."""

    def parse(text: str) -> str:
        if text not in words:
            raise ValueError(f"is none of {', '.join(words)}; give one of them, or unset it")
        return text

    return parse


def check_mode(text: str) -> str:
    """Accept a mode."""
    if text not in MODES:
        raise ValueError(f"is neither {' nor '.join(MODES)}; give one of them, or unset it")
    return text


def check_dsn(text: str) -> str:
    """Accept a PostgreSQL address, and of several hosts the primary. Messages never repeat it: it may hold a password.

    Of several hosts one is written to, and connections to the others would fail at their first statement.
    """
    try:
        url = urlsplit(text)
        hosts = url.netloc.rpartition("@")[2].split(",")
        for host in hosts:
            urlsplit(f"//{host}").port  # noqa: B018 -- raises when the port is no number
    except ValueError:
        raise ValueError("is no address; write postgresql://user:password@host:5432/name") from None
    if url.scheme not in ("postgres", "postgresql"):
        raise ValueError("does not begin with postgresql:// (or postgres://); no other database is supported")
    if not url.path.strip("/"):
        raise ValueError("names no database; write postgresql://user:password@host:5432/name")
    said = dict(parse_qsl(url.query))
    wanted = said.get(TARGET)
    # Connections that read say of themselves that they write nothing, so "read-write" would find no host for them.
    if wanted not in (None, PRIMARY):
        raise ValueError(f"says {TARGET}={wanted[:20]}; write {PRIMARY}, or leave it out")
    if wanted or (len(hosts) == 1 and "," not in said.get("host", "")):
        return text
    return urlunsplit(url._replace(query=f"{url.query}&{TARGET}={PRIMARY}".lstrip("&")))


def split_dsns(text: str) -> tuple[str, ...]:
    """Accept PostgreSQL addresses of one host each, separated by commas."""
    found = tuple(one.strip() for one in BETWEEN.split(text))
    for one in found:
        if check_dsn(one) != one or TARGET in one:
            raise ValueError(f"says {TARGET}, or several hosts in one address; give each replica an address")
    return found


def split_words(text: str) -> tuple[str, ...]:
    """Accept names separated by commas."""
    return tuple(word for each in text.split(",") if (word := each.strip()))


def check_listener(text: str) -> tuple[str, int]:
    """Accept an address of this machine and a port."""
    host, _, port = text.rpartition(":")
    try:
        return (str(ip_address(host.strip("[]"))), whole_number(0, 65535)(port))
    except ValueError:
        raise ValueError("is no address and port of this machine; write 127.0.0.1:9100") from None


def check_origins(text: str) -> tuple[str, ...]:
    """Accept origins of other sites."""
    for origin in (found := split_words(text)):
        if not ORIGIN.fullmatch(origin):
            raise ValueError("is no list of origins; write https://desk.example.org, separated by commas")
    return found


def split_amounts(text: str) -> tuple[tuple[str, int], ...]:
    """Accept names with numbers."""
    found = [word.partition("=") for word in split_words(text)]
    if not all(name and value.isascii() and value.isdecimal() and 0 < len(value) < 10 for name, _, value in found):
        raise ValueError("is no list of limits; write cost=20000,depth=12")
    return tuple((name.strip(), int(value)) for name, _, value in found)


def check_address(text: str) -> str:
    """Accept the address of a server; only on this machine without TLS."""
    found = urlsplit(text)
    plain = found.scheme == "http" and found.hostname in ("localhost", "127.0.0.1", "::1")
    if not (found.scheme == "https" or plain) or not found.hostname or found.query or found.fragment:
        raise ValueError("is no address; write https://county.example.org")
    return text


def check_base_url(text: str) -> str:
    """Accept an address, without a slash at its end."""
    return check_address(text).rstrip("/")


def check_addresses(text: str) -> tuple[str, ...]:
    """Accept addresses of servers."""
    return tuple(check_address(each) for each in split_words(text))


def check_types(text: str) -> tuple[str, ...]:
    """Accept types of tokens, without the prefix that may be left out of `typ` (RFC 7515, section 4.1.9)."""
    return tuple(word.lower().removeprefix("application/") for word in split_words(text))


def check_proxies(text: str) -> tuple[str, ...]:
    """Accept addresses and networks."""
    found = split_words(text)
    try:
        for each in found:
            ip_network(each)
    except ValueError:
        raise ValueError("is no list of addresses or networks; write 10.0.0.0/8, separated by commas") from None
    return found


def split_command(text: str) -> tuple[str, ...]:
    """Accept a command and its arguments, quoted as for a shell. No shell runs it."""
    try:
        return tuple(shlex.split(text))
    except ValueError:
        raise ValueError("is no command; write it as for a shell, with its quotes closed") from None


def parse_yes(text: str) -> bool:
    """Accept yes or no."""
    if text not in ("yes", "no"):
        raise ValueError("is neither yes nor no; give one of them, or unset it")
    return text == "yes"


def check_store(text: str) -> str:
    """Accept a folder, or an address in S3."""
    scheme, found, rest = text.partition("://")
    if found and (scheme != "s3" or not rest):
        raise ValueError("is neither a folder nor s3://bucket/folder; give one of them, or unset it")
    return text


def check_status(text: str) -> str:
    """Accept a set of statuses."""
    if text not in ("audit", "release"):
        raise ValueError("is neither audit nor release; give one of them, or unset it")
    return text


def check_secret(text: str) -> str:
    """Accept a secret that is long enough. Messages never repeat it."""
    if len(text) < SECRET_LENGTH:
        raise ValueError(f"is shorter than {SECRET_LENGTH} characters; make one with: openssl rand -hex 32")
    return text


def tell_unreadable(error: OSError | UnicodeError) -> str:
    """Tell what is wrong with a file that a setting names, for after "names", and what to do; never what it is called.

    A path is not repeated: where it points to a secret it is one more thing to keep out of logs.
    """
    match error:
        case FileNotFoundError() | NotADirectoryError():
            return "a file that does not exist; correct the path"
        case PermissionError():
            return "a file that the server's account may not read; let it read the file"
        case IsADirectoryError():
            return "a folder; name the file in it"
        case OSError():
            return f"a file that cannot be read ({error.strerror}); look at the disk it is on"
    return "a file that is no text in UTF-8; correct the path, or write the file anew"


def find_unreadable(path: Path) -> str | None:
    """Return what is wrong with a file that a setting names, as `tell_unreadable` tells it; None if nothing is."""
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        return tell_unreadable(error)
    return None


def tell_not_runnable(error: OSError) -> str:
    """Tell what is wrong with a program that a setting names, as `tell_unreadable` does of a file."""
    match error:
        case FileNotFoundError() | NotADirectoryError():
            return "a program that does not exist; correct the path, or install it"
        case PermissionError():
            return "a program that the server's account may not run; let it run the program"
    return f"a program that cannot be run ({error.strerror}); run it by hand to see why"
