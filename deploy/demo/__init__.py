"""The sample that `./shouwang up` loads: a real county, 临泉县, with invented people.

A small sample is one of its townships, 鲖城镇.
"""
