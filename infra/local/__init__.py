"""Brings the whole program up on one machine: the packaged template in an emulator, three sandboxes, one address.

``up`` is the command, ``stack`` the same thing as a library for the demo and for tests. Nothing here is packaged,
and nothing in the program knows that it exists.
"""
