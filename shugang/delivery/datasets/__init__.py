"""The one model of the data itself: data set, immutable version, column."""
