"""Tables: who used what, on what basis."""
