"""Files that readers written in C or Rust open are seen by what the readers are asked for."""

from __future__ import annotations

import inspect
import os
import pickle
import subprocess
import sys
import warnings
from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.dataset
import pyarrow.feather
import pyarrow.json
import pyarrow.orc
import pyarrow.parquet as pq
import pytest

from zen_nb.observe import readers
from zen_nb.observe.files import FileWatch, Seen
from zen_nb.observe.traces import broken

FRAME = pl.DataFrame({"a": [1, 2, 3]})


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder with the same table in many formats; some twice in a folder below."""
    monkeypatch.chdir(tmp_path)
    Path("d").mkdir()
    for place in (tmp_path, tmp_path / "d"):
        write_all(place, "x")
    FRAME.write_parquet("d/y.parquet")
    FRAME.write_csv("d/y.csv")
    return tmp_path


def write_all(place: Path, name: str, frame: pl.DataFrame = FRAME) -> None:
    frame.write_csv(place / f"{name}.csv")
    frame.write_parquet(place / f"{name}.parquet")
    frame.write_ipc(place / f"{name}.arrow", compression="uncompressed")
    frame.write_ndjson(place / f"{name}.ndjson")
    pa.orc.write_table(frame.to_arrow(), place / f"{name}.orc")


def watched(body) -> Seen:
    watch = FileWatch()
    watch.start()
    try:
        body()
    finally:
        seen = watch.stop()
    return seen


def files(seen: Seen) -> set[str]:
    assert not seen.refusals
    return {trace.name for trace in seen.traces}


# Called with a name that is composed while the step runs.
ONE_FILE = {
    "pandas.read_parquet": (lambda n: pd.read_parquet(f"d/{n}.parquet"), "d/x.parquet"),
    "pandas.read_parquet of a path": (
        lambda n: pd.read_parquet(Path("d") / f"{n}.parquet"),
        "d/x.parquet",
    ),
    "pandas.read_feather": (lambda n: pd.read_feather(f"d/{n}.arrow"), "d/x.arrow"),
    "pandas.read_orc": (lambda n: pd.read_orc(f"d/{n}.orc"), "d/x.orc"),
    "polars.read_csv": (lambda n: pl.read_csv(f"d/{n}.csv"), "d/x.csv"),
    "polars.read_parquet": (lambda n: pl.read_parquet(f"d/{n}.parquet"), "d/x.parquet"),
    "polars.read_parquet of a list": (lambda n: pl.read_parquet([f"{n}.parquet"]), "x.parquet"),
    "polars.read_parquet by keyword": (
        lambda n: pl.read_parquet(source=f"{n}.parquet"),
        "x.parquet",
    ),
    "polars.read_ipc": (lambda n: pl.read_ipc(f"{n}.arrow"), "x.arrow"),
    "polars.read_ndjson": (lambda n: pl.read_ndjson(f"{n}.ndjson"), "x.ndjson"),
    "polars.scan_csv": (lambda n: pl.scan_csv(f"{n}.csv").collect(), "x.csv"),
    "polars.scan_parquet": (lambda n: pl.scan_parquet(f"{n}.parquet").collect(), "x.parquet"),
    "parquet.read_table": (lambda n: pq.read_table(f"{n}.parquet"), "x.parquet"),
    "parquet.ParquetFile": (lambda n: pq.ParquetFile(f"{n}.parquet").read(), "x.parquet"),
    "parquet.ParquetDataset": (lambda n: pq.ParquetDataset(f"{n}.parquet").read(), "x.parquet"),
    "csv.read_csv": (lambda n: pa.csv.read_csv(f"{n}.csv"), "x.csv"),
    "csv.open_csv": (lambda n: pa.csv.open_csv(f"{n}.csv").read_all(), "x.csv"),
    "json.read_json": (lambda n: pa.json.read_json(f"{n}.ndjson"), "x.ndjson"),
    "feather.read_table": (lambda n: pa.feather.read_table(f"{n}.arrow"), "x.arrow"),
    "orc.read_table": (lambda n: pa.orc.read_table(f"{n}.orc"), "x.orc"),
    "orc.ORCFile": (lambda n: pa.orc.ORCFile(f"{n}.orc").read(), "x.orc"),
    "dataset": (lambda n: pa.dataset.dataset(f"{n}.parquet").to_table(), "x.parquet"),
    "memory_map": (lambda n: pa.memory_map(f"{n}.arrow").read(), "x.arrow"),
}


@pytest.mark.parametrize("name", ONE_FILE)
def test_a_file_named_while_the_step_runs_is_traced(name):
    """Its content counts: another table in it, and the trace no longer holds."""
    read, path = ONE_FILE[name]
    seen = watched(lambda: read("x"))
    assert files(seen) == {path}
    (trace,) = seen.traces
    assert broken(trace) is None
    write_all(Path(path).parent, "x", pl.DataFrame({"a": [7, 8, 9]}))
    assert broken(trace) is not None


SEVERAL = {
    "a pattern": (
        lambda: pl.read_csv("d/*.csv"),
        {"d", "d/x.csv", "d/y.csv"},
    ),
    "a pattern of folders": (
        lambda: pl.scan_parquet("**/y.parquet").collect(),
        {".", "d", "d/y.parquet"},
    ),
}


@pytest.mark.parametrize("name", SEVERAL)
def test_a_pattern_stands_for_its_files_and_folders(name):
    """What matches, and what could come to match."""
    read, expected = SEVERAL[name]
    assert files(watched(read)) == expected


@pytest.mark.parametrize("read", [pd.read_parquet, pl.read_parquet, pq.read_table])
def test_a_folder_of_tables_stands_for_all_in_it(read, request):
    """A file changed, and a file added, are both seen."""
    Path("t").mkdir()
    FRAME.write_parquet("t/one.parquet")
    module = sys.modules[
        {"pandas": "pandas", "polars": "polars"}.get(
            read.__module__.partition(".")[0], "pyarrow.parquet"
        )
    ]
    seen = watched(lambda: getattr(module, read.__name__)("t"))
    assert files(seen) == {"t", "t/one.parquet"}
    assert [broken(trace) for trace in seen.traces] == [None, None]
    FRAME.write_parquet("t/two.parquet")
    assert broken(seen.traces[0]) == "folder t changed (1 → 2 entries)"


def test_a_reader_of_content_names_no_file():
    """Bytes and open files are no paths, and other arguments are not looked at."""
    raw = Path("x.csv").read_bytes()
    with Path("d/x.csv").open("rb") as file:
        seen = watched(lambda: (pl.read_csv(raw, separator="/"), pl.read_csv(file)))
    assert files(seen) == set()


def test_another_machine_is_told_by_a_badge():
    """An address that only the reader understands is no file here."""
    seen = watched(lambda: pl.scan_parquet("https://localhost:1/x.parquet"))
    assert "external:network" in seen.badges


def test_a_plan_made_earlier_is_read_now():
    """A lazy frame of an earlier cell is read when it is collected."""
    lazy = pl.scan_csv("x.csv").select("a")
    assert files(watched(lambda: [lazy.collect()])) == {"x.csv"}
    assert files(watched(lambda: pl.collect_all([lazy, FRAME.lazy()]))) == {"x.csv"}
    assert files(watched(lambda: FRAME.lazy().collect())) == set()


LOOKS = {
    "described": lambda lazy: lazy.describe(),
    "schema asked for": lambda lazy: lazy.collect_schema(),
    "schema as a property": lambda lazy: lazy.schema,
    "columns as a property": lambda lazy: lazy.columns,
    "width as a property": lambda lazy: lazy.width,
}


@pytest.mark.filterwarnings("ignore::polars.exceptions.PerformanceWarning")
@pytest.mark.parametrize("way", LOOKS)
def test_a_lazy_frame_is_read_where_it_is_looked_at(way):
    """What a lazy frame of an earlier cell tells of itself it has from its files."""
    lazy = pl.scan_csv("x.csv")
    assert files(watched(lambda: LOOKS[way](lazy))) == {"x.csv"}
    assert files(watched(lambda: LOOKS[way](FRAME.lazy()))) == set()


def test_a_plan_that_hides_files_is_told_by_a_badge():
    """A plan shortens long lists: then files may have been missed, unless this step named them."""
    for number in range(12):
        FRAME.write_csv(f"many{number}.csv")
    lazy = pl.scan_csv("many*.csv")
    assert watched(lambda: [lazy.collect()]).badges == ("external:lazy-file",)
    assert watched(lambda: pl.scan_csv("many*.csv").collect()).badges == ()


LOADED_BY_THE_STEP = """
import os, sys
os.chdir({folder!r})
from zen_nb.observe.files import FileWatch
watch = FileWatch(); watch.start()
import polars, pandas, pyarrow.csv
from pyarrow.parquet import read_table
name = "x"
polars.read_csv(f"d/{{name}}.csv")
pandas.read_parquet(f"d/{{name}}.parquet")
pyarrow.csv.read_csv(f"{{name}}.csv")
read_table(f"{{name}}.parquet")
seen = watch.stop()
found = {{trace.name for trace in seen.traces}}
assert found >= {{"d/x.csv", "d/x.parquet", "x.csv", "x.parquet"}}, seen
assert not polars.read_csv.__code__.co_filename.endswith("observe/readers.py")
assert read_table is pyarrow.parquet.read_table
assert all(type(finder).__module__ != "zen_nb.observe.readers" for finder in sys.meta_path)
assert "exec_module" not in vars(polars.__spec__.loader)
"""


def test_libraries_that_the_step_loads_are_covered(folder):
    """Also a reader taken by name; afterwards nothing is left of it."""
    root = str(Path(__file__).resolve().parents[2])
    code = LOADED_BY_THE_STEP.format(folder=str(folder))
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ | {"PYTHONPATH": root})


def everything() -> dict[tuple[str, str], object]:
    found = {}
    for name in readers.READERS:
        for owner, attribute in readers._readers(sys.modules[name]):
            found[(getattr(owner, "__qualname__", name), attribute)] = vars(owner)[attribute]
    return found


def test_watches_that_overlap_put_everything_back():
    """In whatever order they end, also when a watch is cancelled, twice."""
    before, finders = everything(), list(sys.meta_path)
    one, other = FileWatch(), FileWatch()
    one.start()
    other.start()
    during = everything()
    assert all(during[key] is not before[key] for key in before)
    one.stop()
    assert everything() == during
    other.cancel()
    other.cancel()
    assert everything() == before
    assert sys.meta_path == finders


def test_a_stand_in_is_not_noticed():
    """Signature, name and pickle are the reader's own."""
    before = inspect.signature(pl.read_csv), pl.read_csv.__doc__, pickle.dumps(pd.read_parquet)
    told = []
    watched(
        lambda: told.append(
            (inspect.signature(pl.read_csv), pl.read_csv.__doc__, pickle.dumps(pd.read_parquet))
        )
    )
    assert told == [before]


def test_a_warning_blames_the_line_that_called():
    """A reader that warns about its caller warns about the same line as ever."""

    def reader(path):
        warnings.warn(f"{path} is old", DeprecationWarning, stacklevel=2)

    with pytest.warns(DeprecationWarning, match="x is old") as caught:
        readers._telling(reader, readers._tell_paths)("x")
    assert [warning.filename for warning in caught] == [__file__]
