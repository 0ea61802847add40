"""Money: factors, tariffs, economics, contracts, subsidies."""
