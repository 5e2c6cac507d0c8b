"""Faults of the ground on which everything stands: connections, disks, power, members, an older database."""
