"""Starting, stopping and filling Shouwang: what an operator does from a shell. Services never import this."""
