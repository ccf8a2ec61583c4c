"""A read API that speaks CKAN's action API."""
