"""The keys of a project: painted by a person or by a renderer, and compared with each other."""
