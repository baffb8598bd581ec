"""What owners and programs hear of it: notifications, the feed of changes, webhooks."""
