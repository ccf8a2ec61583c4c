"""The formulas of appraisal: pure, exact decimals, money in integer 分; each says its unit and its source."""
