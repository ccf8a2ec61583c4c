"""`shugang backup` and `shugang restore`: everything that one machine keeps, in one file, taken while it runs."""
