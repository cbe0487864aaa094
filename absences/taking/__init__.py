"""The pages for taking, reading and correcting a register, and the data for devices."""
