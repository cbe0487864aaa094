"""One pupil's attendance in a school year: read, added up, and drawn."""
