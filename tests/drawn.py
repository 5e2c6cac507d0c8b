"""How many histories a property is tried on: SHOUWANG_TEST_HISTORIES=10000 makes so many instead of a few hundred."""

import os

HISTORIES = int(os.environ.get("SHOUWANG_TEST_HISTORIES", "400"))
