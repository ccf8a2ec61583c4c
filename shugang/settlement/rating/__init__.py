"""From usage to bill lines, cumulatively, so that late records cost exactly what they would have in time (计费)."""
