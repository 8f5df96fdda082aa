"""Settings: what an operator may choose, read once from the environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal

from .data_folder import keep_secret
from .errors import Problem
from .setting_values import (
    check_addresses,
    check_base_url,
    check_dsn,
    check_listener,
    check_mode,
    check_origins,
    check_proxies,
    check_secret,
    check_status,
    check_store,
    check_types,
    one_of,
    parse_yes,
    split_amounts,
    split_command,
    split_dsns,
    split_words,
    whole_number,
)
from .weak_secrets import find_weakness

KEYS = ("keys", "keys_file", "keys_command")


def declare_variable(name: str, default: Any, parse: Callable[[str], Any], doc: str, *, hidden: bool = False) -> Any:
    """Declare a setting: its environment variable, what holds when that is not set, how to read it, what it means."""
    # Hidden ones are left out of `repr`, so that no log of the settings shows them.
    return field(default=default, repr=not hidden, metadata={"variable": name, "parse": parse, "doc": doc})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One field per setting; its metadata holds the environment variable's name and its description."""

    host: str = declare_variable("HOST", "127.0.0.1", str, "Address to listen on; 0.0.0.0 for every network.")
    port: int = declare_variable("PORT", 8000, whole_number(0, 65535), "TCP port to listen on; 0 for any free one.")
    role: Literal["all", "web", "work"] = declare_variable(
        "GONGZHI_ROLE",
        "all",
        one_of("all", "web", "work"),
        "What a process does: web answers, work runs handlers, jobs and services, all both, working while it leads.",
    )
    data: Path = declare_variable("GONGZHI_DATA", Path(".gongzhi"), Path, "Folder for everything kept on this machine.")
    database: str | None = declare_variable(
        "DATABASE_URL", None, check_dsn, "PostgreSQL 18 to use, postgresql://…; not set: the embedded one.", hidden=True
    )
    replicas: tuple[str, ...] = declare_variable(
        "GONGZHI_REPLICAS",
        (),
        split_dsns,
        "Servers that follow DATABASE_URL's and answer reads, postgresql://…, with commas.",
        hidden=True,
    )
    replica_lag: int = declare_variable(
        "GONGZHI_REPLICA_LAG", 10, whole_number(1, 3600), "Seconds behind from which a replica is left alone."
    )
    mode: str = declare_variable(
        "GONGZHI_MODE",
        "development",
        check_mode,
        "development or production; not set: production if DATABASE_URL is set.",
    )
    secret: str = declare_variable(
        "GONGZHI_SECRET", MISSING, check_secret, "Key that tokens are signed with; not set: kept in data.", hidden=True
    )
    keys: str | None = declare_variable(
        "GONGZHI_KEYS", None, str, "Key ring of protected values, id:base64,…, the current key first.", hidden=True
    )
    keys_file: Path | None = declare_variable("GONGZHI_KEYS_FILE", None, Path, "File with the key ring, instead.")
    keys_command: tuple[str, ...] = declare_variable(
        "GONGZHI_KEYS_COMMAND", (), split_command, "Command that prints the key ring, instead: a KMS client, a vault's."
    )
    reveals: int = declare_variable(
        "GONGZHI_REVEALS", 100, whole_number(0, 100_000), "People whose protected values one account may see in a day."
    )
    bulk: int = declare_variable(
        "GONGZHI_BULK",
        1000,
        whole_number(1, 10_000_000),
        "People whose files one account may read in an hour unreported.",
    )
    neighbours: int = declare_variable(
        "GONGZHI_NEIGHBOURS",
        30,
        whole_number(1, 100_000),
        "The same of one's own village, for whoever does not serve it.",
    )
    exported: int = declare_variable(
        "GONGZHI_EXPORTED",
        5000,
        whole_number(0, 100_000),
        "Rows of lists that one account may take out as files in a day.",
    )
    alone: int = declare_variable(
        "GONGZHI_EXPORTED_ALONE",
        100,
        whole_number(0, 100_000),
        "Rows of such a file, with nobody's file in it, for which one person is enough.",
    )
    appointed: int = declare_variable(
        "GONGZHI_APPOINTED",
        30,
        whole_number(0, 3650),
        "Days in office before somebody is a second person: to confirm roles, or beside others of their appointer.",
    )
    proposed: int = declare_variable(
        "GONGZHI_PROPOSED",
        72,
        whole_number(0, 8760),
        "Hours that a guarded role waits, in which the data-protection officer can stop it.",
    )
    pool: int = declare_variable(
        "GONGZHI_POOL", 8, whole_number(1, 90), "Database connections for reading, for who is signed in."
    )
    strangers_pool: int = declare_variable(
        "GONGZHI_POOL_STRANGERS", 2, whole_number(1, 90), "Database connections for reading that strangers have."
    )
    commands_pool: int = declare_variable(
        "GONGZHI_POOL_COMMANDS",
        6,
        whole_number(2, 90),
        "Mutations at a time, each with a connection; strangers have half.",
    )
    sessions_pool: int = declare_variable(
        "GONGZHI_POOL_SESSIONS", 2, whole_number(1, 90), "Database connections for checking who is signed in."
    )
    background_pool: int = declare_variable(
        "GONGZHI_POOL_BACKGROUND", 4, whole_number(1, 90), "Database connections for events, jobs, and files of lists."
    )
    strangers_seconds: int = declare_variable(
        "GONGZHI_STRANGERS_SECONDS",
        3,
        whole_number(1, 60),
        "Seconds that a statement may take which a stranger asked for.",
    )
    url: str | None = declare_variable(
        "GONGZHI_URL",
        None,
        check_base_url,
        "Address people know the server by; the issuer of its tokens; not set: HOST, PORT.",
    )
    issuers: tuple[str, ...] = declare_variable(
        "GONGZHI_OIDC_ISSUERS", (), check_addresses, "Identity providers, as their tokens say in iss, with commas."
    )
    jwks: tuple[str, ...] = declare_variable(
        "GONGZHI_OIDC_JWKS", (), check_addresses, "Where the keys of each of them are, in the same order, with commas."
    )
    audience: str | None = declare_variable(
        "GONGZHI_OIDC_AUDIENCE", None, str, "What their tokens say in aud to be for us."
    )
    types: tuple[str, ...] = declare_variable(
        "GONGZHI_OIDC_TYPES",
        ("at+jwt",),
        check_types,
        "What their tokens may say in typ, with commas; JWT for older providers.",
    )
    factored: tuple[str, ...] = declare_variable(
        "GONGZHI_SECOND_FACTOR", (), split_words, "Roles that may nothing without a second factor, with commas."
    )
    clients: tuple[str, ...] = declare_variable(
        "GONGZHI_OIDC_CLIENTS",
        (),
        split_words,
        "Our client id at each of them, for signing in in a browser, with commas.",
    )
    client_secrets: tuple[str, ...] = declare_variable(
        "GONGZHI_OIDC_CLIENT_SECRETS",
        (),
        split_words,
        "The secrets of these clients, in the same order; not set: public clients, by PKCE alone.",
        hidden=True,
    )
    documents: Path | None = declare_variable(
        "GONGZHI_DOCUMENTS", None, Path, "File with the trusted documents; not set: documents.json in data."
    )
    allow_list: bool = declare_variable(
        "GONGZHI_ALLOW_LIST", False, parse_yes, "yes: answer trusted documents and nothing else."
    )
    status: Literal["audit", "release"] = declare_variable(
        "GONGZHI_HTTP_STATUS",
        "audit",
        check_status,
        "Which statuses to answer with, audit or release (docs/gateway.md).",
    )
    batch: int = declare_variable(
        "GONGZHI_BATCH", 0, whole_number(0, 10), "Operations that may come in one request; 0 for one only."
    )
    origins: tuple[str, ...] = declare_variable(
        "GONGZHI_ORIGINS", (), check_origins, "Other sites whose pages may call, https://desk.example.org, with commas."
    )
    proxies: tuple[str, ...] = declare_variable(
        "GONGZHI_PROXIES", (), check_proxies, "Addresses of proxies whose X-Forwarded-For is believed, with commas."
    )
    limits: tuple[tuple[str, int], ...] = declare_variable(
        "GONGZHI_LIMITS", (), split_amounts, "Limits of requests, cost=20000,depth=12 (docs/gateway.md)."
    )
    rates: bool | None = declare_variable(
        "GONGZHI_RATES", None, parse_yes, "yes: limit what a caller may ask for in a time; not set: yes in production."
    )
    guard: bool | None = declare_variable(
        "GONGZHI_GUARD", None, parse_yes, "yes: refuse reads while the server is behind; not set: yes in production."
    )
    management: tuple[str, int] | None = declare_variable(
        "GONGZHI_MANAGEMENT",
        None,
        check_listener,
        "Address and port where machines find /live, /ready and /metrics, 127.0.0.1:9100; not set: nowhere.",
    )
    log: str = declare_variable(
        "GONGZHI_LOG", "console", one_of("console", "json"), "How lines of the log are written: console, or json."
    )
    log_level: str = declare_variable(
        "GONGZHI_LOG_LEVEL",
        "warning",
        one_of("error", "warning", "info"),
        "From which level on lines are logged; info: a line for each operation.",
    )
    slow: int = declare_variable(
        "GONGZHI_SLOW", 1000, whole_number(1, 600_000), "Milliseconds from which operations and statements are logged."
    )
    traces: bool = declare_variable(
        "GONGZHI_TRACES", False, parse_yes, "yes: send traces, as OpenTelemetry's own variables (OTEL_…) say."
    )
    retention: int = declare_variable(
        "GONGZHI_EVENTS_KEPT", 90, whole_number(31, 3650), "Days for which events are kept, and cursors can be resumed."
    )
    channels: tuple[str, ...] = declare_variable(
        "GONGZHI_CHANNELS", ("log",), split_words, "Ways out for notices, with commas: log, and what plugins bring."
    )
    pages: bool | None = declare_variable(
        "GONGZHI_PAGES", None, parse_yes, "yes: give browsers pages at / and /graphql; not set: yes in development."
    )
    publish: bool = declare_variable(
        "GONGZHI_PUBLISH_SCHEMA", False, parse_yes, "yes: give the schema to anybody, at /schema.graphql."
    )
    files: str | None = declare_variable(
        "GONGZHI_FILES",
        None,
        check_store,
        "Where attachments are kept: a folder or s3://bucket/folder; not set: data/files.",
    )
    scan: str | None = declare_variable(
        "GONGZHI_SCAN", None, str, "Malware scanner: unix:/run/clamav/clamd.sock, tcp://host:3310, or a command."
    )

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Settings:
        """Read every setting; raise Problem naming the variable that is wrong. An empty variable counts as not set."""
        given = {
            f.name: parse_value(f.metadata, text) for f in fields(cls) if (text := environ.get(f.metadata["variable"]))
        }
        # Whoever names a database means it: the strict mode is the default then.
        given.setdefault("mode", "production" if "database" in given else "development")
        if given["mode"] == "production":
            require_settings(cls, given, "database", "secret")
            if not set(KEYS) & set(given):
                raise Problem("GONGZHI_KEYS, GONGZHI_KEYS_FILE or GONGZHI_KEYS_COMMAND must be set in production")
            # A length can be checked when the setting is read; whether somebody typed it matters in production alone.
            if weakness := find_weakness(given["secret"]):
                raise Problem(f"GONGZHI_SECRET {weakness}; make one with: openssl rand -hex 32")
        if len(several := set(KEYS) & set(given)) > 1:
            raise Problem(f"set one of {', '.join(f'GONGZHI_{name.upper()}' for name in sorted(several))}, not several")
        check_providers(given)
        if "secret" not in given:
            # In development alone: several machines of a deployment would each make their own.
            given["secret"] = keep_secret(given.get("data", cls.data))
        return cls(**given)

    @property
    def answers(self) -> bool:
        """Whether the process answers callers."""
        return self.role != "work"

    @property
    def works(self) -> bool:
        """Whether the process takes part in the work in the background."""
        return self.role != "web"

    @property
    def development(self) -> bool:
        return self.mode == "development"

    @property
    def open(self) -> bool:
        """Whether others than this machine can connect."""
        try:
            return not ip_address(self.host).is_loopback
        except ValueError:
            return self.host != "localhost"

    @property
    def issuer(self) -> str:
        """What the server's own tokens say in `iss`."""
        return self.url or f"http://{self.host}:{self.port}"

    @property
    def manifest(self) -> Path:
        """Where the trusted documents are."""
        return self.documents or self.data / "documents.json"

    @property
    def store(self) -> str:
        """Where attachments are kept."""
        return self.files or str(self.data / "files")


