"""Stand-ins for Clio, QuickBooks and Stripe: the neighbours as the reference pages describe them.

Nothing here imports chalicelib, so that a wrong idea of ours cannot hide on both sides of the wire.
"""
