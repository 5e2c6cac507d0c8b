"""The ways in by which people report: each `parse`s one body to a form, or refuses it with its fields. Methods 1, 2, 5.

Whatever the way in, what comes out is one report (`clue.py`) or, where it is about officials, one complaint.
"""

CHANNELS: tuple[str, ...] = (
    "page", "app", "mini_program", "wechat", "social", "phone", "hotline", "window", "paper", "voice", "cadre",
    "cadre_visit", "grid_visit", "annual_check", "village_meeting", "resident_team", "letter", "other",
)  # fmt: skip
"""How it was told: by the farmer alone, through a window or a hotline, to a cadre, on a cadre's visit."""
