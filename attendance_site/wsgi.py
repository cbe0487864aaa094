import gc
import os
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "attendance_site.settings")

# With the half second of `sql.SILENT`, whoever needs a PostgreSQL that hangs is told 503 within one.
os.environ.setdefault("SQL_ALIVE_WITHIN", "0.35")

application = get_wsgi_application()

# Whatever an address leads to is loaded before the first request, and is never garbage: when Python looked through it
# all once more, each process stood still for 80 ms.
import_module(settings.ROOT_URLCONF)
gc.collect()
gc.freeze()
