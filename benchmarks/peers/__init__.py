"""Those that the product is measured against."""
