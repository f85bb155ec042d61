"""What other tools read: cost models, and input for place and route."""
