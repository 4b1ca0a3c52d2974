"""The server extension on a real Jupyter server: who may ask, what is told, what is never done."""

from __future__ import annotations

import http.cookiejar
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest

from zen_nb.faces.server import HANDLERS, RESOURCE, routes

TOKEN = "a-token-of-the-test"
CELLS = [
    "%load_ext zen_nb",
    "%%step load -> xs\nxs = [1, 2, 3]",
    "%%step total factor=2\nout = sum(xs) * factor",
    "%%step broken (\nx =",
]
REFUSING = """
from jupyter_server.auth.authorizer import Authorizer

class Nobody(Authorizer):
    def is_authorized(self, handler, user, action, resource):
        with open({log!r}, "a") as log:
            log.write(f"{{action}} {{resource}}\\n")
        return resource != {resource!r}

c.ServerApp.authorizer_class = Nobody
"""
# Leaves a file behind where it is unpickled.
CANARY = """
import os
class Canary:
    def __reduce__(self):
        return (open, (os.environ["CANARY"], "w"))
"""


@dataclass(frozen=True)
class Server:
    url: str
    root: Path

    def ask(
        self, name: str, method: str = "GET", token: str | None = TOKEN, **given: Any
    ) -> tuple[int, Any]:
        """Return status and JSON (or text) of a request; `given` is its query or its body."""
        url, body = f"{self.url}/zen_nb/api/{name}", None
        if method == "GET":
            url += "?" + urllib.parse.urlencode(given)
        else:
            body = json.dumps(given).encode()
        request = urllib.request.Request(url, body, method=method)
        if token is not None:
            request.add_header("Authorization", f"token {token}")
        return answered(urllib.request.build_opener(), request)


def answered(opener: Any, request: urllib.request.Request) -> tuple[int, Any]:
    try:
        with opener.open(request, timeout=30) as found:
            return found.status, json.loads(found.read())
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")
    except urllib.error.URLError:  # not there yet
        return 0, None


def start(folder: Path, config: str = "", ready: int = 200, **env: str) -> Iterator[Server]:
    """Run a server in `folder`, with the extension enabled as an installation does it.

    It is there when it answers with the status `ready`.
    """
    root = folder / "notebooks"
    root.mkdir(parents=True)
    settings = folder / "config" / "jupyter_server_config.d"
    settings.mkdir(parents=True)
    enabled = Path(__file__).parents[2] / "jupyter-config/jupyter_server_config.d/zen_nb.json"
    (settings / "zen_nb.json").write_text(enabled.read_text())
    (folder / "config" / "jupyter_server_config.py").write_text("c = get_config()\n" + config)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTER_TOKEN": TOKEN,
        "ZEN_NB_CACHE_DIR": str(folder / "cache"),
        "PYTHONPATH": os.pathsep.join(
            filter(None, [str(Path.cwd()), os.environ.get("PYTHONPATH")])
        ),
        **env,
    }
    command = [sys.executable, "-m", "jupyter_server", "--allow-root", "--ServerApp.ip=127.0.0.1"]
    command += [f"--ServerApp.port={port}", f"--ServerApp.root_dir={root}"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=folder)
    server = Server(f"http://127.0.0.1:{port}", root)
    try:
        for _ in range(300):
            if server.ask("stats")[0] == ready or process.poll() is not None:
                break
            time.sleep(0.1)
        assert process.poll() is None, (folder / "log").read_text()
        yield server
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("server")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    """A server beside a store in which two steps have results; a notebook that shows them."""
    for found in start(folder, CANARY=str(folder / "canary")):
        fill(folder)
        notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, CELLS)))
        nbformat.write(notebook, found.root / "a.ipynb")
        (found.root / "secret.txt").write_text("secret")
        nbformat.write(notebook, folder / "outside.ipynb")
        yield found


def fill(folder: Path) -> None:
    """Run the cells, and one whose output cannot be unpickled unnoticed, in another process."""
    code = (
        "import sys\nfrom IPython.core.interactiveshell import InteractiveShell\n"
        f"shell = InteractiveShell.instance()\nexec({CANARY!r}, shell.user_ns)\n"
        f"for cell in {[*CELLS[:3], '%%step canary' + chr(10) + 'bird = Canary()']!r}:\n"
        "    assert shell.run_cell(cell, store_history=True).success\n"
    )
    environment = {**os.environ, "ZEN_NB_CACHE_DIR": str(folder / "cache")}
    environment["CANARY"] = os.devnull
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, cwd=Path.cwd())


def given_to(name: str) -> dict[str, Any]:
    return {
        "graph": {"path": "a.ipynb"},
        "details": {"step": "load"},
        "records": {"step": "load"},
        "prune": {"to": "20GB"},
        "clear": {"step": "nobody"},
    }.get(name, {})


def methods(name: str) -> list[str]:
    """Return the methods that a handler answers, by asking the class."""
    from tornado.web import RequestHandler

    handler = HANDLERS[name]
    return [
        verb
        for verb in ("GET", "POST", "PUT", "PATCH", "DELETE")
        if getattr(handler, verb.lower()) is not getattr(RequestHandler, verb.lower())
    ]


EVERY = [(name, method) for name in HANDLERS for method in methods(name)]


