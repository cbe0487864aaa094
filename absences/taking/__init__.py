"""The pages on which a register is taken, read and corrected, and what a device keeps."""
