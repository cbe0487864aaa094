"""Running the product on one machine for development: its stores, its processes, its demo."""
