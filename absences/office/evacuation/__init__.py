"""The evacuation list: where everyone was last seen."""
