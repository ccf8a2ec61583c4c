"""Trade vouchers: public proof that a deal was delivered and settled."""
