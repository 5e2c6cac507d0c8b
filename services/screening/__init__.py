"""Screening: facts per household → rules → one open warning per household, with its explanation. Method 3.

It never knows a name: a household is a UUID here, and what a warning says comes in two grades.
"""
