"""The daemon: jobs on a schedule come in, runs of them go out, one at a time, until a signal ends it."""
