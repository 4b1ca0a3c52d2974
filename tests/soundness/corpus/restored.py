"""What a step above made: the step that reads it hits, whether it was made or brought back."""

from tests.soundness.scenario import RERUN, SAME, Scenario


def _(name, made, use, *, between="w = [v]", rerun=SAME, edit=("# one", "# two"), **more):
    setup = f"%%step up\n# one\n{made}\n# %%\n{between}"
    name = f"from a step above: {name}"
    return Scenario(name, rerun, setup, use, edit, cell_only=True, **more)


NP = "import numpy as np\n"
PD = "import pandas as pd\nimport numpy as np\n"
MPL = "import matplotlib\nmatplotlib.use('agg')\nimport matplotlib.pyplot as plt\n"
SHARED = NP + "a = np.arange(12.0).reshape(3, 4)\n"
MASK = (
    "v = (np.zeros(3, dtype=[('a', 'i1'), ('b', 'f8')]), np.ma.masked_array([1, 2], mask=[0, 1]))"
)
SOUP = "from bs4 import BeautifulSoup\nv = BeautifulSoup('<p>a<b>c</b></p>', 'html.parser')"
FOREST = (
    NP + "from sklearn.ensemble import RandomForestClassifier\nX = np.arange(20.0).reshape(10, 2)\n"
    "v = RandomForestClassifier(3, random_state=0).fit(X, np.arange(10) % 2)"
)
PIPELINE = (
    NP + "from sklearn.pipeline import make_pipeline\nfrom sklearn.preprocessing import "
    "StandardScaler\nfrom sklearn.linear_model import Ridge\nX = np.arange(20.0).reshape(10, 2)\n"
    "v = make_pipeline(StandardScaler(), Ridge()).fit(X, X[:, 0])"
)
FRAME = PD + (
    "v = pd.DataFrame({'a': [1, 2], 'b': ['x', 'y'], 'c': pd.to_datetime(['2020-01-01', "
    "'2020-01-02'], utc=True), 'd': pd.Categorical(['p', 'q'])}).set_index('a')"
)
PIVOT = PD + (
    "v = pd.DataFrame({'a': [1, 1, 2], 'b': ['x', 'y', 'x'], 'c': [1.0, 2.0, 3.0]})"
    ".pivot_table(index='a', columns='b', values=['c'])"
)
WRAPPER = (
    "class Proxy:\n    def __init__(self, inner):\n        self.inner = inner\n"
    "    def __getattr__(self, name):\n        return getattr(self.inner, name)\nv = Proxy([3])"
)

