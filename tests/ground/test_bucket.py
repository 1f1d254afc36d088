"""Buckets over real HTTP: whole entries, the first of which stays, whatever happens on the way; and no secret is told."""

from __future__ import annotations

import base64
import json
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.kit.buckets import KEY, SECRET, Fault
from tts_render.ground.bucket import BucketStore, parse_address
from tts_render.ground.errors import CommandLineError, StoreError, StoreRefusedError
from tts_render.ground.stores import prune

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.kit.buckets import S3, Way

NAME = "clips/ab/abc.clip"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("s3://bucket", ("s3", "bucket", "")),
        ("s3://bucket/", ("s3", "bucket", "")),
        ("gs://my_bucket.example/a//b/", ("gs", "my_bucket.example", "a/b")),
        ("az://container/音声", ("az", "container", "音声")),
    ],
)
def test_an_address_names_a_bucket_and_a_folder_in_it(text: str, parts: tuple[str, str, str]) -> None:
    address = parse_address(text)
    assert (address.scheme, address.bucket, address.prefix) == parts
    assert parse_address(str(address)) == address


@pytest.mark.parametrize(
    "text",
    [
        f"s3://{KEY}:{SECRET}@bucket/clips",
        f"s3://bucket/clips?secret_access_key={SECRET}",
        f"az://container/clips?sig={SECRET}",
        f"https://{KEY}:{SECRET}@host/bucket",
        f"s3://bucket/clips#{SECRET}",
    ],
)
def test_an_address_with_a_password_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(CommandLineError) as caught:
        parse_address(text)
    assert SECRET not in str(caught.value)
    assert "password" in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "text", ["s3://", "s3:///clips", "ftp://bucket", "https://host/bucket", "s3://b/../c", "s3://[x"]
)
def test_what_is_not_the_address_of_a_bucket_is_refused(text: str) -> None:
    with pytest.raises(CommandLineError, match="s3://BUCKET/FOLDER"):
        parse_address(text)


def test_what_was_created_comes_back_and_stays(s3: S3, way: Way) -> None:
    store = way.store(s3.bucket())
    store.check()
    assert store.read(NAME) is None
    assert list(store.listing("clips")) == []
    assert store.create(NAME, b"one")
    assert not store.create(NAME, b"two")
    assert store.read(NAME) == b"one"
    (entry,) = store.listing("clips")
    assert (entry.name, entry.size) == (NAME, 3)
    store.remove(NAME, "clips/cd/cde.clip")
    assert store.read(NAME) is None
    assert "/our/clips/clips/ab/abc.clip" in way.asked[1]


