"""Which settings the result of a step can depend on, told from what its code reaches.

Reads of settings cannot be seen. In doubt a setting counts; it does not for a step that
can have no use of it, whatever else happens in the notebook.
"""

from __future__ import annotations

import sys
from collections.abc import Collection
from dataclasses import dataclass

from zen_nb.observe.transcript import Transcript

_OWN = frozenset({"python", "builtins", "__main__", "zen_nb"})
# Names by which code asks for a setting, or calls what depends on it.
_BY_NAME = {
    "decimal.context": {"decimal", "Decimal", "getcontext", "localcontext"},
    "recursion limit": {"getrecursionlimit", "setrecursionlimit", "RecursionError"},
    "numpy.err": {"geterr", "seterr", "errstate", "geterrcall", "seterrcall"},
    "warnings.filters": {
        "warn",
        "warn_explicit",
        "catch_warnings",
        "simplefilter",
        "filterwarnings",
        "resetwarnings",
        "showwarning",
        "filters",
    },
    "logging": {
        "logging",
        "getLogger",
        "isEnabledFor",
        "getEffectiveLevel",
        "hasHandlers",
        "debug",
        "info",
        "warning",
        "error",
        "critical",
        "exception",
    },
    "locale": {
        "locale",
        "setlocale",
        "getlocale",
        "localeconv",
        "strftime",
        "strptime",
        "strcoll",
        "strxfrm",
        "atof",
        "format_string",
        "currency",
        "day_name",
        "month_name",
        "calendar",
    },
    "time zone": {
        "localtime",
        "mktime",
        "strftime",
        "ctime",
        "asctime",
        "tzname",
        "timezone",
        "altzone",
        "daylight",
        "astimezone",
        "fromtimestamp",
        "timestamp",
        "now",
        "today",
        "tzset",
        "tzlocal",
    },
    "working directory": {
        "getcwd",
        "getcwdb",
        "cwd",
        "abspath",
        "realpath",
        "resolve",
        "absolute",
        "relpath",
    },
}
# Names of what makes text of a value, or calls whatever a text names.
_SHOWING = frozenset(
    {
        "str",
        "repr",
        "ascii",
        "format",
        "format_map",
        "print",
        "pprint",
        "pformat",
        "__repr__",
        "__str__",
        "__format__",
        "_repr_html_",
        "to_string",
        "to_html",
        "to_latex",
        "to_markdown",
        "style",
        "render",
        "substitute",
        "safe_substitute",
        "info",
        "display",
        "array2string",
        "array_repr",
        "array_str",
        "array_contents",
        "get_printoptions",
        "get_option",
        "options",
        "eval",
        "exec",
        "getattr",
        "attrgetter",
        "methodcaller",
    }
)
_LIBRARIES = {
    "sklearn.config": frozenset({"sklearn"}),
    "polars.config": frozenset({"polars"}),
    "decimal.context": frozenset({"decimal"}),
    "pandas.compute": frozenset({"pandas"}),
    "numpy.err": frozenset({"numpy", "scipy"}),
    "matplotlib.rcParams": frozenset({"matplotlib", "seaborn"}),
    "matplotlib.colors": frozenset({"matplotlib", "seaborn"}),
}
_PLOTTING = frozenset({"plot", "hist", "boxplot"})
# What is shown on stderr is a warning or a line of a log, as far as one can tell.
_ON_STDERR = ("warnings.filters", "logging")


@dataclass(frozen=True, slots=True)
class Uses:
    """What a step does, as far as its code and its values tell.

    Attributes
    ----------
    names
        Global and attribute names that its code uses.
    libraries
        Top names of the modules that its values come from, and of the packages it reaches.
    formats
        Whether it has an f-string, or formats with ``%``.
    """

    names: Collection[str]
    libraries: Collection[str]
    formats: bool = False


def settings_used(uses: Uses, transcript: Transcript) -> tuple[str, ...]:
    """Return the names of the settings that the result, or what was shown, can depend on."""
    names, libraries = frozenset(uses.names), frozenset(uses.libraries)
    found = [name for name, called in _BY_NAME.items() if names & called]
    found += [name for name, known in _LIBRARIES.items() if libraries & known]
    found += _shown(uses, libraries, names, transcript)
    if names & _PLOTTING and "matplotlib" in sys.modules:
        found += ["matplotlib.rcParams", "matplotlib.colors"]
    if any(mime.startswith("image/") for mime in transcript.mime_types):
        found += ["matplotlib.rcParams", "matplotlib.colors", "inline.figures"]
    if transcript.text("stderr"):
        found += _ON_STDERR
    return tuple(sorted(set(found)))


def _shown(
    uses: Uses, libraries: frozenset[str], names: frozenset[str], transcript: Transcript
) -> list[str]:
    """Return the settings by which tables and arrays are written, for a step that writes any."""
    if not (transcript.events or uses.formats or names & _SHOWING):
        return []
    # Other libraries hand out tables and arrays as well, and write them alike.
    installed = libraries - sys.stdlib_module_names - _OWN
    tables = ["pandas.display"] if installed - {"numpy"} else []
    return [*tables, "numpy.printoptions"] if installed else []
