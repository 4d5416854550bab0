"""The map of a run for people: its shapes for a screen, what a parcel tells, its colours, and a quiet background."""
