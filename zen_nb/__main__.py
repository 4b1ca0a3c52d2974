"""``python -m zen_nb``: the command line where the script is not on the path."""

import sys

from zen_nb.faces.cli import main

if __name__ == "__main__":
    sys.exit(main())
