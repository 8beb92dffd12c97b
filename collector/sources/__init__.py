"""Sources: one file a source. Settings and a cursor in, batches of raw records out."""
