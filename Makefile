# Forwards to ./shouwang, which needs no make. `make locks` is a developer's: it needs uv.
PYTHON ?= python3
COMPILE = UV_PYTHON_DOWNLOADS=never uv pip compile --quiet --python "$$(command -v $(PYTHON))" --universal \
	--generate-hashes --no-emit-index-url --custom-compile-command "make locks"

.PHONY: up down status test locks

up down status test:
	@./shouwang $@

locks:
	$(COMPILE) pyproject.toml --output-file requirements.lock
	$(COMPILE) pyproject.toml --group dev --constraints requirements.lock --output-file requirements-dev.lock
