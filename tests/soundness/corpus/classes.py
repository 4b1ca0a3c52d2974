"""Classes, their parts and their instances."""

from __future__ import annotations

from tests.soundness.scenario import RERUN, SAME
from tests.soundness.scenario import scenario as _

SCENARIOS = [
    _(
        "method",
        RERUN,
        "class A:\n    def go(self):\n        return 1\ndef f(x):\n    return A().go()",
        ("return 1", "return 2"),
    ),
    _(
        "inherited method",
        RERUN,
        "class B:\n    def go(self):\n        return 1\nclass A(B):\n    pass\ndef f(x):\n    return A().go()",
        ("return 1", "return 2"),
    ),
    _(
        "base class swapped",
        RERUN,
        "class B:\n    v = 1\nclass C:\n    v = 1\nclass A(B):\n    pass\ndef f(x):\n    return A.__bases__[0].__name__",
        ("A(B)", "A(C)"),
    ),
    _(
        "class attribute",
        RERUN,
        "class A:\n    k = 1\ndef f(x):\n    return A.k",
        ("k = 1", "k = 2"),
    ),
    _(
        "class attribute of a base later",
        RERUN,
        "class B:\n    k = 1\nclass A(B):\n    pass\ndef f(x):\n    return A.k",
        live="B.k = 2",
    ),
    _(
        "class attribute list in place",
        RERUN,
        "class A:\n    k = [1]\ndef f(x):\n    return A.k",
        live="A.k.append(2)",
    ),
    _(
        "property",
        RERUN,
        "class A:\n    @property\n    def v(self):\n        return 1\ndef f(x):\n    return A().v",
        ("return 1", "return 2"),
    ),
    _(
        "property's code put in",
        RERUN,
        "class A:\n    @property\n    def v(self):\n        return 1\ndef two(self):\n    return 2\ndef f(x):\n    return A().v",
        live="A.__dict__['v'].fget.__code__ = two.__code__",
    ),
    _(
        "cached_property",
        RERUN,
        "from functools import cached_property\nclass A:\n    @cached_property\n    def v(self):\n        return 1\ndef f(x):\n    return A().v",
        ("return 1", "return 2"),
    ),
    _(
        "staticmethod",
        RERUN,
        "class A:\n    @staticmethod\n    def v():\n        return 1\ndef f(x):\n    return A.v()",
        ("return 1", "return 2"),
    ),
    _(
        "classmethod",
        RERUN,
        "class A:\n    @classmethod\n    def v(cls):\n        return 1\ndef f(x):\n    return A.v()",
        ("return 1", "return 2"),
    ),
    _(
        "static becomes class method",
        RERUN,
        "class A:\n    @staticmethod\n    def v(*a):\n        return len(a)\ndef f(x):\n    return A.v()",
        ("staticmethod", "classmethod"),
    ),
    _(
        "metaclass",
        RERUN,
        "class M(type):\n    def __len__(cls):\n        return 1\nclass A(metaclass=M):\n    pass\ndef f(x):\n    return len(A)",
        ("return 1", "return 2"),
    ),
    _(
        "dunder method",
        RERUN,
        "class A:\n    def __add__(self, o):\n        return 1\ndef f(x):\n    return A() + 1",
        ("return 1", "return 2"),
    ),
    _(
        "dataclass default",
        RERUN,
        "from dataclasses import dataclass\n@dataclass\nclass A:\n    v: int = 1\ndef f(x):\n    return A().v",
        ("int = 1", "int = 2"),
    ),
    _(
        "dataclass default factory",
        RERUN,
        "from dataclasses import dataclass, field\n@dataclass\nclass A:\n    v: list = field(default_factory=lambda: [1])\ndef f(x):\n    return A().v",
        ("[1]", "[2]"),
    ),
    _(
        "dataclass field order",
        RERUN,
        "from dataclasses import dataclass\n@dataclass\nclass A:\n    v: int\n    w: int\ndef f(x):\n    return A(1, 2).v",
        ("v: int\n    w: int", "w: int\n    v: int"),
    ),
    _(
        "dataclass field metadata",
        RERUN,
        "import dataclasses\n@dataclasses.dataclass\nclass A:\n    v: int = dataclasses.field(default=1, metadata={'u': 'm'})\ndef f(x):\n    return dataclasses.fields(A)[0].metadata['u']",
        ("'m'", "'s'"),
    ),
    _(
        "enum value",
        RERUN,
        "import enum\nclass E(enum.Enum):\n    A = 1\ndef f(x):\n    return E.A.value",
        ("A = 1", "A = 2"),
    ),
    _(
        "enum looked up",
        SAME,
        "import enum\nclass E(enum.Flag):\n    A = 1\n    B = 2\ndef f(x):\n    return E.A | E.B",
        live="E(3)",
    ),
    _(
        "enum method",
        RERUN,
        "import enum\nclass E(enum.Enum):\n    A = 1\n    def go(self):\n        return 1\ndef f(x):\n    return E.A.go()",
        ("return 1", "return 2"),
    ),
    _(
        "namedtuple fields",
        RERUN,
        "from collections import namedtuple\nP = namedtuple('P', 'a b')\ndef f(x):\n    return P(1, 2).a",
        ("'a b'", "'b a'"),
    ),
    _(
        "NamedTuple default",
        RERUN,
        "from typing import NamedTuple\nclass P(NamedTuple):\n    a: int = 1\ndef f(x):\n    return P().a",
        ("= 1", "= 2"),
    ),
    _(
        "slots",
        RERUN,
        "class A:\n    __slots__ = ('a', 'b')\ndef f(x):\n    return A.__slots__",
        ("('a', 'b')", "('a', 'c')"),
    ),
    _(
        "abstract class's method",
        RERUN,
        "import abc\nclass B(abc.ABC):\n    @abc.abstractmethod\n    def go(self): ...\n    def run(self):\n        return self.go() + 1\nclass A(B):\n    def go(self):\n        return 1\ndef f(x):\n    return A().run()",
        ("+ 1", "+ 2"),
    ),
    _(
        "instance's class method",
        RERUN,
        "class A:\n    def go(self):\n        return 1\nobj = A()\ndef f(x):\n    return obj.go()",
        ("return 1", "return 2"),
    ),
    _(
        "instance's method reads a global",
        RERUN,
        "K = 1\nclass A:\n    def go(self):\n        return K\nobj = A()\ndef f(x):\n    return obj.go()",
        ("K = 1", "K = 2"),
    ),
    _(
        "instance attribute",
        RERUN,
        "class A:\n    pass\nobj = A()\nobj.v = 1\ndef f(x):\n    return obj.v",
        ("v = 1", "v = 2"),
    ),
    _(
        "instance holds a function",
        RERUN,
        "class A:\n    pass\nobj = A()\nobj.fn = lambda x: 1\ndef f(x):\n    return obj.fn(x)",
        ("x: 1", "x: 2"),
    ),
    _(
        "descriptor",
        RERUN,
        "class D:\n    def __get__(self, o, t=None):\n        return 1\nclass A:\n    v = D()\ndef f(x):\n    return A().v",
        ("return 1", "return 2"),
    ),
    _(
        "class docstring nobody reads",
        SAME,
        "class A:\n    'one'\n    def go(self):\n        return 1\ndef f(x):\n    return A().go()",
        ("'one'", "'two'"),
    ),
    _(
        "super",
        RERUN,
        "class B:\n    def go(self):\n        return 1\nclass A(B):\n    def go(self):\n        return super().go()\ndef f(x):\n    return A().go()",
        ("return 1", "return 2"),
    ),
    _(
        "init_subclass",
        RERUN,
        "class B:\n    def __init_subclass__(cls):\n        cls.v = 1\nclass A(B):\n    pass\ndef f(x):\n    return A.v",
        ("v = 1", "v = 2"),
    ),
    _(
        "method put into a class",
        RERUN,
        "class A:\n    def go(self):\n        return 1\ndef f(x):\n    return A().go()",
        live="A.go = lambda self: 2",
    ),
    _(
        "class registered as another's child",
        RERUN,
        "import abc\nclass B(abc.ABC):\n    pass\nclass C:\n    pass\ndef f(x):\n    return issubclass(C, B)",
        live="B.register(C)",
    ),
]
