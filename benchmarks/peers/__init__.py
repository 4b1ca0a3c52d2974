"""zen_nb beside its peers, each in an environment of its own: `make bench-peers`."""
