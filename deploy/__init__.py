"""What runs beside the product on an operator's machines."""
