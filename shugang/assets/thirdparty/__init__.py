"""Third-party services (第三方服务机构): offers by kind, orders, signed reports that other procedures use, ratings from facts."""
