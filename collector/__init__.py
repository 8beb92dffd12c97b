"""Floor 1, what is seen: sources in, normalised and redacted rows in the store out."""
