"""One pupil's attendance in a school year: queries, figures and the calendar picture."""
