"""Names of Python's and of packages' whose use makes something and does nothing else."""

from __future__ import annotations

import builtins
from collections.abc import Mapping

# Calls that make something and do nothing else, by the module and name that they come from.
MAKERS: Mapping[str, frozenset[str]] = {
    "builtins": frozenset(
        [
            "bool",
            "bytes",
            "classmethod",
            "complex",
            "dict",
            "divmod",
            "enumerate",
            "float",
            "frozenset",
            "int",
            "len",
            "list",
            "object",
            "property",
            "range",
            "reversed",
            "round",
            "set",
            "slice",
            "staticmethod",
            "str",
            "sum",
            "super",
            "tuple",
            "zip",
            "abs",
        ]
    ),
    "functools": frozenset(
        [
            "cache",
            "cached_property",
            "lru_cache",
            "partial",
            "partialmethod",
            "singledispatch",
            "singledispatchmethod",
            "total_ordering",
            "wraps",
        ]
    ),
    "dataclasses": frozenset({"dataclass", "field"}),
    "enum": frozenset({"auto", "unique"}),
    "abc": frozenset({"abstractmethod"}),
    "contextlib": frozenset({"asynccontextmanager", "contextmanager"}),
    "collections": frozenset(
        {"ChainMap", "Counter", "OrderedDict", "defaultdict", "deque", "namedtuple"}
    ),
    "datetime": frozenset({"date", "datetime", "time", "timedelta", "timezone"}),
    "decimal": frozenset({"Decimal"}),
    "fractions": frozenset({"Fraction"}),
    "itertools": frozenset({"chain", "product", "repeat"}),
    "logging": frozenset({"getLogger"}),
    "numpy": frozenset({"arange", "array", "asarray", "linspace", "ones", "zeros"}),
    "operator": frozenset({"attrgetter", "itemgetter", "methodcaller"}),
    "os.path": frozenset({"abspath", "basename", "dirname", "join", "realpath"}),
    "pathlib": frozenset({"Path", "PurePath", "PurePosixPath"}),
    "re": frozenset({"compile"}),
    "threading": frozenset({"Lock", "RLock", "local"}),
    "types": frozenset({"MappingProxyType", "SimpleNamespace"}),
    "typing": frozenset(
        [
            "NamedTuple",
            "NewType",
            "ParamSpec",
            "TypeVar",
            "TypedDict",
            "cast",
            "final",
            "no_type_check",
            "overload",
            "override",
            "runtime_checkable",
        ]
    ),
    "numba": frozenset({"jit", "njit", "vectorize"}),
}
# Those of them that make another function or class of one, and do not call it.
DECORATORS: Mapping[str, frozenset[str]] = {
    "builtins": frozenset({"classmethod", "property", "staticmethod"}),
    "functools": MAKERS["functools"] - {"partial", "partialmethod"},
    "dataclasses": frozenset({"dataclass"}),
    "typing": frozenset({"final", "no_type_check", "overload", "override", "runtime_checkable"}),
    **{module: MAKERS[module] for module in ("abc", "contextlib", "enum", "numba")},
}
# Classes that can be inherited from without anybody being told.
BASES: Mapping[str, frozenset[str]] = {
    "builtins": frozenset(
        name for name, found in vars(builtins).items() if isinstance(found, type)
    ),
    "abc": frozenset({"ABC", "ABCMeta"}),
    "collections": frozenset({"OrderedDict", "UserDict", "UserList", "defaultdict"}),
    "enum": frozenset({"Enum", "Flag", "IntEnum", "IntFlag", "StrEnum"}),
    "json": frozenset({"JSONDecoder", "JSONEncoder"}),
    "logging": frozenset({"Filter", "Formatter", "Handler"}),
    "pydantic": frozenset({"BaseModel"}),
    "sklearn.base": frozenset(
        [
            "BaseEstimator",
            "ClassifierMixin",
            "ClusterMixin",
            "OneToOneFeatureMixin",
            "RegressorMixin",
            "TransformerMixin",
        ]
    ),
    "torch.nn": frozenset({"Module"}),
    "torch.utils.data": frozenset({"Dataset", "IterableDataset"}),
    "typing": frozenset({"Generic", "NamedTuple", "Protocol", "TypedDict"}),
}
# Methods of texts, paths and properties that make something and do nothing else.
METHODS = frozenset(
    [
        "absolute",
        "encode",
        "format",
        "joinpath",
        "join",
        "lower",
        "replace",
        "resolve",
        "split",
        "splitlines",
        "strip",
        "upper",
        "with_name",
        "with_suffix",
    ]
)
OF_PROPERTIES = frozenset({"deleter", "getter", "setter"})
# These ask where the program runs, unless they are given a place.
PLACING = frozenset({"absolute", "abspath", "realpath", "resolve"})
# What these modules hold is the state of the process; a few names of them stand still.
OF_THE_PROCESS = {
    "os": frozenset({"path", "sep", "linesep", "pathsep", "name"}),
    "sys": frozenset({"version_info", "platform", "maxsize", "byteorder", "implementation"}),
}
