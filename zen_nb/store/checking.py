"""Every record and every stored byte looked at, and put right where that can be."""

from __future__ import annotations

from collections.abc import Iterator

from zen_nb.store import envelope as envelopes
from zen_nb.store.blobs import Blobs
from zen_nb.store.journal import Journal
from zen_nb.store.lookup import Judged, judge
from zen_nb.store.signing import Signer
from zen_nb.store.space import Space
from zen_nb.store.trust import SHARED


class Check:
    """Compares rows, files and blobs with what was signed.

    Parameters
    ----------
    space
        ``None`` where the store can only be read: then there are no rows, and nothing is mended.
    """

    def __init__(self, signer: Signer, space: Space | None, journal: Journal, blobs: Blobs) -> None:
        self._signer = signer
        self._space = space
        self._journal = journal
        self._blobs = blobs

    def rows(self) -> Iterator[tuple[str, bytes]]:
        """Yield every key with its row; from the files where there is no database."""
        if self._space is not None:
            yield from self._space.record_rows()
            return
        for key in self._journal.all():
            yield key, envelopes.without_tails(self._journal.read(key) or b"")

    def records(self, *, mend: bool = False) -> Iterator[str]:
        """Yield for every key what is wrong with its row or file, empty where nothing is.

        Where one of the two is whole, `mend` writes it over the other; else both are removed.
        """
        rows = dict(self.rows())
        for key in sorted(rows.keys() | set(self._journal.all())):
            row, content = rows.get(key), self._journal.read(key)
            of_row = judge(self._signer, key, row) if row is not None else None
            of_file = judge(self._signer, key, content) if content is not None else None
            if of_row is not None and of_row.gone is not None:
                yield ""
                continue
            pairs = (
                [("file", of_file)] if self._space is None else [("row", of_row), ("file", of_file)]
            )
            wrong = [f"{where}: {_said(found)}" for where, found in pairs if not _is_sound(found)]
            if wrong and mend:
                self._mend(key, of_row, of_file)
            yield f"record {key[:12]}…: {'; '.join(wrong)}" if wrong else ""

    def _mend(self, key: str, of_row: Judged | None, of_file: Judged | None) -> None:
        if self._space is None:
            return
        if of_file is not None and of_file.sound:
            self._space.restore(key, envelopes.without_tails(of_file.raw))
        elif of_row is not None and of_row.sound:
            self._journal.write(key, of_row.raw)
        else:
            self._space.remove([key], None)
            self._journal.remove(key)

    def blobs(self, *, mend: bool = False) -> Iterator[tuple[str, int, str]]:
        """Yield every blob's digest and size, and what is wrong with it; hashes all of them."""
        named: dict[str, int] = {}
        for _, raw in self.rows():
            here = envelopes.unverified_blob_sizes(raw)
            if SHARED.encode() in raw:  # what is not here yet is brought when it is wanted
                here = {one: size for one, size in here.items() if self._blobs.size(one)}
            named.update(here)
        for digest, size in sorted(named.items()):
            fault = self._blobs.fault(digest, size)
            if fault and mend:
                self._blobs.remove(digest)
            yield digest, size, f"blob {digest[:12]}…: {fault}" if fault else ""


def _is_sound(found: Judged | None) -> bool:
    return found is not None and found.sound


def _said(found: Judged | None) -> str:
    return "missing" if found is None else ", ".join(found.lookup.refused)
