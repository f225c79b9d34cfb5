"""The look carried from the keys through the shot: its motion, guides and spans."""
