"""Where steps are computed: executors of the standard kind, by name."""
