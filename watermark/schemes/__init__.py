"""Ways to mark, one file each."""
