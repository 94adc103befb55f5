"""The real program on the deployed template; marked ``local``."""
