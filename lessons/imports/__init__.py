"""What other systems put into a school by its own ids: the same rules whichever way it comes in."""
