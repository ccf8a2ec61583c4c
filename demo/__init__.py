"""The demonstration: real data, fictional parties, and the script that plays the whole chain."""
