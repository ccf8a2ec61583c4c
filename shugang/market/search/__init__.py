"""Finding products and jumping to any numbered object."""
