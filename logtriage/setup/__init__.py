"""Setting up: what is there to read (`init`), and whether all that is configured works (`doctor`)."""
