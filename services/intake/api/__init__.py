"""HTTP in, one call of the unit of work (or one read under row scope), answer out: a file a resource."""
