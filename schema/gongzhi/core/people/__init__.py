"""People: the files of persons and households, and how households are served."""
