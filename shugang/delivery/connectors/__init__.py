"""Connected data (可连): where it may be dialled, and which one query the supplier offers."""
