"""The field's own words, pure: divisions, money, dated values, the working calendar, concerns, identity.

Imports the standard library and pydantic only.
"""
