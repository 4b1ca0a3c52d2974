"""Notebooks that nobody wrote for this: what installed packages show their users how to do."""
