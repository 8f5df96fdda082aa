"""What operators do to a deployment: starting it, looking it over, switching plugins."""
