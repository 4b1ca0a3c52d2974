"""torch: tensors, parameters, modules and optimizers, where torch is installed."""

# ruff: noqa: PLW0108 - values are made when they are asked for

from __future__ import annotations

import copy
import pickle
import subprocess
import sys

import pytest

from tests.identity.sinks import fp
from zen_nb.core.errors import NoFingerprint

torch = pytest.importorskip("torch")


def module(seed=0):
    torch.manual_seed(seed)
    return torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3), torch.nn.ReLU())


def stepped(rate=0.1):
    model = module()
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    model(torch.ones(4, 2)).sum().backward()
    optimizer.step()
    optimizer.zero_grad()
    return model, optimizer


def tied():
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2))
    torch.nn.init.ones_(model[0].weight)
    torch.nn.init.ones_(model[1].weight)
    torch.nn.init.zeros_(model[0].bias)
    torch.nn.init.zeros_(model[1].bias)
    return model


def with_one_weight():
    model = tied()
    model[1].weight = model[0].weight
    return model


def sharing(*, shared):
    whole = torch.arange(6.0)
    return [whole, whole[:3] if shared else whole[:3].clone()]


SAMPLES = {
    "zeros": lambda: torch.zeros(6),
    "shape": lambda: torch.zeros(2, 3),
    "other shape": lambda: torch.zeros(3, 2),
    "float64": lambda: torch.zeros(6, dtype=torch.float64),
    "int": lambda: torch.zeros(6, dtype=torch.int32),
    "bfloat16": lambda: torch.zeros(6, dtype=torch.bfloat16),
    "bfloat16 ones": lambda: torch.ones(6, dtype=torch.bfloat16),
    "half": lambda: torch.zeros(6, dtype=torch.float16),
    "bool": lambda: torch.zeros(6, dtype=torch.bool),
    "complex": lambda: torch.zeros(6, dtype=torch.complex64),
    "minus zero": lambda: -torch.zeros(6),
    "scalar": lambda: torch.tensor(0.0),
    "empty": lambda: torch.zeros(0),
    "empty rows": lambda: torch.zeros(0, 2),
    "meta": lambda: torch.zeros(6, device="meta"),
    "wants a gradient": lambda: torch.zeros(6, requires_grad=True),
    "parameter": lambda: torch.nn.Parameter(torch.zeros(6)),
    "frozen parameter": lambda: torch.nn.Parameter(torch.zeros(6), requires_grad=False),
    "matrix": lambda: torch.arange(6.0).reshape(2, 3),
    "transposed matrix": lambda: torch.arange(6.0).reshape(3, 2).T,
    "sparse": lambda: torch.eye(3).to_sparse(),
    "sparse rows": lambda: torch.eye(3).to_sparse_csr(),
    "sparse columns": lambda: torch.eye(3).to_sparse_csc(),
    "sparse ones": lambda: torch.ones(3, 3).to_sparse(),
    "dense": lambda: torch.eye(3),
    "module": module,
    "module of another seed": lambda: module(1),
    "evaluating module": lambda: module().eval(),
    "trained": stepped,
    "trained faster": lambda: stepped(0.2),
    "state": lambda: module().state_dict(),
    "two weights": tied,
    "one weight": with_one_weight,
    "dtype": lambda: torch.float32,
    "other dtype": lambda: torch.float64,
    "device": lambda: torch.device("cpu"),
    "size": lambda: torch.zeros(6).shape,
    "generator": lambda: torch.Generator().manual_seed(1),
    "other generator": lambda: torch.Generator().manual_seed(2),
    "storage": lambda: torch.zeros(6).untyped_storage(),
    "loader": lambda: torch.utils.data.TensorDataset(torch.zeros(6)),
    "twice": lambda: [torch.zeros(2)] * 2,
    "two": lambda: [torch.zeros(2), torch.zeros(2)],
    "view of a neighbour": lambda: sharing(shared=True),
    "copy of a neighbour": lambda: sharing(shared=False),
}

