"""Notifiers: one file a channel. A digest in, a delivered message out."""
