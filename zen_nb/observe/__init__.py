"""What a running step touches outside its variables, and what it shows."""
