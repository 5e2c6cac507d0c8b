"""intake: what departments send, the register of households, identity, and the vault of personal data. It judges nothing."""
