"""HTTP of notify, a file a resource: one call of the unit of work, or one read under the caller's scope."""
