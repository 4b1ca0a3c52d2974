"""``%%step`` and ``%pipeline`` in IPython."""
