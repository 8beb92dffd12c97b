"""Claims of a written analysis: Markdown and stored rows in, a verdict with its rows for each claim out."""
