"""The sample that `./shouwang up` loads: one real township, 鲖城镇 of 临泉县, with invented people."""
