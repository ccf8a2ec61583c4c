"""Price guidance from concluded deals (成交参考): a range, or a plain no where one deal could be read out of it."""
