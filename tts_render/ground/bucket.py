"""A store in a bucket: S3 and what speaks like it, Google Cloud Storage, Azure Blob Storage.

Credentials come the way each cloud's own tools take them, and never leave this module: what a library or a server says
may contain them, or parts of them, so it is never passed on. Only what kind of failure it was is.
"""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

from tts_render.ground.errors import CommandLineError, StoreError, StoreRefusedError
from tts_render.ground.messages import said
from tts_render.ground.stores import Stored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import ModuleType

    from tts_render.ground.units import Seconds

__all__ = ["Address", "BucketStore", "is_address", "parse_address"]

_PATIENCE = 10.0
_LARGE = 4_000_000
"""Bytes above which an entry is read in pieces and written without a hurry."""
_LARGE_PATIENCE = 180.0
"""Seconds for writing one that is larger."""
_MOST = 2**30
"""Bytes of the largest entry that is read; what claims to be larger is nonsense."""
_YOUNG = 7 * 86400.0
"""Seconds after which an entry that is read is written again, so that its age says when it was last used."""
_SCHEMES = ("s3", "gs", "az")
_STATUS = re.compile(r"status code: (\d{3})\b")
_CODE = re.compile(r"<Code>(\w{3,40})</Code>")
_KEEPERS = (
    "169.254.",
    "/latest/api/token",
    "/latest/meta-data",
    "token request",
    "account file",
    "MissingAccount",
)
"""What is mentioned when credentials were looked for and not found."""
_REFUSALS = frozenset({"PermissionDeniedError", "UnauthenticatedError"})
_BLAME = frozenset({"ExpiredToken", "InvalidToken", "AuthorizationHeaderMalformed"})
"""What S3 answers with status 400 when the credentials or the region are to blame."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a store is in a cloud."""

    scheme: str
    """``s3``, ``gs`` or ``az``."""
    bucket: str
    """The bucket, or container."""
    prefix: str
    """Folder in it, without slashes at its ends; may be empty."""

    def __str__(self) -> str:
        return f"{self.scheme}://{self.bucket}" + (f"/{self.prefix}" if self.prefix else "")


def is_address(text: str) -> bool:
    """Whether ``text`` is meant as an address rather than a folder."""
    return "://" in text


def parse_address(text: str) -> Address:
    """Read an address such as ``s3://bucket/folder``.

    Raises:
        CommandLineError: it is not one. The message does not repeat what may be a secret.
    """
    scheme, _, rest = text.partition("://")
    remedy = said("Write s3://BUCKET/FOLDER, gs://BUCKET/FOLDER or az://CONTAINER/FOLDER.")
    if any(mark in rest for mark in "@?#"):
        raise CommandLineError(
            said("the address of the cache contains a password or parameters"),
            remedy=said(
                "Give only s3://BUCKET/FOLDER, and credentials as the tools of the cloud take them, "
                "for example in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
            ),
        )
    if scheme not in _SCHEMES:
        raise CommandLineError(said("{address}: this kind of store is unknown", address=text), remedy=remedy)
    try:
        parts = urlsplit(f"{scheme}://{rest}")
        bucket, path = parts.netloc, parts.path
    except ValueError:
        bucket, path = "", ""
    prefix = "/".join(part for part in path.split("/") if part)
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{1,221}", bucket) or not re.fullmatch(r"[\w./ -]*", prefix):
        raise CommandLineError(said("{address}: this is not the address of a bucket", address=text), remedy=remedy)
    if any(part in {".", ".."} for part in prefix.split("/")):
        raise CommandLineError(said("{address}: this is not the address of a bucket", address=text), remedy=remedy)
    return Address(scheme, bucket, prefix)


