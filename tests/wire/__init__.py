"""What each version of the SDK sends, said again to the server as it is now."""
