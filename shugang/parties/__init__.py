"""Organisations, the people who act for them, the administrators' posts, keys and signatures."""
