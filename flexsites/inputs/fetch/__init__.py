"""Bring what open sources offer for a run: doors, the cache that runs share, the plan, the lock."""
