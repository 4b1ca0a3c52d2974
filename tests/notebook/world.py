"""Notebooks for tests: a shell of its own for each, and what its page shows in order."""

from __future__ import annotations

import atexit
import builtins
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from zen_nb.core.events import Event, StepCached, StepFailed, StepFinished
from zen_nb.faces import extension

_QUIET = Config(
    {
        "HistoryManager": {"enabled": False, "hist_file": ":memory:"},
        "InteractiveShell": {"colors": "nocolor", "banner1": ""},
    }
)


@dataclass
class Cell:
    """What one cell did.

    Attributes
    ----------
    page
        What the user's code showed, in order: ``("stdout", text)``, ``("display", plain)``,
        ``("update", plain)``, ``("clear", wait)``, ``("result", number, plain)``.
    said
        What zen_nb itself said: text and its metadata.
    """

    page: list[tuple[Any, ...]] = field(default_factory=list)
    said: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    error: BaseException | None = None
    traceback: str = ""
    value: Any = None

    @property
    def text(self) -> str:
        """All that zen_nb said, a line each; what it says once of its store left out."""
        return "\n".join(text for text, about in self.said if about["role"] != "store")

    @property
    def status(self) -> dict[str, Any]:
        """The metadata of the one status message."""
        (found,) = [about for _, about in self.said if about["role"] == "status"]
        return found

    @property
    def shown(self) -> list[tuple[Any, ...]]:
        """The page without numbers of cells."""
        return [(kind, rest[-1]) for kind, *rest in self.page]


class _Stream(io.TextIOBase):
    def __init__(self, name: str, shell: Shell) -> None:
        self._name, self._shell = name, shell

    def write(self, text: str) -> int:
        page = self._shell.cell.page
        if page and page[-1][0] == self._name:
            page[-1] = (self._name, page[-1][1] + text)
        elif text:
            page.append((self._name, text))
        return len(text)


class _Publisher(DisplayPublisher):
    def publish(self, data, metadata=None, *, transient=None, update=False, **_):
        text = data.get("text/plain")
        if "zen_nb" in (metadata or {}):
            self.shell.cell.said.append((text, metadata["zen_nb"]))
        else:
            self.shell.cell.page.append(("update" if update else "display", text))

    def clear_output(self, wait=False):
        self.shell.cell.page.append(("clear", wait))


class _Hook(DisplayHook):
    def write_output_prompt(self):
        pass

    def write_format_data(self, format_dict, md_dict=None):
        self.shell.cell.page.append(("result", self.prompt_count, format_dict["text/plain"]))

    def finish_displayhook(self):
        pass


class Shell(InteractiveShell):
    """An IPython shell whose page is a list."""

    display_pub_class = _Publisher
    displayhook_class = _Hook

    def __init__(self, **more: Any) -> None:
        self.cell = Cell()
        super().__init__(**more)

    def init_display_pub(self) -> None:
        self.display_pub = _Publisher(parent=self, shell=self)
        self.data_pub = None

    def init_displayhook(self) -> None:
        super().init_displayhook()

    def _showtraceback(self, etype, evalue, stb):
        self.cell.traceback = "\n".join(stb)


class Notebook:
    """A notebook in this process: cells as strings.

    Parameters
    ----------
    with_steps
        Load zen_nb; left out, ``%%step`` lines are taken off, and cells are plain cells.
    """

    def __init__(self, *, with_steps: bool = True) -> None:
        Shell.clear_instance()
        self._main = sys.modules["__main__"]
        self._builtins = dict(vars(builtins))
        self._hooks = (sys.displayhook, sys.excepthook)
        self.shell = Shell.instance(config=_QUIET)
        self._events: list[Event] = []
        if with_steps:
            self.cell("%load_ext zen_nb")

    @property
    def session(self) -> Any:
        """The session of the shell."""
        found = extension.current()
        assert found is not None
        return found.session

    @property
    def names(self) -> dict[str, Any]:
        """The user's namespace."""
        return self.shell.user_ns

    def __getitem__(self, name: str) -> Any:
        return self.names[name]

    def cell(self, source: str, cell_id: str | None = None) -> Cell:
        """Run a cell as a front end does; its outcome is what it returns."""
        self.shell.cell = Cell()
        with _streams(self.shell):
            result = self.shell.run_cell(source, store_history=True, cell_id=cell_id)
        self.shell.cell.error = result.error_before_exec or result.error_in_exec
        self.shell.cell.value = result.result
        if source.strip() in ("%load_ext zen_nb", "%reload_ext zen_nb") and extension.current():
            self.session.listen(self._events.append)
        return self.shell.cell

    def cells(self, *sources: str) -> list[Cell]:
        """Run cells one after the other; none may fail."""
        done = [self.cell(source) for source in sources]
        for source, cell in zip(sources, done, strict=True):
            assert cell.error is None, f"{source}\n{cell.traceback}"
            assert all(about["role"] != "fault" for _, about in cell.said), cell.text
        return done

    def ran(self) -> list[str]:
        """Return the steps that ran since this was asked last, in order."""
        found = [
            event.step for event in self._events if isinstance(event, (StepFinished, StepFailed))
        ]
        self._events.clear()
        return found

    def log(self) -> list[str]:
        """Return what happened since this was asked last: ``ran a``, ``cached b``."""
        words = {StepFinished: "ran", StepFailed: "failed", StepCached: "cached"}
        found = [f"{words[type(e)]} {e.step}" for e in self._events if type(e) in words]
        self._events.clear()
        return found

    def close(self) -> None:
        """End it: this process is as it was before."""
        if extension.current() is not None:
            extension.unload(self.shell)
        atexit.unregister(self.shell.atexit_operations)
        self.shell.history_manager.end_session()
        sys.displayhook, sys.excepthook = self._hooks
        for name in set(vars(builtins)) - set(self._builtins):
            delattr(builtins, name)
        self.shell.restore_sys_module_state()
        sys.modules["__main__"] = self._main
        Shell.clear_instance()


@contextmanager
def _streams(shell: Shell) -> Iterator[None]:
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _Stream("stdout", shell), _Stream("stderr", shell)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
