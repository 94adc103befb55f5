"""Clio Manage: ``client`` speaks HTTP, ``wire`` turns its JSON into our readings, ``webhook`` into pointers."""
