"""What all pages share: looking up lessons and users, navigation, rendering and words."""
