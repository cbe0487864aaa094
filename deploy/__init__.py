"""Tools that run beside the product on an operator's machines."""
