"""Networks on alphabet-set multipliers: training that knows the alphabet, integers exported from it, inference."""
