"""Stimuli and expected results for the generated benches, computed from the golden models with a fixed seed."""
