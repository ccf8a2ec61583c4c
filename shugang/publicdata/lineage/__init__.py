"""血缘: lineage by column."""
