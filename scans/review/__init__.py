"""What people at the desk do: take items, decide, approve, undo. Pages and programs call these verbs."""
