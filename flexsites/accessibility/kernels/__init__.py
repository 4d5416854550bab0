"""What a site reaches over the streets and by timetable, on arrays: no table, no configuration."""
