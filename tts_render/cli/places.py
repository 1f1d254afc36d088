"""Where the cache is: a folder, or an address with a folder in front; and how a session is opened with it."""

from __future__ import annotations

import configparser
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tts_render.cli.options import engine_names

if TYPE_CHECKING:
    from collections.abc import Callable

    from tts_render.ground.bucket import BucketStore
    from tts_render.run.session import Session
    from tts_render.speech.cache import UtteranceCache

__all__ = ["cache_folder", "open_cache", "open_session"]

_KEYS = {
    "aws_access_key_id": "access_key_id",
    "aws_secret_access_key": "secret_access_key",
    "aws_session_token": "session_token",
    "region": "region",
    "endpoint_url": "endpoint",
}
"""What a profile of the AWS tools says, and what the library calls it."""


def cache_folder(named: str | None) -> Path:
    """The cache folder: the one named, else the one in front of an address, else the user's."""
    import platformdirs

    from tts_render.ground.bucket import is_address

    if named and not is_address(named):
        return Path(named).absolute()
    in_front = os.environ.get("TTS_RENDER_CACHE_FOLDER", "") if named else ""
    return Path(in_front or platformdirs.user_cache_path("tts-render")).absolute()


def open_cache(named: str | None, warn: Callable[[str], None] = lambda _: None) -> UtteranceCache:
    """The cache by itself, for the commands that manage it, and for workers.

    Args:
        named: a folder, an address, or None.
        warn: told of troubles of the bucket, each once.

    Raises:
        CommandLineError: the address is not one.
        StoreError: the bucket cannot be used.
    """
    from tts_render.run.session import utterances_folder
    from tts_render.speech.cache import UtteranceCache

    return UtteranceCache(utterances_folder(cache_folder(named)), _store(named), warn=warn)


def open_session(cache_dir: str | None, engines: tuple[str, ...], **manner: Any) -> Session:
    """Open a session with the cache and the engines of the command line; the store is asked whether it may be used.

    Args:
        cache_dir: a folder, an address, or None.
        engines: those of the command line.
        manner: the rest, as :class:`Session` takes it.

    Raises:
        CommandLineError: the address is not one.
        StoreError: the bucket refuses, so that what to do is known before anything is spoken. One that only does not
            answer is a warning.
    """
    from tts_render.ground.errors import StoreError, StoreRefusedError
    from tts_render.run.session import Session

    store = _store(cache_dir)
    session = Session(cache_folder(cache_dir), back=store, engines=engine_names(engines), **manner)
    if store is not None and session.cache.backing is not None:
        try:
            store.check()
        except StoreRefusedError:
            raise
        except StoreError as error:
            session.cache.backing.leave_alone(error)
    return session


def _store(named: str | None) -> BucketStore | None:
    from tts_render.ground.bucket import BucketStore, is_address, parse_address

    if not named or not is_address(named):
        return None
    address = parse_address(named)
    return BucketStore(address, _profile() if address.scheme == "s3" else None)


def _profile() -> dict[str, str]:
    """What the profile of the AWS tools says, where the environment does not: the library reads only the latter."""
    home = Path.home() / ".aws"
    name = os.environ.get("AWS_PROFILE") or os.environ.get("AWS_DEFAULT_PROFILE") or "default"
    parser = configparser.RawConfigParser()
    said: dict[str, str] = {}
    for variable, file, section in (
        ("AWS_CONFIG_FILE", "config", name if name == "default" else f"profile {name}"),
        ("AWS_SHARED_CREDENTIALS_FILE", "credentials", name),
    ):
        parser.clear()
        try:
            parser.read(os.environ.get(variable) or home / file, encoding="utf-8")
        except (configparser.Error, OSError, ValueError):
            continue
        if parser.has_section(section):
            said |= {ours: parser[section][theirs] for theirs, ours in _KEYS.items() if theirs in parser[section]}
    given = {key for key in said if any(os.environ.get(variable) for variable in _variables(key))}
    elsewhere = ("AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_SKIP_SIGNATURE")
    if any(os.environ.get(variable) for variable in elsewhere):
        given |= {"access_key_id", "secret_access_key", "session_token"}
    return {key: value for key, value in said.items() if key not in given}


def _variables(key: str) -> tuple[str, ...]:
    return {
        "region": ("AWS_REGION", "AWS_DEFAULT_REGION"),
        "endpoint": ("AWS_ENDPOINT_URL", "AWS_ENDPOINT", "AWS_ENDPOINT_URL_S3"),
    }.get(key, ())
