"""Scenes made of numbers, and hands that paint them: oil, ink and watercolour."""
