"""Who may do and see what: tokens, the table of roles, and the row scope that the database holds."""
