# `make check-image` runs these steps without a container engine; it knows no others than these.
FROM python:3.11-slim AS build
COPY requirements.lock /app/
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r /app/requirements.lock

FROM python:3.11-slim
COPY --from=build /venv /venv
WORKDIR /app
COPY app.py gunicorn.conf.py pyproject.toml /app/
COPY bcapp /app/bcapp
COPY migrations /app/migrations
COPY templates /app/templates
ENV PATH=/venv/bin:/usr/local/bin:/usr/bin:/bin PYTHONPATH=/app
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 BIND=0.0.0.0:8000 MALLOC_ARENA_MAX=2
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["gunicorn", "app:app"]
