"""HTTP of notify, a file a resource: one call of the unit of work, or one read under the caller's scope."""

BODY_BYTES_MAX = 64 * 1024
"""A mark that something was read, and how one wants to be told, are small."""
