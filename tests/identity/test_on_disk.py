"""Objects that read a file when they are asked count by what the file holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import dataset

from zen_nb import fingerprint
from zen_nb.core.errors import NoFingerprint


def test_an_archive_of_arrays_counts_by_its_file(tmp_path: Path) -> None:
    """Reading from it changes nothing, another file is another archive, a copy is the same."""
    seen = {}
    for name, size in (("one", 3), ("copy", 3), ("other", 4)):
        np.savez(tmp_path / f"{name}.npz", a=np.arange(size))
        with np.load(tmp_path / f"{name}.npz") as archive:
            seen[name] = fingerprint(archive)
            assert len(archive["a"]) == size
            assert fingerprint(archive) == seen[name]
    assert seen["one"] == seen["copy"] != seen["other"]


def test_a_data_set_counts_by_its_files(tmp_path: Path) -> None:
    """A file that was written anew makes it another one, before it is opened again as well."""
    file = tmp_path / "a.parquet"
    pq.write_table(pa.table({"x": [1, 2]}), file)
    found = dataset.dataset(tmp_path)
    before = fingerprint(found)
    assert found.to_table().num_rows == 2
    assert fingerprint(found) == before == fingerprint(dataset.dataset(tmp_path))
    pq.write_table(pa.table({"x": [1, 3]}), file)
    assert fingerprint(found) != before
    file.unlink()
    with pytest.raises(NoFingerprint, match="cannot be read"):
        fingerprint(found)


def test_a_data_set_in_memory_counts_by_its_rows() -> None:
    """It is the table that it was made of."""
    one, other = dataset.dataset(pa.table({"x": [1]})), dataset.dataset(pa.table({"x": [2]}))
    assert fingerprint(one) != fingerprint(other)
    assert fingerprint(one) == fingerprint(dataset.dataset(pa.table({"x": [1]})))


def test_a_function_of_elements_counts_by_what_it_was_made_of() -> None:
    """``np.frompyfunc`` gives the same for the same function."""

    def up(x: int) -> int:
        return x + 1

    def down(x: int) -> int:
        return x - 1

    assert fingerprint(np.frompyfunc(up, 1, 1)) == fingerprint(np.frompyfunc(up, 1, 1))
    assert fingerprint(np.frompyfunc(up, 1, 1)) != fingerprint(np.frompyfunc(down, 1, 1))
    assert fingerprint(np.frompyfunc(up, 1, 1)) != fingerprint(np.add)
