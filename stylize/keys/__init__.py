"""The keys of a project: painted by a person or by a renderer, and judged side by side."""
