"""What earlier executions left under names that the step binds in a loop or a branch.

Every step is executed twice in one kernel, and once after a restart, where nothing is left.
"""

from __future__ import annotations

from tests.soundness.scenario import RERUN, SAME, Scenario

EDIT = ("# one", "# two")
XS = "xs = [1, 2, 3]\n"
FRAME = "import pandas as pd\ndf = pd.DataFrame({'k': ['a', 'b', 'a'], 'n': [1, 2, 3]})\n"


def again(name: str, step: str, setup: str = XS, **more: object) -> Scenario:
    """Return a step that gives the same however often it is executed."""
    text = f"# one\n{step}"
    return Scenario(name, SAME, setup=setup, step=text, edit=EDIT, cell_only=True, **more)


def left(name: str, rerun: bool, live: str, step: str, setup: str = XS, **more: object) -> Scenario:
    """Return a step before whose second execution a later cell leaves something."""
    return Scenario(name, rerun, setup=setup, step=step, live=live, cell_only=True, **more)


SCENARIOS = [
    again("loop over an input", "for part in xs:\n    last = part\ny = last, part"),
    again("loop with enumerate and zip", "for n, (a, b) in enumerate(zip(xs, xs)):\n    s = a + b\ny = n, a, b, s"),
    again("loop over the groups of a frame", "for key, part in df.groupby('k'):\n    total = part.n.sum()\ny = key, total, len(part)", FRAME),
    again("loop over the rows of a frame", "for row in df.itertuples():\n    last = row.n\ny = last, row.k", FRAME),
    again("while with a condition", "n = 0\nwhile n < len(xs):\n    n += 1\n    last = n\ny = last"),
    again("loop left by a break", "for i in xs:\n    if i > 1:\n        found = i\n        break\nelse:\n    found = None\ny = found, i"),
    again("loop with else", "for i in xs:\n    pass\nelse:\n    ended = True\ny = i, ended"),
    again("nested loops", "for i in xs:\n    for j in range(i):\n        cell = i * j\ny = i, j, cell"),
    again("training loop that reports its loss", "history = []\nfor epoch in range(len(xs)):\n    loss = sum(xs) / (epoch + 1)\n    history.append(loss)\n    if epoch % 2:\n        print(loss)\ny = loss, epoch, history"),
    again("folds", "scores = []\nfor fold, held in enumerate(xs):\n    train = [x for x in xs if x != held]\n    score = sum(train) / held\n    scores.append(score)\ny = score, fold, train"),
    again("with as, in a loop", "from contextlib import nullcontext\nfor x in xs:\n    with nullcontext(x) as held:\n        text = str(held)\ny = text, held"),
    again("suppressed errors", "from contextlib import suppress\nwith suppress(ValueError):\n    n = int('3')\ny = n", ""),
    again("try, except, else and finally", "try:\n    n = int('3')\nexcept ValueError:\n    pass\nelse:\n    m = n + 1\nfinally:\n    done = True\ny = n, m, done", ""),
    again("if and elif", "if len(xs) > 5:\n    size = 'big'\nelif xs:\n    size = 'small'\ny = size"),
    again("match without a default", "match xs:\n    case [first, *rest]:\n        pass\ny = first, rest"),
    again("walrus in a condition that may not be asked", "if xs and (n := len(xs)):\n    pass\ny = n"),
    again("walrus in a comprehension", "found = [h for x in xs if (h := x * 2) > 1]\ny = h, found"),
    again("targets of comprehensions do not leak", "squares = [x * x for x in xs]\nfor x in xs:\n    pass\ny = x, squares"),
    again("augmented in the loop that begins it", "for i in xs:\n    part = 0\n    for j in range(i):\n        part += j\ny = part, i"),
    again("two loops with one name", "for i in xs:\n    pass\nfor i in xs[:0]:\n    pass\ny = i"),
    again("one name in two loops, read after each", "for i in xs:\n    pass\na = i\nfor i in xs[1:]:\n    pass\ny = a, i"),
    again("function bound in a branch", "if xs:\n    def go(x):\n        return x + 1\ny = go(1)"),
    again("import that may fail", "try:\n    import json as fast\nexcept ImportError:\n    pass\ny = fast.dumps(xs)"),
    again("helper with a loop of its own", "for x in xs:\n    got = walk(xs)\ny = got", "xs = [1, 2]\ndef walk(rows):\n    for x in rows:\n        last = x\n    return last"),
    again("model kept of a loop over models", "best = None\nfor name, m in models.items():\n    score = m(3)\n    if best is None or score > best[0]:\n        best = score, name\ny = best, name, score", "models = {'one': abs, 'two': float}"),
    left("leftover of a loop variable that is bound", SAME, "i = 99\nlast = 99", "for i in xs:\n    last = i\ny = i, last"),
    left("leftover that has no fingerprint", SAME, "i = iter(xs)\nlast = (n for n in xs)", "for i in xs:\n    last = i\ny = i, last"),
    left("leftover of another kind", SAME, "def i():\n    return 1\nimport json as last", "for i in xs:\n    last = i\ny = i, last"),
    left("leftover that shares what the step reads", SAME, "i = xs\nlast = xs", "for i in xs:\n    last = i\ny = i, last, len(xs)"),
    left("leftover deleted", SAME, "del i, last", "for i in xs:\n    last = i\ny = i, last"),
    left("leftover read since the loop is empty", RERUN, "i = 99", "for i in xs:\n    pass\ny = i", "xs = []\ni = 5"),
    left("leftover read since the branch is not taken", RERUN, "rate = 99", "if xs:\n    rate = 1\ny = rate", "xs = []\nrate = 5"),
    left("leftover read since the error is suppressed", RERUN, "n = 99", "from contextlib import suppress\nwith suppress(ValueError):\n    n = int('q')\ny = n", "n = 5"),
    left("leftover read since the loop became empty", RERUN, "xs.clear()", "for i in xs:\n    last = i\ny = i, last"),
    left("leftover read by both of two loops", RERUN, "i = 99", "for i in xs:\n    pass\nfor i in xs:\n    pass\ny = i", "xs = []\ni = 5"),
    left("leftover read before the loop", RERUN, "i = 99", "a = i\nfor i in xs:\n    pass\ny = a, i", XS + "i = 5", reads_itself=True),
    left("leftover read in the loop that binds it", RERUN, "best = 99", "for v in xs:\n    best = max(best, v)\ny = best", XS + "best = 0", reads_itself=True),
    left("leftover added to in the loop", RERUN, "n = 99", "for v in xs:\n    n += v\ny = n", XS + "n = 0", reads_itself=True),
    left("leftover read in the first round only", RERUN, "last = 99", "y = []\nfor v in xs:\n    y.append(last)\n    last = v", XS + "last = 0", reads_itself=True),
    left("leftover read where a context manager of the user ends an error", RERUN, "v = 99", "y = []\nfor x in xs:\n    with Quiet():\n        v = 1 // (x - 1)\n    y.append(v)\nz = v", XS + "v = 5\nclass Quiet:\n    def __enter__(self):\n        pass\n    def __exit__(self, *_):\n        return True", reads_itself=True),
    left("leftover read by a helper in the loop", RERUN, "i = 99", "y = []\nfor i in xs[:0] or [look()]:\n    y.append(i)\nz = i", XS + "i = 5\ndef look():\n    return i", reads_itself=True),
    left("leftover asked for in a text", RERUN, "i = 99", "y = eval('i')\nfor i in xs:\n    pass\nz = i", XS + "i = 5", reads_itself=True),
    left("leftover asked of the namespace", RERUN, "i = 99", "y = dict(globals())['i']\nfor i in xs:\n    pass\nz = i", XS + "i = 5", reads_itself=True),
    left("name that is there now", RERUN, "v = 3", "for v in xs:\n    pass\ntry:\n    y = v\nexcept NameError:\n    y = 'none'", "xs = []"),
    left("name of a handler is gone after it", RERUN, "e = 99", "try:\n    int(word)\nexcept ValueError as e:\n    pass\ntry:\n    y = e\nexcept NameError:\n    y = 'none'", "word = '3'\ne = 5"),
]  # fmt: skip
