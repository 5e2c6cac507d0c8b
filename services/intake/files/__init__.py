"""A department's table (CSV, XLSX, XLS) becomes its records, whole and right, or is refused with place and remedy.

form (what it is, by its bytes) → text or workbook (sheets of cells) → layout (heading, kind, columns) → rows (records).
It runs in a process of its own without a key (`__main__.py`), which a hostile file may fell, and nothing else.
"""