SCENARIOS = [
    _(
        "views of one array",
        SHARED + "v = {'t': a.T, 's': a[:, ::2], 'r': a[::-1], 'b': np.broadcast_to(a[0], (2, 4))}",
        "y = float(w[0]['t'].sum())",
    ),
    _("an array and a part of it", SHARED + "v = [a, a[:2]]", "y = float(v[1].sum())"),
    _(
        "an array and a part of it, written to",
        SHARED + "v = [a, a[:2]]",
        "w[0][0][0, 0] = 50\ny = w[0][1].tolist()",
        reads_itself=True,
    ),
    _(
        "an array and a part of it, which becomes a copy",
        SHARED + "v = [a, a[:2]]",
        "y = np.shares_memory(*v)",
        rerun=RERUN,
        edit=("a[:2]]", "a[:2].copy()]"),
    ),
    _(
        "an array of objects and a part",
        NP + "a = np.array(['p', None, {'q': 1}])\nv = (a, a[1:])",
        "y = len(w[0][1])",
    ),
    _("a structured and a masked array", NP + MASK, "y = len(w[0])"),
    _("a frame with dates and categories", FRAME, "y = w[0].b.tolist()"),
    _("a pivot with two levels of columns", PIVOT, "y = w[0].shape"),
    _(
        "a slice of a frame beside it",
        PD + "a = pd.DataFrame({'k': range(9)})\nv = (a, a[a.k > 4])",
        "y = w[0][1].k.tolist()",
    ),
    _("a fitted forest", FOREST, "y = w[0].predict([[1.0, 2.0]]).tolist()"),
    _("a fitted pipeline", PIPELINE, "y = w[0].predict([[1.0, 2.0]]).round(3).tolist()"),
    _(
        "a frozen distribution",
        "from scipy import stats\nv = stats.norm(2, 3)",
        "y = float(w[0].mean())",
    ),
    _(
        "another frozen distribution",
        "from scipy import stats\nv = stats.norm(2, 3)",
        "y = float(w[0].mean())",
        rerun=RERUN,
        edit=("norm(2", "norm(4"),
    ),
    _(
        "a table's distribution",
        "from scipy import stats\nv = stats.rv_discrete(values=([1, 2], [0.5, 0.5]))",
        "y = float(w[0].mean())",
    ),
    _(
        "numpy's own generator",
        NP + "v = {'rng': np.random.mtrand._rand}",
        "y = type(w[0]['rng']).__name__",
    ),
    _(
        "a generator of one's own",
        NP + "v = np.random.default_rng(3)\nv.normal()",
        "y = w[0].bit_generator.state['state']['state'] % 97",
    ),
    _("a parsed page", SOUP, "y = w[0].b.text"),
    _("another parsed page", SOUP, "y = w[0].b.text", rerun=RERUN, edit=("<b>c", "<b>d")),
    _("a tag of a page", SOUP + ".b", "y = v.text", between="z = 1"),
    _(
        "a norm and a colour map",
        MPL + "from matplotlib.colors import LogNorm\nv = LogNorm(1, 10), plt.get_cmap('viridis')",
        "y = float(w[0][0](5)), w[0][1](0.5)[:2]",
    ),
    _(
        "a figure and its axes",
        MPL + "v, ax = plt.subplots()\nax.plot([1, 2], [3, 4])",
        "y = len(w[0].axes[0].lines)",
    ),
    _(
        "a figure with another line",
        MPL + "v, ax = plt.subplots()\nax.plot([1, 2], [3, 4])",
        "y = w[0].axes[0].lines[0].get_ydata()[0] * 1.0",
        rerun=RERUN,
        edit=("[3, 4]", "[5, 4]"),
    ),
    _(
        "a triangulation in use",
        "from scipy.spatial import Delaunay\nv = Delaunay([[0, 0], [1, 0], [0, 1.0], [1, 1.1]])\nv.transform",
        "y = int(w[0].find_simplex([[0.2, 0.2]])[0])",
    ),
    _(
        "a smoothing spline",
        "from scipy.interpolate import UnivariateSpline\nv = UnivariateSpline([0, 1, 2, 3], [0, 1, 4, 9])",
        "y = round(float(w[0](1.5)), 3)",
    ),
    _("limits of floats", NP + "v = np.finfo('f8')\nstr(v)", "y = float(w[0].eps)"),
    _(
        "a logger that was asked about its level",
        "import logging\nv = logging.getLogger('here')\nv.isEnabledFor(10)",
        "y = w[0].name",
    ),
    _("a wrapper that cannot be loaded", WRAPPER, "y = w[0].inner"),
    _(
        "a closed temporary file",
        "import tempfile\nwith tempfile.NamedTemporaryFile('w') as file:\n    v = file.write('abc')",
        "y = v, file.closed",
        between="file.name = 'x'",
    ),
    _(
        "a polars frame and a lazy one",
        "import polars as pl\nd = pl.DataFrame({'a': [1, 2]})\nv = d, d.lazy().filter(pl.col('a') > 1)",
        "y = w[0][1].collect()['a'].to_list()",
    ),
    _(
        "shared and recursive references",
        "a = ['q']\nv = {'x': a, 'y': a, 't': (a, {'z': a})}\nv['me'] = v",
        "y = w[0]['x'] is w[0]['t'][1]['z']",
    ),
]
