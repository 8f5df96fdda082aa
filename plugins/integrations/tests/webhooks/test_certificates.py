"""Receivers with certificates of a county's own authority, and those that ask for ours."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from gongzhi.runtime.outbound.networks import OutboundNetworks
from gongzhi_integrations.settings import IntegrationSettings
from gongzhi_integrations.webhooks import delivery_worker
from gongzhi_integrations.webhooks.sender import Attempt, Certificates, Sender, UnreadableCertificates

from .receivers import Receiver

BEGIN = datetime.now(UTC) - timedelta(days=1)  # TLS looks at the wall's clock


class Authority:
    """A county's own authority, which signs for whoever is named."""

    def __init__(self, folder: Path, name: str = "county") -> None:
        self.folder, self.key = folder, ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(self.sign(self.name, self.key, authority=True).public_bytes(Encoding.PEM))

    def sign(self, name: x509.Name, key: ec.EllipticCurvePrivateKey, authority: bool = False) -> x509.Certificate:
        made = x509.CertificateBuilder().subject_name(name).issuer_name(self.name).public_key(key.public_key())
        made = made.serial_number(x509.random_serial_number())
        made = made.not_valid_before(BEGIN).not_valid_after(BEGIN + timedelta(days=10))
        made = made.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
        return made.add_extension(address, critical=False).sign(self.key, hashes.SHA256())

    def issue(self, name: str, password: bytes = b"") -> Path:
        """A file with a certificate and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self.sign(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), key)
        sealed = BestAvailableEncryption(password) if password else NoEncryption()
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealed)
        file = self.folder / f"{name}.pem"
        file.write_bytes(certificate.public_bytes(Encoding.PEM) + private)
        return file


@asynccontextmanager
async def receiving(file: Path, asks: Path | None = None) -> AsyncIterator[tuple[str, list[Any]]]:
    """A receiver over TLS, and the certificates that it was shown; it `asks` for those of an authority."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(file)
    if asks:
        tls.load_verify_locations(asks)
    tls.verify_mode = ssl.CERT_REQUIRED if asks else ssl.CERT_NONE
    receiver, shown = Receiver(), list[Any]()
    receiver.ready.set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        shown.append(writer.get_extra_info("peercert"))
        await receiver.serve(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/", shown
    finally:
        server.close()


async def send(url: str, certificates: Certificates) -> Attempt:
    sender = Sender(OutboundNetworks(["127.0.0.0/8"]), timeout=5, certificates=certificates)
    try:
        return await sender.send(url, uuid4(), "{}", [b"x" * 32], BEGIN)
    finally:
        await sender.close()


async def test_authority_of_a_county_is_trusted_where_it_is_named(tmp_path: Path) -> None:
    authority, other = Authority(tmp_path), Authority(tmp_path, "other")
    async with receiving(authority.issue("hotline")) as (url, _):
        assert await send(url, Certificates()) == Attempt(error="TLS")
        assert await send(url, Certificates(authorities=other.file)) == Attempt(error="TLS")
        assert await send(url, Certificates(authorities=authority.file)) == Attempt(204)
        # It speaks for the names in its certificate alone.
        assert await send(url.replace("127.0.0.1", "localhost"), Certificates(authorities=authority.file)) == Attempt(
            error="TLS"
        )


async def test_own_certificate_is_shown_to_who_asks(tmp_path: Path) -> None:
    authority, other = Authority(tmp_path), Authority(tmp_path, "other")
    own, foreign = authority.issue("gongzhi"), other.issue("stranger")
    async with receiving(authority.issue("hotline"), asks=authority.file) as (url, shown):
        assert await send(url, Certificates(authority.file, own)) == Attempt(204)
        [peer] = shown
        assert peer["subject"] == ((("commonName", "gongzhi"),),)
        for wrong in (None, foreign):
            assert (await send(url, Certificates(authority.file, wrong))).status is None


def test_public_authorities_stay_trusted(tmp_path: Path) -> None:
    """A county's own is added to them."""
    before = Sender(OutboundNetworks(), certificates=Certificates()).tls
    tls = Certificates(authorities=Authority(tmp_path).file).load()
    assert before is None  # the client makes its own
    assert tls.verify_mode == ssl.CERT_REQUIRED and tls.check_hostname and len(tls.get_ca_certs()) > 50


@pytest.mark.parametrize("text", [None, "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n"])
async def test_unreadable_files_are_named_and_not_repeated(
    text: str | None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A worker waits with a line in the log; a key that asks for a password is no question at a terminal."""
    file = tmp_path / "wrong.pem"
    if text:
        file.write_text(text)
    sealed = Authority(tmp_path).issue("sealed", b"a word")
    for certificates, name in (
        (Certificates(authorities=file), "GONGZHI_WEBHOOK_CA"),
        (Certificates(own=file), "GONGZHI_WEBHOOK_CERTIFICATE"),
        (Certificates(own=sealed), "GONGZHI_WEBHOOK_CERTIFICATE"),
    ):
        missing = text is None and sealed not in (certificates.own, certificates.authorities)
        said = "a file that does not exist" if missing else "no PEM file"
        with pytest.raises(UnreadableCertificates, match=f"^{name} names {said}") as problem:
            certificates.load()
        assert "c2VjcmV0" not in str(problem.value) and str(file) not in str(problem.value)
    with caplog.at_level(logging.ERROR):
        await delivery_worker.run_delivery_worker(Run(IntegrationSettings(webhook_ca=file)))  # type: ignore[arg-type]
    assert "webhooks wait, and nothing is lost: GONGZHI_WEBHOOK_CA" in caplog.text


class Run:
    """A process that has these settings, and opens no connection."""

    def __init__(self, settings: IntegrationSettings) -> None:
        self.settings = {IntegrationSettings: settings}

    def context(self) -> Any:
        return self
