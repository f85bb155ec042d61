"""Crossbar read-out strategies: training of their analog networks, and what these reach."""
