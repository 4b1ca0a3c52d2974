"""What foreign notebooks show with zen_nb and without it."""
