"""How a connection is encrypted, by a URI's parameters: the same as asyncpg and libpq read them.

sslmode `disable` and `allow` speak plainly first, `prefer` takes TLS where the server has it, `require` demands it,
`verify-ca` and `verify-full` also check who the server is. Where a parameter is not given its variable (PGSSLMODE
and so on) counts, and then the files in ~/.postgresql.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from pathlib import Path

from cdc.errors import ConfigurationError

_FILES = {
    "sslrootcert": "root.crt",
    "sslcrl": "root.crl",
    "sslcert": "postgresql.crt",
    "sslkey": "postgresql.key",
}
_DEMANDING = ("require", "verify-ca", "verify-full")
_VERSIONS = {"TLSv1.2": ssl.TLSVersion.TLSv1_2, "TLSv1.3": ssl.TLSVersion.TLSv1_3}


def mode(parameters: Mapping[str, str]) -> str:
    """The sslmode that holds for a connection by TCP."""
    return parameters.get("sslmode") or os.environ.get("PGSSLMODE") or "prefer"


def demanded(parameters: Mapping[str, str]) -> bool:
    """Whether a server without TLS is to be refused."""
    return mode(parameters) in _DEMANDING


def context(parameters: Mapping[str, str]) -> ssl.SSLContext | None:
    """What the connection is encrypted with, None where it is not to be.

    Raises:
        ConfigurationError: a certificate or key cannot be read.
    """
    wanted = mode(parameters)
    if wanted in {"disable", "allow"}:
        return None
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    found.minimum_version = _VERSIONS.get(
        parameters.get("ssl_min_protocol_version", ""), ssl.TLSVersion.TLSv1_2
    )
    if parameters.get("ssl_max_protocol_version") in _VERSIONS:
        found.maximum_version = _VERSIONS[parameters["ssl_max_protocol_version"]]
    found.check_hostname = wanted == "verify-full"
    try:
        _trust(found, wanted, parameters)
        _identify(found, parameters)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            f"a certificate or key of the URL cannot be read: {error}",
            hint="check sslrootcert, sslcrl, sslcert and sslkey",
        ) from error
    return found


def _trust(found: ssl.SSLContext, wanted: str, parameters: Mapping[str, str]) -> None:
    """Set what the server's certificate is held against."""
    roots = _file("sslrootcert", parameters) if wanted in _DEMANDING else None
    if roots is None:
        if wanted.startswith("verify"):
            raise FileNotFoundError(2, "sslrootcert is not given, and there is no", "~/.postgresql/root.crt")
        found.verify_mode = ssl.CERT_NONE
        return
    found.load_verify_locations(cafile=roots)
    found.verify_mode = ssl.CERT_REQUIRED
    revoked = _file("sslcrl", parameters)
    if revoked is not None:
        found.load_verify_locations(cafile=revoked)
        found.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN


def _identify(found: ssl.SSLContext, parameters: Mapping[str, str]) -> None:
    """Set the certificate that we show."""
    certificate = _file("sslcert", parameters)
    if certificate is not None:
        password = parameters.get("sslpassword", "")
        found.load_cert_chain(certificate, _file("sslkey", parameters), lambda: password)


def _file(name: str, parameters: Mapping[str, str]) -> str | None:
    """A file that was named, or the usual one if it is there."""
    named = parameters.get(name) or os.environ.get(f"PG{name.upper()}")
    if named:
        return named
    usual = Path("~/.postgresql").expanduser() / _FILES[name]
    return str(usual) if usual.exists() else None
