"""The pages of a school's office, a folder each."""
