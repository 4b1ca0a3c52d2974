"""One execution of a ``%%step`` cell: a hit or a run, up to what the namespace holds after it."""

from __future__ import annotations

import ast
import contextlib
import copy
import io
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from zen_nb.core.errors import StoreUnavailable
from zen_nb.core.model import Component, Fingerprint, Record, Step
from zen_nb.core.options import Setting
from zen_nb.engine.decide import Decision, MadeRecord, Question, decide
from zen_nb.engine.flight import Hold, Waiting, decide_alone
from zen_nb.engine.holders import Everybodys
from zen_nb.engine.inplace import InPlace
from zen_nb.engine.perform import Attempt, Made, Outcome, Served, bind, serve
from zen_nb.identity.bytecode import facts
from zen_nb.identity.cell_ingredients import of_cell
from zen_nb.identity.code import digest_text
from zen_nb.identity.loads import Loading
from zen_nb.notebook.cells import CellBody
from zen_nb.notebook.leftovers import Leftovers
from zen_nb.observe.ambient import restore
from zen_nb.observe.display import Capture, OffstageCapture, capture_for
from zen_nb.observe.namespace import Difference, NamespaceWatch
from zen_nb.observe.replay import replay
from zen_nb.observe.watch import StepWatch

if TYPE_CHECKING:
    from zen_nb.store.records import Store

_MISSING = object()
_READ_LEFT = "it read what was left under a name that it was known to bind"
_UNSURE = (
    "it may have bound {0} to what {0} was already, or left it alone: it is in sight of a function "
    "meanwhile; run `del {0}` before"
)


