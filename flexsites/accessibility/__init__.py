"""What each target group reaches from a site."""
