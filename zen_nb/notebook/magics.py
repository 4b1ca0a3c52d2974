"""The magics: ``%%step`` as IPython's help knows it, and ``%pipeline`` with its verbs."""

from __future__ import annotations

import html
import json
import shlex
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from IPython.core.magic import Magics, cell_magic, line_magic, magics_class, no_var_expand

from zen_nb.core.errors import UnknownStep, UsageError
from zen_nb.engine.decide import moment
from zen_nb.executors.named import On
from zen_nb.notebook import cache, status
from zen_nb.notebook.accepting import accept_step, list_accepted, take_back
from zen_nb.notebook.automatic import Automatic
from zen_nb.notebook.explanation import Explanation
from zen_nb.notebook.line import Line, check_name, closest, read_line
from zen_nb.notebook.options import (
    RUN_VALUED,
    documented,
    read_auto_options,
    read_run_options,
    read_share,
)
from zen_nb.notebook.recheck import recheck
from zen_nb.notebook.registry import WHOLE_NOTEBOOK, Pipeline
from zen_nb.notebook.reports import (
    accepted_table,
    explain,
    plan_table,
    recheck_table,
    status_table,
)
from zen_nb.notebook.runner import Wanted, run_now, run_pipeline
from zen_nb.notebook.session import RunOptions, Session
from zen_nb.store.acceptances import Acceptance


