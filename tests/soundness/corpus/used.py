"""Inputs that are used between two runs: use does not count, a change does."""

from tests.soundness.scenario import RERUN, SAME, Scenario


def _(name, made, use, live="1", rerun=SAME, **more):
    return Scenario(f"an input that is used: {name}", rerun, made, use, live=live, **more)


NP = "import numpy as np\n"
MPL = "import matplotlib\nmatplotlib.use('agg')\nimport matplotlib.pyplot as plt\n"
CMAP = MPL + "cmap = plt.get_cmap('viridis').copy()"
LOG = "import logging\nlog = logging.getLogger('here')"
RULE = (
    "import datetime\nfrom dateutil.rrule import rrule, DAILY\n"
    "r = rrule(DAILY, count=3, dtstart=datetime.datetime(2020, 1, 1), cache=True)"
)
STYLER = "import pandas as pd\ns = pd.DataFrame({'a': [1, 2]}).style.format('{:.1f}')"
FIGURE = MPL + "fig, ax = plt.subplots()\nax.plot([1, 2])"
STFT = NP + "from scipy.signal import ShortTimeFFT\ns = ShortTimeFFT(np.hanning(8), 4, 1.0)"
POINTS = "[[0, 0], [1, 0], [0, 1.0], [1, 1.1]]"
TRI = NP + f"from scipy.spatial import Delaunay\ntri = Delaunay({POINTS})"
SOUP = "from bs4 import BeautifulSoup\npage = BeautifulSoup('<p>a<b>c</b></p>', 'html.parser')"

SCENARIOS = [
    _("a colour map", CMAP, "y = cmap(0.5)[:2]", "cmap(0.1)"),
    _(
        "a colour map with another colour for what is missing",
        CMAP,
        "y = cmap(float('nan'))[:3]",
        "cmap = cmap.with_extremes(bad='red')",
        RERUN,
    ),
    _(
        "a colour map made transparent in its table",
        CMAP,
        "y = cmap(0.5)",
        "cmap(0.1)\ncmap._lut[:, -1] = 0.5",
        RERUN,
    ),
    _(
        "a normalisation of colours",
        "from matplotlib.colors import LogNorm\nnorm = LogNorm(1, 10)",
        "y = float(norm(5))",
        "norm(3)",
    ),
    _(
        "a normalisation with another limit",
        "from matplotlib.colors import LogNorm\nnorm = LogNorm(1, 10)",
        "y = round(float(norm(5)), 3)",
        "norm.vmax = 100",
        RERUN,
    ),
    _(
        "a line of a plot",
        MPL + "line, = plt.plot([1, 2])",
        "y = line.get_ydata().tolist()",
        "line.get_color()",
    ),
    _("a figure", FIGURE, "y = len(fig.axes[0].lines)", "fig.axes[0].lines"),
    _("a figure with a line more", FIGURE, "y = len(fig.axes[0].lines)", "ax.plot([3, 4])", RERUN),
    _("a logger", LOG, "y = log.name", "log.info('x')\nlog.isEnabledFor(10)"),
    _(
        "a logger in a helper",
        LOG
        + "\nlog.addHandler(logging.StreamHandler())\ndef f(x):\n    log.debug('x')\n    return x",
        "y = f(2)",
        "log.isEnabledFor(20)",
    ),
    _("a logger with another level", LOG, "y = log.level", "log.setLevel(10)", RERUN),
    _("a page", SOUP, "y = page.b.text", "page.find('b')\nstr(page)\npage.get_text()"),
    _("a page with another text", SOUP, "y = page.b.text", "page.b.string = 'd'", RERUN),
    _(
        "a triangulation",
        TRI,
        "y = int(tri.find_simplex([[0.2, 0.2]])[0])",
        "tri.vertex_to_simplex, tri.transform",
    ),
    _(
        "an interpolator between points",
        f"from scipy.interpolate import LinearNDInterpolator\np = LinearNDInterpolator({POINTS}, [1, 2, 3, 4.0])",
        "y = round(float(p([[0.2, 0.2]])[0]), 3)",
        "p([[0.1, 0.1]])",
    ),
    _(
        "an interpolator with other values",
        f"from scipy.interpolate import LinearNDInterpolator\np = LinearNDInterpolator({POINTS}, [1, 2, 3, 4.0])",
        "y = round(float(p([[0.2, 0.2]])[0]), 3)",
        "p.values += 1",
        RERUN,
    ),
    _("a rule of dates", RULE, "y = [d.day for d in r]", "list(r)"),
    _("a rule of other dates", RULE, "y = [d.day for d in r]", "r = r.replace(count=4)", RERUN),
    _(
        "a transform with a dual window",
        STFT,
        "y = round(float(s.dual_win.sum()), 6)",
        "s.dual_win\ns.stft(np.ones(40))",
    ),
    _(
        "a transform with another dual window",
        STFT,
        "y = round(float(s.dual_win.sum()), 6)",
        "s = ShortTimeFFT(np.hanning(8), 4, 1.0, dual_win=np.ones(8))",
        RERUN,
    ),
    _("a styled frame", STYLER, "y = s.data.shape", "s.to_html()"),
    _(
        "a styled frame with a format of its own",
        STYLER,
        "y = '2.00' in s.to_html()",
        "s = s.format('{:.2f}')",
        RERUN,
    ),
    _(
        "limits of floats",
        NP + "limits = np.finfo('f4')",
        "y = float(limits.eps)",
        "str(limits)\nlimits.epsneg",
    ),
    _(
        "limits of other floats",
        NP + "limits = np.finfo('f4')",
        "y = float(limits.eps)",
        "limits = np.finfo('f8')",
        RERUN,
    ),
    _(
        "an archive of arrays",
        NP + "np.savez('v.npz', a=np.arange(3))\ndata = np.load('v.npz')",
        "y = data['a'].tolist()",
        "data['a']",
    ),
    _(
        "an archive of other arrays",
        NP + "np.savez('v.npz', a=np.arange(3))\ndata = np.load('v.npz')",
        "y = data['a'].tolist()",
        "np.savez('w.npz', a=np.arange(4))\ndata = np.load('w.npz')",
        RERUN,
    ),
    _(
        "a column of polars",
        "import polars as pl\nd = pl.DataFrame({'x': [1, 2]})\ne = pl.col('x') + 1",
        "y = d.select(e, pl.col('x').alias('z')).rows()",
        "d.select(e)",
    ),
    _(
        "a function of elements",
        NP + "def up(v):\n    return v + 1\nf = np.frompyfunc(up, 1, 1)",
        "y = f([1, 2]).tolist()",
        "f([3])",
    ),
]
