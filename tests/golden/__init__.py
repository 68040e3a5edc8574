"""What a released version wrote, so that every later one must read it."""
