"""Counts and ratios at volume: a million rows, ten thousand calls, two hundred callers (docs/reliability.md)."""
