"""The REST API over the same verbs as the site: no rule lives here."""
