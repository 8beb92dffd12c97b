"""logtriage, floor 3: what is told and what is run. Findings in; reports, digests and exit codes out."""

__version__ = "0.1.0"
