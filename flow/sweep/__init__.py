"""Sweeps: many configurations of one design measured side by side, kept safe against a kill, and their Pareto front."""
