"""notify: the right person hears in time, once (method 6). Never decides who is poor."""
