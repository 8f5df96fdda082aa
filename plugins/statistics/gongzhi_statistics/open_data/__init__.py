"""Open data (开放数据): tables that a county publishes by two persons, as files for anybody, with a catalogue."""
