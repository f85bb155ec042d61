"""One module per verb of the ``bitline`` command; each holds a click command named ``command``."""
