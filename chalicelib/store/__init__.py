"""Remembers. DynamoStore (``dynamo``) and MemoryStore (``memory``) have the shape of ``flow.ports.Store``.

Which store is used is chosen in world.py; the tables' names, the clock and the source of nonces come as arguments.
"""
