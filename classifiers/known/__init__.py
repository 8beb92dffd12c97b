"""Known signatures: one YAML file a family in, names and explanations out."""