def parse_value(metadata: Mapping[str, Any], text: str) -> Any:
    """Read a variable. Raises Problem, which names it."""
    try:
        return metadata["parse"](text)
    except ValueError as error:
        # "from None": the parser's error may hold the value, which may be a secret.
        raise Problem(f"{metadata['variable']} {error}") from None


def require_settings(settings: type[Settings], given: Mapping[str, Any], *names: str) -> None:
    """Refuse to go on without what production cannot do without."""
    missing = [f.metadata["variable"] for f in fields(settings) if f.name in names and f.name not in given]
    if missing:
        raise Problem(
            f"{' and '.join(missing)} must be set in production; to try things out set GONGZHI_MODE=development"
        )


def check_providers(given: Mapping[str, Any]) -> None:
    """Refuse identity providers that are only half told of."""
    issuers, jwks = given.get("issuers", ()), given.get("jwks", ())
    # The lists belong together by position, so a missing entry would pair an issuer with the keys of another.
    if len(issuers) != len(jwks) or len(set(issuers)) < len(issuers):
        raise Problem("GONGZHI_OIDC_ISSUERS and GONGZHI_OIDC_JWKS must name as many addresses, each issuer once")
    if issuers and not given.get("audience"):
        raise Problem("GONGZHI_OIDC_AUDIENCE must be set with GONGZHI_OIDC_ISSUERS; give what tokens for us say in aud")
    clients, hidden = given.get("clients", ()), given.get("client_secrets", ())
    if clients and len(clients) != len(issuers):
        raise Problem("GONGZHI_OIDC_CLIENTS must name a client for each of GONGZHI_OIDC_ISSUERS")
    if hidden and len(hidden) != len(clients):
        raise Problem("GONGZHI_OIDC_CLIENT_SECRETS must hold a secret for each of GONGZHI_OIDC_CLIENTS")
