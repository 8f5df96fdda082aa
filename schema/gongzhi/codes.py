from enum import StrEnum


class Kind(StrEnum):
    PROVINCE = "PROVINCE"
    CITY = "CITY"
    COUNTY = "COUNTY"
    TOWN = "TOWN"
    VILLAGE = "VILLAGE"
    GRID_1 = "GRID_1"
    GRID_2 = "GRID_2"
    GRID_3 = "GRID_3"
