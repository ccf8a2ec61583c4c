"""Quality assessment of data (质量评价): rules as data, measured in SQL, scored by six dimensions."""
