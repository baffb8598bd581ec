"""Tags, cases and exports: how people keep order among their scans, and take them out of the site."""
