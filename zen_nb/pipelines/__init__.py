"""``@step`` and ``@pipeline``: ZenML's spelling for functions."""
