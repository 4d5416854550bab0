"""Timetables and stops."""
