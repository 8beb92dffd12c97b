"""What each command does once its words are parsed: configuration, one call of the pipeline, one way to tell it.

Kept apart from cli.py so that `--help` need not import what only a running command needs; one module a theme.
"""
