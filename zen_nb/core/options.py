"""Who decides whether the cache is read, and where settings come from.

The ladder is the one of DESIGN section 3: this step now, this run, the step,
the pipeline, the surroundings, on.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from zen_nb.core.errors import UsageError

DEFAULT_SIZE_LIMIT_BYTES = 20 * 1000**3
DEFAULT_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Setting:
    """Whether the cache is read, and who said so (shown beside the toggle)."""

    enabled: bool
    source: str


_DEFAULT = Setting(True, "the default")


def resolve(
    *,
    step_now: bool | None = None,
    run_now: bool | None = None,
    step: bool | None = None,
    pipeline: bool | None = None,
    surroundings: Setting | None = None,
) -> Setting:
    """Return the setting of the highest rung that is set; on where none is."""
    ladder = (
        (step_now, "this step's toggle"),
        (run_now, "this run"),
        (step, "the step"),
        (pipeline, "the pipeline"),
    )
    for value, source in ladder:
        if value is not None:
            return Setting(value, source)
    return surroundings or _DEFAULT


@dataclass(frozen=True, slots=True)
class Configuration:
    """What the surroundings set: environment first, then ``[tool.zen_nb]``.

    Attributes
    ----------
    cache_dir
        ``None`` for the user's cache folder.
    status
        ``full``, or ``quiet``: leave out what changes a saved notebook at each run.
    auto
        Every cell is a step, and what runs faster than so many seconds is not kept; ``None``
        where only cells that say so are steps.
    remote
        The URL of a store that several people share, as fsspec reads it; ``""`` for none.
    remote_mode
        ``write``: what is computed here is put there too; ``read``: it is only looked at.
    remote_asked
        Whether the user asked for `remote_mode`, not only the project.
    remote_timeout_s
        How long one request of it is waited for.
    problem
        What is wrong with the settings, to be told once; they are left at their defaults.
    """

    cache_dir: Path | None = None
    size_limit_bytes: int = DEFAULT_SIZE_LIMIT_BYTES
    enable_cache: Setting | None = None
    status: Literal["full", "quiet"] = "full"
    auto: float | None = None
    remote: str = ""
    remote_mode: Literal["read", "write"] = "read"
    remote_asked: bool = False
    remote_timeout_s: float = DEFAULT_TIMEOUT_S
    problem: str = ""


def parse_switch(text: str, origin: str) -> bool:
    """Read ``on``/``off`` and its usual spellings.

    Raises
    ------
    UsageError
        Where the text is none of them; names `origin`.
    """
    word = text.strip().lower()
    if word in {"1", "true", "on", "yes"}:
        return True
    if word in {"0", "false", "off", "no"}:
        return False
    raise UsageError(f"{origin}={text!r} is not a switch; write true or false")


_SIZE_UNITS = {"": 1, "b": 1, "kb": 1000, "mb": 1000**2, "gb": 1000**3, "tb": 1000**4}
_DURATION_UNITS = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800}


def _measure(text: str, units: Mapping[str, int], origin: str, example: str) -> float:
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", text)
    if match is None or match[2].lower() not in units:
        raise UsageError(f"{origin}: cannot read {text!r}; write for example {example}")
    return float(match[1]) * units[match[2].lower()]


def parse_size(text: str, origin: str = "size") -> int:
    """Return bytes from ``20GB``, ``500 MB`` or a plain number (decimal units)."""
    return int(_measure(text, _SIZE_UNITS, origin, "20GB"))


def parse_duration(text: str, origin: str = "duration") -> float:
    """Return seconds from ``7d``, ``12h``, ``30m``, ``90s`` or a plain number."""
    return _measure(text, _DURATION_UNITS, origin, "7d, 12h, 30m or 90s")


def read_project_table(start: Path) -> Mapping[str, Any]:
    """Return ``[tool.zen_nb]`` of the nearest pyproject.toml at or above `start`; empty if none."""
    for folder in (start, *start.parents):
        path = folder / "pyproject.toml"
        if path.is_file():
            try:
                table = tomllib.loads(path.read_text(encoding="utf-8"))
            except (OSError, ValueError) as error:
                raise UsageError(f"{path}: cannot be read: {error}") from None
            found = table.get("tool", {}).get("zen_nb", {})
            return found if isinstance(found, dict) else {}
    return {}


def read_configuration(
    environ: Mapping[str, str] | None = None, start: Path | None = None
) -> Configuration:
    """Return the configuration of this place.

    Raises
    ------
    UsageError
        Where a setting cannot be read; names it and shows what to write.
    """
    environ = os.environ if environ is None else environ
    table = read_project_table(Path.cwd() if start is None else start)
    _check_keys(table)
    folder = environ.get("ZEN_NB_CACHE_DIR") or table.get("cache_dir")
    limit = environ.get("ZEN_NB_SIZE_LIMIT") or table.get("size_limit")
    status = environ.get("ZEN_NB_STATUS") or table.get("status", "full")
    if status not in ("full", "quiet"):
        raise UsageError(f"status = {status!r} is not known; write full or quiet")
    return Configuration(
        cache_dir=Path(str(folder)).expanduser().absolute() if folder else None,
        size_limit_bytes=parse_size(str(limit), "size_limit")
        if limit
        else DEFAULT_SIZE_LIMIT_BYTES,
        enable_cache=_surroundings(environ, table),
        status="quiet" if status == "quiet" else "full",
        auto=_automatic(environ.get("ZEN_NB_AUTO") or table.get("auto", False)),
        **_shared(environ, table),
    )


def _shared(environ: Mapping[str, str], table: Mapping[str, Any]) -> dict[str, Any]:
    """Read what is set of a shared store; ``off`` in the environment means none."""
    url = str(environ.get("ZEN_NB_REMOTE") or table.get("remote") or "").strip()
    asked = environ.get("ZEN_NB_REMOTE_MODE")
    mode = asked or table.get("remote_mode", "read")
    if mode not in ("read", "write"):
        raise UsageError(f"remote_mode = {mode!r} is not known; write read or write")
    if url.lower() == "off":
        return {}
    if url and "://" not in url:
        raise UsageError(f"remote = {url!r} is no URL; write for example s3://bucket/prefix")
    limit = str(environ.get("ZEN_NB_REMOTE_TIMEOUT") or table.get("remote_timeout") or "")
    wait = parse_duration(limit, "remote_timeout") if limit else DEFAULT_TIMEOUT_S
    return {
        "remote": url.rstrip("/"),
        "remote_mode": mode,
        "remote_asked": bool(asked),
        "remote_timeout_s": wait,
    }


def _automatic(asked: object) -> float | None:
    """Read a switch, or a duration: what runs faster is not kept."""
    if isinstance(asked, bool):
        return 0.0 if asked else None
    try:
        return 0.0 if parse_switch(str(asked), "auto") else None
    except UsageError:
        return parse_duration(str(asked), "auto")


_KEYS = (
    "auto",
    "cache_dir",
    "enable_cache",
    "remote",
    "remote_mode",
    "remote_timeout",
    "size_limit",
    "status",
)


def _check_keys(table: Mapping[str, Any]) -> None:
    for key in table:
        if key not in _KEYS:
            known = ", ".join(_KEYS)
            raise UsageError(f"[tool.zen_nb] has no setting {key!r}; settings: {known}")


def _surroundings(environ: Mapping[str, str], table: Mapping[str, Any]) -> Setting | None:
    text = environ.get("ZEN_NB_ENABLE_CACHE")
    if text:
        value = parse_switch(text, "ZEN_NB_ENABLE_CACHE")
        return Setting(value, "the environment (ZEN_NB_ENABLE_CACHE)")
    asked: object = table.get("enable_cache")
    if asked is None:
        return None
    if not isinstance(asked, bool):
        raise UsageError(
            f"[tool.zen_nb] enable_cache = {asked!r} is not a switch; write true or false"
        )
    return Setting(asked, "the project (pyproject.toml)")


def usable_configuration() -> Configuration:
    """Return the configuration of this place, or the defaults with what is wrong with it.

    A setting that cannot be read must not keep anybody from working.
    """
    try:
        return read_configuration()
    except UsageError as error:
        return Configuration(problem=f"The settings are ignored: {error}")