class Execution:
    """A step about to be executed in a namespace.

    Attributes
    ----------
    decision
        Set by `prepare`.
    outcome
        Set by `close` after a run.
    adopted
        The record that is served was made for this run, before its turn.
    elements
        Of a map step that ran: how many of its elements were cached, and how many there are.

    Parameters
    ----------
    least_s
        Tells from the time that the decision took how long the step must take to be kept;
        left out, it is kept however short it was.
    ahead
        It is made before its turn, in a namespace of its own: nothing is shown.
    """

    def __init__(
        self,
        step: Step,
        shell: Any,
        *,
        store: Store | None,
        setting: Setting,
        parameters: Mapping[str, Any],
        known: Mapping[str, Fingerprint] | None = None,
        keep: bool = True,
        least_s: Callable[[float], float] | None = None,
        ahead: Literal["", "beside", "apart"] = "",
    ) -> None:
        self.step = step
        self._ahead = ahead
        self.adopted = False
        self.elements: tuple[int, int] | None = None
        self._least_s = least_s
        self._asked_s = 0.0
        self.body: CellBody = step.body
        self.shell = shell
        self.namespace: dict[str, Any] = shell.user_ns
        self.parameters = dict(parameters)
        self.decision: Decision
        self.outcome: Outcome | None = None
        self.started_at = time.time()
        self._store = store
        self._setting = setting
        self._known = known
        self._keep = keep
        self._served: Served | None = None
        self._hold = Hold()
        self._attempt: Attempt | None = None
        self._capture: Capture | None = None
        self._watch: NamespaceWatch | None = None
        self._inplace: dict[bool, InPlace] = {}
        self._leftovers: Leftovers | None = None
        self._replaced: dict[str, Any] = {}

    @property
    def hit(self) -> bool:
        """Whether a record is served."""
        return self._served is not None

    @property
    def changes_objects(self) -> bool:
        """Whether a hit changes objects that exist, under whatever names."""
        return self._served is not None and self._served.changes_objects

    @property
    def record(self) -> Record | None:
        """The record served or stored."""
        if self._served is not None:
            return self._served.record
        return self.outcome.record if self.outcome else None

    def element(self, step: Step, parameters: Mapping[str, Any]) -> Execution:
        """Return the execution of one element of this map step, under the same settings."""
        return Execution(
            step,
            self.shell,
            store=self._store,
            setting=self._setting,
            parameters={**self.parameters, **parameters},
            keep=self._keep,
            ahead=self._ahead,
        )

    def tree(self) -> ast.Module:
        """Return what a run executes, once it is open."""
        tree = self.body.tree
        return tree if self._leftovers is None else self._leftovers.watched(tree)

    def question(self) -> Question:
        """Return what bears on the decision, from the namespace as it is."""
        question = self._asked(apart=bool(self.body.facts.settled.read))
        if question.ingredients.apart:
            return replace(question, otherwise=partial(self._asked, apart=False))
        return question

    def _asked(self, *, apart: bool, as_loaded: bool = False) -> Question:
        """Return what is asked; `apart` from what was left under names that the cell binds."""
        ingredients = of_cell(
            self.body.facts,
            self.namespace,
            parameters=self.parameters,
            source=self.body.text,
            line=self.body.first_line,
            quiet=self.body.quiet,
            outputs=self.step.outputs,
            ignore=self.step.options.ignore,
            known=self._known,
            apart=apart,
            as_loaded=as_loaded,
        )
        held = () if ingredients.problems else ingredients.held.values()
        everybodys = Everybodys(self.body.facts.sets, self.namespace)
        inplace = InPlace(held, ingredients.kept, self.namespace, everybodys)
        self._inplace[bool(ingredients.apart)] = inplace
        components = (*ingredients.components, *inplace.shared(), *self._circumstances())
        return Question(
            step=self.step.name,
            ingredients=replace(ingredients, components=components),
            setting=self._setting,
            expires_after_s=self.step.options.expires_after_s,
            refusal=self.body.facts.refusal,
            keep=self.step.options.keep and self._keep,
            ignored=self.step.options.ignore,
            as_loaded=partial(self._asked, apart=apart, as_loaded=True),
        )

    def _circumstances(self) -> Iterator[Component]:
        """Yield what matters besides values: what is shown, names that exist.

        A name that is not declared is discarded where it is new, so whether it is counts.
        """
        mode = self.shell.ast_node_interactivity
        if mode != "last_expr":
            yield Component("setting:ast_node_interactivity", digest_text(mode), {"value": mode})
        if self.step.outputs is not None:
            spare = set(self.body.facts.binds) - {*self.step.outputs, *self.parameters}
            for name in sorted(spare - self.body.facts.redefined):
                if name in self.namespace:
                    yield Component(f"name:{name}", digest_text(name))

    def prepare(self, waiting: Waiting | None = None) -> None:
        """Decide; on a hit bring the record back, or fall back to a run with the reason.

        While another kernel computes the same, `waiting` is told.
        """
        if self.step.outputs is not None:
            self._watch = NamespaceWatch(self.namespace)
        began = time.perf_counter()
        self.decision = decide_alone(self.question(), self._store, self._hold, waiting)
        self._asked_s = time.perf_counter() - began
        self._bring_back()

    def adopt(self, made: Collection[MadeRecord], reason: str) -> bool:
        """Take what was `made` before its turn, if it is what a run here would be known by."""
        self._watch = NamespaceWatch(self.namespace)
        setting, self._setting = self._setting, Setting(True, "a run elsewhere")
        try:
            found = decide(self.question(), self._store)
        finally:
            self._setting = setting
        record = found.record
        if record is None or (record.key, record.created_at) not in made:
            return False
        self.decision = replace(found, reason=reason, kind="ran")
        self._bring_back()
        self.adopted = self.hit
        self.outcome = Outcome(record.duration_s, record, "", record.badges)
        return self.adopted

    def show(self, value: object) -> None:
        """Record a value that the body shows, where no page is."""
        assert isinstance(self._capture, OffstageCapture)
        self._capture.show(value)

    def _bring_back(self) -> None:
        """Load the record that was decided on; where that fails the step runs."""
        if self.decision.record is None or self._store is None:
            return
        try:
            self._remake_definitions()
            self._served = serve(
                self.decision.record,
                self._store,
                self.namespace,
                self.body.filename,
                kept=self.decision.question.ingredients.kept,
            )
        except StoreUnavailable as error:
            self._not_served(str(error))
        except Exception as error:
            self._not_served(f"its definitions cannot be made again ({error!r})")

    def _not_served(self, reason: str) -> None:
        """Let the step run; modules that its definitions have loaded are loaded by now."""
        before = self.decision
        apart = bool(before.question.ingredients.apart)
        question = self._asked(apart=apart, as_loaded=True)
        key = question.ingredients.key
        self.decision = Decision(question, key, None, reason, "damaged", refusal=before.refusal)

    def replay(self) -> None:
        """Do on a hit what the body did, and show what it showed. Called from within the cell."""
        assert self._served is not None
        bind(self._served, self.namespace)
        restore(self._served.ambient)
        if self._watch is not None:  # all names are compared, however many there are
            self._discard(self._watch.difference(self.body.facts.binds))
        replay(self._served.transcript, self.shell, self._served.results)

    def open(self) -> None:
        """Begin a run: parameters are bound, and what the body touches is observed."""
        self._bind_parameters()
        strings = [
            *(part for one in self._decisions for part in one.question.ingredients.strings),
            *_texts(self.namespace, self.step.reads),
        ]
        strings += [value for value in self.parameters.values() if isinstance(value, str)]
        folders = [str(self._store.folder)] if self._store else []
        watch = StepWatch(
            store=folders,
            strings=strings,
            names=facts(self.body.facts.code).names,
            declared=self.step.options.files,
            reach="context" if self._ahead else "process",
        )
        self._capture = OffstageCapture(self.shell.page) if self._ahead else capture_for(self.shell)
        self._watch = NamespaceWatch(self.namespace)
        self._attempt = Attempt(
            self.decision,
            store=self._store,
            capture=self._capture,
            watch=watch,
            namespace=self.namespace,
            least_s=None if self._least_s is None else self._least_s(self._asked_s),
            beside=self._ahead == "beside",
        )
        self.started_at = time.time()
        for inplace in self._inplace.values():
            inplace.open()
        self._watch_leftovers()
        self._attempt.open()

    @property
    def _decisions(self) -> list[Decision]:
        """The decision, and where the run is to show which key is its own, the other one too."""
        other = self.decision.otherwise
        return [self.decision] if other is None else [self.decision, other]

    def _watch_leftovers(self) -> None:
        """Watch what the run binds, where that tells which key is its own or what it gives."""
        if all(one.refusal for one in self._decisions):
            return
        settled = self.body.facts.settled
        places = {name: settled.read[name] for name in self._apart}
        unseen = self.decision.question.ingredients.unseen - self.parameters.keys()
        for name in unseen & settled.unread.keys() & self.namespace.keys():
            places[name] = settled.unread[name]
        if places:
            self._leftovers = Leftovers(self.namespace, places)

    @property
    def _apart(self) -> frozenset[str]:
        """Names that the run must bind to be kept as one that does without their leftovers."""
        return frozenset().union(*(one.question.ingredients.apart for one in self._decisions))

    def _settle(self) -> frozenset[str]:
        """Take the decision that the run answers; return names it may bind and has not."""
        if self._leftovers is None:
            return frozenset()
        self._leftovers.close()
        proven = bool(self._apart) and self._apart <= self._leftovers.bound
        own = [one for one in self._decisions if bool(one.question.ingredients.apart) == proven]
        if not own:  # a record without leftovers was found, and could not be brought back
            self.decision = replace(self.decision, refusal=_READ_LEFT)
        elif own[0].kind != "new" or self.decision.kind != "new":
            self.decision = own[0]
        else:
            self.decision = replace(own[0], reason=self.decision.reason)
        return self._leftovers.unbound - self._apart

    def _unsure(self) -> str:
        """Tell why nobody knows what the run gives, where that is so."""
        if self._leftovers is None:
            return ""
        known = self.decision.question.ingredients.components
        labels = {part.label for part in known}
        unsure = (name for name in self._leftovers.unsure if f"input:{name}" not in labels)
        return next((_UNSURE.format(name) for name in sorted(unsure)), "")

    def abandon(self) -> float:
        """End a run that raised; the namespace keeps what the body did, as after any cell."""
        assert self._attempt is not None
        duration = self._attempt.abandon()
        self._hold.end()
        self._end_leftovers()
        self._restore_parameters()
        return duration

    def _end_leftovers(self) -> None:
        if self._leftovers is not None:
            self._leftovers.close()

    def cancel(self) -> None:
        """End whatever was begun, after a fault or an interrupt: nothing stays bound or watched."""
        if self._attempt is not None:
            with contextlib.suppress(Exception):
                self._attempt.abandon()
        self._hold.end()
        self._end_leftovers()
        self._restore_parameters()

    def close(self, duration_s: float | None = None) -> Outcome:
        """End a run that succeeded: store it, discard undeclared names, unbind parameters."""
        assert self._attempt is not None
        assert self._watch is not None
        facts = self.body.facts
        unbound = self._settle()
        self._restore_parameters()
        difference = self._watch.difference(set(facts.binds) - self.parameters.keys() - unbound)
        kept = self._discard(difference)
        inplace = self._inplace[bool(self.decision.question.ingredients.apart)]
        refusals = (inplace.refusal(), self._unsure())
        made = Made(
            bound={name: self.namespace[name] for name in kept if name not in facts.redefined},
            deleted=difference.deleted,
            absent=frozenset(kept) - facts.redefined,
            refusal=next(filter(None, refusals), ""),
            filename=self.body.filename,
            inplace=inplace,
            must_leave=bool(self.body.tree.body) and not self.body.stores,
        )
        self.outcome = self._attempt.close(made, duration_s, self.decision)
        self._hold.end(kept=self.outcome.record is not None)
        return self.outcome

    # -- the namespace ----------------------------------------------------------------

    def _discard(self, difference: Difference) -> list[str]:
        """Remove new names that ``-> a, b`` does not keep; return the bound names that stay."""
        declared = self.step.outputs
        if declared is None:
            return list(difference.bound)
        for name in difference.new - set(declared):
            self.namespace.pop(name, None)
        return [name for name in difference.bound if name in declared or name not in difference.new]

    def _bind_parameters(self) -> None:
        for name, value in self.parameters.items():
            self._replaced[name] = self.namespace.get(name, _MISSING)
            # The cell may change it; the step's own default stays what the line says.
            self.namespace[name] = copy.deepcopy(value)

    def _restore_parameters(self) -> None:
        for name, value in self._replaced.items():
            if value is _MISSING:
                self.namespace.pop(name, None)
            else:
                self.namespace[name] = value
        self._replaced.clear()

    def _remake_definitions(self) -> None:
        """Run the cell's imports, functions and classes again, as its own code would have."""
        if not self.body.facts.definitions:
            return
        from zen_nb.identity.fragments import ast_module

        code = compile(
            ast_module(self.body.facts.definitions), self.body.filename, "exec", dont_inherit=True
        )
        # What they print is in the transcript already.
        unheard = io.StringIO()
        quiet = redirect_stdout(unheard), redirect_stderr(unheard)
        with self.shell.builtin_trap, Loading(), quiet[0], quiet[1]:
            exec(code, self.namespace)  # noqa: S102 - the user's own statements and namespace


def _texts(namespace: Mapping[str, Any], names: tuple[str, ...]) -> list[str]:
    """Return the texts and paths that `names` hold: some may name files."""
    found = (namespace.get(name) for name in names)
    return [
        str(value)
        for value in found
        if isinstance(value, str) or hasattr(type(value), "__fspath__")
    ]
