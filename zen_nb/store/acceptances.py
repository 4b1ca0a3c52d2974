"""Changes that the user took as equal: under which other key a key is answered.

``acceptances/<first two characters>/<key>`` holds a key's acceptances as frames, newest
first, at most eight. Each is an envelope of a head alone, signed for purpose
``acceptance`` under the key it is for, with the record's variant; the head has ``step``,
``target``, ``accepted_at``, ``recorded_at``, ``changes`` and ``trace`` (``null`` or as in
a record). These files are all there is: no loss of the database concerns them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zen_nb.core.errors import StoreUnavailable
from zen_nb.core.model import Fingerprint, Record, Trace
from zen_nb.store import envelope as envelopes
from zen_nb.store.envelope import Refused
from zen_nb.store.journal import Journal
from zen_nb.store.signing import Signer

_PURPOSE = b"acceptance 1"
_MOST = 8


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A change that the user took as equal: records of `target` also serve `key`.

    Attributes
    ----------
    step
        The name that the step had: a label, as in a record.
    recorded_at
        When the record that was accepted was made.
    changes
        What was accepted, in words.
    variant, trace
        Where more than the key had changed: the one record that is meant, and what must
        hold for it instead of its own trace. ``None`` where its own trace counts.
    """

    key: Fingerprint
    target: Fingerprint
    step: str
    accepted_at: float
    recorded_at: float
    changes: tuple[str, ...]
    variant: Fingerprint
    trace: tuple[Trace, ...] | None = None

    def covers(self, record: Record) -> bool:
        """Tell whether `record` is one that was accepted."""
        return record.key == self.target and (self.trace is None or record.variant == self.variant)

    def replaces(self, other: Acceptance) -> bool:
        """Tell whether nothing is left for `other` to say beside this one."""
        return self.trace == other.trace


@dataclass(frozen=True, slots=True)
class Accepted:
    """What was accepted for a key, newest first, and a clause for what is not believed."""

    found: tuple[Acceptance, ...] = ()
    refused: tuple[str, ...] = ()


_NOTHING = Accepted()


class Acceptances:
    """The acceptances of one store; any process sees at once what another one keeps."""

    def __init__(self, folder: Path, signer: Signer | None) -> None:
        self._folder = folder
        self._journal = Journal(folder, "acceptances")
        self._signer = signer

    def find(self, key: Fingerprint) -> Accepted:
        """Return what was accepted for `key`; what is damaged or foreign is a reason only."""
        content = None if self._signer is None else self._journal.read(key)
        if content is None or self._signer is None:
            return _NOTHING
        found: list[Acceptance] = []
        refused: list[str] = []
        try:
            for envelope, _ in envelopes.frames(content):
                try:
                    found.append(_unseal(self._signer, key, envelope))
                except Refused as why:
                    refused.append(str(why))
        except Refused:
            refused.append("what was accepted is cut")
        return Accepted(tuple(found), tuple(refused))

    def keep(self, acceptance: Acceptance) -> None:
        """Keep `acceptance`, before those of its key that it does not replace.

        Raises
        ------
        StoreUnavailable
            Where nothing can be written; the message is for the user.
        """
        if self._signer is None:
            raise StoreUnavailable("there is no signing key to accept with; see %pipeline status")
        older = [part for part in self.find(acceptance.key).found if not acceptance.replaces(part)]
        self._write(acceptance.key, [acceptance, *older][:_MOST])

    def all(self, step: str | None = None) -> list[Acceptance]:
        """Return all acceptances, or those of `step`, newest first."""
        found = [part for key in self._journal.all() for part in self.find(key).found]
        chosen = [part for part in found if step in (None, part.step)]
        return sorted(chosen, key=lambda part: -part.accepted_at)

    def remove(self, step: str | None = None) -> list[Acceptance]:
        """Take back all acceptances, or those of `step`, and return them, newest first.

        Raises
        ------
        StoreUnavailable
            Where one cannot be removed.
        """
        gone = self.all(step)
        if step is None:
            for key in list(self._journal.all()):
                self._write(key, [])
        for key in {part.key for part in gone} if step is not None else ():
            self._write(key, [part for part in self.find(key).found if part.step != step])
        return gone

    def _write(self, key: Fingerprint, acceptances: list[Acceptance]) -> None:
        signer = self._signer
        sealed = [] if signer is None else [(_seal(signer, part), b"") for part in acceptances]
        try:
            if sealed:
                self._journal.write(key, envelopes.framed(sealed))
            else:
                self._journal.remove(key)
        except OSError as error:
            why = error.strerror or error
            raise StoreUnavailable(f"cannot write to {self._folder}: {why}") from None
        if not sealed and self._journal.size(key):
            raise StoreUnavailable(f"cannot remove what stands in {self._folder}")


def _seal(signer: Signer, acceptance: Acceptance) -> bytes:
    trace = acceptance.trace
    head = {
        "step": acceptance.step,
        "target": acceptance.target,
        "accepted_at": acceptance.accepted_at,
        "recorded_at": acceptance.recorded_at,
        "changes": list(acceptance.changes),
        "trace": None if trace is None else envelopes.listed(trace),
    }
    return envelopes.seal_head(signer, _PURPOSE, acceptance.key, head, acceptance.variant)


def _unseal(signer: Signer, key: Fingerprint, envelope: bytes) -> Acceptance:
    head = envelopes.unseal_head(signer, _PURPOSE, key, envelope, "what was accepted")
    trace = head["trace"]
    return Acceptance(
        key=key,
        target=head["target"],
        step=head["step"],
        accepted_at=head["accepted_at"],
        recorded_at=head["recorded_at"],
        changes=tuple(head["changes"]),
        variant=envelopes.variant_of(envelope),
        trace=None if trace is None else envelopes.traces_of(trace),
    )
