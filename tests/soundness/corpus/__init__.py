"""All scenarios, by the module that holds them."""

from __future__ import annotations

import importlib
import pkgutil

from tests.soundness.scenario import Scenario

GROUPS: dict[str, list[Scenario]] = {
    found.name: importlib.import_module(f"{__name__}.{found.name}").SCENARIOS
    for found in pkgutil.iter_modules(__path__)
}
SCENARIOS: list[Scenario] = [one for group in GROUPS.values() for one in group]
