"""A real JupyterLab on the loopback, and one notebook in it, driven through the browser."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from playwright.sync_api import Locator, Page

REPOSITORY = Path(__file__).parents[2]
_PATIENCE_S = 60.0

_HERE = "window.jupyterapp.shell.currentWidget"
_QUIET = {"fetchNews": "false", "checkForUpdates": False}


@dataclass(frozen=True)
class Lab:
    """A server of its own: folders, kernels and settings are nobody else's."""

    url: str
    root: Path
    server: subprocess.Popen[bytes]

    @classmethod
    def start(cls, folder: Path) -> Lab:
        """Start a server in `folder` and wait until it answers."""
        root = folder / "notebooks"
        root.mkdir(parents=True)
        settings = folder / "config" / "lab" / "user-settings" / "@jupyterlab"
        _write(settings / "apputils-extension" / "notification.jupyterlab-settings", _QUIET)
        _install(folder / "data")
        port = _free_port()
        with (folder / "server.log").open("wb") as log:
            server = subprocess.Popen(
                _command(port, root), cwd=root, env=_environment(folder), stdout=log, stderr=log
            )
        lab = cls(f"http://127.0.0.1:{port}", root, server)
        lab._wait(folder / "server.log")
        return lab

    def stop(self) -> None:
        """End the server and the kernels that it started."""
        request = urllib.request.Request(f"{self.url}/api/shutdown", method="POST")
        try:
            urllib.request.urlopen(request, timeout=10)
            self.server.wait(20)
        except (OSError, subprocess.TimeoutExpired):
            self.server.kill()
            self.server.wait()

    def _wait(self, log: Path) -> None:
        until = time.monotonic() + _PATIENCE_S
        while time.monotonic() < until:
            try:
                urllib.request.urlopen(f"{self.url}/api/status", timeout=5)
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
                if self.server.poll() is not None:
                    break
            else:
                return
        message = f"JupyterLab did not start:\n{log.read_text(errors='replace')[-2000:]}"
        raise RuntimeError(message)


def _write(path: Path, settings: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(settings))


def _install(data: Path) -> None:
    """Put the panel as it is built, and the server extension, where this server looks."""
    extensions = data / "labextensions"
    extensions.mkdir(parents=True)
    (extensions / "zen-nb").symlink_to(REPOSITORY / "zen_nb" / "labextension")
    enabled = REPOSITORY / "jupyter-config" / "jupyter_server_config.d" / "zen_nb.json"
    target = data.parent / "config" / "jupyter_server_config.d" / enabled.name
    _write(target, json.loads(enabled.read_text()))


