"""Event streams: a supplier's MQTT topics to buyers, governed, metered by windows before they leave."""
