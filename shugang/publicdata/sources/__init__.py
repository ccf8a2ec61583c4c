"""一数一源: one source per datum."""
