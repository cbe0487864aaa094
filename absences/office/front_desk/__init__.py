"""The front desk: signing pupils in and out."""
