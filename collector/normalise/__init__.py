"""Normalise: raw records in, frames of entries, spans, facts and dead letters out; pure functions."""
