"""How files come in: checked, stored and queued, whole, in pieces, by address or from a camera."""
