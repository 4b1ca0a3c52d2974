"""What code reaches: components by label, and problems by the name the user knows."""

from __future__ import annotations

import functools
import threading
from types import ModuleType

import pytest

from zen_nb.core.errors import NoFingerprint
from zen_nb.identity.code import Reach, fingerprint


def namespace(text: str) -> dict:
    """Return the names that a notebook has after `text`."""
    names = vars(ModuleType("__main__"))
    exec(text, names)
    return names


def reach(text: str, name: str = "f", **options) -> Reach:
    names = namespace(text)
    found = Reach(names, **options)
    found.follow((name,), names)
    found.finish()
    return found


def labels(text: str, name: str = "f", **options) -> list[str]:
    return [label for label in reach(text, name, **options).components if label != "package:python"]


def test_everything_reached_has_a_label_of_its_own():
    """Helpers, classes, methods, globals and packages are components that can be named."""
    text = """
import numpy as np
K = 3
class A:
    def go(self): return K
def g(x): return A().go()
def f(x): return g(np.sum(x))
"""
    expected = ["global:K", "helper:A", "helper:A.go", "helper:f", "helper:g", "package:numpy"]
    assert sorted(labels(text)) == expected


def test_equal_names_are_numbered_in_the_order_of_the_walk():
    """Functions with one name have labels of their own, and swapping them is a change."""
    text = "a = lambda: 1\nb = lambda: 2\ndef f(): return a() - b()"
    assert sorted(labels(text)) == ["helper:<lambda>", "helper:<lambda>#2", "helper:f"]
    swapped = text.replace("a() - b()", "b() - a()")
    assert reach(text).components != reach(swapped).components


def test_globals_of_two_worlds_do_not_share_a_label():
    """Names of functions executed in a namespace of their own are not the notebook's."""
    text = "K = 1\nown = {'K': 2}\nexec('def g(): return K', own)\ng = own['g']\ndef f(): return g() + K"
    assert {"global:K", "global:K#2"} <= set(labels(text))


@pytest.mark.parametrize(
    ("text", "name", "place"),
    [
        ("import threading\nconn = threading.Lock()\ndef f(): return conn", "conn", ""),
        ("import threading\nd = {'a': threading.Lock()}\ndef f(): return d", "d", "['a']"),
        (
            "import threading\ndef make():\n    conn = threading.Lock()\n    return lambda: conn\nf = make()",
            "conn",
            "make.<lambda> → conn",
        ),
        (
            "import threading\ndef f(a=threading.Lock()): return a",
            "a",
            "f() default → a",
        ),
        (
            "import threading\nclass A:\n    lock = threading.Lock()\ndef f(): return A()",
            "lock",
            "A → lock",
        ),
    ],
)
def test_problems_name_the_variable(text: str, name: str, place: str):
    """What has no fingerprint is known by the variable, and by the code that holds it."""
    (problem,) = reach(text).problems.items()
    label, error = problem
    assert label.partition(":")[2] == name
    assert error.path == place


def test_ignored_names_are_left_out():
    """On the user's word a global or captured variable is no ingredient."""
    text = "import threading\nconn = threading.Lock()\ndef f(): return conn"
    found = reach(text, ignored={"conn"})
    assert found.problems == {}
    assert "global:conn" not in found.components


def test_known_fingerprints_stand_for_values_that_are_not_there():
    """A name whose value is still in the store counts by its fingerprint."""
    found = reach("def f(): return df", known={"df": "ab" * 32})
    assert found.components["global:df"].digest == "ab" * 32


def test_weak_caches_are_no_part_of_code():
    """What singledispatch and lru_cache remember of earlier calls does not count."""
    text = (
        "import functools\n@functools.singledispatch\ndef g(x): return 0\n"
        "@functools.lru_cache\ndef h(x): return g(x)\ndef f(x): return h(x)"
    )
    assert reach(text).components == reach(text + "\nf(1); f('a')").components


def test_fingerprint_of_code_is_that_of_what_it_does():
    """Functions with the same code are the same; another default is another function."""
    make = "def f(x, k={}): return x + k"
    one, two, three = (namespace(make.format(k))["f"] for k in (1, 1, 2))
    assert fingerprint(one) == fingerprint(two) != fingerprint(three)
    assert fingerprint(functools.partial(one, 1)) != fingerprint(functools.partial(one, 2))


def test_fingerprint_of_an_instance_holds_its_methods():
    """Instances of classes that differ only in a method differ."""
    make = "class A:\n    def go(self): return {}\nobj = A()"
    one, two, three = (namespace(make.format(k))["obj"] for k in (1, 1, 2))
    assert fingerprint(one) == fingerprint(two) != fingerprint(three)


def test_registry_that_holds_its_reader_has_a_fingerprint():
    """A value that is reached again from inside itself comes to an end, and edits count."""
    make = "R = {{}}\ndef g(): return len(R) + {}\nR['g'] = g"
    one, two, three = (namespace(make.format(k))["R"] for k in (1, 1, 2))
    assert fingerprint(one) == fingerprint(two) != fingerprint(three)


def test_a_lock_has_no_fingerprint():
    """What lives in one process only is refused with its type."""
    with pytest.raises(NoFingerprint, match="lock"):
        fingerprint([threading.Lock()])


def test_numpy_function_made_of_a_function_is_refused_or_followed():
    """A compiled wrapper never stands for the function it hides by its name alone."""
    make = "import numpy as np\ng = np.frompyfunc(lambda x: x + {}, 1, 1)\ndef f(x): return g(x)"
    one, two = (reach(make.format(k)) for k in (1, 2))
    assert one.problems or one.components != two.components
