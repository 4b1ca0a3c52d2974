"""What must run, running it, and saying why: nothing here prints or knows of notebooks."""
