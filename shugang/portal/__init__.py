"""Home pages, the desk, case pages, traces and the public face of the log."""
