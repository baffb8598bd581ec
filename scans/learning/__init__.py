"""What people's decisions teach: labelled files for training, and whether a new bundle may join the panel."""
