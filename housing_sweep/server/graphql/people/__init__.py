"""Users, teams and organizations on the wire."""
