"""A network of real data through the approximate array: inference, training from scratch, figures."""
