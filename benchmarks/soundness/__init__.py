"""What zen_nb and its peers serve after an edit: `make soundness` writes ``soundness.md``."""
