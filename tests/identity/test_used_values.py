"""Objects of libraries keep their fingerprints when they are used, and lose them when changed."""

from __future__ import annotations

import copy
import datetime as dt
import io
import logging
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from dateutil import rrule
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from scipy import interpolate, signal, spatial

from zen_nb import fingerprint
from zen_nb.store.serialize import dump, load

CORNERS = [[0, 0], [1, 0], [0, 1.0], [1, 1.1]]
PAGE = "<p class='a b'>one<b>two</b></p><p>three</p>"


def figure() -> Figure:
    made = Figure()
    axes = made.subplots()
    axes.plot([1, 2], [3, 4])
    return made


def cut_down(page: Any) -> None:
    page.p["class"] = ["c"]


def faded(colours: Any) -> None:
    colours(0.5)
    colours._lut[:, -1] = 0.5


def daily(**more: Any) -> rrule.rrule:
    start = dt.datetime(2020, 1, 1)  # noqa: DTZ001 - as it stands in notebooks
    return rrule.rrule(rrule.DAILY, count=3, dtstart=start, **more)


def logger() -> logging.Logger:
    made = logging.getLogger("here.below")
    made.setLevel(20)
    made.handlers[:] = [logging.StreamHandler()]
    return made


def again(value: Any) -> Any:
    payload = dump({"v": value}, namespace={})
    buffers = [bytearray(buffer) for buffer in payload.buffers]
    return load(payload.stream, buffers, namespace={})["v"]


# Name: how it is made, used, and changed.
OBJECTS: dict[str, tuple[Callable[[], Any], Callable[[Any], Any], Any]] = {
    "colour map": (
        lambda: mpl.colormaps["viridis"],
        lambda c: c(0.5),
        lambda c: setattr(c, "_rgba_bad", (1, 0, 0, 1)),
    ),
    "faded colour map": (lambda: mpl.colormaps["viridis"], lambda c: c(0.5), faded),
    "norm": (lambda: LogNorm(1, 10), lambda n: n(5), lambda n: n.autoscale([2, 3])),
    "line": (lambda: Line2D([0, 1], [2, 3]), lambda o: o.get_data(), lambda o: o.set_color("r")),
    "figure": (figure, lambda f: f.axes[0].lines, lambda f: f.axes[0].set_title("t")),
    "logger": (logger, lambda o: o.isEnabledFor(10), lambda o: o.setLevel(10)),
    "logger's handlers": (
        logger,
        lambda o: o.debug("x"),
        lambda o: o.addHandler(logging.NullHandler()),
    ),
    "page": (
        lambda: BeautifulSoup(PAGE, "html.parser"),
        lambda p: (p.find("b").text, str(p)),
        cut_down,
    ),
    "triangles": (
        lambda: spatial.Delaunay(CORNERS),
        lambda t: (t.transform, t.vertex_to_simplex, t.find_simplex([[0.2, 0.2]])),
        lambda t: t.points.__iadd__(1),
    ),
    "interpolator": (
        lambda: interpolate.LinearNDInterpolator(CORNERS, [1, 2, 3, 4.0]),
        lambda p: p([[0.2, 0.2]]),
        lambda p: p.values.__iadd__(1),
    ),
    "rule": (daily, list, lambda r: setattr(r, "_count", 4)),
    "windows": (
        lambda: signal.ShortTimeFFT(np.hanning(8), 4, 1.0),
        lambda s: (s.dual_win, s.stft(np.ones(40))),
        lambda s: setattr(s, "fs", 2.0),
    ),
    "limits": (lambda: np.finfo("f8"), lambda f: (str(f), f.epsneg), None),
    "styled frame": (
        lambda: pd.DataFrame({"a": [1]}).style.format("{:.1f}"),
        lambda s: s.to_html(),
        lambda s: s.set_uuid("mine"),
    ),
}
# Before dateutil 3 it holds a lock, which cannot be stored.
if not hasattr(daily(cache=True), "_cache_lock"):
    OBJECTS["rule that remembers"] = (
        lambda: daily(cache=True),
        list,
        lambda r: setattr(r, "_count", 4),
    )


@pytest.mark.parametrize("name", OBJECTS)
def test_use_does_not_count(name: str) -> None:
    """A second one, one in use and one that was pickled are the same; a changed one is not."""
    make, use, change = OBJECTS[name]
    value = make()
    fresh = fingerprint(value)
    assert fingerprint(make()) == fresh
    assert fingerprint(again(value)) == fresh
    use(value)
    assert fingerprint(value) == fresh
    if change is not None:
        change(value)
        assert fingerprint(value) != fresh


def test_drawing_a_figure_again_does_not_count() -> None:
    """A figure that was drawn is the same when it is drawn again, and after a load."""
    drawn = figure()
    drawn.savefig(io.BytesIO())
    seen = fingerprint(drawn)
    drawn.savefig(io.BytesIO())
    assert fingerprint(drawn) == seen
    assert fingerprint(again(drawn)) == seen


def test_work_space_of_a_spline_does_not_count() -> None:
    """What was in memory before a spline was fitted is no part of it."""
    spline = interpolate.UnivariateSpline([0, 1, 2, 3], [0, 1, 4, 9])
    other = copy.copy(spline)
    other._data = tuple(part + 1 if at == 11 else part for at, part in enumerate(spline._data))
    assert fingerprint(other) == fingerprint(spline)
    assert fingerprint(interpolate.UnivariateSpline([0, 1, 2, 3], [0, 1, 4, 8])) != fingerprint(
        spline
    )


def test_a_part_of_a_page_is_told_by_its_place() -> None:
    """Two tags that look the same are different parts of one page."""
    page = BeautifulSoup("<p>a</p><p>a</p>", "html.parser")
    first, second = page.find_all("p")
    assert fingerprint(first) != fingerprint(second)
    assert fingerprint([page, first]) != fingerprint([page, second])
    assert fingerprint(first.string) != fingerprint(second.string)


def test_a_given_dual_window_counts() -> None:
    """A dual window that does not follow from the window is part of the transform."""
    window = np.hanning(8)
    given = signal.ShortTimeFFT(window, 4, 1.0, dual_win=np.ones(8))
    assert fingerprint(given) != fingerprint(signal.ShortTimeFFT(window, 4, 1.0))


def test_the_order_of_a_librarys_attributes_does_not_count() -> None:
    """An estimator is the same whichever of its attributes was set first; a user's object not."""
    first, second = interpolate.interp1d([0, 1], [1, 2]), interpolate.interp1d([0, 1], [1, 2])
    second.__dict__ = dict(reversed(vars(second).items()))
    assert fingerprint(first) == fingerprint(second)
