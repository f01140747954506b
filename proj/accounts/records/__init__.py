"""Records of sessions: the device, address and times of each, beside Django's own rows, which name none of them."""
