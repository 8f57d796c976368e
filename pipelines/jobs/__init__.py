"""What each command does, one file of the command's name."""
