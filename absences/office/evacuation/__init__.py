"""The evacuation list: where each pupil was last seen."""
