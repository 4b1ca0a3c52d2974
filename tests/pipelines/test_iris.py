"""The page that zen_nb implements, run as a script in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).with_name("iris_script.py")
LOW, HIGH = "accuracy 0.3416666666666667", "accuracy 0.6833333333333333"


def run_script(tmp_path: Path) -> list[list[str]]:
    """Return what each of the four runs wrote, durations left out."""
    environment = {**os.environ, "ZEN_NB_CACHE_DIR": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, str(SCRIPT)], env=environment, capture_output=True, text=True, check=True
    )
    text = re.sub(r"in \d+\.\d+s\.", "in …", done.stdout)
    return [part.strip().splitlines() for part in re.split(r"^-- .*\n", text, flags=re.MULTILINE)]


def ran(step: str, *shown: str) -> list[str]:
    """Return what a step that runs writes."""
    return [f"Step {step} has started.", *shown, f"Step {step} has finished in …"]


CACHED_SPLIT = "Using cached version of split_iris."
END = "Pipeline run has finished in …"


def test_each_of_the_four_runs_executes_what_its_change_demands(tmp_path: Path) -> None:
    """A parameter, a step's setting and a run's setting each make exactly their steps run."""
    first, gamma, step_off, run_off = run_script(tmp_path)
    assert first == [*ran("split_iris"), *ran("fit", HIGH), END]
    assert gamma == [CACHED_SPLIT, *ran("fit", LOW), END]
    assert step_off == [CACHED_SPLIT, *ran("fit", HIGH), END]
    assert run_off == [*ran("split_iris"), *ran("fit", HIGH), END]


def test_a_new_process_hits_and_shows_what_was_printed(tmp_path: Path) -> None:
    """The first run of a second process is all cached, its prints included."""
    run_script(tmp_path)
    first, *_ = run_script(tmp_path)
    assert first == [
        CACHED_SPLIT,
        "Using cached version of fit.",
        HIGH,
        "All steps of the pipeline run were cached.",
        END,
    ]
