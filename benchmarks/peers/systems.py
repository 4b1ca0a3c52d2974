"""The systems that are measured, and what an installer is asked for to have each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class System:
    """One side of the comparison.

    Attributes
    ----------
    module
        The module of this package that plays it.
    requirement
        What is installed; empty where it is this checkout.
    distribution
        Whose version is told.
    home
        The module of the system in whose environment it plays: its own, except for plain Python.
    """

    name: str
    module: str
    requirement: str
    distribution: str
    home: str


PLAIN = System("plain Python", "in_plain", "", "dask", "in_zen")
ZEN = System("zen_nb", "in_zen", "", "zen_nb", "in_zen")
SYSTEMS = (
    PLAIN,
    ZEN,
    System("joblib", "in_joblib", "joblib==1.6.0", "joblib", "in_joblib"),
    System("marimo", "in_marimo", "marimo-base==0.25.2", "marimo-base", "in_marimo"),
    System("Hamilton", "in_hamilton", "apache-hamilton==1.90.0", "apache-hamilton", "in_hamilton"),
    System("ZenML", "in_zenml", "zenml[local]==0.98.0", "zenml", "in_zenml"),
)
