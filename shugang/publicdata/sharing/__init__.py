"""共享与开放: sharing between departments, opening to the public."""
