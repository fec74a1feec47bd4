# The front end is built with Node, the application runs on Python alone, as a user without rights.
FROM node:24-bookworm-slim AS assets
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY spm/assets spm/assets
RUN npm run build

FROM python:3.11-slim-bookworm AS packages
WORKDIR /build
COPY requirements.txt ./
RUN python -m venv /opt/venv
RUN /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt

FROM python:3.11-slim-bookworm
RUN groupadd --system --gid 10001 spm && useradd --system --uid 10001 --gid spm --home-dir /app --shell /usr/sbin/nologin spm
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 SPM_DATA_DIR=/data DJANGO_SETTINGS_MODULE=spm.settings
WORKDIR /app
COPY --from=packages /opt/venv /opt/venv
COPY . .
COPY --from=assets /build/spm/assets/dist spm/assets/dist
RUN SPM_NO_DATABASE=1 SECRET_KEY=only-for-this-step-only-for-this-step python manage.py translations compile
RUN mkdir -p /data && chown spm:spm /data
USER spm
VOLUME /data
EXPOSE 8000
CMD ["gunicorn", "spm.wsgi", "--bind=0.0.0.0:8000", "--workers=2", "--threads=4", "--timeout=60"]
