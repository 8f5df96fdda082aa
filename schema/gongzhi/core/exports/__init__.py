"""Lists taken out of the house as files (批量导出): for a purpose, within a quota, released by a second person."""