def test_only_prune_and_clear_change_anything():
    """Every handler answers GET alone, but for the two that are POST."""
    assert {name: methods(name) for name in HANDLERS} == {
        **{name: ["GET"] for name in HANDLERS},
        "prune": ["POST"],
        "clear": ["POST"],
    }
    assert [path for path, _ in routes("/base/")] == [
        f"/base/zen_nb/api/{name}" for name in HANDLERS
    ]


@pytest.mark.parametrize(("name", "method"), EVERY)
def test_nobody_is_told_anything_without_a_token(server: Server, name: str, method: str):
    """Each method of each handler refuses who has not logged in; with the token it answers."""
    for token in (None, "another"):
        assert server.ask(name, method, token, **given_to(name))[0] in (401, 403)
    assert server.ask(name, method, **given_to(name))[0] == 200


def test_a_page_of_somebody_else_cannot_post(server: Server):
    """Who is logged in by a cookie must send the token against forged requests with it."""
    jar = http.cookiejar.CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    opener.open(f"{server.url}/api/status?token={TOKEN}", timeout=30).close()
    for name in ("prune", "clear"):
        body = json.dumps(given_to(name)).encode()
        request = urllib.request.Request(f"{server.url}/zen_nb/api/{name}", body, method="POST")
        status, _ = answered(opener, request)
        assert status == 403
    status, _ = answered(opener, urllib.request.Request(f"{server.url}/zen_nb/api/stats"))
    assert status == 200


def test_every_method_asks_the_authorizer(tmp_path: Path):
    """Where the server's authorizer denies the resource, nothing answers; it is asked each time."""
    log = tmp_path / "asked"
    config = REFUSING.format(log=str(log), resource=RESOURCE)
    for found in start(tmp_path / "refusing", config, ready=403):
        for name, method in EVERY:
            assert found.ask(name, method, **given_to(name))[0] == 403
    asked = log.read_text().splitlines()
    assert asked.count(f"read {RESOURCE}") >= len([1 for _, method in EVERY if method == "GET"])
    assert asked.count(f"write {RESOURCE}") >= 2


def test_a_graph_is_told_from_file_and_store(server: Server):
    """Steps, edges, parameters and what the last run left, without a kernel."""
    status, found = server.ask("graph", path="a.ipynb")
    assert status == 200
    nodes = {node["name"]: node for node in found["nodes"]}
    assert [(name, node["state"]) for name, node in nodes.items()] == [
        ("load", "up_to_date"),
        ("total", "up_to_date"),
        ("broken", "failed"),
    ]
    assert nodes["total"]["parameters"] == [["factor", "2"]]
    assert nodes["load"]["artifacts"] == [{"name": "xs", "type_name": "list", "summary": "3 items"}]
    assert found["edges"] == [{"source": "load", "target": "total", "names": ["xs"]}]


@pytest.mark.parametrize(
    "path",
    [
        "../outside.ipynb",
        "secret.txt",
        "missing.ipynb",
        "/etc/passwd",
        "",
        ".",
        "a.ipynb/../../outside.ipynb",
    ],
)
def test_no_other_file_is_read(server: Server, path: str):
    """Only notebooks below the server's root are drawn."""
    assert server.ask("graph", path=path)[0] == 404


def test_details_and_records_are_data(server: Server):
    """First looks and history of a step; heads of its records."""
    status, found = server.ask("details", step="load")
    assert status == 200
    assert found["previews"]["xs"] == {"kind": "text", "text": "[1, 2, 3]"}
    assert [past["state"] for past in found["history"]] == ["current"]
    status, records = server.ask("records", step="load")
    assert [record["step"] for record in records] == ["load"]
    status, latest = server.ask("runs")
    assert {record["step"] for record in latest} == {"load", "total", "canary"}


def test_nothing_is_unpickled(server: Server, folder: Path):
    """A result that would leave a file behind when it is loaded leaves none, whatever is asked."""
    for name, method in EVERY:
        for step in ("canary", None):
            given = given_to(name)
            if "step" in given and name != "clear":
                given["step"] = step or "canary"
            assert server.ask(name, method, **given)[0] == 200
    assert not (folder / "canary").exists()


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("prune", {}),
        ("prune", {"to": "many"}),
        ("prune", {"to": True}),
        ("clear", {}),
        ("clear", {"step": ""}),
        ("clear", {"step": 3}),
    ],
)
def test_a_wrong_body_changes_nothing(server: Server, name: str, body: dict[str, Any]):
    """What cannot be meant is a 400 that says so, and the store is as it was."""
    before = server.ask("stats")
    assert server.ask(name, "POST", **body)[0] == 400
    assert server.ask("stats") == before


def test_clear_removes_what_is_kept_of_a_step(server: Server):
    """After a clear its records are gone, and nobody else's."""
    status, _ = server.ask("clear", "POST", step="total")
    assert status == 200
    assert server.ask("records", step="total") == (200, [])
    assert len(server.ask("records", step="load")[1]) == 1


def test_the_store_is_the_configured_one(server: Server, folder: Path):
    """The server looks where kernels of this configuration keep their results."""
    told = Path(server.ask("stats")[1]["folder"])
    assert told.is_relative_to((folder / "cache").resolve())