@magics_class
class StepMagics(Magics):
    """``%%step`` and ``%pipeline`` in one shell."""

    def __init__(
        self,
        session: Session,
        draw: Callable[[str | None], None],
        write: Callable[[str | None], str],
    ) -> None:
        super().__init__(session.shell)
        self.session = session
        self._draw = draw
        self._write = write
        self._verbs: dict[str, Callable[[Line], Any]] = {
            "run": self._run,
            "define": self._define,
            "drop": self._drop,
            "plan": self._plan,
            "why": self._why,
            "status": self._status,
            "accept": self._accept,
            "accepted": self._accepted,
            "clear": self._clear,
            "auto": self._auto,
            "recheck": self._recheck,
            "off": lambda line: self._flip(line, value=False),
            "on": lambda line: self._flip(line, value=True),
            "reset": lambda line: self._flip(line, value=None),
            "show": self._show,
        }

    @documented
    @no_var_expand
    @cell_magic
    def step(self, line: str, cell: str) -> None:
        """Make this cell a cached step of the notebook's pipeline.

        %%step [NAME] [key=value ...] [-> output, ...] [options]

        The cell runs as any cell does. Its code, parameters and input variables are
        hashed; when nothing has changed, what it made and showed comes back from the
        store instead of a run.

        NAME: what the graph and the other magics call it; left out, the first output.

        key=value: a parameter, a Python literal, bound while the step runs:
        %%step train gamma=0.001 kernel='rbf'

        -> a, b: keep these outputs, discard other new names after the run:
        %%step train -> model, acc
        """
        raise UsageError("%%step must stand in the first line of its cell")

    @no_var_expand
    @line_magic
    def pipeline(self, line: str) -> None:
        """Show, run and question the pipeline that the notebook's steps form.

        %pipeline                             the graph, live, with toggles
        %pipeline run [NAME] [key=value ...]  execute; only what must run does
            --to STEP                         up to this step
            --no-cache, --no-cache=STEP       do not read the cache (--cache the opposite)
            --no-store                        keep nothing of this run
            --on threads|dask|tcp://…         compute steps that do not wait for each other
                                              side by side, on workers
        %pipeline plan [NAME] [key=value ...] what a run would do, and why
        %pipeline why STEP                    what changed, compared with the nearest record
        %pipeline accept STEP                 take what changed as equal: the nearest record serves
            --undo                            take it back: the step runs again
        %pipeline accepted                    what was accepted, and whether it is in force
        %pipeline status                      the steps, their states and the store
        %pipeline define NAME STEP ... [key=value ...] [--no-cache]
                                              give some steps a name of their own
        %pipeline auto on [--slower-than 1s]  every cell is a step from now on (auto off)
        %pipeline recheck [STEP ...]          run hits again in a copy of the world, and compare
            --sample 20%                      some of them, chosen by chance
        %pipeline cache stats                 what the store holds (list, show STEP, verify,
                                              prune --to 10GB, clear [STEP], pin STEP, path)
        %pipeline drop NAME                   forget a step or a pipeline; records stay
        %pipeline clear [STEP]                remove records from the store
        %pipeline off [STEP ...]              flip toggles off (on, reset: back to as set)
        %pipeline show --mermaid              the graph as text
        """
        __tracebackhide__ = True
        if line.split()[:1] == ["cache"]:
            self._cache(shlex.split(line)[1:])
            return
        read = read_line(line, valued=RUN_VALUED)
        if not read.words:
            self._draw(None)
            return
        verb = read.words[0]
        if verb in self._verbs:
            self._verbs[verb](replace(read, words=read.words[1:]))
        elif verb in self.session.registry.pipelines:
            self._draw(verb)
        else:
            known = [*self._verbs, *self.session.registry.pipelines]
            raise UsageError(
                f"%pipeline cannot {verb!r}{closest(verb, known)}; it can: {', '.join(known)}"
            )

    # -- verbs ------------------------------------------------------------------------

    def _step(self, line: Line, verb: str, what: str) -> str:
        return self.session.registry.named(_one(line, verb, what))

    def _recheck(self, line: Line) -> None:
        share = read_share(line.options)
        names = [self.session.registry.get(word).name for word in line.words]
        found = recheck(self.session, names, share)
        self._say(recheck_table(found), "recheck")

    def _auto(self, line: Line) -> None:
        asked = read_auto_options(line.words, line.options)
        if asked is not None:
            self.session.switch_automatic(on=asked[0], slower_than_s=asked[1])
        self._say(_automatic(self.session.automatic), "auto")

    def _run(self, line: Line) -> None:
        __tracebackhide__ = True
        run_now(run_pipeline(self.session, self.read_run(line)))

    async def run_here(self, text: str) -> None:
        """Carry out what follows ``%pipeline run``, on the loop that runs the cell."""
        __tracebackhide__ = "__ipython_bottom__"
        await run_pipeline(self.session, self.read_run(read_line(text, valued=RUN_VALUED)))

    def read_run(self, line: Line) -> Wanted:
        """Return what a ``run`` or ``plan`` line asks for.

        Raises
        ------
        UsageError
            Where it names what is not there.
        """
        if len(line.words) > 1:
            raise UsageError(
                f"%pipeline run takes one pipeline, not {' '.join(line.words)!r}; "
                "use --to STEP, or define one"
            )
        name = line.words[0] if line.words else None
        if name is not None and name in self.session.registry:
            raise UsageError(f"{name!r} is a step; write %pipeline run --to {name}")
        asked, registry = read_run_options(line.options), self.session.registry
        steps_now = {registry.get(step).name: value for step, value in asked.steps.items()}
        options = RunOptions(
            run_now=asked.cache, steps_now=steps_now, parameters=line.parameters, keep=asked.keep
        )
        to = registry.get(asked.to).name if asked.to else None
        return Wanted(registry.pipeline(name), options, to, self._executor(asked.on))

    def _executor(self, word: str | None) -> On:
        """Return what ``--on`` names: an executor of the notebook's own, or a word for one."""
        own = self.session.shell.user_ns.get(word or "")
        return own if hasattr(own, "submit") else word

    def _plan(self, line: Line) -> None:
        wanted = self.read_run(line)
        pipeline, options = wanted.pipeline, wanted.options
        options = replace(options, parameters={**pipeline.parameters, **(options.parameters or {})})
        self._say(plan_table(self.session.plan(pipeline, options)), "plan")

    def _define(self, line: Line) -> None:
        if len(line.words) < 2:
            raise UsageError(
                "write %pipeline define NAME STEP …, "
                "for example %pipeline define nightly load train"
            )
        name, *steps = line.words
        asked = read_run_options(line.options)
        if asked.steps:
            raise UsageError("%pipeline define takes --cache or --no-cache for the whole pipeline")
        chosen = tuple(dict.fromkeys(map(self.session.registry.named, steps)))
        made = Pipeline(check_name(name), chosen, line.parameters, asked.cache)
        if name in self._verbs or name == WHOLE_NOTEBOOK:
            raise UsageError(f"{name!r} is a word of %pipeline; give the pipeline another name")
        chosen_steps = [self.session.registry.get(step) for step in chosen]
        self.session.parameters_for(chosen_steps, line.parameters)
        self.session.registry.define(made)
        self._say(
            f"Pipeline {name}: {' → '.join(s.name for s in self.session.registry.steps_of(made))}.",
            "define",
        )

    def _drop(self, line: Line) -> None:
        self.session.drop(self._step(line, "drop", "NAME"))
        self._say(f"Dropped {line.words[0]}; its records stay in the store.", "drop")

    def _why(self, line: Line) -> None:
        found = self.why(self._step(line, "why", "STEP"))
        status.show(self.session.shell, str(found), {"role": "why"}, found.to_html())

    def why(self, name: str) -> Explanation:
        """Return why a step ran or was cached last, and what would happen now."""
        return explain(self.session, name)

    def _accept(self, line: Line) -> None:
        name = self._step(line, "accept", "STEP, or accept --undo STEP")
        if line.options == ("--undo",):
            count = len(take_back(self.session, name))
            changes = "1 accepted change" if count == 1 else f"{count} accepted changes"
            self._say(f"Took back {changes} of {name}: it runs again where it needs to.", "accept")
            return
        if line.options:
            raise UsageError(f"%pipeline accept has no option {line.options[0]}; it has --undo")
        self._say(_acceptance(accept_step(self.session, name)), "accept")

    def _accepted(self, line: Line) -> None:
        self._say(accepted_table(list_accepted(self.session)), "accepted")

    def _status(self, line: Line) -> None:
        self._say(status_table(self.session), "status")

    def _clear(self, line: Line) -> None:
        step = self.session.registry.named(line.words[0]) if line.words else None
        if self.session.store is None:
            raise UsageError("there is no store to clear; see %pipeline status")
        if step is not None and not self.session.store.history(step):
            raise UnknownStep(step, self.session.registry.names)
        self.session.store.clear(step)
        self.session.refresh()
        self._say(f"Removed the records of {line.words[0] if step else 'all steps'}.", "clear")

    def _cache(self, words: list[str]) -> None:
        """Ask the store, or change it, in the words of ``zen-nb cache``."""
        try:
            given = cache.read_words(words)
        except SystemExit:  # it was asked for help, and has given it
            return
        if self.session.store is None:
            raise UsageError("there is no store; see %pipeline status")
        named = self.session.registry.named
        done = cache.carry_out(cache.Asked(self.session.store, given, cache.unseen, named))
        self._say(json.dumps(done.data, indent=2) if given.json else done.text, "cache")
        self.session.refresh()

    def _flip(self, line: Line, *, value: bool | None) -> None:
        if value is None and not line.words:
            self.session.toggles.clear()
            self.session.refresh()
        for name in line.words or ((None,) if value is not None else ()):
            self.session.flip(name and self.session.registry.named(name), value)
        word = {True: "on", False: "off", None: "back to as set"}[value]
        whom = ", ".join(line.words) or "every step"
        until = "" if value is None else f" until %pipeline {' '.join(('reset', *line.words))}"
        self._say(f"Caching is {word} for {whom}{until}.", "toggle")

    def _show(self, line: Line) -> None:
        if line.options != ("--mermaid",):
            raise UsageError("write %pipeline show --mermaid, or %pipeline for the live graph")
        self._say(self._write(_optional(line)).rstrip("\n"), "mermaid")

    def _say(self, text: str, role: str) -> None:
        markup = f'<pre style="margin:0">{html.escape(text)}</pre>' if "\n" in text else None
        status.show(self.session.shell, text, {"role": role}, markup)


def _acceptance(found: Acceptance) -> str:
    """Return the sentence that says what was accepted."""
    return (
        f"Accepted for {found.step}: {'; '.join(found.changes)}. The record of "
        f"{moment(found.recorded_at)} serves; %pipeline accept --undo {found.step} takes it back."
    )


def _optional(line: Line) -> str | None:
    """Return the name of the pipeline that a line gives, ``None`` where it gives none."""
    return _one(line, "show", "pipeline") if line.words else None


def _automatic(automatic: Automatic) -> str:
    """Return the sentence that says what automatic mode does now."""
    if not automatic.on:
        return (
            "Only cells that begin with %%step are steps; %pipeline auto on makes every cell one."
        )
    least = automatic.slower_than_s
    kept = (
        f"what takes {status.seconds(least)} or more" if least else "what takes longer than a hit"
    )
    return f"Every cell is a step: {kept} is kept; %pipeline auto off ends this."


def _one(line: Line, verb: str, what: str) -> str:
    if len(line.words) != 1:
        raise UsageError(f"write %pipeline {verb} {what}")
    return line.words[0]
