"""Projects of one buyer with several suppliers (融合开发): agreed, signed and in force together, or not at all."""
