"""The road broken on purpose: a house of real processes, faults at named steps, and a ledger that misses nothing."""
