"""What stands between zen_nb and an S3 server: counts what passes, and does harm on request."""

from __future__ import annotations

import http.client
import socket
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, TypeAlias

from zen_nb.core.threads import own_work

# `refuse`: 403. `error`: 500. `hang`: nothing comes. `drop`: the connection ends at once. `cut`:
# it ends when half of what is put has come. `late`: it passes half a second later, and ends. `halve`: half of it is kept, as if it were all.
# `shorten`: half of what is got comes. `flip`: a byte of it is another.
Harm: TypeAlias = Literal[
    "refuse", "error", "hang", "drop", "cut", "late", "halve", "shorten", "flip"
]

_ANSWER = "<Error><Code>%s</Code><Message>%s</Message></Error>"
_REFUSALS = {
    "refuse": (403, _ANSWER % ("AccessDenied", "Access Denied")),
    "error": (500, _ANSWER % ("InternalError", "We encountered an internal error.")),
}


@dataclass(frozen=True, slots=True)
class Passed:
    """One request: what it asked, and the bytes of its body and of the answer's."""

    method: str
    path: str
    status: int
    sent_bytes: int
    got_bytes: int

    @property
    def kind(self) -> str:
        return "LIST" if self.method == "GET" and "list-type=2" in self.path else self.method


class Proxy:
    """Hands requests on to a port of this machine.

    Attributes
    ----------
    harm
        Says for each request (method, path) what is done to it; ``None`` for nothing.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self.harm: Callable[[str, str], Harm | None] = lambda method, path: None
        self.passed: list[Passed] = []
        self.done = threading.Event()
        server = _Server(("127.0.0.1", 0), _Handler)
        server.daemon_threads = True
        server.proxy = self  # type: ignore[attr-defined]
        self._server = server
        self.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def counts(self) -> Counter[str]:
        """How many requests of each kind have passed."""
        return Counter(one.kind for one in self.passed)

    def close(self) -> None:
        self.done.set()
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed, or has given up, is what is played."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_any(self) -> None:
        with own_work():  # a server stands elsewhere, where no step can see what it does
            self._answer()

    def _answer(self) -> None:
        proxy: Proxy = self.server.proxy  # type: ignore[attr-defined]
        harm = proxy.harm(self.command, self.path)
        length = int(self.headers.get("Content-Length") or 0)
        if harm == "drop":
            self._end()
        elif harm == "hang":
            proxy.done.wait(60)
            self._end()
        elif harm == "cut":
            self.rfile.read(length // 2)
            self._end()
        else:
            body = self.rfile.read(length)
            if harm == "late":
                proxy.done.wait(0.5)
                self.close_connection = True
            self._hand_on(proxy, harm, body)

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = handle_any

    def _hand_on(self, proxy: Proxy, harm: Harm | None, body: bytes) -> None:
        if harm in ("refuse", "error"):
            status, told = _REFUSALS[harm]
            content, headers = told.encode(), {}
        else:
            kept = body[: len(body) // 2] if harm == "halve" else body
            status, content, headers = self._ask(proxy, kept)
        if harm == "flip" and content:
            at = len(content) // 2
            content = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
        passed = Passed(self.command, self.path, status, len(body), len(content))
        proxy.passed.append(passed)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Content-Length" not in headers:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if harm == "shorten":
            self.wfile.write(content[: len(content) // 2])
            self._end()
        elif self.command != "HEAD":
            self.wfile.write(content)

    def _ask(self, proxy: Proxy, body: bytes) -> tuple[int, bytes, dict[str, str]]:
        connection = http.client.HTTPConnection("127.0.0.1", proxy.target, timeout=60)
        headers = {
            name: value
            for name, value in self.headers.items()
            if name.lower() not in ("connection", "expect", "content-length")
            and not (name.lower() == "content-md5" or name.lower().startswith("x-amz-checksum"))
        }
        headers["Content-Length"] = str(len(body))
        connection.request(self.command, self.path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        left_out = ("connection", "transfer-encoding", "date", "server")
        kept = {n: v for n, v in answer.getheaders() if n.lower() not in left_out}
        connection.close()
        return answer.status, content, kept

    def _end(self) -> None:
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as the base has it
        pass
