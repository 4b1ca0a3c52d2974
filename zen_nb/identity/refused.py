"""What has no identity in content, by class, and why."""

from __future__ import annotations

LOCK = "a lock lives in one process only"
RUNNING = "it is in the middle of running and cannot be copied"
CONNECTION = "an open connection belongs to one process"
ITERATOR = "reading it uses it up"

WHY_NOT: dict[str, str] = {
    "_thread:lock": LOCK,
    "_thread:RLock": LOCK,
    "_thread:_local": "its content differs from thread to thread",
    "builtins:generator": ITERATOR,
    "builtins:async_generator": ITERATOR,
    "builtins:coroutine": RUNNING,
    "builtins:frame": RUNNING,
    "builtins:traceback": RUNNING,
    "_asyncio:Future": RUNNING,
    "threading:Thread": "a thread lives in one process only",
    "subprocess:Popen": "a running program belongs to one process",
    "_socket:socket": CONNECTION,
    "_ssl:_SSLSocket": CONNECTION,
    "sqlite3:Connection": CONNECTION,
    "sqlite3:Cursor": CONNECTION,
    "multiprocessing:_ConnectionBase": CONNECTION,
    "select:epoll": CONNECTION,
    "mmap:mmap": "a mapped file may change at any time",
    "_contextvars:ContextVar": "its content differs from context to context",
    "_contextvars:Context": "its content differs from context to context",
    "weakref:ReferenceType": "what it refers to may vanish at any time",
    "builtins:PyCapsule": "it is an address in memory",
}
GENERAL = "it cannot be reduced to content"