def _command(port: int, root: Path) -> list[str]:
    return [
        *(sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root"),
        *("--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"),
        *(f"--ServerApp.root_dir={root}", "--IdentityProvider.token="),
        *("--ServerApp.disable_check_xsrf=True", "--LabApp.expose_app_in_browser=True"),
        "--JupyterNotebookApp.expose_app_in_browser=True",
    ]


def _environment(folder: Path) -> dict[str, str]:
    """Folders of its own, and the package under test before any that is installed."""
    paths = [str(REPOSITORY), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "IPYTHONDIR": str(folder / "ipython"),
        "ZEN_NB_CACHE_DIR": str(folder / "cache"),
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class OpenNotebook:
    """One notebook in one browser page, its cells run as a person runs them."""

    def __init__(self, page: Page, lab: Lab, name: str, cells: list[str]) -> None:
        self.page = page
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        nbformat.write(notebook, lab.root / name)
        self._id = page.evaluate(
            """async name => {
                const lab = window.jupyterapp;
                const shown = await lab.commands.execute('docmanager:open', {path: name});
                await shown.context.ready;
                await shown.sessionContext.ready;
                lab.shell.activateById(shown.id);
                return shown.id;
            }""",
            name,
        )
        page.wait_for_function(f"{_HERE}.sessionContext.session?.kernel?.status === 'idle'")

    def restart(self) -> None:
        """Restart the kernel, as from the menu, and wait until it is there again."""
        self.page.evaluate(
            f"""async () => {{
                const kernel = {_HERE}.sessionContext.session.kernel;
                await kernel.restart();
                {_HERE}.content.widgets.forEach(cell => cell.model.clearExecution?.());
            }}"""
        )
        self.page.wait_for_function(f"{_HERE}.sessionContext.session?.kernel?.status === 'idle'")

    def activate(self) -> None:
        """Make this the notebook that is looked at."""
        self.page.evaluate("id => window.jupyterapp.shell.activateById(id)", self._id)
        self.page.wait_for_function(f"id => {_HERE}.id === id", arg=self._id)

    def close(self) -> None:
        """End the kernel and close the notebook, so that the next has the page for itself."""
        self.activate()
        self.page.evaluate(
            f"""async () => {{
                const shown = {_HERE};
                await shown.sessionContext.shutdown();
                shown.dispose();
            }}"""
        )

    def run(self, index: int, *, wait: bool = True) -> None:
        """Run a cell as Ctrl-Enter does; wait for its number unless told not to."""
        before = self.count(index)
        self.page.evaluate(
            """index => {
                const lab = window.jupyterapp;
                lab.shell.currentWidget.content.activeCellIndex = index;
                lab.commands.execute('notebook:run-cell');
            }""",
            index,
        )
        if wait:
            self.wait_run(index, before)

    def wait_run(self, index: int, before: int | None) -> None:
        """Wait until a cell has another number than `before`."""
        self.page.wait_for_function(
            """([index, before]) => {
                const cell = window.jupyterapp.shell.currentWidget.content.widgets[index];
                const now = cell.model.executionCount;
                return now && now !== before;
            }""",
            arg=[index, before],
        )

    def count(self, index: int) -> int | None:
        """Return a cell's number, or ``None`` while it has none."""
        found = self.page.evaluate(
            "i => window.jupyterapp.shell.currentWidget.content.widgets[i].model.executionCount",
            index,
        )
        return int(found) if found else None

    def edit(self, index: int, source: str) -> None:
        """Replace the text of a cell."""
        self.page.evaluate(
            """([index, source]) => window.jupyterapp.shell.currentWidget.content
                .widgets[index].model.sharedModel.setSource(source)""",
            [index, source],
        )

    def text(self, index: int) -> str:
        """Return all plain text that a cell shows."""
        outputs = self.page.evaluate(
            """index => window.jupyterapp.shell.currentWidget.content
                .widgets[index].model.toJSON().outputs""",
            index,
        )
        return "\n".join(_plain(output) for output in outputs)

    def kinds(self) -> list[str]:
        """Return the kind of every cell, in order."""
        found = self.page.evaluate(
            "() => window.jupyterapp.shell.currentWidget.content.widgets.map(c => c.model.type)"
        )
        return list(found)

    @property
    def graph(self) -> Locator:
        """The drawing on the page."""
        return self.page.locator(".jp-Notebook .znb")

    @property
    def panel(self) -> Locator:
        """The panel at the right, where it is shown."""
        return self.page.locator(".znb-panel")

    def step(self, name: str) -> Locator:
        """The card of one step."""
        return self.page.locator(f'.jp-Notebook .znb-card[data-step="{name}"]')

    def switch(self, name: str) -> Locator:
        """The switch of one step."""
        return self.step(name).get_by_role("switch")

    def row(self, name: str) -> Locator:
        """The row of one step in the panel."""
        return self.panel.locator(f'.znb-card[data-step="{name}"]')

    def mark(self, index: int) -> Locator:
        """The mark beside a cell."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index).locator(".znb-gutter")

    def command(self, name: str) -> None:
        """Carry out a command, as from the palette."""
        self.page.evaluate("name => window.jupyterapp.commands.execute(name)", name)


def _plain(output: dict[str, Any]) -> str:
    if output["output_type"] == "stream":
        return "".join(output["text"])
    if output["output_type"] == "error":
        return f"{output['ename']}: {output['evalue']}"
    return "".join(output.get("data", {}).get("text/plain", ""))
