"""Patrols (巡查): what somebody found before anybody had to ask (未诉先办)."""
