import gc
import os
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "attendance_site.settings")

# Together with the half second of `sql.SILENT`: a request that needs a hanging PostgreSQL gets 503 within a second.
os.environ.setdefault("SQL_ALIVE_WITHIN", "0.35")

application = get_wsgi_application()

# Load everything that an address leads to before the first request, and exempt it from garbage collection: a full
# collection stopped each process for 80 ms.
import_module(settings.ROOT_URLCONF)
gc.collect()
gc.freeze()
