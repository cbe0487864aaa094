"""What the claims about speed and memory are measured with, on stores of their own."""
