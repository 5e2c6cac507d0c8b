"""Workflow: cases, tasks, deadlines, grids and officers. It never sends a message to a person."""
