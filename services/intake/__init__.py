"""intake: what departments send, the register, identity, the vault of personal data. It judges nothing."""
