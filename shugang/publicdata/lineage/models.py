"""Tables: lineage by column."""
