"""A private authority and what it signs, made by the ``openssl`` program."""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

_EXTENSIONS = """\
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
subjectAltName = IP:127.0.0.1
authorityKeyIdentifier = keyid
subjectKeyIdentifier = hash
[client]
authorityKeyIdentifier = keyid
subjectKeyIdentifier = hash
extendedKeyUsage = clientAuth
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """PEM files: the authority's certificate; certificates and keys of a server at 127.0.0.1, and of a client."""

    authority: Path
    server: Path
    client: Path

    def mutual(self) -> ssl.SSLContext:
        """For a server that wants to see the client's certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server)
        context.load_verify_locations(self.authority)
        context.verify_mode = ssl.CERT_REQUIRED
        return context


def make_certificates(folder: Path, openssl: str) -> Certificates:
    """Write them into ``folder``; they hold for a day."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "openssl.cnf"
    settings.write_text(_EXTENSIONS)
    authority, key = folder / "authority.pem", folder / "authority.key"

    def run(*arguments: str | Path) -> None:
        subprocess.run([openssl, *arguments], check=True, capture_output=True)

    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-config", settings)
    run(
        "req",
        "-x509",
        *curve,
        "-keyout",
        key,
        "-out",
        authority,
        "-days",
        "1",
        "-subj",
        "/CN=Ours",
        "-extensions",
        "authority",
    )
    for name in ("server", "client"):
        own, asked, signed = folder / f"{name}.key", folder / f"{name}.csr", folder / f"{name}.crt"
        run("req", *curve, "-keyout", own, "-out", asked, "-subj", f"/CN={name}")
        ca = (
            "-CA",
            authority,
            "-CAkey",
            key,
            "-CAcreateserial",
            "-days",
            "1",
            "-extfile",
            settings,
            "-extensions",
            name,
        )
        run("x509", "-req", "-in", asked, "-out", signed, *ca)
        (folder / f"{name}.pem").write_bytes(signed.read_bytes() + own.read_bytes())
    return Certificates(authority=authority, server=folder / "server.pem", client=folder / "client.pem")
