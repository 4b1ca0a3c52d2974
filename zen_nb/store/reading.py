"""The parts of a record, from wherever each lies: the row, the journal's tail, or a blob."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zen_nb.core.errors import StoreUnavailable
from zen_nb.store import envelope as envelopes
from zen_nb.store.blobs import Blobs
from zen_nb.store.drafts import digest_of
from zen_nb.store.envelope import Entry, Section
from zen_nb.store.journal import Journal
from zen_nb.store.mapping import mappings
from zen_nb.store.sections import buffers_of, read_digests
from zen_nb.store.serialize import NotLoadable
from zen_nb.store.serialize import load as load_stream
from zen_nb.store.trust import SHARED


class Reader:
    """Reads what an entry, which has been verified, says where to find; each part by its digest."""

    def __init__(self, blobs: Blobs, journal: Journal) -> None:
        self._blobs = blobs
        self._journal = journal

    def has_all(self, entry: Entry) -> bool:
        """Tell whether every blob of an entry is there with its size, or may be had elsewhere."""
        return all(
            self._is_here(part) or self._may_be_had(entry, part.digest) for part in entry.blobs()
        )

    def _is_here(self, part: Section) -> bool:
        return self._blobs.size(part.digest) == part.size_bytes

    def _may_be_had(self, entry: Entry, digest: str) -> bool:
        """Tell whether a blob is where the record came from."""
        source = self._blobs.source
        return SHARED in entry.record.writer and source is not None and source.may_have(digest)

    def content(self, entry: Entry) -> list[bytes]:
        """Return the sections that are not blobs, in their order; raises `NotLoadable`."""
        return [
            bytes(self._bytes(entry, part.name)) for part in entry.sections if part.place != "blob"
        ]

    def verify(self, entry: Entry) -> None:
        """Find every blob of an entry whole, as `values` would; raises `NotLoadable`.

        What is still where the record came from is fetched, and verified, when it is wanted.
        """
        for part in entry.blobs():
            if self._is_here(part) or not self._may_be_had(entry, part.digest):
                self._bytes(entry, part.name)

    def values(
        self, entry: Entry, namespace: dict[str, Any] | None, given: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the outputs by name, private to the caller; raises `NotLoadable`."""
        digests = read_digests(self.section(entry, "digests"))

        def part(name: str) -> memoryview:
            content = self._bytes(entry, name)
            if name in digests:
                mappings.know(content, digests[name])
            return memoryview(bytearray(content)) if content.readonly else content

        buffers = buffers_of(bytes(self.section(entry, "layout")), part)
        stream = self._bytes(entry, "stream")
        return load_stream(stream, buffers, namespace=namespace, given=given)

    def section(self, entry: Entry, name: str) -> memoryview:
        """Return a section; empty where the entry has none of that name; raises `NotLoadable`."""
        return memoryview(b"") if entry.section(name) is None else self._bytes(entry, name)

    def _bytes(self, entry: Entry, name: str) -> memoryview:
        inline = entry.inline(name)
        if inline is not None:
            return inline
        section = entry.section(name)
        if section is None:
            raise NotLoadable(f"the record has no {name}")
        if section.place == "tail":
            return self._tail(entry, section)
        try:
            return self._blobs.open(section.digest, section.size_bytes)
        except StoreUnavailable as error:
            raise NotLoadable(str(error)) from None

    def _tail(self, entry: Entry, wanted: Section) -> memoryview:
        tails = [part for part in entry.sections if part.place == "tail"]
        begin = sum(part.size_bytes for part in tails[: tails.index(wanted)])
        for sealed, tail in envelopes.readable(self._journal.read(entry.record.key) or b""):
            part = tail[begin : begin + wanted.size_bytes]
            if sealed == entry.envelope and digest_of(part) == wanted.digest:
                return part
        raise NotLoadable(f"the record's {wanted.name} are gone")
