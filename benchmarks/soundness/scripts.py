"""The step as a function of a script, with its data as arguments, as peers want it."""

from __future__ import annotations

import symtable
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from tests.soundness.stage import in_a_child
from tests.soundness.ways import Seen, live_edit, script
from tests.soundness.world import World, described

Call = Callable[[], tuple[bool, object]]


def arguments(world: World) -> list[str]:
    """Return the global names of data that the step's own text reads, after its setup.

    Functions, classes, modules and whatever else can be called stay global: nobody hands
    them over. What the setup does besides is done in a process of its own.
    """
    reads = sorted(set(_global_reads(symtable.symtable(world.function(), "<step>", "exec"))))

    def look() -> Seen:
        names = script(world, "setup_only.py", "", "")
        return {"data": [name for name in reads if name in names and _is_data(names[name])]}

    return in_a_child(look).get("data", [])


def _is_data(value: object) -> bool:
    return not callable(value) and not isinstance(value, ModuleType)


def _global_reads(table: symtable.SymbolTable) -> Iterator[str]:
    for symbol in table.get_symbols():
        if symbol.is_global() and symbol.is_referenced() and not symbol.is_declared_global():
            yield symbol.get_name()
    for inner in table.get_children():
        yield from _global_reads(inner)


def play(world: World, names: dict[str, Any], call: Call) -> Seen:
    """Call the step once, or twice where the world asks for it; `call` tells whether it ran."""
    ran, value = call()
    runs = [ran]
    if world.live or world.twice:
        live_edit(world, names)
        ran, value = call()
        runs.append(ran)
    return {"ran": [[one, "", "", []] for one in runs], "value": described(value)}


def plain(world: World) -> Seen:
    """Play the same script without a cache."""
    given = arguments(world)
    names = script(world, "plain.py", "", world.function(*given))
    return play(world, names, lambda: (True, names["the_step"](*(names[one] for one in given))))
