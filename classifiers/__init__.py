"""Floor 2, what is found: stored rows in; signatures, clusters, onsets and attributions out."""
