"""A notebook's graph from its file alone."""

from __future__ import annotations

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from zen_nb.faces import cli
from zen_nb.faces.mermaid import to_mermaid
from zen_nb.faces.page import EMPTY, page_snapshot

CELLS = [
    "%load_ext zen_nb",
    "%%step load -> df\ndf = read()",
    "%%step\nclean = df.dropna()",
    "%%step train gamma=0.1\n%time model = fit(clean, gamma)\nacc = await score(model)",
    "print(acc)",
]


def notebook(*sources: str, **outputs: list) -> nbformat.NotebookNode:
    cells = [new_code_cell(source) for source in sources]
    for name, found in outputs.items():
        cells[int(name.removeprefix("cell"))].outputs = found
    return new_notebook(cells=[new_markdown_cell("# %%step no"), *cells])


def status(step: str, **said) -> nbformat.NotebookNode:
    metadata = {"zen_nb": {"role": "status", "step": step, "cached": False, **said}}
    return new_output("display_data", {"text/plain": "…"}, metadata=metadata)


def test_steps_are_joined_as_the_kernel_joins_them():
    """Names, order, edges and parameters come from the cells; magics and await are understood."""
    found = page_snapshot(notebook(*CELLS), "a", None)
    assert [node.name for node in found.nodes] == ["load", "clean", "train"]
    assert [(e.source, e.target, e.names) for e in found.edges] == [
        ("load", "clean", ("df",)),
        ("clean", "train", ("clean",)),
    ]
    assert found.nodes[2].parameters == (("gamma", "0.1"),)
    assert {node.state for node in found.nodes} == {"never_run"}


def test_what_the_last_run_left_is_shown():
    """Statuses and errors among the outputs tell how the steps stood when it was saved."""
    hit = status("load", cached=True, saved_s=2.0, reason="computed yesterday")
    raised = new_output("error", ename="ValueError", evalue="no\nmore", traceback=[])
    found = page_snapshot(notebook(*CELLS, cell1=[hit], cell3=[raised]), "a", None)
    load, clean, train = found.nodes
    assert (load.state, load.saved_s, load.reason) == ("up_to_date", 2.0, "computed yesterday")
    assert clean.state == "never_run"
    assert (train.state, train.error) == ("failed", "ValueError: no")


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("%%step a\nx = (", "was never closed"),
        ("%%step a b c\nx = 1", "one name"),
        ("%%step a -> y\nx = 1", "does not bind"),
        ("%%step a gamma=oops(\nx = 1", ""),
    ],
)
def test_a_cell_that_cannot_be_read_is_a_failed_step(source, fault):
    """The others are drawn all the same, and it says what is wrong."""
    found = page_snapshot(notebook(source, "%%step b\nz = 2"), "a", None)
    assert [node.state for node in found.nodes] == ["failed", "never_run"]
    assert fault in found.nodes[0].error
    assert found.nodes[0].error


def test_two_cells_of_one_name_are_told_apart():
    """The second says that the name is taken."""
    found = page_snapshot(notebook("%%step a\nx = 1", "%%step a\nx = 2"), "n", None)
    assert [node.id for node in found.nodes] == ["a", "a (3)"]
    assert "the name 'a' already" in found.nodes[1].error


def test_a_notebook_without_steps_says_so():
    """There is nothing to draw, and that is said."""
    assert page_snapshot(notebook("x = 1"), "a", None).message == EMPTY


@pytest.mark.parametrize(
    ("form", "begins"),
    [
        ((), "a: 0 cached"),
        (("--mermaid",), "flowchart LR"),
        (("--svg",), "<svg"),
        (("--html",), "<!doctype html>"),
    ],
)
def test_the_command_draws_in_every_form(tmp_path, monkeypatch, capsys, form, begins):
    """`zen-nb graph` prints, or writes where it is told, and changes nothing."""
    monkeypatch.setenv("ZEN_NB_CACHE_DIR", str(tmp_path / "cache"))
    path = tmp_path / "a.ipynb"
    nbformat.write(notebook(*CELLS), path)
    before = path.read_bytes()
    assert cli.main(["graph", str(path), *form]) == 0
    told = capsys.readouterr().out
    assert told.startswith(begins)
    assert cli.main(["graph", str(path), *form, "-o", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out").read_text().rstrip("\n") == told.rstrip("\n")
    assert path.read_bytes() == before


def test_the_command_says_what_it_cannot_read(tmp_path, capsys):
    """A missing file, and one that is no notebook, are one line and exit code 2."""
    assert cli.main(["graph", str(tmp_path / "no.ipynb")]) == 2
    (tmp_path / "bad.ipynb").write_text("{}")
    assert cli.main(["graph", str(tmp_path / "bad.ipynb")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_mermaid_is_the_same_for_the_same_graph():
    """A diff of a README shows what changed, and nothing else."""
    first, second = (to_mermaid(page_snapshot(notebook(*CELLS), "a", None)) for _ in range(2))
    assert first == second
    assert 's0 -->|"df"| s1' in first
