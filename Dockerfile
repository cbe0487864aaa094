FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app

COPY requirements.txt .
RUN pip install --no-cache-dir --require-hashes -r requirements.txt

COPY . .
# The static files are part of the image, so that every machine serves the same names.
RUN VAR_DIR=/app/var python manage.py collectstatic --no-input --verbosity 0 \
    && rm -f var/secret-key var/token-keys.json \
    && useradd --system --no-create-home attendance

ENV PRODUCTION=true VAR_DIR=/app/var
USER attendance
EXPOSE 8000
CMD ["python", "-m", "gunicorn", "--config", "attendance_site/gunicorn_conf.py"]
