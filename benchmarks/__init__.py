"""What zen_nb costs, beside a peer or the plain cell, in one run: `make bench`."""
