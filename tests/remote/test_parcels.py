"""A record as it travels: what one trusted key has signed for one question, or nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.store.making import A_COMPONENT, a_record, put
from zen_nb.store import parcels
from zen_nb.store.parcels import Parcel
from zen_nb.store.records import Store
from zen_nb.store.trust import SharingKey, Trusted, Untrusted, new_key

VALUES = {"x": [1, "two"]}


@pytest.fixture
def key(tmp_path: Path) -> SharingKey:
    return new_key(tmp_path / "ci")


@pytest.fixture
def trusted(tmp_path: Path, key: SharingKey) -> Trusted:
    found = Trusted(tmp_path / "bob")
    found.add("ci", key.public)
    return found


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("ZEN_NB_KEY_DIR", str(tmp_path / "key"))
    found = Store.open(tmp_path / "store", 10**9)
    yield found
    found.close()


def packed(store: Store, key: SharingKey, number: int = 1, **more: Any) -> tuple[str, str, bytes]:
    """Return a record's key, and its parcel with its name."""
    record = put(
        store, a_record(number, **more), VALUES, transcript=b"shown", components=[A_COMPONENT]
    )
    carried = store.carried(record)
    return record.key, *parcels.pack(key, record, carried.sections, carried.content)


def refused(trusted: Trusted, key: str, name: str, parcel: bytes) -> str:
    with pytest.raises(Untrusted) as raised:
        parcels.unpack(trusted, key, name, parcel)
    return str(raised.value)


def test_what_was_packed_is_what_comes_out(store: Store, key: SharingKey, trusted: Trusted) -> None:
    """Record, sections and the bytes of those that are no blobs come back as they were."""
    record = put(store, a_record(), VALUES, transcript=b"shown", components=[A_COMPONENT])
    carried = store.carried(record)
    name, parcel = parcels.pack(key, record, carried.sections, carried.content)
    out: Parcel = parcels.unpack(trusted, record.key, name, parcel)
    assert out.record == record
    assert out.sections == tuple(carried.sections)
    assert [bytes(part) for part in out.held.values()] == list(carried.content)
    assert out.signer.name == "ci"
    assert parcels.signer_of(name) == key.id


def test_every_byte_counts(store: Store, key: SharingKey, trusted: Trusted) -> None:
    """No byte of a parcel can change, and no end be cut off, without being noticed."""
    cache_key, name, parcel = packed(store, key)
    for at in range(len(parcel)):
        flipped = parcel[:at] + bytes([parcel[at] ^ (1 << at % 8)]) + parcel[at + 1 :]
        for damage in (flipped, parcel[:at]):
            assert refused(trusted, cache_key, name, damage)


def test_a_parcel_is_for_one_key(store: Store, key: SharingKey, trusted: Trusted) -> None:
    """What was signed for one question answers no other one."""
    _, name, parcel = packed(store, key)
    assert "is not good" in refused(trusted, f"{2:064x}", name, parcel)


def test_the_signature_of_an_unknown_key_is_named(
    store: Store, key: SharingKey, tmp_path: Path
) -> None:
    """Who trusts nobody believes nobody; a signature by one key passes for no other key's."""
    cache_key, name, parcel = packed(store, key)
    alone = Trusted(tmp_path / "alone")
    assert key.id[:12] in refused(alone, cache_key, name, parcel)
    other = new_key(tmp_path / "other")
    alone.add("other", other.public)
    renamed = parcel[:8] + bytes.fromhex(other.id) + parcel[24:]
    assert "other is not good" in refused(alone, cache_key, name, renamed)


def test_a_newer_format_says_so(store: Store, key: SharingKey, trusted: Trusted) -> None:
    """What a later zen_nb has written is not read, and is not called damage."""
    cache_key, name, parcel = packed(store, key)
    newer = parcel[:7] + b"\x02" + parcel[8:]
    assert "newer zen_nb" in refused(trusted, cache_key, name, newer)


def test_names_are_digests(key: SharingKey, store: Store) -> None:
    """A name that is not two digests is no parcel's; nothing of a step is in it."""
    _, name, _ = packed(store, key, step="secret-name")
    assert parcels.signer_of(name) == key.id
    assert "secret" not in name
    for other in ("", "x", name[:-1], f"{name}0", f"../{name[3:]}", name.upper().replace("0", "g")):
        assert parcels.signer_of(other) is None
