"""A finished run, asked again: its own tables opened, other land left by other rules, and the questions of people."""