class BucketStore:
    """A store in a bucket. See :class:`tts_render.ground.stores.Store`.

    Every request is tried again for some seconds while the server fails or does not answer. An entry that is read and
    was written more than a week ago is written again as it is, if that is allowed, so that neither ``prune`` nor a rule
    of the bucket that removes what is old removes what is in use.

    Args:
        address: where it is.
        settings: what the library takes, by its names, such as ``access_key_id``; whatever is not given is taken from
            the environment, as the tools of the cloud do.
        patience: seconds for one try, and for all tries together before the last begins.
        clock: seconds since the epoch.

    Raises:
        StoreError: the library is not installed.
        StoreRefusedError: the settings of the cloud make no sense.
    """

    def __init__(
        self,
        address: Address,
        settings: Mapping[str, str] | None = None,
        *,
        patience: Seconds = _PATIENCE,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._address = address
        self._patience = patience
        self._clock = clock
        self._renews = True
        try:
            import obstore
            import obstore.store
            from obstore import exceptions
        except ImportError:
            raise StoreError(
                said("what talks to buckets is not installed"),
                path=self.address,
                remedy=said("pip install 'tts-render[bucket]'"),
            ) from None
        self._library: ModuleType = obstore
        self._failures = (exceptions.BaseError, OSError, ValueError, TypeError)
        self._quick: Any = self._open(obstore.store, settings or {}, patience)
        self._unhurried: Any = self._open(obstore.store, settings or {}, _LARGE_PATIENCE)

    @property
    def address(self) -> str:
        """The address, as it was given."""
        return str(self._address)

    def check(self) -> None:
        """Ask the bucket for something, so that wrong credentials are known before anything is spoken.

        Raises:
            StoreRefusedError: it refuses.
            StoreError: it does not answer.
        """

        async def ask() -> None:
            async for _ in self._library.list(self._quick, "check"):
                return

        async def bounded() -> None:
            await asyncio.wait_for(ask(), 2.5 * self._patience)

        try:
            asyncio.run(bounded())
        except TimeoutError:  # no request takes that long, but looking for credentials may: that has its own patience
            raise StoreRefusedError(
                said("there are no credentials for this bucket"), path=self.address, remedy=self._how()
            ) from None
        except self._failures as error:
            self._fail(error)

    def read(self, name: str) -> bytes | None:
        """See :meth:`Store.read`."""
        try:
            got = self._library.get(self._quick, name)
            size = got.meta["size"]
            if size > _MOST:
                return b""
            if size > _LARGE:
                starts = range(0, size, _LARGE)
                ends = [min(start + _LARGE, size) for start in starts]
                pieces = self._library.get_ranges(self._quick, name, starts=list(starts), ends=ends, coalesce=0)
                data = b"".join(bytes(piece) for piece in pieces)
            else:
                data = bytes(got.bytes())
        except FileNotFoundError:
            return None
        except self._failures as error:
            self._fail(error)
        if self._renews and self._clock() - got.meta["last_modified"].timestamp() > _YOUNG:
            self._renew(name, data, got.meta)
        return data

    def create(self, name: str, data: bytes) -> bool:
        """See :meth:`Store.create`."""
        return self._put(name, data, "create")

    def replace(self, name: str, was: bytes, data: bytes) -> bool:
        """See :meth:`Store.replace`."""
        try:
            got = self._library.get(self._quick, name)
            if got.meta["size"] != len(was) or bytes(got.bytes()) != was:
                return False
        except FileNotFoundError:
            return self.create(name, data)
        except self._failures as error:
            self._fail(error)
        return self._put(name, data, _unchanged(got.meta))

    def remove(self, *names: str) -> None:
        """See :meth:`Store.remove`."""
        if not names:
            return
        try:
            self._library.delete(self._quick, list(names))
        except FileNotFoundError:
            return
        except self._failures as error:
            self._fail(error)

    def listing(self, prefix: str) -> Iterator[Stored]:
        """See :meth:`Store.listing`. What counts as used is when it was written: see :class:`BucketStore`."""
        try:
            for entries in self._library.list(self._quick, prefix):
                for entry in entries:
                    yield Stored(entry["path"], entry["size"], entry["last_modified"].timestamp())
        except self._failures as error:
            self._fail(error)

    def _open(self, stores: Any, settings: Mapping[str, str], timeout: Seconds) -> Any:
        kind = {"s3": stores.S3Store, "gs": stores.GCSStore, "az": stores.AzureStore}[self._address.scheme]
        try:
            return kind(
                self._address.bucket,
                prefix=self._address.prefix or None,
                config=dict(settings) or None,
                client_options={
                    "allow_http": True,  # used only where the settings name an endpoint with http://
                    "connect_timeout": timedelta(seconds=3),
                    "timeout": timedelta(seconds=timeout),
                },
                retry_config={
                    "max_retries": 50,
                    "retry_timeout": timedelta(seconds=self._patience),
                    "backoff": {
                        "init_backoff": timedelta(milliseconds=100),
                        "max_backoff": timedelta(seconds=2),
                        "base": 2,
                    },
                },
            )
        except self._failures as error:
            none = any(place in str(error) for place in _KEEPERS)
            message = (
                said("there are no credentials for this bucket")
                if none
                else said("the settings of the cloud make no sense")
            )
            raise StoreRefusedError(message, path=self.address, remedy=self._how()) from None

    def _put(self, name: str, data: bytes, mode: Any) -> bool:
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        store = self._quick if len(data) <= _LARGE else self._unhurried
        try:
            self._library.put(store, name, data, mode=mode, use_multipart=False)
        except (AlreadyExistsError, PreconditionError):
            return False
        except self._failures as error:
            self._fail(error)
        return True

    def _renew(self, name: str, data: bytes, meta: Mapping[str, Any]) -> None:
        try:
            self._put(name, data, _unchanged(meta))
        except StoreError:  # who may only read cannot say that he did
            self._renews = False

    def _fail(self, error: Exception) -> NoReturn:
        """Say what kind of failure it was, and nothing of what was said."""
        text = str(error)
        status = int(found[1]) if (found := _STATUS.search(text)) else 0
        code = found[1] if (found := _CODE.search(text)) else ""
        refused: str | None = None
        if type(error).__name__ not in _REFUSALS and any(place in text for place in _KEEPERS):
            refused = said("there are no credentials for this bucket")
        elif status in {401, 403} or code in _BLAME:
            refused = said("the bucket refuses these credentials, or they do not permit this")
        elif "redirect" in text:
            refused = said("the bucket is in another region")
        elif status == 404 or isinstance(error, FileNotFoundError):
            refused = said("there is no such bucket")
        if refused is not None:
            raise StoreRefusedError(refused, path=self.address, remedy=self._how()) from None
        if status:
            message = said("answers with status {status}", status=status)
        elif "Timeout" in text or "TimedOut" in text:
            message = said("does not answer in time")
        elif "Connect" in text:
            message = said("cannot be reached")
        else:
            message = said("answers what cannot be understood, or breaks off")
        raise StoreError(message, path=self.address) from None

    def _how(self) -> str:
        match self._address.scheme:
            case "s3":
                return said(
                    "Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY or AWS_PROFILE, AWS_REGION, and AWS_ENDPOINT_URL "
                    "for a bucket that is not with AWS. Listing, reading, writing and deleting must be permitted."
                )
            case "gs":
                return said(
                    "Check GOOGLE_APPLICATION_CREDENTIALS, or log in with gcloud auth application-default login. "
                    "Listing, reading, writing and deleting must be permitted."
                )
            case _:
                return said(
                    "Check AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY, or what else names the account. "
                    "Listing, reading, writing and deleting must be permitted."
                )


def _unchanged(meta: Mapping[str, Any]) -> dict[str, str]:
    """The condition under which an object is written: that it is still this one."""
    return {key: meta[key] for key in ("e_tag", "version") if meta[key] is not None}