def test_entries_of_any_size_come_back(s3: S3, way: Way) -> None:
    store = way.store(s3.bucket(), "", patience=10)
    for size in (0, 1, 3_999_999, 4_000_000, 4_000_001, 9_000_001):
        data = bytes(range(251)) * (size // 251 + 1)
        assert store.create(f"blobs/ab/{size}", data[:size])
        assert store.read(f"blobs/ab/{size}") == data[:size]


def test_of_many_that_create_an_entry_at_once_one_was_first(s3: S3, way: Way) -> None:
    store = way.store(s3.bucket(), patience=10)
    contents = [bytes([number]) * 10_000 for number in range(40)]
    with ThreadPoolExecutor(8) as threads:
        first = list(threads.map(lambda content: store.create(NAME, content), contents))
    assert first.count(True) == 1
    assert store.read(NAME) == contents[first.index(True)]


def test_only_what_was_seen_is_replaced(s3: S3, way: Way) -> None:
    store = way.store(s3.bucket())
    store.create(NAME, b"damaged")
    assert not store.replace(NAME, b"something else", b"new")
    assert store.read(NAME) == b"damaged"
    assert store.replace(NAME, b"damaged", b"new")
    assert store.read(NAME) == b"new"
    store.remove(NAME)
    assert store.replace(NAME, b"new", b"newer")
    assert store.read(NAME) == b"newer"


def test_what_is_replaced_in_between_stays(s3: S3, way: Way) -> None:
    bucket = s3.bucket()
    store, other = way.store(bucket), way.store(bucket)
    store.create(NAME, b"damaged")

    def between(method: str, path: str) -> Fault | None:
        if method == "PUT":
            way.fault = lambda method, path: None
            assert other.replace(NAME, b"damaged", b"theirs")
        return None

    way.fault = between
    assert not store.replace(NAME, b"damaged", b"ours")
    assert store.read(NAME) == b"theirs"


def test_many_are_removed_by_prune(s3: S3, way: Way) -> None:
    store = way.store(s3.bucket())
    for number in range(5):
        store.create(f"clips/ab/{number}", b"12345")
    assert prune(store, ("clips", "phrases"), max_bytes=10) == (3, 15)
    assert len(list(store.listing("clips"))) == 2
    assert prune(store, ("clips",), max_age=3600) == (0, 0)
    assert prune(store, ("clips",), max_age=3600, now=10**10) == (2, 10)


def test_what_is_read_after_a_week_is_young_again(s3: S3, way: Way) -> None:
    bucket = s3.bucket()
    now = next(iter(_made(way.store(bucket)))) + 6 * 86400
    settings = {"access_key_id": KEY, "secret_access_key": SECRET, "endpoint": way.url, "region": "us-east-1"}
    store = BucketStore(parse_address(f"s3://{bucket}/our/clips"), settings, clock=lambda: now)
    way.asked.clear()
    assert store.read(NAME) == b"one"
    assert [line.split()[0] for line in way.asked] == ["GET"]
    now += 2 * 86400
    assert store.read(NAME) == b"one"
    assert [line.split()[0] for line in way.asked] == ["GET", "GET", "PUT"]
    way.fault = lambda method, path: Fault("status", 403) if method == "PUT" else None
    way.asked.clear()
    assert store.read(NAME) == b"one"
    assert store.read(NAME) == b"one"
    assert [line.split()[0] for line in way.asked] == ["GET", "PUT", "GET"]


def _made(store: BucketStore) -> list[float]:
    store.create(NAME, b"one")
    return [entry.used for entry in store.listing("clips")]


WAYS: dict[str, Callable[[BucketStore], object]] = {
    "check": lambda store: store.check(),
    "read": lambda store: store.read(NAME),
    "create": lambda store: store.create(NAME, b"one"),
    "replace": lambda store: store.replace(NAME, b"one", b"two"),
    "remove": lambda store: store.remove(NAME),
    "listing": lambda store: list(store.listing("clips")),
}


@pytest.mark.parametrize("what", WAYS)
@pytest.mark.parametrize(
    ("fault", "error", "says"),
    [
        (Fault("status", 403), StoreRefusedError, "credentials"),
        (Fault("status", 401), StoreRefusedError, "credentials"),
        (Fault("status", 503), StoreError, "503"),
        (Fault("status", 500), StoreError, "500"),
        (Fault("status", 301), StoreRefusedError, "another region"),
        (Fault("reset"), StoreError, ""),
    ],
    ids=lambda value: f"{value.kind}-{value.status}" if isinstance(value, Fault) else "",
)
def test_a_failure_says_what_and_where_and_no_secret(
    s3: S3, way: Way, what: str, fault: Fault, error: type[StoreError], says: str
) -> None:
    store = way.store(s3.bucket(), patience=0.3)
    way.fault = lambda method, path: fault
    with pytest.raises(StoreError) as caught:
        WAYS[what](store)
    told = "".join(traceback.format_exception(caught.value))
    assert type(caught.value) is error
    assert says in str(caught.value)
    assert str(caught.value).startswith("s3://clips-")
    assert "t0p" not in told
    assert KEY not in told
    assert (caught.value.remedy is not None) == (error is StoreRefusedError)
    assert all(SECRET not in header for header in way.headers)


def test_no_answer_is_not_waited_for_longer_than_promised(s3: S3, way: Way) -> None:
    store = way.store(s3.bucket(), patience=0.3)
    way.fault = lambda method, path: Fault("hang", seconds=3)
    for what in ("check", "read", "create"):
        with pytest.raises(StoreError, match=r"does not answer in time|breaks off"):
            WAYS[what](store)


def test_a_bucket_that_is_not_there_is_named(way: Way) -> None:
    store = way.store("nobody-made-it")
    for what in ("check", "create", "listing"):
        with pytest.raises(StoreRefusedError, match="there is no such bucket"):
            WAYS[what](store)


def test_a_server_that_is_not_there_is_named() -> None:
    settings = {"access_key_id": KEY, "secret_access_key": SECRET, "endpoint": "http://127.0.0.1:9", "region": "x"}
    store = BucketStore(parse_address("s3://bucket"), settings, patience=0.3)
    with pytest.raises(StoreError, match="cannot be reached"):
        store.check()


def test_an_answer_that_breaks_off_is_asked_for_again(s3: S3, way: Way) -> None:
    store = way.store(s3.bucket(), patience=5)
    store.create(NAME, bytes(100_000))
    faults = [Fault("cut"), Fault("reset"), Fault("status", 503)]
    way.fault = lambda method, path: faults.pop(0) if faults else None
    assert store.read(NAME) == bytes(100_000)
    faults = [Fault("reset"), Fault("status", 500)]
    way.fault = lambda method, path: faults.pop(0) if faults else None
    assert store.create("clips/cd/cde.clip", bytes(100_000))


def test_an_entry_whose_confirmation_was_lost_is_there_once(s3: S3, way: Way) -> None:
    store = way.store(s3.bucket(), patience=5)
    faults = [Fault("unanswered")]
    way.fault = lambda method, path: faults.pop(0) if faults else None
    store.create(NAME, b"one")  # whether it was the first is not known any more
    assert store.read(NAME) == b"one"


def test_what_is_too_large_to_be_an_entry_is_not_read(s3: S3, way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    store = way.store(s3.bucket())
    store.create(NAME, bytes(1000))
    monkeypatch.setattr("tts_render.ground.bucket._MOST", 999)
    assert store.read(NAME) == b""


def test_every_cloud_is_asked_to_write_only_what_is_not_there(way: Way, tmp_path: Path) -> None:
    account = {
        "gcs_base_url": way.url,
        "disable_oauth": True,
        "client_email": "",
        "private_key": "",
        "private_key_id": "",
    }
    (tmp_path / "account.json").write_text(json.dumps(account), encoding="utf-8")
    key = base64.b64encode(SECRET.encode()).decode()
    way.fault = lambda method, path: Fault("status", 412)
    for address, settings, condition in (
        ("s3://bucket", {"access_key_id": KEY, "secret_access_key": SECRET, "endpoint": way.url}, "if-none-match: *"),
        ("gs://bucket", {"service_account": str(tmp_path / "account.json")}, "x-goog-if-generation-match: 0"),
        ("az://bucket", {"account_name": "ours", "account_key": key, "endpoint": way.url}, "if-none-match: *"),
    ):
        store = BucketStore(parse_address(address), settings)
        assert not store.create(NAME, b"one")
        assert condition in way.headers[-1].lower(), address
        assert way.asked[-1].startswith("PUT /")


def test_no_credentials_at_all_are_an_error_that_says_where_to_put_them(way: Way) -> None:
    settings = {"metadata_endpoint": way.url, "endpoint": way.url, "region": "us-east-1"}
    for fault in (Fault("status", 404), Fault("status", 503), Fault("reset"), Fault("hang", seconds=1)):
        way.fault = lambda method, path, fault=fault: fault  # type: ignore[misc]  # bound now
        store = BucketStore(parse_address("s3://bucket"), settings, patience=0.2)
        with pytest.raises(StoreRefusedError, match="no credentials for this bucket") as caught:
            store.check()
        assert "AWS_ACCESS_KEY_ID" in str(caught.value)


def test_a_search_for_credentials_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch, way: Way) -> None:
    way.fault = lambda method, path: Fault("hang", seconds=1)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere.json")
    with pytest.raises(StoreRefusedError, match="GOOGLE_APPLICATION_CREDENTIALS"):
        BucketStore(parse_address("gs://bucket"))
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_NAME", raising=False)
    with pytest.raises(StoreRefusedError, match="AZURE_STORAGE_ACCOUNT_NAME"):
        BucketStore(parse_address("az://container/clips"))
    store = BucketStore(
        parse_address("az://container"), {"account_name": "ours", "msi_endpoint": way.url}, patience=0.1
    )
    with pytest.raises(StoreRefusedError, match="no credentials for this bucket"):
        store.check()


def test_settings_that_make_no_sense_say_where_to_look() -> None:
    with pytest.raises(StoreRefusedError, match="AWS_ACCESS_KEY_ID") as caught:
        BucketStore(parse_address("s3://bucket"), {"checksum_algorithm": SECRET})
    assert SECRET not in "".join(traceback.format_exception(caught.value))
