"""How facts travel: key row, outbox, relay, waiting, decide.

`unit_of_work.py` is the one way in for a Kafka batch, a person's call and a due deadline; `relay.py` the one way out.
Only `kafka.py` knows FastStream.
"""
