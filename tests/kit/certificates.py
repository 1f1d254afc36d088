"""An authority of the tests, and what Dask is told so that only those who have its certificates reach each other."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Authority"]


class Authority:
    """Signs certificates, and keeps them as files.

    Args:
        folder: where they are.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named("authority of the tests")
        signed = _begun(self._name, self._name, self._key.public_key()).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        self.file = folder / "ca.pem"
        self.file.write_bytes(signed.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def environment(self, name: str) -> dict[str, str]:
        """What a scheduler, a worker or a client of Dask is told in its environment; it gets a certificate of its own."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _begun(_named(name), self._name, key.public_key()).sign(self._key, hashes.SHA256())
        keys, certificates = self._folder / f"{name}.key", self._folder / f"{name}.pem"
        certificates.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        keys.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        told = {
            "DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION": "true",
            "DASK_DISTRIBUTED__COMM__TLS__CA_FILE": str(self.file),
        }
        for who in ("SCHEDULER", "WORKER", "CLIENT"):
            told[f"DASK_DISTRIBUTED__COMM__TLS__{who}__CERT"] = str(certificates)
            told[f"DASK_DISTRIBUTED__COMM__TLS__{who}__KEY"] = str(keys)
        return told


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _begun(name: x509.Name, by: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    today = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(by)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=1))
    )
