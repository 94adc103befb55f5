"""Stripe with Connect: ``client`` calls it, ``wire`` turns its JSON into our readings, ``webhook`` into pointers.

The package of Stripe's own is imported on first use, for it takes long (reference/aws.md 1).
"""
