"""Open311: other systems file cases and read them by GeoReport v2 (https://wiki.open311.org/GeoReport_v2).

Everything is asked of the schema, as /graphql asks it: by the same commands and statements, with the same rights.
"""
