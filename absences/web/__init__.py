"""Code that all pages share: finding lessons and users, navigation, rendering and words."""
