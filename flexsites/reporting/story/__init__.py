"""The story of one site or roof, in words."""