PAIRS = {
    "slice": (lambda: torch.arange(10)[::2], lambda: torch.tensor([0, 2, 4, 6, 8])),
    "column": (lambda: torch.eye(3)[:, 1], lambda: torch.eye(3)[:, 1].clone()),
    "expanded": (lambda: torch.ones(1, 3).expand(2, 3), lambda: torch.ones(2, 3)),
    "conjugated twice": (lambda: torch.ones(2) * 1j, lambda: (-1j * torch.ones(2)).conj()),
    "part of a storage": (lambda: torch.zeros(9)[2:4], lambda: torch.zeros(2)),
    "deep copy": (module, lambda: copy.deepcopy(module())),
    "detached": (
        lambda: (torch.ones(2, requires_grad=True) * 2).detach(),
        lambda: torch.ones(2) * 2,
    ),
    "disjoint parts": (
        lambda: [*torch.zeros(4).split(2)],
        lambda: [torch.zeros(2), torch.zeros(2)],
    ),
}


def test_every_tensor_has_a_fingerprint_of_its_own():
    """Type, dtype, shape, order, layout, content, and what shares what all count."""
    prints = {name: fp(make()) for name, make in SAMPLES.items()}
    assert len(set(prints.values())) == len(prints)
    assert prints == {name: fp(make()) for name, make in SAMPLES.items()}


@pytest.mark.parametrize("name", PAIRS)
def test_how_a_tensor_lies_in_memory_does_not_count(name):
    """Two ways to hold the same elements give one fingerprint."""
    one, other = PAIRS[name]
    assert fp(one()) == fp(other())


# What torch's own pickles refuse, or do not keep: that two tensors share a part of their memory.
NO_ROUND_TRIP = {"storage", "view of a neighbour"}


@pytest.mark.parametrize("name", SAMPLES.keys() - NO_ROUND_TRIP)
def test_a_pickle_round_trip_keeps_a_tensor(name):
    """What comes back is the same value."""
    value = SAMPLES[name]()
    assert fp(pickle.loads(pickle.dumps(value))) == fp(value)


def test_a_use_that_changes_nothing_does_not_count():
    """Evaluating, printing and hashing leave a module's fingerprint alone."""
    model = module().eval()
    before = fp(model)
    with torch.no_grad():
        model(torch.ones(4, 2))
    repr(model), hash(model), model.state_dict(), list(model.parameters())
    assert fp(model) == before


def test_one_changed_weight_a_gradient_and_a_draw_are_seen():
    """What a step of training changes changes the fingerprint."""
    model, generator = module(), torch.Generator().manual_seed(1)
    before = fp(model)
    with torch.no_grad():
        model[0].weight[0, 0] += 1
    changed = fp(model)
    model(torch.ones(4, 2)).sum().backward()
    assert len({before, changed, fp(model)}) == 3
    assert fp(generator) == fp(torch.Generator().manual_seed(1))
    torch.rand(1, generator=generator)
    assert fp(generator) != fp(torch.Generator().manual_seed(1))


def test_a_tensor_that_was_computed_from_parameters_is_refused():
    """Its history is part of it, and is no content."""
    with pytest.raises(NoFingerprint, match="detach"):
        fp({"loss": torch.ones(2, requires_grad=True).sum()})


def test_a_fingerprint_moves_no_generator():
    """Torch's own stream of numbers is where it was."""
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    fp([module, torch.ones(3), torch.Generator()])
    assert torch.rand(1) == expected


TELL = "from tests.identity.test_tensors import *\nfor n, m in SAMPLES.items(): print(fp(m()), n)"


def test_tensors_are_the_same_in_another_process():
    """Neither addresses nor the hash seed are ingredients."""
    told = subprocess.run([sys.executable, "-c", TELL], capture_output=True, text=True, check=True)
    assert told.stdout.splitlines() == [f"{fp(make())} {name}" for name, make in SAMPLES.items()]
