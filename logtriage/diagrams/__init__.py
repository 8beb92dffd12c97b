"""Incidents as pictures: the parts of the findings that are drawn come in, Mermaid and SVG texts go out. No I/O."""
