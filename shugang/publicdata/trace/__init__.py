"""用必有据、全程留痕: who used what, on what basis."""
