"""The server extension: what the store holds, as JSON, for pages without a kernel.

All is read-only but ``prune`` and ``clear``, which are POST. Every method is authenticated and
authorised (resource ``zen_nb``), the server's own protection against forged requests is kept,
and nothing is ever unpickled: heads, components, previews and transcripts are data.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import ApiPath, to_os_path, url_path_join
from nbformat import NotebookNode
from tornado import web

from zen_nb.core.errors import StoreUnavailable, UsageError
from zen_nb.core.model import Record
from zen_nb.core.options import parse_size, usable_configuration
from zen_nb.faces import files
from zen_nb.faces.page import page_details, page_snapshot
from zen_nb.store.records import Store, open_store

RESOURCE: Final = "zen_nb"
_RECORDS: Final = 50
_LARGEST_NOTEBOOK: Final = 100_000_000


def _store() -> Store:
    try:
        return open_store(usable_configuration())
    except StoreUnavailable as error:
        raise web.HTTPError(
            503, reason="the store is not available", log_message=str(error)
        ) from None


class _Handler(APIHandler):
    """Answers with JSON; work is done beside the server's loop."""

    auth_resource = RESOURCE

    async def answer(self, make: Callable[[], Any]) -> None:
        """Send what `make` returns; what the user got wrong is a 400 with its words."""
        try:
            found = await asyncio.get_running_loop().run_in_executor(None, make)
        except UsageError as error:
            raise web.HTTPError(400, reason=_one_line(error)) from None
        except StoreUnavailable as error:
            raise web.HTTPError(503, reason=_one_line(error)) from None
        self.set_header("Content-Type", "application/json")
        self.set_header("Cache-Control", "no-store")
        self.finish(json.dumps(found))

    def body(self) -> dict[str, Any]:
        """Return the request's JSON object; 400 for anything else."""
        found = self.get_json_body() or {}
        if not isinstance(found, dict):
            raise web.HTTPError(400, reason="the body must be a JSON object")
        return found


class GraphHandler(_Handler):
    """``GET graph?path=…``: a notebook's graph from its file and the store."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        path = self._file(self.get_query_argument("path"))
        await self.answer(lambda: page_snapshot(_notebook(path), path.stem, _store()).to_json())

    def _file(self, path: str) -> Path:
        """Return the file of a path below the server's root; 404 for any other."""
        root = Path(self.contents_manager.root_dir).resolve()
        found = Path(to_os_path(ApiPath(path), str(root))).resolve()
        inside = found.is_relative_to(root)
        hidden = not inside or any(part[0] == "." for part in found.relative_to(root).parts)
        if hidden or found.suffix != ".ipynb" or not found.is_file():
            raise web.HTTPError(404, reason="there is no such notebook")
        return found


class DetailsHandler(_Handler):
    """``GET details?step=…``: first looks, pictures and history of a step."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        step = self.get_query_argument("step")
        await self.answer(lambda: page_details(_store(), step))


class RecordsHandler(_Handler):
    """``GET records?step=…``: the last records of a step, newest first."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        step = self.get_query_argument("step")
        await self.answer(lambda: [record_json(one) for one in _store().history(step, _RECORDS)])


class RunsHandler(_Handler):
    """``GET runs``: what ran last in this store, newest first."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        await self.answer(lambda: [record_json(one) for one in _store().latest(_RECORDS)])


class StatsHandler(_Handler):
    """``GET stats``: how much the store holds and may hold."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        await self.answer(_stats)


class PruneHandler(_Handler):
    """``POST prune {"to": "10GB"}``: evict until the store takes no more than that."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        to = self.body().get("to")
        if not isinstance(to, (str, int)) or isinstance(to, bool):
            raise web.HTTPError(400, reason='"to" must be a size such as "10GB"')
        await self.answer(lambda: {"evicted": _prune(str(to)), **_stats()})


class ClearHandler(_Handler):
    """``POST clear {"step": name | null}``: remove what is kept of a step, or of all."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        body = self.body()
        step = body.get("step", "")
        if step is not None and (not isinstance(step, str) or step == ""):
            raise web.HTTPError(400, reason='"step" must be a name, or null for all')

        def clear() -> dict[str, Any]:
            _store().clear(step)
            return _stats()

        await self.answer(clear)


HANDLERS: Final[dict[str, type[_Handler]]] = {
    "graph": GraphHandler,
    "details": DetailsHandler,
    "records": RecordsHandler,
    "runs": RunsHandler,
    "stats": StatsHandler,
    "prune": PruneHandler,
    "clear": ClearHandler,
}


def routes(base_url: str) -> list[tuple[str, type[_Handler]]]:
    """Return all routes of the extension."""
    return [
        (url_path_join(base_url, "zen_nb", "api", name), handler)
        for name, handler in HANDLERS.items()
    ]


def record_json(record: Record) -> dict[str, Any]:
    """Return the head of a record as plain data."""
    return {
        "step": record.step,
        "key": record.key,
        "created_at": record.created_at,
        "duration_s": record.duration_s,
        "size_bytes": record.size_bytes,
        "badges": list(record.badges),
        "artifacts": [asdict(part) for part in record.artifacts],
        "trace": [part.label for part in record.trace],
    }


def _stats() -> dict[str, Any]:
    store = _store()
    return {
        "folder": str(store.folder),
        "size_bytes": store.size_bytes(),
        "size_limit_bytes": store.size_limit_bytes,
        "unavailable": store.unavailable,
    }


def _prune(to: str) -> int:
    return len(_store().prune(parse_size(to)).keys)


def _notebook(path: Path) -> NotebookNode:
    if path.stat().st_size > _LARGEST_NOTEBOOK:
        raise UsageError("the notebook is larger than 100 MB")
    try:
        return files.load(path)
    except (OSError, ValueError):
        raise UsageError(f"{path.name} is not a notebook") from None


def _one_line(error: Exception) -> str:
    """Return a message as the reason of a status line may be: one line of plain characters."""
    line = str(error).partition("\n")[0]
    return "".join(letter if 32 <= ord(letter) < 127 else "?" for letter in line)[:200]


def _load_jupyter_server_extension(server: Any) -> None:
    """Add the routes to a Jupyter server."""
    server.web_app.add_handlers(".*$", routes(server.web_app.settings["base_url"]))
