"""Pure records and rules: no input or output, nothing of IPython, nothing heavy."""
