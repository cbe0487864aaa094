import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "attendance_site.settings")

# With the half second of `sql.SILENT`, whoever needs a PostgreSQL that hangs is told 503 within one.
os.environ.setdefault("SQL_ALIVE_WITHIN", "0.35")

application = get_wsgi_application()
